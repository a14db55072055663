"""A turn is repeated only after it was seen to be absent."""

from typing import Any

import pytest

from omnilogue import (
    ConversationBusyError,
    Message,
    OmnilogueError,
    OutcomeUnknownError,
    QuotaExceededError,
    Reply,
    RunFailedError,
    UnavailableError,
)
from omnilogue.http.scope import CURRENT
from omnilogue.provider import Turn, native
from omnilogue_memory.provider import Memory

pytestmark = pytest.mark.anyio

MARKED = [True, False]
NO_EMPTY_TURN = {"send": native(), "stream": native()}


def busy() -> ConversationBusyError:
    return ConversationBusyError("one moment", outcome="rejected", retryable=True)


def quota() -> QuotaExceededError:
    return QuotaExceededError("no points left", outcome="rejected")


@pytest.mark.parametrize("markers", MARKED)
async def test_a_turn_that_was_absent_twice_is_repeated(remote_of: Any, texts: Any, clock: Any, markers: bool) -> None:
    remote = remote_of(markers=markers)
    conversation = await remote.create()
    remote.vendor.fail("send")

    reply = await remote.send(conversation, "hello")

    assert await texts(remote, conversation) == ["u:hello", f"a:{reply.text}"]
    assert remote.vendor.calls.count("send") == 2
    assert clock.slept == [2.0]


@pytest.mark.parametrize("markers", MARKED)
async def test_a_turn_that_is_stored_with_its_reply_is_adopted(
    remote_of: Any, texts: Any, clock: Any, markers: bool
) -> None:
    remote = remote_of(markers=markers)
    conversation = await remote.create()
    await remote.send(conversation, "hello")
    remote.vendor.fail("send", applied=True)

    reply = await remote.send(conversation, "hello")

    assert (await texts(remote, conversation))[2:] == ["u:hello", f"a:{reply.text}"]
    assert remote.vendor.calls.count("send") == 2
    assert clock.slept == []


@pytest.mark.parametrize("markers", MARKED)
async def test_a_turn_that_lands_between_two_looks_is_found(remote_of: Any, texts: Any, markers: bool) -> None:
    remote = remote_of(markers=markers)
    conversation = await remote.create()
    await remote.send(conversation, "first")
    remote.vendor.fail("send", looks=1)

    reply = await remote.send(conversation, "hello")

    assert (await texts(remote, conversation))[2:] == ["u:hello", f"a:{reply.text}"]


async def test_a_turn_stored_without_a_reply_is_answered_where_the_vendor_can(remote: Any, texts: Any) -> None:
    conversation = await remote.create()
    remote.vendor.fail("send", applied=1)

    reply = await remote.send(conversation, "hello")

    assert await texts(remote, conversation) == ["u:hello", f"a:{reply.text}"]
    assert remote.vendor.turns[-1].parts == ()


async def test_a_turn_stored_without_a_reply_is_told_where_the_vendor_cannot(remote_of: Any, texts: Any) -> None:
    remote = remote_of(rows=NO_EMPTY_TURN)
    conversation = await remote.create()
    remote.vendor.fail("send", applied=1)

    with pytest.raises(RunFailedError, match="regenerate") as raised:
        await remote.send(conversation, "hello")

    assert raised.value.outcome == "applied"
    assert not raised.value.is_safe_to_retry
    assert await texts(remote, conversation) == ["u:hello"]


async def test_what_keeps_a_stored_turn_from_its_reply_is_told_as_it_is(remote: Any, texts: Any) -> None:
    conversation = await remote.create()
    remote.vendor.fail("send", applied=1)
    remote.vendor.fail("send", quota())

    with pytest.raises(QuotaExceededError) as raised:
        await remote.send(conversation, "hello")

    assert raised.value.outcome == "applied"
    assert await texts(remote, conversation) == ["u:hello"]


