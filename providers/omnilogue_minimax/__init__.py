"""MiniMax Assistants as a provider: its threads, messages and runs over HTTP."""

from collections.abc import Iterable

from omnilogue.provider import ProviderInfo, hookimpl

from .provider import MiniMax
from .settings import MiniMaxSettings
from .vendor import MiniMaxVendor

OMNILOGUE_HOOKS = 1

__all__ = ["OMNILOGUE_HOOKS", "MiniMax", "MiniMaxSettings", "MiniMaxVendor", "omnilogue_providers"]


@hookimpl
def omnilogue_providers() -> Iterable[ProviderInfo]:
    """Present MiniMax."""
    return [
        ProviderInfo(
            name="minimax",
            title="MiniMax Assistants",
            provider=MiniMax,
            settings=MiniMaxSettings,
            emulator="omnilogue_minimax.emulator:MiniMaxEmulator",
        )
    ]
