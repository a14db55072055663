"""What a copy costs: beside a plain loop over the same transport, in memory, and for one very long conversation.

Run `python benchmarks/copying.py latency [rounds]`, `... many [conversations] [messages]` or `... long [messages]`.
`latency` copies between two vendors that answer after 20 ms (8 conversations at once) and after 200 ms (32 at once), in
turn with a loop of bare requests that reads, creates and appends; it prints medians and ratios. The floor is what the
requests of the longest chain of calls take by themselves; over 200 ms it is the must, over 20 ms the loop is. `many`
copies between two emulators and `long` between two archives; both print the peak of memory after the plan and at the
end. One machine's seconds say little: read the ratios.
"""

from __future__ import annotations

import asyncio
import json
import math
import platform
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from itertools import count
from typing import Any

import httpx

from omnilogue import AsyncClient, Message
from omnilogue_mindcraft.emulator import MindCraftEmulator
from omnilogue_minimax.emulator import MiniMaxEmulator

KEY = "MC-" + "0" * 32
CONVERSATIONS, MESSAGES = 48, 20
CASES = ((0.020, 8), (0.200, 32))
"""Seconds until a vendor answers, and conversations at once."""
MUST_OF_LOOP, MUST_OF_FLOOR = 0.85, 0.90


class Vendor(httpx.AsyncBaseTransport):
    """A vendor that keeps sessions and messages in memory, and answers after a while."""

    def __init__(self, seconds: float) -> None:
        self.requests = 0
        self._seconds = seconds
        self._ids = count(1)
        self._sessions: dict[int, dict[str, Any]] = {}
        self._messages: dict[int, list[dict[str, Any]]] = {}

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.requests += 1
        await asyncio.sleep(self._seconds)
        body = json.loads(await request.aread() or b"{}")
        answer = {("session/", "GET"): self._list, ("session/", "POST"): self._create}.get(
            (request.url.path.removeprefix("/v1/"), request.method)
        ) or {"GET": self._read, "POST": self._append}[request.method]
        return httpx.Response(200, json={"message": "", "status": 200, **answer(request.url.params, body)})

    def _list(self, query: Any, _: Any) -> dict[str, Any]:
        return self._page(list(self._sessions.values()), query)

    def _read(self, query: Any, _: Any) -> dict[str, Any]:
        rows = self._messages[int(query["session_id"])]
        return self._page(rows[::-1] if query.get("ordering", "").startswith("-") else rows, query)

    def _page(self, rows: list[dict[str, Any]], query: Any) -> dict[str, Any]:
        page, size = int(query.get("page", 1)), int(query.get("size", 50))
        return {
            "count": len(rows),
            "max_pages": max(1, math.ceil(len(rows) / size)),
            "current_page": page,
            "results": rows[(page - 1) * size : page * size],
        }

    def _create(self, _: Any, body: dict[str, Any]) -> dict[str, Any]:
        number = next(self._ids)
        config = {"data": body.get("config_data", {}), "model": body.get("model")}
        self._sessions[number] = {
            "session_id": number,
            "session_token": f"token-{number}",
            "session_name": body.get("session_name", ""),
            "session_config": config,
            "session_remark": body.get("session_remark", ""),
            "created_at": "2025-03-02 09:15:00",
            "updated_at": "2025-03-02 09:15:00",
        }
        self._messages[number] = []
        return {"data": self._sessions[number]}

    def _append(self, _: Any, body: dict[str, Any]) -> dict[str, Any]:
        number = int(body["session_id"])
        row = {
            "message_id": next(self._ids),
            "session_id": number,
            "message_category": body["message_category"],
            "message_content": body["message_content"],
            "message_meta": {"data": body.get("meta_data") or {}},
            "created_at": "2025-03-02 09:15:00",
        }
        self._messages[number].append(row)
        return {"data": row}


class Both(httpx.AsyncBaseTransport):
    """Two vendors behind one transport, by host."""

    def __init__(self, here: Vendor, there: Vendor) -> None:
        self._vendors = {"here.example": here, "there.example": there}

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return await self._vendors[request.url.host].handle_async_request(request)


def settings(name: str) -> dict[str, Any]:
    return {"provider": "mindcraft", "api_key": KEY, "base_url": f"https://{name}.example/v1/", "max_connections": 64}


async def filled() -> Vendor:
    """Give a vendor that holds conversations; filling it takes no time."""
    vendor = Vendor(0.0)
    for number in range(CONVERSATIONS):
        made = vendor._create(None, {"session_name": f"Trip {number}"})["data"]["session_id"]
        for place in range(MESSAGES):
            category = "assistant" if place % 2 else "user"
            words = {
                "session_id": made,
                "message_category": category,
                "message_content": f"{number}.{place} " + "x" * 280,
            }
            vendor._append(None, words)
    return vendor


async def ours(seconds: float, at_once: int) -> tuple[float, int]:
    """Copy with the engine; give the seconds and the requests."""
    here, there = await filled(), Vendor(seconds)
    here._seconds = seconds
    remotes = {"here": settings("here"), "there": settings("there")}
    with tempfile.TemporaryDirectory() as folder:
        state = f"sqlite:///{folder}/state.db"
        async with AsyncClient(False, remotes=remotes, state=state, transport=Both(here, there)) as client:
            began = time.perf_counter()
            report = await client.copy("here:", "there:", max_loss="any", concurrency=at_once)
            spent = time.perf_counter() - began
    assert report.messages.copied == CONVERSATIONS * MESSAGES
    return spent, here.requests + there.requests


