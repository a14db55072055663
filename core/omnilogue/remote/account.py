"""One configured account: its provider, opened at first use, and what all verbs of a remote share."""

from __future__ import annotations

import asyncio
import os
from collections import OrderedDict
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

import httpx

from ..errors import ConfigurationError, InvalidInputError, OmnilogueError, PluginError, UnsupportedOperationError
from ..http import Clock, Http, HttpSettings, Observer, Secret, Sockets
from ..log import logger
from ..model import Message
from ..provider import Context, Features, HttpProviderSettings, Provider, ProviderInfo, ProviderSettings
from ..state import Kept, State
from .completing import needs_state
from .grades import effective
from .keeping import Keeping
from .locks import Locks

REMEMBERED = 4096
"""Conversations whose newest message is remembered."""


class Account:
    """What stands behind a remote. Made without I/O; the plugin is imported and checked at first use."""

    def __init__(
        self,
        name: str,
        describe: Callable[[], tuple[ProviderInfo, ProviderSettings]],
        transport: Callable[[HttpSettings], httpx.AsyncBaseTransport],
        clock: Clock,
        *,
        state: State | None = None,
        observers: Callable[[], tuple[Observer, ...]] = tuple,
        on_close: Callable[[], object] | None = None,
    ) -> None:
        self.name = name
        self.clock = clock
        self.state = state or State("memory:")
        self.locks = Locks(name)
        self.seen: OrderedDict[str, str | None] = OrderedDict()
        self.refused: dict[str, UnsupportedOperationError] = {}
        self._describe = describe
        self._transport = transport
        self._observers = observers
        self._on_close = on_close
        self._loop: asyncio.AbstractEventLoop | None = None
        self._process = os.getpid()
        self.http: Http | None = None
        self.closed = False

    @cached_property
    def _described(self) -> tuple[ProviderInfo, ProviderSettings]:
        return self._describe()

    @property
    def info(self) -> ProviderInfo:
        """The provider as its plugin presents it."""
        return self._described[0]

    @property
    def settings(self) -> ProviderSettings:
        """The remote's settings."""
        return self._described[1]

    @property
    def identity(self) -> str:
        """The name under which the state knows the account: a rotated key changes nothing."""
        return self.settings.account or self.name

    @property
    def speaks_http(self) -> bool:
        """Whether the provider reaches its vendor through the door, which keeps book of what it sent."""
        return isinstance(self.settings, HttpProviderSettings)

    @cached_property
    def provider(self) -> Provider[Any]:
        """The provider, made without I/O. Raises ConfigurationError, PluginError."""
        settings = self.settings
        sockets = None
        if isinstance(settings, HttpProviderSettings):
            self.http = Http(
                settings,
                lambda: self._transport(settings),
                self.clock,
                prepare=self.load_secrets,
                observers=self._observers(),
            )
            sockets = Sockets(
                settings, self.clock, prepare=self.load_secrets, observers=self._observers(), pace=self.http.pace
            )
        kept = Kept(self.state, self.identity)
        log = logger().bind(remote=self.name)
        context = Context(remote=self.name, http=self.http, clock=self.clock, state=kept, log=log, sockets=sockets)
        try:
            provider = self.info.provider(settings, context)
            return Keeping(provider, kept) if needs_state(provider.features) else provider
        except OmnilogueError:
            raise
        except Exception as error:  # whatever a plugin lets out is its own fault
            fault = f"{self.name}: its provider cannot be opened: {type(error).__name__}: {error}"
        raise PluginError(fault, code="plugin_contract")

    @cached_property
    def features(self) -> Features:
        """What the remote can do, with what the core makes of it."""
        return effective(self.provider.features)

    def require_here(self) -> None:
        """Refuse use after closing, in a forked child and in another event loop."""
        if self.closed:
            raise InvalidInputError(f"{self.name}: this remote is closed")
        if os.getpid() != self._process:
            raise InvalidInputError(f"{self.name}: this client was made before a fork; make a new one in the child")
        loop = asyncio.get_running_loop()
        if self._loop is None:
            self._loop = loop
        elif self._loop is not loop:
            raise InvalidInputError(f"{self.name}: this client belongs to another event loop; make one per loop")

    def remember(self, conversation_id: str, message_id: str | None) -> None:
        """Keep the newest message of a conversation that this client has seen; None for an empty one."""
        self.seen[conversation_id] = message_id
        self.seen.move_to_end(conversation_id)
        if len(self.seen) > REMEMBERED:
            self.seen.popitem(last=False)

    def saw(self, conversation_id: str, messages: Sequence[Message]) -> None:
        """Keep the newest of messages that were just stored; one without an id tells nothing."""
        if messages and (newest := messages[-1].id):
            self.remember(conversation_id, newest)
        else:
            self.forget(conversation_id)

    def forget(self, conversation_id: str) -> None:
        """Know nothing of a conversation's messages any more."""
        self.seen.pop(conversation_id, None)

    async def load_secrets(self) -> None:
        """Look up all secrets of the settings. Raises ConfigurationError naming the remote and the reference."""
        for secret in secrets_of(self.settings):
            try:
                await secret.load()
            except ConfigurationError as error:
                told = f"{self.name}: {error.message}"
                raise ConfigurationError(told, code=error.code, hint=error.hint) from None

    async def aclose(self) -> None:
        """Close the provider and forget the secrets; harmless twice."""
        if self.closed:
            return
        self.closed = True
        if self._on_close:
            self._on_close()
        try:
            if "provider" in self.__dict__:
                await self.provider.aclose()
        except Exception as error:  # whatever a plugin lets out, the secrets go
            logger().warning("provider_close_failed", remote=self.name, error=type(error).__name__)
        finally:
            if "_described" in self.__dict__:
                for secret in secrets_of(self.settings):
                    secret.forget()


def secrets_of(value: Any) -> list[Secret]:
    """Find the secrets among settings, also in nested ones."""
    if isinstance(value, Secret):
        return [value]
    if hasattr(type(value), "model_fields"):
        value = [getattr(value, name) for name in type(value).model_fields]
    if isinstance(value, dict):
        value = list(value.values())
    return [found for item in value for found in secrets_of(item)] if isinstance(value, (list, tuple)) else []
