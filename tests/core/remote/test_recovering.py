"""A stream that broke is completed from what the vendor stored; two attempts are never merged."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from omnilogue import InvalidInputError, Message, OmnilogueError, StreamInterruptedError, TextDelta
from omnilogue.model import Event
from omnilogue.provider import Turn, native
from omnilogue_memory.provider import Memory

pytestmark = pytest.mark.anyio

LATE = {"stream": native(answers_late=True), "send": native(answers_late=True)}
WHOLE = "Answer 1 to: hello"


class NeverStores(Memory):
    """Says one word and breaks; nothing of it is stored."""

    async def stream(self, conversation_id: str, turn: Turn) -> AsyncIterator[Event]:
        yield TextDelta(text="well")
        raise StreamInterruptedError("broken", outcome="unknown")


async def spoken(stream: Any) -> tuple[list[Event], OmnilogueError | None]:
    """Read a stream to its end, good or bad."""
    events: list[Event] = []
    try:
        async for event in stream:
            events.append(event)  # noqa: PERF401  # what came before an error is kept
    except OmnilogueError as error:
        return events, error
    return events, None


@pytest.mark.parametrize(("rows", "looks"), [({}, 0), ({}, 1), (LATE, 10)], ids=["at once", "settled", "late"])
@pytest.mark.parametrize("markers", [True, False])
async def test_the_rest_of_a_broken_stream_is_what_the_vendor_stored(
    remote_of: Any, texts: Any, rows: Any, looks: int, markers: bool
) -> None:
    remote = remote_of(rows=rows, markers=markers)
    conversation = await remote.create()
    vendor = remote.vendor
    vendor.fail("stream", applied=2)
    vendor.landing.append((looks + (not markers), lambda: vendor.store(conversation.id, Message.assistant(WHOLE))))

    async with remote.stream(conversation, "hello") as stream:
        events, error = await spoken(stream)

    assert error is None
    assert [event.text for event in events if isinstance(event, TextDelta)] == ["Answer", " 1", " to: hello"]
    assert stream.reply.text == WHOLE
    assert {event.attempt for event in events} == {1}
    assert await texts(remote, conversation) == ["u:hello", f"a:{WHOLE}"]
    assert len(vendor.turns) == 0  # nothing was sent another time


async def test_a_reply_that_still_grows_is_waited_for(remote_of: Any, texts: Any) -> None:
    remote = remote_of(rows=LATE)
    conversation = await remote.create()
    vendor = remote.vendor
    vendor.fail("stream", applied=2)
    begun: list[Message] = []

    async def begin() -> None:
        begun.extend(await vendor.store(conversation.id, Message.assistant("Answer")))

    async def end() -> None:
        await Memory.edit_message(vendor, conversation.id, begun[0].id or "", WHOLE)

    vendor.landing += [(0, begin), (3, end)]

    async with remote.stream(conversation, "hello") as stream:
        _, error = await spoken(stream)

    assert (error, stream.reply.text) == (None, WHOLE)
    assert await texts(remote, conversation) == ["u:hello", f"a:{WHOLE}"]


async def test_a_reply_that_is_stored_as_partial_is_partial(remote: Any) -> None:
    conversation = await remote.create()
    kept = Message.assistant("Answer 1 to").model_copy(update={"status": "partial"})
    remote.vendor.fail("stream", applied=2)
    remote.vendor.landing.append((0, lambda: remote.vendor.store(conversation.id, kept)))

    async with remote.stream(conversation, "hello") as stream:
        _ = await spoken(stream)

    assert (stream.reply.text, stream.reply.status) == ("Answer 1 to", "partial")


async def test_a_reply_that_is_stored_otherwise_than_shown_is_told_and_never_merged(remote: Any) -> None:
    conversation = await remote.create()
    remote.vendor.fail("stream", applied=2)
    remote.vendor.landing.append((0, lambda: remote.vendor.store(conversation.id, Message.assistant("Other words"))))

    async with remote.stream(conversation, "hello") as stream:
        events, error = await spoken(stream)

    stored = [message async for message in remote.messages(conversation)][-1]
    assert isinstance(error, StreamInterruptedError)
    assert error.outcome == "applied"
    assert f"message {stored.id};" in error.hint
    assert error.partial is not None
    assert [event.text for event in events if isinstance(event, TextDelta)] == ["Answer", " 1"]
    assert (error.partial.text, error.partial.status) == ("Answer 1", "partial")
    with pytest.raises(InvalidInputError):
        _ = stream.reply


async def test_what_may_still_land_is_of_unknown_outcome(remote_of: Any) -> None:
    remote = remote_of(NeverStores, rows=LATE)
    conversation = await remote.create()

    async with remote.stream(conversation, "hello") as stream:
        _, error = await spoken(stream)

    assert isinstance(error, StreamInterruptedError)
    assert error.outcome == "unknown"
    assert not error.is_safe_to_retry
