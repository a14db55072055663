"""The only door for websockets: one connection, its messages in and out, and errors of the tree.

The library is imported when the first socket is opened.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Self, TypeVar

import pydantic_core

from ..errors import BY_CODE, ConfigurationError, OmnilogueError, Outcome, StreamInterruptedError
from . import failures
from .address import Query, encode_query, socket_address
from .call import encode_json
from .clock import Clock
from .limits import STREAM_BYTES
from .observing import Observer, tell_request, tell_retry
from .rate import Pace
from .request import CONNECT_SECONDS, OUR_NAME, encoded
from .retry import Effect, RetryPolicy
from .scope import CURRENT
from .settings import HttpSettings
from .transport import proxy_of_environment, tls_context

if TYPE_CHECKING:
    from websockets.asyncio.client import ClientConnection

    from .dialing import Line

T = TypeVar("T")

INTERRUPTED = frozenset({"connection_lost", "timeout"})
"""What breaks a stream once something of the answer has come."""


class Socket:
    """An open websocket: send messages, and iterate over it for those that come.

    Text messages are JSON and come as plain values, binary ones as bytes. Iterating never ends by itself: whoever
    reads knows which message is the last, and a connection that is over before it is an error.
    """

    def __init__(self, connection: ClientConnection, endpoint: str, clock: Clock, silence: float) -> None:
        self._connection = connection
        self._endpoint = endpoint
        self._clock = clock
        self._silence = silence
        self._bytes_left = STREAM_BYTES
        self._is_answering = False
        self._before: Outcome = "not_sent"
        self.outcome: Outcome = "not_sent"
        """What became of what was sent with an effect; it is told on every error."""

    async def send_json(self, value: Any, *, effect: Effect = "read") -> None:
        """Send a value as JSON text.

        `effect` says what it does at the vendor: with `replace` or `add` it is unknown from here on whether it
        happened, until `settle` tells. Raises InvalidInputError for what JSON cannot hold, and errors of the wire.
        """
        await self._send(encode_json(value), effect, is_text=True)

    async def send_bytes(self, data: bytes, *, effect: Effect = "read") -> None:
        """Send a binary message."""
        await self._send(data, effect, is_text=False)

    def settle(self, outcome: Outcome) -> None:
        """Tell what became of what was sent with an effect: `rejected` or `applied`."""
        scope = CURRENT.get()
        self.outcome = outcome
        if outcome == "applied":
            scope.outcome, scope.applied = "applied", True
        else:
            scope.outcome = self._before

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Any:
        """Give the next message. Raises errors of the wire, ProtocolError for what is no JSON or too much."""
        from . import dialing

        message = await self._within(dialing.receive(self._connection))
        self._is_answering = True
        self._bytes_left -= len(message)
        if self._bytes_left < 0:
            raise self._failure("too_large", "sent more than allowed")
        return message if isinstance(message, bytes) else self._parsed(message)

    async def _send(self, data: bytes, effect: Effect, *, is_text: bool) -> None:
        from . import dialing

        if effect != "read":
            scope = CURRENT.get()
            if self.outcome != "unknown":
                self._before = scope.outcome
            scope.outcome = self.outcome = "unknown"
            self._is_answering = False
        await self._within(dialing.send(self._connection, data, is_text=is_text))

    def _parsed(self, text: str) -> Any:
        """Read JSON; what is too deep, too large a number or no number at all is refused like any broken text."""
        try:
            return pydantic_core.from_json(text, allow_inf_nan=False)
        except ValueError:
            failure = self._failure("bad_response", "sent a message that is no JSON that can be read")
        raise failure

    async def _within(self, action: Awaitable[T]) -> T:
        """Do something on the wire within the longest silence and the time of the verb."""
        from .dialing import BrokenError

        try:
            async with asyncio.timeout(_seconds_left(self._clock, self._silence)):
                return await action
        except TimeoutError:
            failure = self._failure("timeout", "was silent for too long")
        except BrokenError as error:
            failure = self._failure(error.code, error.words, error.reason)
        raise failure

    def _failure(self, code: str, words: str, reason: str = "") -> OmnilogueError:
        said = f": {reason}" if reason else ""
        if code in INTERRUPTED and self._is_answering and self.outcome != "not_sent":
            code, words = "stream_broken", f"broke the stream: it {words}"
        return BY_CODE[code](
            f"{self._endpoint} {words}{said}",
            code=code,
            endpoint=self._endpoint,
            vendor_message=reason,
            outcome=self.outcome,
            retryable=code in failures.RETRYABLE or BY_CODE[code] is StreamInterruptedError,
            hint=failures.HINTS.get(code, ""),
        )


class Sockets:
    """The door of one remote for websockets: keeps to its limits, opens again where that is harmless."""

    def __init__(
        self,
        settings: HttpSettings,
        clock: Clock,
        *,
        prepare: Callable[[], Awaitable[None]] | None = None,
        observers: tuple[Observer, ...] = (),
        pace: Pace | None = None,
    ) -> None:
        """`prepare` is awaited once, before the first socket is opened: secrets are looked up then."""
        self._settings = settings
        self._clock = clock
        self._prepare = prepare
        self._observers = observers
        self._pace = pace
        self._slots = asyncio.Semaphore(settings.max_connections)

    @asynccontextmanager
    async def open(
        self, address: str, *, query: Query | None = None, headers: Mapping[str, str] | None = None
    ) -> AsyncIterator[Socket]:
        """Open a websocket and close it on the way out: politely after a good end, else at once.

        `address` is wss://host/path, or a path below `base_url`; plain ws is for this machine only, unless
        `allow_http`. What is in `query` and `headers` reaches neither errors nor logs. Opening is repeated like any
        request that only reads; once it is open nothing is repeated.

        Raises ConfigurationError for an address or a proxy that is none, and the ProviderError that fits.
        """
        from . import dialing

        endpoint, place = self._place(address)
        async with self._slots:
            connection = await self._opened(endpoint, place + encode_query(query), headers or {})
            is_good = False
            try:
                yield Socket(connection, endpoint, self._clock, self._settings.read_timeout)
                is_good = True
            finally:
                await dialing.hang_up(connection, politely=is_good)

    def _place(self, address: str) -> tuple[str, str]:
        """Give the endpoint as errors name it, and the address."""
        try:
            place = socket_address(address, self._settings.base_url, allow_http=self._settings.allow_http)
        except ValueError as error:
            raise ConfigurationError(str(error), outcome="not_sent") from None
        return f"WS {place}", place

    async def _opened(self, endpoint: str, address: str, headers: Mapping[str, str]) -> ClientConnection:
        CURRENT.get().endpoint = endpoint
        tries = 0

        async def attempt() -> ClientConnection:
            nonlocal tries
            tries += 1
            return await self._attempt(endpoint, address, headers, tries)

        policy = RetryPolicy(
            self._clock,
            self._settings.max_attempts,
            lambda error, seconds: tell_retry(self._observers, endpoint, error, seconds),
        )
        return await policy.run(attempt, "read", lambda: CURRENT.get().left(self._clock.monotonic()))

    async def _attempt(self, endpoint: str, address: str, headers: Mapping[str, str], count: int) -> ClientConnection:
        from . import dialing

        if self._prepare is not None:
            await self._prepare()
            self._prepare = None
        if self._pace and (delay := self._pace.delay()) > 0:
            await self._clock.sleep(delay)
        started, status = self._clock.monotonic(), None
        try:
            connection = await dialing.dial(self._line(address, headers), endpoint)
            status = 101
            return connection
        except OmnilogueError as error:
            status, error.attempts = error.http_status, count
            raise
        finally:
            tell_request(self._observers, endpoint, status, self._clock.monotonic() - started, count)

    def _line(self, address: str, headers: Mapping[str, str]) -> Line:
        from .dialing import Line

        like_http = "http" + address.removeprefix("ws").partition("?")[0]
        given = {name.lower(): secret.reveal() for name, secret in self._settings.headers.items()}
        all_headers = encoded({**OUR_NAME, **given, **headers})
        return Line(
            address=address,
            headers=[(name.decode("ascii"), value.decode("ascii")) for name, value in all_headers],
            proxy=self._settings.proxy or proxy_of_environment(like_http),
            tls=tls_context(self._settings.verify) if address.startswith("wss://") else None,
            seconds=_seconds_left(self._clock, min(CONNECT_SECONDS, self._settings.read_timeout)),
        )


def _seconds_left(clock: Clock, most: float) -> float:
    """Give the limit on the wire; a little later than the verb's own, which knows better what to say."""
    left = CURRENT.get().left(clock.monotonic())
    return most if left is None else min(most, left + 1.0)
