"""Streams: what fails before the first event is mended, what fails after it is told, and nothing stays held."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from omnilogue import (
    ConversationBusyError,
    InvalidInputError,
    OmnilogueError,
    PluginError,
    RateLimitError,
    ReplyCompleted,
    ReplyStarted,
    RequestTimeoutError,
    StreamInterruptedError,
    TextDelta,
    UnavailableError,
)
from omnilogue.model import Event, Message, Page
from omnilogue.provider import Features, Provider, ProviderSettings, Query, Turn, native, unsupported

pytestmark = pytest.mark.anyio


class Endless(Provider[ProviderSettings]):
    """Says one word, then nothing more; notes when it is closed."""

    features = Features(list_messages=native(), stream=native(), send=unsupported())
    after = "wait"

    def __init__(self, settings: Any, context: Any) -> None:
        super().__init__(settings, context)
        self.vendor = self
        self.closed = asyncio.Event()

    async def list_messages(self, conversation_id: str, cursor: str | None, query: Query) -> Page[Message]:
        return Page()

    async def stream(self, conversation_id: str, turn: Turn) -> AsyncIterator[Event]:
        try:
            yield TextDelta(text="well")
            if self.after == "wait":
                await asyncio.Event().wait()
            if self.after == "bug":
                raise KeyError("oops")
        finally:
            self.closed.set()


class Silent(Endless):
    after = "end"


class Buggy(Endless):
    after = "bug"


async def spoken(stream: Any) -> tuple[list[Event], OmnilogueError | None]:
    events: list[Event] = []
    try:
        async for event in stream:
            events.append(event)  # noqa: PERF401  # what came before an error is kept
    except OmnilogueError as error:
        return events, error
    return events, None


async def test_a_stream_begins_with_its_conversation_and_ends_with_the_reply(remote: Any, texts: Any) -> None:
    conversation = await remote.create()

    async with remote.stream(conversation, "hello there") as stream:
        events, error = await spoken(stream)

    assert error is None
    assert isinstance(events[0], ReplyStarted)
    assert events[0].conversation == conversation.ref
    assert isinstance(events[-1], ReplyCompleted)
    said = "".join(event.text for event in events if isinstance(event, TextDelta))
    assert said == stream.reply.text
    assert await texts(remote, conversation) == ["u:hello there", f"a:{said}"]


@pytest.mark.parametrize("markers", [True, False])
async def test_a_failure_before_the_first_event_is_mended(remote_of: Any, texts: Any, markers: bool) -> None:
    remote = remote_of(markers=markers)
    conversation = await remote.create()
    remote.vendor.fail("stream")

    async with remote.stream(conversation, "hello") as stream:
        events, error = await spoken(stream)

    assert error is None
    assert {event.attempt for event in events} == {2}
    assert await texts(remote, conversation) == ["u:hello", f"a:{stream.reply.text}"]


async def test_a_stream_that_never_begins_was_not_sent(remote: Any, texts: Any) -> None:
    conversation = await remote.create()
    remote.vendor.fail("stream", times=3)

    async with remote.stream(conversation, "hello") as stream:
        events, error = await spoken(stream)

    assert events == []
    assert isinstance(error, UnavailableError)
    assert error.outcome == "not_sent"
    assert await texts(remote, conversation) == []


async def test_a_failure_after_the_first_event_is_told_with_what_came(remote: Any, texts: Any) -> None:
    conversation = await remote.create()
    remote.vendor.fail("stream", applied=2)

    async with remote.stream(conversation, "hello") as stream:
        events, error = await spoken(stream)

    said = "".join(event.text for event in events if isinstance(event, TextDelta))
    assert isinstance(error, UnavailableError)
    assert error.partial is not None
    assert (error.partial.text, error.partial.status, error.outcome) == (said, "partial", "applied")
    assert await texts(remote, conversation) == ["u:hello"]


async def test_a_reply_that_is_stored_as_it_was_shown_is_complete(remote: Any, texts: Any) -> None:
    conversation = await remote.create()
    remote.vendor.fail("stream", applied=True)

    async with remote.stream(conversation, "hello") as stream:
        events, error = await spoken(stream)

    assert error is None
    assert events[-1].type == "reply_completed"
    assert await texts(remote, conversation) == ["u:hello", f"a:{stream.reply.text}"]


async def test_a_reply_that_is_stored_late_as_it_was_shown_is_complete(remote: Any, texts: Any) -> None:
    conversation = await remote.create()
    vendor = remote.vendor
    vendor.fail("stream", applied=4)
    vendor.landing.append((1, lambda: vendor.store(conversation.id, Message.assistant("Answer 1 to: hello"))))

    async with remote.stream(conversation, "hello") as stream:
        _, error = await spoken(stream)

    assert error is None
    assert await texts(remote, conversation) == ["u:hello", "a:Answer 1 to: hello"]


async def test_a_stream_holds_its_conversation_until_it_is_closed(remote: Any) -> None:
    conversation = await remote.create()

    async with remote.stream(conversation, "hello") as stream:
        await anext(stream)
        with pytest.raises(ConversationBusyError):
            await remote.send(conversation, "me too", busy="reject")

    await asyncio.wait_for(remote.send(conversation, "me too", busy="reject"), 1)


async def test_leaving_early_closes_the_provider_and_frees_the_conversation(remote_of: Any) -> None:
    remote = remote_of(Endless)

    async with remote.stream("c1", "hello") as stream:
        assert [await anext(stream), await anext(stream)][1] == TextDelta(text="well")

    assert remote.vendor.closed.is_set()
    async with asyncio.timeout(1), remote.stream("c1", "again", busy="reject"):
        pass


async def test_a_turn_that_was_left_is_not_taken_for_the_same_words_said_later(remote_of: Any, texts: Any) -> None:
    remote = remote_of(markers=False)
    conversation = await remote.create()
    await remote.append(conversation, "before")
    async with remote.stream(conversation, "hello") as stream:
        _ = [await anext(stream), await anext(stream)]
    remote.vendor.fail("send")

    reply = await remote.send(conversation, "hello")

    assert await texts(remote, conversation) == ["u:before", "u:hello", "u:hello", f"a:{reply.text}"]


async def test_a_stream_that_is_silent_ends_with_its_time(remote_of: Any) -> None:
    remote = remote_of(Endless)

    async with remote.stream("c1", "hello", timeout=0.05) as stream:
        _, error = await spoken(stream)

    assert isinstance(error, RequestTimeoutError)
    assert error.code == "deadline"
    assert error.partial is not None
    assert error.partial.text == "well"
    assert remote.vendor.closed.is_set()


async def test_a_stream_without_an_end_is_broken(remote_of: Any) -> None:
    remote = remote_of(Silent)

    async with remote.stream("c1", "hello") as stream:
        _, error = await spoken(stream)

    assert isinstance(error, StreamInterruptedError)
    assert error.partial is not None


async def test_a_bug_in_the_middle_of_a_stream_is_the_providers(remote_of: Any) -> None:
    remote = remote_of(Buggy)

    async with remote.stream("c1", "hello") as stream:
        _, error = await spoken(stream)

    assert isinstance(error, PluginError)
    assert error.partial is not None


async def test_the_reply_is_there_only_at_the_end(remote: Any) -> None:
    conversation = await remote.create()

    async with remote.stream(conversation, "hello") as stream:
        with pytest.raises(InvalidInputError, match="not complete yet"):
            _ = stream.reply
        _ = [piece async for piece in stream.text()]
        assert stream.reply.text


async def test_a_stream_is_used_inside_its_context_and_once(remote: Any) -> None:
    conversation = await remote.create()
    stream = remote.stream(conversation, "hello")

    with pytest.raises(InvalidInputError, match="not open"):
        await anext(stream)
    async with stream:
        pass
    with pytest.raises(InvalidInputError, match="not open"):
        await anext(stream)
    with pytest.raises(InvalidInputError, match="entered once"):
        await stream.__aenter__()


async def test_what_is_refused_is_refused_at_the_entrance_and_holds_nothing(remote: Any) -> None:
    conversation = await remote.create()
    remote.vendor.fail("stream", RateLimitError("slowly", outcome="rejected"))

    with pytest.raises(InvalidInputError):
        async with remote.stream(conversation, "x" * (64 * 1024 * 1024 + 1)):
            pass
    async with remote.stream(conversation, "hello", busy="reject") as stream:
        _, error = await spoken(stream)

    assert isinstance(error, RateLimitError)
    await asyncio.wait_for(remote.send(conversation, "hello", busy="reject"), 1)


class BreaksWhenClosed(Endless):
    async def stream(self, conversation_id: str, turn: Turn) -> AsyncIterator[Event]:
        try:
            yield TextDelta(text="well")
        finally:
            raise KeyError("oops")


async def left_with_an_error(remote: Any, conversation: Any) -> None:
    async with remote.stream(conversation, "hello") as stream:
        await anext(stream)
        _ = 1 / 0


async def test_a_fault_in_closing_does_not_hide_what_the_caller_has_to_say(remote_of: Any, caplog: Any) -> None:
    remote = remote_of(BreaksWhenClosed)

    with pytest.raises(ZeroDivisionError):
        await left_with_an_error(remote, "c1")

    assert "stream_close_failed" in caplog.text
