"""iChati as a provider: topics and their messages, and replies as plain text with a tail."""

from collections.abc import Iterable

from omnilogue.provider import ProviderInfo, hookimpl

from .provider import IChati
from .settings import IChatiSettings

OMNILOGUE_HOOKS = 1

__all__ = ["OMNILOGUE_HOOKS", "IChati", "IChatiSettings", "omnilogue_providers"]


@hookimpl
def omnilogue_providers() -> Iterable[ProviderInfo]:
    """Present iChati."""
    return [
        ProviderInfo(
            name="ichati",
            title="iChati topics",
            provider=IChati,
            settings=IChatiSettings,
            emulator="omnilogue_ichati.emulator:IChatiEmulator",
        )
    ]
