"""The middleware that records every request and does to it what its fault says."""

import asyncio
import contextlib
import json
import zlib
from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import Any

from aiohttp import web
from aiohttp.typedefs import Middleware
from aiohttp.web_protocol import RequestPayloadError

from omnilogue.emulator.faults import Fault, FaultPlan
from omnilogue.emulator.journal import Journal
from omnilogue.emulator.streaming import EXCHANGE, Exchange, begin, disconnect, is_gone

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Apply = Callable[[], Awaitable[web.StreamResponse]]

WATCH_INTERVAL = 0.01
MIB = 1 << 20


def make_middleware(*, base: str, journal: Journal, plan: FaultPlan) -> Middleware:
    """Make the outermost middleware of an emulator."""
    late: set[asyncio.Task[None]] = set()  # the loop itself keeps only weak references to tasks

    @web.middleware
    async def answer(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            content = await request.read()
        except (ConnectionError, RequestPayloadError):
            return web.Response(status=400)  # left in the middle of the body: nothing arrived
        exchange = request[EXCHANGE] = Exchange(request, content, base=base, journal=journal, plan=plan)

        async def apply() -> web.StreamResponse:
            try:
                return await handler(request)
            except web.HTTPException as error:
                return web.Response(status=error.status, headers=error.headers, text=error.text)

        response = await _answer(request, exchange.fault, apply, late)
        if not response.prepared:
            exchange.answered(None if is_gone(request) else response.status)
        return response

    return answer


async def _answer(
    request: web.Request, fault: Fault | None, apply: Apply, late: set[asyncio.Task[None]]
) -> web.StreamResponse:
    if fault is None:
        return await apply()
    if fault.kind == "late":
        task = asyncio.create_task(_apply_late(fault.details["seconds"], apply))
        late.add(task)
        task.add_done_callback(late.discard)
        return await _drop(request, fault.details)
    if fault.kind in _AROUND:
        return await _AROUND[fault.kind](request, fault.details, apply)
    if fault.details["applied"]:
        await apply()
    return await _INSTEAD[fault.kind](request, fault.details)


async def _apply_late(seconds: float, apply: Apply) -> None:
    await asyncio.sleep(seconds)
    await apply()


# What changes how the vendor's own answer travels.


async def _delay(_: web.Request, details: Mapping[str, Any], apply: Apply) -> web.StreamResponse:
    await asyncio.sleep(details["seconds"])
    return await apply()


async def _drip(request: web.Request, details: Mapping[str, Any], apply: Apply) -> web.StreamResponse:
    answer = await apply()
    body = _content(answer)
    response = await begin(request, status=answer.status, headers=_headers(answer, len(body)))
    with contextlib.suppress(ConnectionError):
        for byte in body:
            await response.write(bytes([byte]))
            await asyncio.sleep(details["interval"])
    return response


async def _truncate(request: web.Request, details: Mapping[str, Any], apply: Apply) -> web.StreamResponse:
    answer = await apply()
    body = _content(answer)
    sent = len(body) // 2 if details["sent"] is None else min(details["sent"], len(body))
    response = await begin(request, status=answer.status, headers=_headers(answer, max(len(body), sent + 1)))
    with contextlib.suppress(ConnectionError):
        await response.write(body[:sent])
    disconnect(request)
    return response


# What comes instead of the vendor's answer.


async def _status(_: web.Request, details: Mapping[str, Any]) -> web.StreamResponse:
    body = details["body"]
    kind = "application/json" if isinstance(body, dict | list) else "text/plain"
    return web.Response(
        status=details["status"], body=_as_bytes(body), headers={"Content-Type": kind, **details["headers"]}
    )


async def _body(_: web.Request, details: Mapping[str, Any]) -> web.StreamResponse:
    headers = {"Content-Type": details["content_type"], **details["headers"]}
    return web.Response(status=details["status"], body=_as_bytes(details["body"]), headers=headers)


async def _html(_: web.Request, details: Mapping[str, Any]) -> web.StreamResponse:
    return web.Response(status=details["status"], text=details["body"], content_type="text/html")


async def _empty(_: web.Request, details: Mapping[str, Any]) -> web.StreamResponse:
    return web.Response(status=details["status"], content_type="application/json")


async def _deep(_: web.Request, details: Mapping[str, Any]) -> web.StreamResponse:
    depth = details["depth"]
    return web.Response(body=b"[" * depth + b"]" * depth, content_type="application/json")


async def _redirect(_: web.Request, details: Mapping[str, Any]) -> web.StreamResponse:
    return web.Response(status=details["status"], headers={"Location": details["location"]})


async def _drop(request: web.Request, details: Mapping[str, Any]) -> web.StreamResponse:
    disconnect(request, reset=details["reset"])
    return web.Response()  # never leaves: the server notices that nobody listens


async def _stall(request: web.Request, details: Mapping[str, Any]) -> web.StreamResponse:
    loop = asyncio.get_running_loop()
    end = loop.time() + details["seconds"]
    while loop.time() < end and not is_gone(request):  # noqa: ASYNC110 - aiohttp has no event for this
        await asyncio.sleep(WATCH_INTERVAL)
    disconnect(request)
    return web.Response()


async def _endless(request: web.Request, details: Mapping[str, Any]) -> web.StreamResponse:
    response = await begin(request, headers={"Content-Type": details["content_type"]})
    left = details["size"]
    with contextlib.suppress(ConnectionError):
        while left > 0:
            await response.write(details["chunk"])
            await asyncio.sleep(0)  # small chunks never wait for the socket: let the loop notice a client that left
            left -= len(details["chunk"])
    disconnect(request)
    return response


async def _gzip_bomb(request: web.Request, details: Mapping[str, Any]) -> web.StreamResponse:
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    response = await begin(request, headers=headers)
    with contextlib.suppress(ConnectionError):
        for block in gzipped_spaces(details["size"]):
            await response.write(block)
            await asyncio.sleep(0)
    return response


_AROUND: Mapping[str, Callable[[web.Request, Mapping[str, Any], Apply], Awaitable[web.StreamResponse]]] = {
    "delay": _delay,
    "drip": _drip,
    "truncate": _truncate,
}
_INSTEAD: Mapping[str, Callable[[web.Request, Mapping[str, Any]], Awaitable[web.StreamResponse]]] = {
    "status": _status,
    "status_after": _status,
    "drop_before": _drop,
    "drop_after": _drop,
    "stall": _stall,
    "endless": _endless,
    "html": _html,
    "empty": _empty,
    "deep": _deep,
    "gzip_bomb": _gzip_bomb,
    "body": _body,
    "redirect": _redirect,
}


def gzipped_spaces(size: int) -> Iterator[bytes]:
    """Give a valid gzip stream of `size` spaces in small blocks, without ever holding the spaces.

    A block that ends in a full flush stands for itself: the same compressed bytes can be sent again and again.
    """
    plain = b" " * MIB
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    packed = packer.compress(plain) + packer.flush(zlib.Z_FULL_FLUSH)
    checksum = 0
    yield b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
    for _ in range(size // MIB):
        checksum = zlib.crc32(plain, checksum)
        yield packed
    rest = plain[: size % MIB]
    last = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    checksum = zlib.crc32(rest, checksum)
    yield last.compress(rest) + last.flush() + checksum.to_bytes(4, "little") + (size % (1 << 32)).to_bytes(4, "little")


def _content(answer: web.StreamResponse) -> bytes:
    body = answer.body if isinstance(answer, web.Response) else None
    return bytes(body) if isinstance(body, bytes | bytearray) else b""


def _headers(answer: web.StreamResponse, length: int) -> dict[str, str]:
    return {**answer.headers, "Content-Length": str(length)}


def _as_bytes(body: Any) -> bytes:
    if body is None:
        return b""
    if isinstance(body, bytes):
        return body
    return body.encode() if isinstance(body, str) else json.dumps(body).encode()
