"""Whoever leaves a reply stops its run, and whoever takes another's place ends it."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from omnilogue import (
    ConversationBusyError,
    Reply,
    ReplyCompleted,
    RequestTimeoutError,
    TextDelta,
    UnavailableError,
)
from omnilogue.model import Event
from omnilogue.provider import Turn, note_run
from omnilogue_memory.provider import Memory

pytestmark = pytest.mark.anyio


class Stoppable(Memory):
    """Goes on for ever and tells its run's id before the first word; notes what was stopped, which may go wrong."""

    failure: BaseException | None = None
    says = "well"

    def __init__(self, settings: Any, context: Any) -> None:
        super().__init__(settings, context)
        self.vendor = self
        self.stopped: list[tuple[str, str, bool]] = []
        self.is_closed = False

    async def send(self, conversation_id: str, turn: Turn) -> Reply:
        async for event in self.stream(conversation_id, turn):
            if isinstance(event, ReplyCompleted):
                return event.reply
        raise AssertionError

    async def stream(self, conversation_id: str, turn: Turn) -> AsyncIterator[Event]:
        if turn.text == "briefly":
            async for event in super().stream(conversation_id, turn):
                yield event
            return
        note_run("r-1")
        try:
            yield TextDelta(text=self.says)
            await asyncio.Event().wait()
        finally:
            self.is_closed = True

    async def stop(self, conversation_id: str, run_id: str) -> None:
        self.stopped.append((conversation_id, run_id, self.is_closed))
        if self.failure:
            raise self.failure
        if self.says == "slow":
            await asyncio.Event().wait()


async def cancelled(task: asyncio.Task[Any]) -> bool:
    """Cancel a task that had a moment to begin, and tell whether that is how it ended."""
    for _ in range(10):
        await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait([task])
    return task.cancelled()


async def test_leaving_early_stops_the_run_when_its_connection_is_closed(remote_of: Any) -> None:
    remote = remote_of(Stoppable)
    conversation = await remote.create()

    async with remote.stream(conversation, "hello") as stream:
        await anext(stream)

    assert remote.vendor.stopped == [(conversation.id, "r-1", True)]
    assert (await remote.send(conversation, "briefly", busy="reject")).text


async def test_a_stream_that_ended_stops_nothing(remote_of: Any) -> None:
    remote = remote_of(Stoppable)
    conversation = await remote.create()

    async with remote.stream(conversation, "briefly") as stream:
        _ = [event async for event in stream]

    assert remote.vendor.stopped == []


@pytest.mark.parametrize("verb", ["send", "regenerate", "stream"])
async def test_cancelling_stops_the_run(remote_of: Any, verb: str) -> None:
    remote = remote_of(Stoppable)
    conversation = await remote.create()
    await remote.append(conversation, "hello?")

    async def act() -> None:
        if verb == "stream":
            async with remote.stream(conversation, "hello") as stream:
                _ = [event async for event in stream]
        elif verb == "send":
            await remote.send(conversation, "hello")
        else:
            await remote.regenerate(conversation)

    assert await cancelled(asyncio.create_task(act()))
    assert remote.vendor.stopped == [(conversation.id, "r-1", True)]
    assert (await remote.send(conversation, "briefly", busy="reject")).text


@pytest.mark.parametrize("verb", ["send", "stream"])
async def test_a_run_that_took_too_long_is_stopped(remote_of: Any, verb: str) -> None:
    remote = remote_of(Stoppable)
    conversation = await remote.create()

    async def read(*given: Any, **options: Any) -> None:
        async with remote.stream(*given, **options) as stream:
            _ = [event async for event in stream]

    with pytest.raises(RequestTimeoutError):
        await (read if verb == "stream" else remote.send)(conversation, "hello", timeout=0.05)

    assert remote.vendor.stopped == [(conversation.id, "r-1", True)]


async def left_with_an_error(remote: Any, conversation: Any) -> None:
    async with remote.stream(conversation, "hello") as stream:
        await anext(stream)
        _ = 1 / 0