async def test_a_late_reply_is_waited_for(remote_of: Any, texts: Any) -> None:
    remote = remote_of(rows={"send": native(answers_late=True, empty_turn=True)})
    conversation = await remote.create()
    vendor = remote.vendor
    vendor.fail("send", applied=1)
    vendor.landing.append((5, lambda: vendor.store(conversation.id, Message.assistant("at last"))))

    reply = await remote.send(conversation, "hello")

    assert reply.text == "at last"
    assert await texts(remote, conversation) == ["u:hello", "a:at last"]


async def test_a_turn_that_stands_there_twice_is_of_unknown_outcome(remote_of: Any) -> None:
    remote = remote_of(markers=False)
    conversation = await remote.create()
    await remote.append(conversation, "before")
    vendor = remote.vendor
    vendor.fail("send", applied=1)
    vendor.landing.append((0, lambda: vendor.store(conversation.id, Message.user("hello"))))

    with pytest.raises(OutcomeUnknownError, match="more than once") as raised:
        await remote.send(conversation, "hello")

    assert raised.value.outcome == "unknown"


async def test_a_conversation_that_cannot_be_read_leaves_the_outcome_unknown(remote: Any) -> None:
    conversation = await remote.create()
    remote.vendor.fail("send")
    remote.vendor.fail("list_messages")

    with pytest.raises(OutcomeUnknownError, match="reading back failed") as raised:
        await remote.send(conversation, "hello")

    assert raised.value.outcome == "unknown"
    assert remote.vendor.calls.count("send") == 1


async def test_a_baseline_that_is_gone_leaves_the_outcome_unknown(remote_of: Any) -> None:
    remote = remote_of(markers=False)
    conversation = await remote.create()
    newest = await remote.append(conversation, "before")
    await super(type(remote.vendor), remote.vendor).delete_message(conversation.id, newest.id)
    remote.vendor.fail("send")

    with pytest.raises(OutcomeUnknownError, match="too much happened"):
        await remote.send(conversation, "hello")


async def test_a_turn_that_never_gets_through_was_not_sent(remote: Any, texts: Any) -> None:
    conversation = await remote.create()
    remote.vendor.fail("send", times=3)

    with pytest.raises(UnavailableError) as raised:
        await remote.send(conversation, "hello")

    assert raised.value.outcome == "not_sent"
    assert remote.vendor.calls.count("send") == 3
    assert await texts(remote, conversation) == []


@pytest.mark.parametrize(
    "error", [quota(), OutcomeUnknownError("who knows", outcome="unknown")], ids=["sure", "unsure"]
)
async def test_an_error_that_tells_the_outcome_passes_without_a_look(remote: Any, error: OmnilogueError) -> None:
    conversation = await remote.create()
    remote.vendor.fail("send", error)

    with pytest.raises(type(error)):
        await remote.send(conversation, "hello")

    assert remote.vendor.calls.count("send") == 1
    assert remote.vendor.queries == []


@pytest.mark.parametrize("trimmed", ["hello  there", " hello\nthere "])
async def test_a_vendor_that_trims_white_space_does_not_double_a_turn(remote_of: Any, texts: Any, trimmed: str) -> None:
    remote = remote_of(markers=False)
    conversation = await remote.create()
    await remote.append(conversation, "before")
    vendor = remote.vendor
    vendor.fail("send")
    vendor.landing.append((0, lambda: vendor.store(conversation.id, Message.user("hello there"))))

    reply = await remote.send(conversation, trimmed)

    assert await texts(remote, conversation) == ["u:before", "u:hello there", f"a:{reply.text}"]


async def test_a_failed_turn_is_not_taken_for_the_same_words_said_later(remote_of: Any, texts: Any) -> None:
    remote = remote_of(rows=NO_EMPTY_TURN, markers=False)
    conversation = await remote.create()
    await remote.append(conversation, "before")
    remote.vendor.fail("send", applied=1)
    with pytest.raises(RunFailedError):
        await remote.send(conversation, "hello")
    remote.vendor.fail("send")

    reply = await remote.send(conversation, "hello")

    assert await texts(remote, conversation) == ["u:before", "u:hello", "u:hello", f"a:{reply.text}"]


