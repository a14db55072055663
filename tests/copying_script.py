"""Copies again and again, each time in a process of its own that may be killed: `copying_script.py CONFIG`.

Reads a line of JSON per copy and answers each with how the process ended. `{"number": N, "when": "before"}` kills it at
its request N, `{"commit": N}` after its change N of the state, `{"seconds": S}` after a time; `concurrency` is how many
conversations are copied at once, `asked` holds other options, `naive` copies without the engine. Modules are imported
once: a process is forked for each copy, before there is any thread.
"""

import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx

from killed_script import Killing  # type: ignore[import-not-found]  # it lies beside this script
from omnilogue import AsyncClient, AsyncRemote, OmnilogueError
from omnilogue.http import SystemClock
from omnilogue.state import store


class QuickClock(SystemClock):
    """Lets a fiftieth of each wait pass."""

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds / 50)


CONTEXT = httpx.create_ssl_context()


def kill_after_commit(number: int) -> None:
    """Let this process be killed as soon as it has changed its state so often."""
    transaction, left = store._transaction, iter(range(number - 1, -1, -1))

    @contextmanager
    def killing(database: Any) -> Iterator[None]:
        with transaction(database):
            yield
        if next(left, 1) == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    store._transaction = killing


async def copy(config: str, order: dict[str, Any]) -> bool:
    """Copy, and give whether the same command has to look again: where nobody can tell what became of a write."""
    transport = Killing(order.get("number", 0), order.get("when", ""), verify=CONTEXT)
    async with AsyncClient(config, transport=transport, clock=QuickClock()) as client:
        if order.get("naive"):
            await copy_naively(client.remote("here"), client.remote("there"))
            return False
        asked = {"concurrency": order.get("concurrency", 1), **order.get("asked", {})}
        return bool((await client.copy("here:", "there:", **asked)).unknown)


async def copy_naively(here: AsyncRemote, there: AsyncRemote) -> None:
    """Copy as one does who thinks of no crash: what is there is skipped, the rest is created and appended to."""
    known = {conversation.title async for conversation in there.conversations()}
    async for conversation in here.conversations():
        if conversation.title not in known:
            made = await there.create(title=conversation.title)
            async for message in here.messages(conversation):
                await there.append(made, message.text, role=message.role)


def child(config: str, order: dict[str, Any]) -> None:
    """Copy, and end without a word to anybody."""
    code = 1
    try:
        if "commit" in order:
            kill_after_commit(order["commit"])
        code = int(asyncio.run(copy(config, order)))
    except OmnilogueError as error:
        sys.stderr.write(f"{error}\n")
        sys.stderr.flush()
    finally:
        os._exit(code)


async def warm_up(config: str) -> None:
    """Import whatever a copy needs."""
    kept = {name: {"provider": "memory"} for name in ("one", "other")}
    async with AsyncClient(False, remotes=kept, state="memory:") as client:
        await client.remote("one").create(title="Trip")
        await client.copy("one:", "other:")
    async with AsyncClient(config) as client:
        for name in ("here", "there"):
            await client.remote(name).check()


def serve(config: str) -> None:
    asyncio.run(warm_up(config))
    for line in sys.stdin:
        order = json.loads(line)
        pid = os.fork()
        if pid == 0:
            child(config, order)
        if "seconds" in order:
            time.sleep(order["seconds"])
            os.kill(pid, signal.SIGKILL)  # it is there until it is waited for
        _, status = os.waitpid(pid, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    serve(sys.argv[1])