@pytest.mark.parametrize("failure", [UnavailableError("down", outcome="unknown"), KeyError("a bug")])
async def test_a_run_that_cannot_be_stopped_is_told_in_the_log_alone(
    remote_of: Any, caplog: Any, failure: Exception
) -> None:
    remote = remote_of(type("Failing", (Stoppable,), {"failure": failure}))
    conversation = await remote.create()

    with pytest.raises(ZeroDivisionError):
        await left_with_an_error(remote, conversation)

    assert [record.getMessage().split()[0] for record in caplog.records] == ["run_not_stopped"]
    assert (await remote.send(conversation, "briefly", busy="reject")).text


async def test_a_vendor_that_is_slow_to_stop_holds_nobody_up(remote_of: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr("omnilogue.remote.verb.CANCELLED_SECONDS", 0.05)
    remote = remote_of(type("Slow", (Stoppable,), {"says": "slow"}))
    conversation = await remote.create()

    assert await cancelled(asyncio.create_task(remote.send(conversation, "hello")))
    assert (await remote.send(conversation, "briefly", busy="reject")).text


# Another write that takes the place


async def test_a_write_takes_the_place_of_a_stream_that_nobody_reads_just_now(remote_of: Any) -> None:
    remote = remote_of(Stoppable)
    conversation = await remote.create()

    async with remote.stream(conversation, "hello") as stream:
        _ = [await anext(stream), await anext(stream)]
        assert (await remote.send(conversation, "briefly", busy="cancel")).text
        assert remote.vendor.stopped == [(conversation.id, "r-1", True)]
        for _ in range(2):
            with pytest.raises(ConversationBusyError, match="took its place") as raised:
                await anext(stream)
            assert raised.value.partial is not None
            assert raised.value.partial.text == "well"
        assert not stream._account.locks._held


@pytest.mark.parametrize("verb", ["send", "stream"])
async def test_a_write_takes_the_place_of_one_that_is_under_way(remote_of: Any, verb: str) -> None:
    remote = remote_of(Stoppable)
    conversation = await remote.create()

    async def act() -> None:
        if verb == "send":
            await remote.send(conversation, "hello")
            return
        async with remote.stream(conversation, "hello") as stream:
            try:
                _ = [event async for event in stream]
            except ConversationBusyError:
                await asyncio.sleep(0.1)  # whoever is slow to leave holds nobody up
                assert (await remote.send(conversation, "briefly", busy="reject")).text
                raise

    victim = asyncio.create_task(act())
    for _ in range(10):
        await asyncio.sleep(0)
    async with asyncio.timeout(1):
        assert (await remote.send(conversation, "briefly", busy="cancel")).text
        with pytest.raises(ConversationBusyError, match="took its place") as raised:
            await victim

    assert remote.vendor.stopped == [(conversation.id, "r-1", True)]
    assert (raised.value.outcome, raised.value.operation) == ("unknown", verb)
    assert (raised.value.partial.text if raised.value.partial else "") == ("well" if verb == "stream" else "")


async def test_a_write_takes_the_place_of_those_that_wait(remote_of: Any, texts: Any) -> None:
    remote = remote_of(Stoppable)
    conversation = await remote.create()

    async with remote.stream(conversation, "hello"):
        waiting = asyncio.create_task(remote.send(conversation, "briefly"))
        await asyncio.sleep(0)
        reply = await remote.send(conversation, "briefly", busy="cancel")
        with pytest.raises(ConversationBusyError) as raised:
            await waiting

    assert (raised.value.outcome, raised.value.is_safe_to_retry) == ("not_sent", True)
    assert await texts(remote, conversation) == ["u:briefly", f"a:{reply.text}"]


async def test_a_stream_that_has_ended_gives_way_without_a_word(remote_of: Any) -> None:
    remote = remote_of(Stoppable)
    conversation = await remote.create()

    async with remote.stream(conversation, "briefly") as stream:
        _ = [event async for event in stream]
        await remote.send(conversation, "briefly", busy="cancel")
        assert [event async for event in stream] == []

    assert stream.reply.text
    assert remote.vendor.stopped == []
