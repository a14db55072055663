"""`AsyncClient` for code without an event loop."""

from __future__ import annotations

import os
from collections.abc import Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Self

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
