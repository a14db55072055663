"""Two writes of one conversation never cross."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from omnilogue import ConversationBusyError, InvalidInputError
from omnilogue.remote.locks import Locks

pytestmark = pytest.mark.anyio


@pytest.fixture
def locks() -> Locks:
    return Locks("work")


async def test_writes_of_one_conversation_come_one_after_the_other(locks: Locks) -> None:
    seen: list[str] = []

    async def write(name: str) -> None:
        async with locks.hold("c1"):
            seen.append(f"{name} begins")
            await asyncio.sleep(0)
            seen.append(f"{name} ends")

    await asyncio.gather(*(write(name) for name in "abc"))

    assert seen == [f"{name} {what}" for name in "abc" for what in ("begins", "ends")]


async def test_writes_of_two_conversations_do_not_wait(locks: Locks) -> None:
    async with locks.hold("c1"), asyncio.timeout(1), locks.hold("c2"):
        both = True

    assert both


async def test_reject_refuses_at_once_while_another_write_is_under_way(locks: Locks) -> None:
    async with locks.hold("c1"):
        with pytest.raises(ConversationBusyError) as raised:
            async with locks.hold("c1", "reject"):
                pass

    assert (raised.value.outcome, raised.value.retryable) == ("not_sent", True)
    async with asyncio.timeout(1), locks.hold("c1", "reject"):
        pass


async def test_reject_does_not_queue_behind_one_who_waits(locks: Locks) -> None:
    async def hold() -> None:
        async with locks.hold("c1"):
            await asyncio.sleep(0)

    async with locks.hold("c1"):
        waiting = asyncio.create_task(hold())
        await asyncio.sleep(0)
    with pytest.raises(ConversationBusyError):  # free for a moment, and promised to the one who waits
        async with locks.hold("c1", "reject"):
            pass
    await waiting


async def test_one_who_is_cancelled_while_waiting_keeps_nothing(locks: Locks) -> None:
    async def hold() -> None:
        async with locks.hold("c1"):
            pass

    async with locks.hold("c1"):
        waiting = asyncio.create_task(hold())
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.wait([waiting])

    assert locks._held == {}


async def test_cancel_ends_whoever_holds_or_waits_and_comes_next(locks: Locks) -> None:
    ended: list[str] = []
    writes: dict[str, asyncio.Task[None]] = {}

    def give_way(name: str) -> Callable[[], Awaitable[None]]:
        async def end() -> None:
            ended.append(name)
            writes[name].cancel()

        return end

    async def hold(name: str) -> None:
        async with locks.hold("c1", give_way=give_way(name)):
            await asyncio.Event().wait()

    for name in ("holds", "waits"):
        writes[name] = asyncio.create_task(hold(name))
        await asyncio.sleep(0)
    async with asyncio.timeout(1), locks.hold("c1", "cancel"):
        assert ended == ["waits", "holds"]

    assert [task.cancelled() for task in writes.values()] == [True, True]
    assert locks._held == {}


async def test_an_unknown_way_to_be_busy_is_refused(remote: Any) -> None:
    conversation = await remote.create()

    with pytest.raises(InvalidInputError, match="busy='shove' is not known"):
        await remote.send(conversation, "hello", busy="shove")
