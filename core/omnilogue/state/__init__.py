"""The state: what Omnilogue itself keeps, because a vendor cannot."""

from .kept import Kept
from .store import State, StateSummary, default_url, path_of

__all__ = ["Kept", "State", "StateSummary", "default_url", "path_of"]
