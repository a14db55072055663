"""Answers sent piece by piece, and one request's way through the emulator."""

import asyncio
import contextlib
import socket
import struct
from collections.abc import Container, Generator, Mapping
from typing import Any

from aiohttp import web

from omnilogue.emulator.faults import STREAM_KINDS, Fault, FaultPlan
from omnilogue.emulator.journal import Journal, Recorded, parsed_body, relative_path, shown_headers, shown_query


class Exchange:
    """One request and what is done to it: its place in the journal and its fault."""

    def __init__(self, request: web.Request, content: bytes, *, base: str, journal: Journal, plan: FaultPlan) -> None:
        self._journal = journal
        self._plan = plan
        self.method = request.method
        self.path = relative_path(request.rel_url.raw_path, base)
        self.fault = plan.take(self.method, self.path)
        self._number = journal.add(
            Recorded(
                method=self.method,
                path=self.path,
                query=shown_query(request.query),
                headers=shown_headers(request.headers),
                body=parsed_body(content),
                fault=self.fault.kind if self.fault else None,
            )
        )

    @property
    def is_live(self) -> bool:
        """Whether a streamed answer goes out piece by piece; other faults need the whole of it first."""
        return self.fault is None or self.fault.kind == "delay"

    def take_stream_fault(self, kinds: Container[str] = STREAM_KINDS) -> Fault | None:
        """Give the fault that waits for a streamed answer, if there is one, and note it."""
        fault = self._plan.take(self.method, self.path, kinds)
        if fault is not None:
            self._journal.complete(self._number, fault=fault.kind)
        return fault

    def received(self, method: str, body: Any) -> None:
        """Note a message that came over this request's connection."""
        self._journal.add(Recorded(method=method, path=self.path, body=body))

    def answered(self, status: int | None) -> None:
        """Note the status before its first byte leaves: who has the answer finds it in the journal."""
        self._journal.complete(self._number, status=status)


EXCHANGE = web.RequestKey("exchange", Exchange)


async def stream_pieces(
    request: web.Request,
    pieces: Generator[bytes, None, None],
    *,
    content_type: str,
    headers: Mapping[str, str] | None = None,
    status: int = 200,
    interval: float = 0.0,
) -> web.StreamResponse:
    """Answer piece by piece, `interval` seconds apart; the one thing a vendor's handler shares with the faults.

    The generator is the vendor: what it stores behind its last `yield` happens when the answer is complete, also when
    the connection was cut by a fault. When the client leaves, the generator is closed where it stands.
    """
    exchange = request[EXCHANGE]
    all_headers = {"Content-Type": content_type, **(headers or {})}
    if not exchange.is_live:
        return web.Response(body=b"".join(pieces), headers=all_headers, status=status)
    cut = exchange.take_stream_fault()
    response = await begin(request, headers=all_headers, status=status)
    with contextlib.closing(pieces), contextlib.suppress(ConnectionError):
        sent = 0
        for piece in pieces:
            if cut is not None and sent >= cut.details["after"]:
                continue  # the vendor goes on without its listener
            await response.write(piece)
            sent += 1
            await asyncio.sleep(interval)
        if cut is not None:
            disconnect(request, reset=cut.details["reset"])
    return response


async def begin(request: web.Request, *, headers: Mapping[str, str], status: int = 200) -> web.StreamResponse:
    """Send the head of an answer whose body follows in writes."""
    request[EXCHANGE].answered(status)
    response = web.StreamResponse(status=status, headers=headers)
    with contextlib.suppress(ConnectionError):
        await response.prepare(request)
    return response


def disconnect(request: web.Request, *, reset: bool = False) -> None:
    """Close the connection after what was written, or reset it."""
    transport = request.transport
    if transport is None:
        return
    if reset:
        # Closing with a linger time of zero makes the kernel send RST instead of FIN.
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()
    else:
        transport.close()


def is_gone(request: web.Request) -> bool:
    """Tell whether nobody listens any more."""
    return request.transport is None or request.transport.is_closing()