async def plain(seconds: float, at_once: int) -> tuple[float, int]:
    """Copy with nothing but requests: read, create, append, as many conversations at once."""
    here, there = await filled(), Vendor(seconds)
    here._seconds = seconds
    gate = asyncio.Semaphore(at_once)
    async with httpx.AsyncClient(transport=Both(here, there), headers={"authorization": f"Bearer {KEY}"}) as client:

        async def one(session: dict[str, Any]) -> None:
            async with gate:
                query = {"session_id": session["session_id"], "size": "50", "page": "1", "ordering": "message_id"}
                read = await client.get("https://here.example/v1/message/", params=query)
                body = {"session_name": session["session_name"]}
                made = (await client.post("https://there.example/v1/session/", json=body)).json()["data"]
                for row in read.json()["results"]:
                    words = {name: row[name] for name in ("message_category", "message_content")}
                    words["session_id"] = made["session_id"]
                    (await client.post("https://there.example/v1/message/", json=words)).json()

        began = time.perf_counter()
        listed = (await client.get("https://here.example/v1/session/", params={"size": "50"})).json()["results"]
        await asyncio.gather(*[one(session) for session in listed])
        spent = time.perf_counter() - began
    return spent, here.requests + there.requests


def floor(seconds: float, at_once: int) -> float:
    """Give what the plain loop's requests take when nothing else takes time: the longest chain of them."""
    return seconds * (1 + math.ceil(CONVERSATIONS / at_once) * (2 + MESSAGES))


async def latency(rounds: int = 5) -> None:
    """Compare the engine, the plain loop and the floor."""
    print(f"{CONVERSATIONS} conversations x {MESSAGES} messages, medians of {rounds} rounds in turn")
    for seconds, at_once in CASES:
        pairs = [(await ours(seconds, at_once), await plain(seconds, at_once)) for _ in range(rounds)]
        mine, theirs = (statistics.median(pair[place][0] for pair in pairs) for place in (0, 1))
        ratio, least = statistics.median(b[0] / a[0] for a, b in pairs), floor(seconds, at_once)
        print(
            f"{seconds * 1000:4.0f} ms, {at_once:2} at once  copy {mine:6.2f} s ({pairs[0][0][1]} requests)  "
            f"loop {theirs:6.2f} s ({pairs[0][1][1]} requests)  floor {least:6.2f} s  "
            f"of the loop {ratio:.2f} (must {MUST_OF_LOOP})  of the floor {least / mine:.2f} (must {MUST_OF_FLOOR})"
        )


def peak() -> float:
    """Give the most memory this process has had, MiB."""
    unit = 1 if sys.platform == "darwin" else 1024  # bytes there, KiB elsewhere
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**20


async def many(conversations: int = 1000, messages: int = 20) -> None:
    """Copy many conversations between two emulators, which live in this process too: what they keep counts."""
    with tempfile.TemporaryDirectory() as folder, MindCraftEmulator() as here, MiniMaxEmulator() as there:
        for vendor in (here, there):
            vendor.journal._limit = 100
        for number in range(conversations):
            made = here.store.add_session(f"Trip {number}").session_id
            for place in range(messages):
                here.store.add_message(made, "assistant" if place % 2 else "user", f"{number}.{place} " + "x" * 280)
        remotes = {
            "here": {"provider": "mindcraft", **here.settings},
            "there": {"provider": "minimax", **there.settings},
        }
        await timed(remotes, folder, conversations * messages)


async def long(messages: int = 100_000) -> None:
    """Copy one very long conversation between two archives."""
    with tempfile.TemporaryDirectory() as folder:
        remotes = {name: {"provider": "archive", "path": f"{folder}/{name}.db"} for name in ("here", "there")}
        async with AsyncClient(False, remotes=remotes, state="memory:") as client:
            made = await client.remote("here").create(title="Long")
            for start in range(0, messages, 5000):
                batch = [Message.user(f"{place} " + "x" * 280) for place in range(start, min(messages, start + 5000))]
                await client.remote("here").append(made, batch)
        await timed(remotes, folder, messages)


async def timed(remotes: dict[str, dict[str, Any]], folder: str, messages: int) -> None:
    """Plan, copy, check; print seconds and memory after each."""
    async with AsyncClient(False, remotes=remotes, state=f"sqlite:///{folder}/state.db") as client:
        print(f"filled                       peak {peak():7.1f} MiB")
        steps: dict[str, Callable[[], Any]] = {
            "plan": lambda: client.plan("here:", "there:", max_loss="any"),
            "copy": lambda: client.copy("here:", "there:", max_loss="any"),
            "check": lambda: client.check("here:", "there:"),
        }
        for name, step in steps.items():
            began = time.perf_counter()
            report = await step()
            spent = time.perf_counter() - began
            print(f"{name:<6} {spent:7.1f} s {messages / spent:8.0f}/s  peak {peak():7.1f} MiB  {report.sentence}")


if __name__ == "__main__":
    what, *numbers = sys.argv[1:] or ["latency"]
    print(f"Python {platform.python_version()}, {platform.machine()}")
    asyncio.run({"latency": latency, "many": many, "long": long}[what](*map(int, numbers)))
