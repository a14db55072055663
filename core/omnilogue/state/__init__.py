"""The state: what Omnilogue itself keeps, because a vendor cannot, and the ledger of copies."""

from .kept import Kept
from .ledger import Ledger, Link, LossRow, Row
from .migrations import Item, ItemState, Migration, Migrations
from .store import State, StateSummary, default_url, path_of

__all__ = [
    "Item",
    "ItemState",
    "Kept",
    "Ledger",
    "Link",
    "LossRow",
    "Migration",
    "Migrations",
    "Row",
    "State",
    "StateSummary",
    "default_url",
    "path_of",
]
