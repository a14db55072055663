"""What our layer costs per call: the same calls over a transport that does nothing, ours beside raw httpx.

Run it with `make bench`, or `python benchmarks/layer.py [calls]`. It prints medians over interleaved rounds and the
ratio; one machine's microseconds say little, so read the difference and the ratio.
"""

from __future__ import annotations

import asyncio
import gc
import json
import platform
import statistics
import sys
import time
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import httpx

from omnilogue import AsyncClient, AsyncRemote

ROUNDS = 15
KEY = "MC-" + "0" * 32
STORED: dict[str, Any] = {
    "message": "",
    "status": 201,
    "data": {
        "message_id": 91,
        "session_id": 7,
        "message_category": "user",
        "message_content": "hello",
        "message_meta": {"data": {}},
        "created_at": "2025-03-02 09:15:00",
    },
}
PAGE = {
    "message": "",
    "status": 200,
    "count": 20,
    "max_pages": 1,
    "current_page": 1,
}


class Nowhere(httpx.AsyncBaseTransport):
    """Answers at once, without a network."""

    def __init__(self, messages: int) -> None:
        row = {**STORED["data"], "message_content": "x" * 280}
        rows = [{**row, "message_id": place} for place in range(1, messages + 1)]
        self._stored = json.dumps(STORED).encode()
        self._page = json.dumps({**PAGE, "results": rows}).encode()
        self._headers = {"content-type": "application/json"}

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        body = self._page if request.method == "GET" else self._stored
        return httpx.Response(200, headers=self._headers, content=body, request=request)


async def append_ours(remote: AsyncRemote) -> None:
    await remote.append("7", "hello")


async def append_raw(client: httpx.AsyncClient) -> None:
    body = {"session_id": 7, "message_category": "user", "message_content": "hello", "meta_data": {}}
    (await client.post("message/", json=body)).json()


async def list_ours(remote: AsyncRemote) -> None:
    async for _message in remote.messages("7"):
        pass


async def list_raw(client: httpx.AsyncClient) -> None:
    query = {"session_id": "7", "size": "50", "page": "1", "ordering": "message_id"}
    for row in (await client.get("message/", params=query)).json()["results"]:
        row["message_content"]


async def seconds(call: Callable[[], Awaitable[None]], calls: int) -> float:
    """Give the seconds of one call, over `calls` of them."""
    gc.collect()
    started = time.perf_counter()
    for _ in range(calls):
        await call()
    return (time.perf_counter() - started) / calls


async def compare(
    title: str, ours: Callable[[], Awaitable[None]], raw: Callable[[], Awaitable[None]], calls: int
) -> None:
    """Time both in turn and print the medians."""
    await seconds(ours, 50)
    await seconds(raw, 50)
    rounds = [(await seconds(ours, calls), await seconds(raw, calls)) for _ in range(ROUNDS)]
    mine, theirs = (statistics.median(column) * 1e6 for column in zip(*rounds, strict=True))
    ratio = statistics.median(a / b for a, b in rounds)
    print(
        f"{title:<20} ours {mine:6.1f} us   raw httpx {theirs:6.1f} us   "
        f"difference {mine - theirs:+6.1f} us   ratio {ratio:.2f}"
    )


async def main() -> None:
    calls = int(sys.argv[1]) if len(sys.argv) > 1 else 300
    settings = {"provider": "mindcraft", "api_key": KEY, "base_url": "https://vendor.example/v1/"}
    print(f"Python {platform.python_version()}, {platform.machine()}, {ROUNDS} rounds of {calls} calls, medians")
    for messages in (1, 20):
        transport = Nowhere(messages)
        headers = {"authorization": f"Bearer {KEY}"}
        async with (
            AsyncClient(False, remotes={"work": settings}, transport=transport) as client,
            httpx.AsyncClient(base_url="https://vendor.example/v1/", transport=transport, headers=headers) as raw,
        ):
            remote = client.remote()
            if messages == 1:
                await compare("append one message", partial(append_ours, remote), partial(append_raw, raw), calls)
            title = f"list {messages} message" + "s" * (messages > 1)
            await compare(title, partial(list_ours, remote), partial(list_raw, raw), calls)


if __name__ == "__main__":
    asyncio.run(main())
