"""A vendor's end of a websocket: what comes is written into the journal, what goes out meets the faults."""

import asyncio
import json
from collections.abc import Mapping
from typing import Any

from aiohttp import WSCloseCode, WSMsgType, web

from omnilogue.emulator.faults import SOCKET_KINDS, Fault
from omnilogue.emulator.journal import shown_body
from omnilogue.emulator.streaming import EXCHANGE, disconnect

LARGEST_MESSAGE = 64 << 20


class SocketGoneError(Exception):
    """The client has left."""


class ServedSocket:
    """One open websocket as a vendor's handler sees it.

    Messages that came are in the journal with the method `WS`. The faults for streams count the messages that went
    out; after a cut the vendor goes on without its listener, and what it sends is lost.
    """

    def __init__(self, request: web.Request, socket: web.WebSocketResponse, fault: Fault | None) -> None:
        self._request = request
        self._socket = socket
        self._fault = fault
        self._sent = 0
        self.is_cut = False
        """Whether nobody hears what is sent any more."""
        self.response: web.StreamResponse = socket
        """What the handler answers with at the end."""

    async def receive(self) -> Any:
        """Give the next message: JSON as a plain value, binary as bytes. Raises SocketGoneError."""
        if not self._socket.prepared or self._socket.closed:
            raise SocketGoneError
        message = await self._socket.receive()
        if message.type not in {WSMsgType.TEXT, WSMsgType.BINARY}:
            raise SocketGoneError
        value = _read(message.data)
        self._request[EXCHANGE].received("WS", shown_body(value) if not isinstance(value, bytes) else len(value))
        return value

    async def send(self, value: Any) -> None:
        """Send a message: bytes as binary, text as it is, anything else as JSON."""
        if self._fault is not None and self._sent >= self._fault.details["after"]:
            await self._suffer(self._fault)
        self._sent += 1
        if self.is_cut:
            return
        try:
            if isinstance(value, bytes):
                await self._socket.send_bytes(value)
            else:
                text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
                await self._socket.send_str(text)
        except ConnectionError:
            self.is_cut = True

    async def close(self, code: int = WSCloseCode.OK, reason: str = "") -> None:
        """Close with a code."""
        if not self.is_cut:
            self.is_cut = True
            await self._socket.close(code=code, message=reason.encode())

    async def _suffer(self, fault: Fault) -> None:
        self._fault = None
        if fault.kind == "stream_cut":
            self.is_cut = True
            disconnect(self._request, reset=fault.details["reset"])
        elif fault.kind == "socket_close":
            await self.close(fault.details["code"], fault.details["reason"])
        elif fault.kind == "socket_silence":
            await asyncio.sleep(fault.details["seconds"])
        else:
            await self.send(fault.details["data"])


def _read(data: str | bytes) -> Any:
    if isinstance(data, bytes):
        return data
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        return data


async def open_socket(request: web.Request, *, headers: Mapping[str, str] | None = None) -> ServedSocket:
    """Answer a handshake and give the socket; of a client that has left by then the first `receive` tells."""
    exchange = request[EXCHANGE]
    response = web.WebSocketResponse(max_msg_size=LARGEST_MESSAGE, timeout=0.2, compress=False)
    response.headers.update(headers or {})
    exchange.answered(101)
    socket = ServedSocket(request, response, exchange.take_stream_fault(SOCKET_KINDS))
    try:
        await response.prepare(request)
    except ConnectionError:  # left in the middle of the handshake
        socket.is_cut, socket.response = True, web.Response()
    return socket
