"""`AsyncClient` for code without an event loop."""

from __future__ import annotations

import os
from collections.abc import Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Self, TypeAlias, Unpack

from ..client import AsyncClient
from ..config import Configuration
from ..http import Clock
from ..model import Conversation, ConversationRef
from ..provider import Plugins
from ..state import State
from .bridge import Bridge
from .remote import Remote

if TYPE_CHECKING:
    import httpx

    from ..migrate.asked import CheckAsked, CopyAsked, PlanAsked, RetryAsked
    from ..migrate.progress import Progress
    from ..migrate.reports import CheckReport, CopyReport, MigrationReport, Plan, UndoReport
    from ..migrate.stopping import Stop

Address: TypeAlias = str | Conversation | ConversationRef | Remote
"""`work:`, `work:ID`, a conversation, a reference, or a remote."""


class Client:
    """`AsyncClient` for code without an event loop; may be shared by threads, not by processes."""

    def __init__(
        self,
        config: str | os.PathLike[str] | Literal[False] | None = None,
        *,
        remotes: Mapping[str, Mapping[str, Any]] | None = None,
        state: str | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
        clock: Clock | None = None,
        plugins: bool = True,
    ) -> None:
        self._client = AsyncClient(
            config, remotes=remotes, state=state, transport=transport, clock=clock, plugins=plugins
        )
        self._bridge = Bridge()

    @property
    def configuration(self) -> Configuration:
        """The configuration as it was read."""
        return self._client.configuration

    @property
    def plugins(self) -> Plugins:
        """The plugins this client sees."""
        return self._client.plugins

    @property
    def state(self) -> State:
        """What Omnilogue itself keeps; it may be used in the bridge's own thread only."""
        return self._client.state

    def resolve(self, address: str | Conversation | ConversationRef, remote: str | None = None) -> ConversationRef:
        """Give the conversation an address names, where it lives now: after a rebuild it has another id."""
        return self._bridge.call(lambda: self._client.resolve(address, remote))

    # Copying; `progress` is called in the bridge's own thread, `stop` may be asked from any

    def plan(
        self, source: Address, target: Address, *, progress: Progress | None = None, **options: Unpack[PlanAsked]
    ) -> Plan:
        """Tell what a copy would bring, lose, take and cost; both ends are read and neither is written to."""
        here, there = _end(source), _end(target)
        return self._bridge.call(lambda: self._client.plan(here, there, progress=progress, **options))

    def copy(
        self,
        source: Address | None = None,
        target: Address | None = None,
        *,
        plan: Plan | None = None,
        progress: Progress | None = None,
        stop: Stop | None = None,
        **options: Unpack[CopyAsked],
    ) -> CopyReport:
        """Bring the target up to date; going on where an earlier copy of the same selection ended."""
        here = None if source is None else _end(source)
        there = None if target is None else _end(target)
        return self._bridge.call(
            lambda: self._client.copy(here, there, plan=plan, progress=progress, stop=stop, **options)
        )

    def retry(
        self,
        migration: str,
        *,
        progress: Progress | None = None,
        stop: Stop | None = None,
        **options: Unpack[RetryAsked],
    ) -> CopyReport:
        """Try the dead letters of a migration again."""
        return self._bridge.call(lambda: self._client.retry(migration, progress=progress, stop=stop, **options))

    def check(
        self, source: Address, target: Address, *, progress: Progress | None = None, **options: Unpack[CheckAsked]
    ) -> CheckReport:
        """Compare two remotes, conversation by conversation; works without a ledger too."""
        here, there = _end(source), _end(target)
        return self._bridge.call(lambda: self._client.check(here, there, progress=progress, **options))

    def undo(self, migration: str, *, progress: Progress | None = None) -> UndoReport:
        """Take back what a migration made and what has not changed since."""
        return self._bridge.call(lambda: self._client.undo(migration, progress=progress))

    def migrations(self) -> list[MigrationReport]:
        """Tell all migrations, the newest first."""
        return self._bridge.call(self._client.migrations)

    def migration(self, migration: str, *, messages: bool = False) -> MigrationReport:
        """Tell one migration, conversation by conversation; `messages` adds the map of message ids."""
        return self._bridge.call(lambda: self._client.migration(migration, messages=messages))

    # Remotes

    def remote(self, name: str | None = None) -> Remote:
        """Give a configured remote, the default one without a name."""
        self._bridge.require_open()
        return Remote(self._client.remote(name), self._bridge)

    def connect(self, provider: str, *, name: str, **settings: Any) -> Remote:
        """Give a remote no file knows."""
        self._bridge.require_open()
        return Remote(self._client.connect(provider, name=name, **settings), self._bridge)

    def close(self) -> None:
        """Close all remotes, their connections and the bridge; harmless twice, and in a forked child."""
        self._bridge.close(self._client.aclose)

    def __enter__(self) -> Self:
        self._bridge.require_open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _end(address: Address) -> str | Conversation | ConversationRef:
    """Give one end of a copy as the client behind takes it."""
    return address.name if isinstance(address, Remote) else address
