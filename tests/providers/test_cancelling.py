"""Cancelled at any moment: over within a second, nothing left behind, the conversation free, no turn doubled."""

from __future__ import annotations

import asyncio
import gc
import os
import random
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest

from omnilogue import AsyncRemote, Conversation, InvalidInputError

pytestmark = pytest.mark.anyio

NAMES = ("memory", "mindcraft-client", "mindcraft-server", "minimax", "ichati")
CANCELLATIONS, TURNS = 200, 10
LATEST_SECONDS = 0.03
"""The latest moment of a cancellation; most of what is cancelled takes about as long. Other moments are its steps."""

END_SECONDS = 1.0 + 2.0
"""How long the end may take: a second, and more where the machine has other things to do."""


async def send(remote: AsyncRemote, conversation: Conversation, text: str) -> None:
    await remote.send(conversation, text)


async def stream(remote: AsyncRemote, conversation: Conversation, text: str) -> None:
    async with remote.stream(conversation, text) as events:
        _ = [event async for event in events]


async def read(remote: AsyncRemote, conversation: Conversation, text: str) -> None:
    _ = [message async for message in remote.messages(conversation)]


async def regenerate(remote: AsyncRemote, conversation: Conversation, text: str) -> None:
    with suppress(InvalidInputError):  # there may be nothing to answer yet
        await remote.regenerate(conversation)


async def stream_again(remote: AsyncRemote, conversation: Conversation, text: str) -> None:
    with suppress(InvalidInputError):
        async with remote.stream_regenerate(conversation) as events:
            _ = [event async for event in events]


ACTIONS: tuple[Callable[..., Any], ...] = (send, stream, read, regenerate, stream_again)


async def cancelled_at_some_moment(action: Any, chance: random.Random, latest: float) -> bool:
    """Begin something, cancel it a moment later, see it end; tell whether it was not faster."""
    task = asyncio.create_task(action)
    if chance.uniform(0, LATEST_SECONDS) >= latest:
        for _ in range(chance.randrange(8)):
            await asyncio.sleep(0)
    else:
        await asyncio.sleep(chance.uniform(0, latest))
    task.cancel()
    _, left = await asyncio.wait([task], timeout=END_SECONDS)
    assert not left
    if not task.cancelled():
        task.result()
    return task.cancelled()


def open_files() -> int:
    return len(os.listdir("/proc/self/fd"))


async def until(is_true: Callable[[], bool]) -> bool:
    """Give what another thread is about to do a little time."""
    for _ in range(200):
        if is_true():
            break
        gc.collect()
        await asyncio.sleep(0.01)
    return is_true()


@pytest.mark.parametrize("name", NAMES)
async def test_cancelled_at_any_moment(place_of: Any, name: str) -> None:
    place, chance = place_of(name), random.Random(f"{name} 4")
    latest = 0.0 if name == "memory" else 0.8 * LATEST_SECONDS
    files, tasks, hits = open_files(), asyncio.all_tasks(), 0
    async with place.connected() as client:
        remote = client.remote()
        while hits < CANCELLATIONS:
            conversation = await remote.create()
            for turn in range(TURNS):
                action = chance.choice(ACTIONS)(remote, conversation, f"cancelled {turn}")
                hits += await cancelled_at_some_moment(action, chance, latest)
                assert (await remote.send(conversation, f"turn {turn}", busy="cancel")).text

            asked = Counter([one.text async for one in remote.messages(conversation) if one.role == "user"])
            assert max(asked.values()) == 1
            assert len([text for text in asked if text.startswith("turn")]) == TURNS
        assert asyncio.all_tasks() == tasks
        assert not remote._account.locks._held

    assert asyncio.all_tasks() == tasks
    assert await until(lambda: open_files() <= files)
