"""The provider `archive`: conversations in one SQLite file of one's own."""

from collections.abc import Iterable

from omnilogue.provider import ProviderInfo, hookimpl

OMNILOGUE_HOOKS = 1


@hookimpl
def omnilogue_providers() -> Iterable[ProviderInfo]:
    """Present the provider."""
    from .provider import Archive
    from .settings import ArchiveSettings

    return [ProviderInfo(name="archive", title="Archive", provider=Archive, settings=ArchiveSettings)]