@pytest.mark.parametrize("verb", ["send", "stream", "regenerate"])
async def test_a_vendor_that_is_busy_is_waited_for(remote: Any, texts: Any, clock: Any, verb: str) -> None:
    conversation = await remote.create()
    if verb == "regenerate":
        await remote.append(conversation, "hello")
    remote.vendor.fail("stream" if verb == "stream" else "send", busy(), times=3)

    if verb == "stream":
        async with remote.stream(conversation, "hello") as stream:
            _ = [event async for event in stream]
        reply = stream.reply
    else:
        reply = await (remote.send(conversation, "hello") if verb == "send" else remote.regenerate(conversation))

    assert await texts(remote, conversation) == ["u:hello", f"a:{reply.text}"]
    assert clock.slept == [0.5, 0.75, 1.125]


async def test_a_busy_vendor_is_told_where_nobody_waits(remote: Any, clock: Any) -> None:
    conversation = await remote.create()
    remote.vendor.fail("send", busy())

    with pytest.raises(ConversationBusyError):
        await remote.send(conversation, "hello", busy="reject")

    assert clock.slept == []


class BusyWithAnother(Memory):
    """Busy with a run of somebody else, until that is stopped or after so many refusals."""

    other: str | None = "r-9"
    refusals = 4
    stopped: tuple[str, ...] = ()

    async def send(self, conversation_id: str, turn: Turn) -> Reply:
        self.vendor = self
        if self.refusals and not self.stopped:
            self.refusals -= 1
            raise busy()
        return await super().send(conversation_id, turn)

    async def active_run(self, conversation_id: str) -> str | None:
        return self.other

    async def stop(self, conversation_id: str, run_id: str) -> None:
        self.stopped = (*self.stopped, run_id)
        CURRENT.get().applied = True  # as a request does that writes


@pytest.mark.parametrize(("other", "stopped", "pauses"), [("r-9", ("r-9",), 1), (None, (), 4)])
async def test_with_cancel_the_run_a_vendor_is_busy_with_is_stopped_where_it_is_known(
    remote_of: Any, clock: Any, other: str | None, stopped: tuple[str, ...], pauses: int
) -> None:
    remote = remote_of(type("Busy", (BusyWithAnother,), {"other": other}))
    conversation = await remote.create()

    await remote.send(conversation, "hello", busy="cancel")

    assert remote._provider.stopped == stopped
    assert len(clock.slept) == pauses
    assert [message.role async for message in remote.messages(conversation)] == ["user", "assistant"]


class StoresThenIsBusy(Memory):
    """A vendor that stores a turn by one call and has it answered by another, which is refused at first."""

    refusals = 2

    async def send(self, conversation_id: str, turn: Turn) -> Reply:
        if turn.parts:
            await self.append(conversation_id, [Message(role="user", parts=turn.parts, metadata=turn.metadata)])
            CURRENT.get().applied = True
        if self.refusals:
            self.refusals -= 1
            raise busy()
        return await super().send(conversation_id, turn.model_copy(update={"parts": ()}))


@pytest.mark.parametrize("markers", MARKED)
async def test_a_turn_that_was_stored_before_the_vendor_was_busy_is_stored_once(
    remote_of: Any, texts: Any, clock: Any, markers: bool
) -> None:
    remote = remote_of(StoresThenIsBusy, markers=markers)
    conversation = await remote.create()

    reply = await remote.send(conversation, "hello")

    assert await texts(remote, conversation) == ["u:hello", f"a:{reply.text}"]
    assert clock.slept == [0.5, 0.75]


async def test_a_stored_turn_that_cannot_be_answered_later_is_told(remote_of: Any, texts: Any) -> None:
    remote = remote_of(StoresThenIsBusy, rows=NO_EMPTY_TURN)
    conversation = await remote.create()

    with pytest.raises(RunFailedError) as caught:
        await remote.send(conversation, "hello")

    assert caught.value.outcome == "applied"
    assert await texts(remote, conversation) == ["u:hello"]
