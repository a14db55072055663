"""MindCraft as a provider: its sessions and messages over REST, its answers over `chat/completions`."""

from collections.abc import Iterable

from omnilogue.provider import ProviderInfo, hookimpl

from .provider import MindCraft
from .settings import MindCraftSettings

OMNILOGUE_HOOKS = 1

__all__ = ["OMNILOGUE_HOOKS", "MindCraft", "MindCraftSettings", "omnilogue_providers"]


@hookimpl
def omnilogue_providers() -> Iterable[ProviderInfo]:
    """Present MindCraft."""
    return [
        ProviderInfo(
            name="mindcraft",
            title="MindCraft sessions",
            provider=MindCraft,
            settings=MindCraftSettings,
            emulator="omnilogue_mindcraft.emulator:MindCraftEmulator",
        )
    ]
