"""Conversations in memory: the reference provider, and a stand-in for tests of applications."""

from collections.abc import Iterable

from omnilogue.provider import ProviderInfo, hookimpl

OMNILOGUE_HOOKS = 1


@hookimpl
def omnilogue_providers() -> Iterable[ProviderInfo]:
    """Present the provider."""
    from .provider import Memory
    from .settings import MemorySettings

    return [ProviderInfo("memory", "Conversations in memory", Memory, MemorySettings)]
