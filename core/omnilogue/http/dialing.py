"""Dialling a websocket with the library, and what its errors mean; imported when the first socket is opened."""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Sequence
from contextlib import suppress
from typing import NamedTuple

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import (
    ConnectionClosed,
    InvalidHandshake,
    InvalidMessage,
    InvalidProxy,
    InvalidStatus,
    ProxyError,
    WebSocketException,
)

from ..errors import BY_CODE, ConfigurationError, OmnilogueError
from . import failures
from .limits import ERROR_BYTES, FRAME_BYTES
from .retry import retry_after

PING_SECONDS = 15.0
CLOSE_SECONDS = 0.4
"""How long a closing handshake may take; then the connection is cut."""

FRAMES_AHEAD = 8
"""Frames that are read before they are asked for."""

# The library tells every frame and every header at debug level; nobody gets to see them.
_SILENT = logging.Logger("omnilogue.websockets", logging.CRITICAL + 1)


class BrokenError(Exception):
    """A connection that is over: our code for it, in words, and the close code's reason as the vendor said it."""

    def __init__(self, code: str, words: str, reason: str = "") -> None:
        super().__init__(words)
        self.code, self.words, self.reason = code, words, reason


class Line(NamedTuple):
    """Where to dial and how: the address with its query, headers, proxy, TLS, seconds for the handshake."""

    address: str
    headers: Sequence[tuple[str, str]]
    proxy: str | None
    tls: ssl.SSLContext | None
    seconds: float


class _Dial(connect):
    def process_redirect(self, exc: Exception) -> Exception | str:
        """Follow no redirect: it would carry credentials elsewhere."""
        return exc


async def dial(line: Line, endpoint: str) -> ClientConnection:
    """Open a connection. Raises the error of the tree that fits, outcome `not_sent`."""
    try:
        return await _Dial(
            line.address,
            additional_headers=line.headers,
            user_agent_header=None,
            proxy=line.proxy,
            compression=None,  # nothing inflates: what is counted is what came
            open_timeout=line.seconds,
            ping_interval=PING_SECONDS,
            ping_timeout=None,  # silence is measured by whoever reads
            close_timeout=CLOSE_SECONDS,
            max_size=FRAME_BYTES,
            max_queue=FRAMES_AHEAD,
            logger=_SILENT,
            ssl=line.tls,
        )
    except (WebSocketException, OSError, ImportError, ValueError) as error:
        failure = _handshake_failure(error, endpoint)
    failure.outcome = "not_sent"
    raise failure  # out here, so that no request with its credentials hangs on the error


async def hang_up(connection: ClientConnection, *, politely: bool) -> None:
    """Close a connection and wait until it is gone; in any state within a second."""
    try:
        if politely:
            with suppress(TimeoutError, OSError, WebSocketException):
                async with asyncio.timeout(CLOSE_SECONDS):
                    await connection.close()
    finally:
        connection.transport.abort()
        with suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_SECONDS):
                await connection.wait_closed()


async def send(connection: ClientConnection, data: bytes, *, is_text: bool) -> None:
    """Send a message. Raises BrokenError."""
    try:
        await connection.send(data, text=is_text)
    except (ConnectionClosed, OSError) as error:
        broken = _broken(error)
    else:
        return
    raise broken


async def receive(connection: ClientConnection) -> str | bytes:
    """Give the next message, text or bytes. Raises BrokenError."""
    try:
        return await connection.recv()
    except (ConnectionClosed, OSError) as error:
        broken = _broken(error)
    raise broken


def _handshake_failure(error: Exception, endpoint: str) -> OmnilogueError:
    if isinstance(error, InvalidStatus):
        return _refusal(error, endpoint)
    if isinstance(error, (InvalidProxy, ImportError, ValueError)) and not isinstance(error, ssl.SSLError):
        words = "is no proxy that can be used" if isinstance(error, InvalidProxy) else str(error)
        return ConfigurationError(f"proxy: {words}", endpoint=endpoint)
    if isinstance(error, InvalidMessage) and isinstance(error.__cause__, (EOFError, OSError)):
        return _unreachable("connection_lost", "lost the connection", endpoint)
    if isinstance(error, InvalidHandshake) and not isinstance(error, ProxyError):
        return failures.bad_response(f"it opens no websocket: {error}", endpoint=endpoint, writes=False)
    if failures.is_tls(error):
        return _unreachable("tls", f"has no connection that can be trusted: {error}", endpoint)
    why = " in time" if isinstance(error, TimeoutError) else f": {error}"
    return _unreachable("connect_failed", f"could not be reached{why}", endpoint)


def _unreachable(code: str, words: str, endpoint: str) -> OmnilogueError:
    return BY_CODE[code](
        f"{endpoint} {words}",
        code=code,
        endpoint=endpoint,
        retryable=code in failures.RETRYABLE,
        hint=failures.HINTS.get(code, ""),
    )


def _refusal(error: InvalidStatus, endpoint: str) -> OmnilogueError:
    """Make the error for a handshake that was answered like any request."""
    status, headers = error.response.status_code, error.response.headers
    if status < 300:
        return failures.bad_response("it opens no websocket", endpoint=endpoint, writes=False, status=status)
    if status < 400:
        return failures.redirected(endpoint, status)
    text = failures.vendor_words(bytes((error.response.body or b"")[:ERROR_BYTES]))
    refusal = failures.refusal(failures.code_of_status(status), text, endpoint=endpoint, status=status, writes=False)
    refusal.retry_after = retry_after({name.lower(): value for name, value in headers.raw_items()})
    return refusal


CLOSED: dict[int, tuple[str, str]] = {
    1000: ("stream_broken", "ended the connection"),
    1001: ("stream_broken", "went away"),
    1005: ("stream_broken", "ended the connection"),
    1003: ("bad_request", "does not take what was sent"),
    1007: ("bad_request", "does not take what was sent"),
    1008: ("auth", "does not allow this"),
    1009: ("too_large", "calls what was sent too large"),
    1011: ("server", "failed inside"),
    1012: ("server", "is starting anew"),
    1013: ("server", "asks to try again later"),
    1014: ("server", "has no answer from behind it"),
    3000: ("auth", "does not accept the credentials"),
    3003: ("forbidden", "does not allow this"),
}
"""What close codes of RFC 6455 and its registry mean when the vendor sends them."""

FAILED: dict[int, tuple[str, str]] = {
    1002: ("bad_response", "breaks the protocol of websockets"),
    1007: ("bad_response", "sent text that is no UTF-8"),
    1009: ("too_large", "sent a message that is larger than allowed"),
}
"""What close codes mean when the connection was failed on this side."""


def _broken(error: ConnectionClosed | OSError) -> BrokenError:
    if not isinstance(error, ConnectionClosed):
        return BrokenError("connection_lost", "lost the connection")
    if error.sent is not None and not error.rcvd_then_sent and error.sent.code in FAILED:
        return BrokenError(*FAILED[error.sent.code])
    if error.rcvd is None:
        return BrokenError("connection_lost", "lost the connection")
    code, words = CLOSED.get(error.rcvd.code, ("vendor_error", "closed the connection"))
    return BrokenError(code, f"{words} (close code {error.rcvd.code})", error.rcvd.reason)
