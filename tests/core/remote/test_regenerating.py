"""Another answer: the new one is stored before the old one goes."""

from collections.abc import Sequence
from typing import Any

import pytest

from omnilogue import (
    ConversationBusyError,
    InvalidInputError,
    Message,
    NotFoundError,
    OmnilogueError,
    OutcomeUnknownError,
    PermissionDeniedError,
    Reply,
    RunFailedError,
    UnavailableError,
    UnsupportedOperationError,
)
from omnilogue.provider import Turn, native, unsupported
from omnilogue_memory.provider import Memory

pytestmark = pytest.mark.anyio


@pytest.fixture(params=["whole", "in pieces"])
def regenerate(request: Any) -> Any:
    """Give the verb in both its forms."""

    async def whole(remote: Any, conversation: Any, *given: Any, **options: Any) -> Reply:
        reply: Reply = await remote.regenerate(conversation, *given, **options)
        return reply

    async def in_pieces(remote: Any, conversation: Any, *given: Any, **options: Any) -> Reply:
        async with remote.stream_regenerate(conversation, *given, **options) as stream:
            said = [piece async for piece in stream.text()]
        reply: Reply = stream.reply
        assert "".join(said) == reply.text
        return reply

    return whole if request.param == "whole" else in_pieces


async def test_the_new_reply_takes_the_place_of_the_old(remote: Any, texts: Any, regenerate: Any) -> None:
    conversation = await remote.create()
    old = await remote.send(conversation, "hello")

    new = await regenerate(remote, conversation)

    assert new.effect == "superseded"
    assert new.text != old.text
    assert await texts(remote, conversation) == ["u:hello", f"a:{new.text}"]


async def test_a_turn_without_a_reply_gets_its_first(remote: Any, texts: Any, regenerate: Any) -> None:
    conversation = await remote.create()
    await remote.append(conversation, "hello")

    reply = await regenerate(remote, conversation)

    assert reply.effect == "new"
    assert await texts(remote, conversation) == ["u:hello", f"a:{reply.text}"]


@pytest.mark.parametrize("cause", ["cannot", "may not"])
async def test_an_old_reply_that_cannot_go_stays_and_is_told(
    remote_of: Any, texts: Any, regenerate: Any, cause: str
) -> None:
    rows = {"delete_message": unsupported(), "clear_messages": native()} if cause == "cannot" else {}
    remote = remote_of(rows=rows)
    conversation = await remote.create()
    old = await remote.send(conversation, "hello")
    remote.vendor.fail("delete_message", PermissionDeniedError("no", outcome="rejected"))

    new = await regenerate(remote, conversation)

    assert new.effect == "added"
    assert await texts(remote, conversation) == ["u:hello", f"a:{old.text}", f"a:{new.text}"]


@pytest.mark.parametrize("which", ["last", "older", "asked", "nobody's"])
async def test_only_the_last_reply_can_be_made_again(remote: Any, regenerate: Any, which: str) -> None:
    conversation = await remote.create()
    older = await remote.send(conversation, "one")
    last = await remote.send(conversation, "two")
    asked = [message.id async for message in remote.messages(conversation)][2]
    wanted = {"last": last.messages[0].id, "older": older.messages[0].id, "asked": asked, "nobody's": "m999"}[which]

    if which == "last":
        assert (await regenerate(remote, conversation, wanted)).effect == "superseded"
        return
    with pytest.raises(NotFoundError if which == "nobody's" else UnsupportedOperationError):
        await regenerate(remote, conversation, wanted)
    assert len(remote.vendor.turns) == 2


@pytest.mark.parametrize("messages", [[], [Message.assistant("hi")]], ids=["empty", "no question"])
async def test_nothing_to_answer_is_refused(remote: Any, regenerate: Any, messages: list[Message]) -> None:
    conversation = await remote.create()
    if messages:
        await remote.append(conversation, messages)

    with pytest.raises(InvalidInputError, match="no message to answer"):
        await regenerate(remote, conversation)


@pytest.mark.parametrize("applied", [False, True])
async def test_a_lost_answer_never_makes_two_replies(remote: Any, texts: Any, applied: bool) -> None:
    conversation = await remote.create()
    await remote.send(conversation, "hello")
    remote.vendor.fail("send", applied=applied)

    new = await remote.regenerate(conversation)

    assert await texts(remote, conversation) == ["u:hello", f"a:{new.text}"]
    assert new.effect == "superseded"


async def test_a_failure_leaves_the_old_reply(remote: Any, texts: Any) -> None:
    conversation = await remote.create()
    old = await remote.send(conversation, "hello")
    remote.vendor.fail("send", times=3)

    with pytest.raises(UnavailableError) as raised:
        await remote.regenerate(conversation)

    assert raised.value.outcome == "not_sent"
    assert await texts(remote, conversation) == ["u:hello", f"a:{old.text}"]


async def test_a_remote_that_takes_no_empty_turn_cannot_ask_again(remote_of: Any, regenerate: Any) -> None:
    remote = remote_of(rows={"send": native()})
    conversation = await remote.create()
    await remote.send(conversation, "hello")

    with pytest.raises(UnsupportedOperationError, match="regenerate is not supported"):
        await regenerate(remote, conversation)


@pytest.mark.parametrize("applied", [False, 2, True], ids=["before", "inside", "after"])
async def test_a_stream_that_breaks_is_mended_and_never_makes_two_replies(
    remote: Any, texts: Any, applied: bool | int
) -> None:
    conversation = await remote.create()
    await remote.send(conversation, "hello")
    vendor = remote.vendor
    vendor.fail("stream", applied=applied)
    if applied == 2 and applied is not True:
        vendor.landing.append((1, lambda: vendor.store(conversation.id, Message.assistant("Answer 2 to: hello"))))

    async with remote.stream_regenerate(conversation) as stream:
        said = [piece async for piece in stream.text()]

    assert "".join(said) == stream.reply.text
    assert stream.reply.effect == "superseded"
    assert await texts(remote, conversation) == ["u:hello", f"a:{stream.reply.text}"]


async def test_a_stream_that_stays_broken_leaves_the_old_reply(remote: Any, texts: Any) -> None:
    conversation = await remote.create()
    old = await remote.send(conversation, "hello")
    remote.vendor.fail("stream", applied=2)

    async with remote.stream_regenerate(conversation) as stream:
        with pytest.raises(UnavailableError) as raised:
            _ = [piece async for piece in stream.text()]

    assert raised.value.outcome == "not_sent"
    assert raised.value.partial is not None
    assert raised.value.partial.status == "partial"
    assert await texts(remote, conversation) == ["u:hello", f"a:{old.text}"]


@pytest.mark.parametrize("looks", [2, 10])
async def test_a_reply_that_lands_late_is_waited_for_before_another_is_asked_for(
    remote_of: Any, texts: Any, regenerate: Any, looks: int
) -> None:
    late = {"send": native(answers_late=True, empty_turn=True), "stream": native(answers_late=True, empty_turn=True)}
    remote = remote_of(rows=late)
    conversation = await remote.create()
    await remote.send(conversation, "hello")
    vendor = remote.vendor
    for call in ("send", "stream"):
        vendor.fail(call)
    vendor.landing.append((looks, lambda: vendor.store(conversation.id, Message.assistant("at last"))))

    new = await regenerate(remote, conversation)

    assert (new.text, new.effect) == ("at last", "superseded")
    assert await texts(remote, conversation) == ["u:hello", "a:at last"]


async def test_what_a_vendor_is_busy_with_may_be_the_answer_that_was_asked_for(remote: Any, texts: Any) -> None:
    conversation = await remote.create()
    await remote.send(conversation, "hello")
    vendor = remote.vendor
    vendor.fail("send")
    vendor.fail("send", ConversationBusyError("one moment", outcome="rejected"))
    vendor.landing.append((3, lambda: vendor.store(conversation.id, Message.assistant("mine"))))

    assert (await remote.regenerate(conversation)).text == "mine"
    assert await texts(remote, conversation) == ["u:hello", "a:mine"]


async def test_a_conversation_is_never_built_anew_for_another_answer(vendor: Any, regenerate: Any) -> None:
    remote = vendor.remote()
    conversation = await remote.create()
    old = await remote.send(conversation, "hello")

    new = await regenerate(remote, conversation)

    assert new.effect == "added"
    assert remote.features.regenerate.note.endswith("the old reply stays")
    assert (await remote.resolve(conversation)).id == conversation.id
    assert vendor.texts(conversation.id) == ["u:hello", f"a:{old.text}", f"a:{new.text}"]


async def test_a_missing_path_for_deleting_is_asked_for_once(remote: Any) -> None:
    conversation = await remote.create()
    await remote.send(conversation, "hello")
    missing = UnsupportedOperationError("404", http_status=404, outcome="rejected")
    remote.vendor.fail("delete_message", missing, times=3)

    effects = [(await remote.regenerate(conversation)).effect for _ in range(2)]

    assert effects == ["added", "added"]
    assert remote.vendor.calls.count("delete_message") == 1


class SaysTwoThings(Memory):
    """Answers in two messages, the second of which cannot be deleted."""

    async def send(self, conversation_id: str, turn: Turn) -> Reply:
        reply = await super().send(conversation_id, turn)
        more = await self.append(conversation_id, [Message.assistant("And that is all.")])
        return reply.model_copy(update={"messages": (*reply.messages, *more)})

    async def delete_message(self, conversation_id: str, message_id: str) -> None:
        if (await self.get_message(conversation_id, message_id)).text == "And that is all.":
            raise PermissionDeniedError("no", outcome="rejected")
        await super().delete_message(conversation_id, message_id)


async def test_an_old_reply_that_goes_in_part_is_told_by_what_is_missing(remote_of: Any, caplog: Any) -> None:
    remote = remote_of(SaysTwoThings)
    conversation = await remote.create()
    old = await remote.send(conversation, "hello")

    new = await remote.regenerate(conversation)

    assert new.effect == "added"
    assert "old_reply_stays" in caplog.text
    assert f"missing=['{old.messages[0].id}']" in caplog.text


class Natively(Memory):
    """A vendor with a call of its own for it."""

    features = Memory.features.replace(regenerate=native())
    asked: Sequence[str] = ()
    failure: Exception | None = None

    async def regenerate(self, conversation_id: str, message_id: str, turn: Turn) -> Reply:
        self.asked = (*self.asked, message_id)
        self.vendor = self
        if self.failure:
            raise self.failure
        return Reply(messages=(await self.edit_message(conversation_id, message_id, "again"),), effect="replaced")


async def test_a_vendors_own_way_is_taken(remote_of: Any, texts: Any, regenerate: Any) -> None:
    remote = remote_of(Natively)
    conversation = await remote.create()
    old = await remote.send(conversation, "hello")

    new = await regenerate(remote, conversation)

    assert new.effect == "replaced"
    assert remote.vendor.asked == (old.messages[0].id,)
    assert await texts(remote, conversation) == ["u:hello", "a:again"]


async def test_a_lost_answer_of_a_vendors_own_way_is_of_unknown_outcome(remote_of: Any, regenerate: Any) -> None:
    lost = UnavailableError("lost", code="connection_lost", outcome="unknown")
    remote = remote_of(type("Lost", (Natively,), {"failure": lost}))
    conversation = await remote.create()
    await remote.send(conversation, "hello")

    with pytest.raises(OutcomeUnknownError, match="cannot be told from the old one"):
        await regenerate(remote, conversation)

    assert len(remote.vendor.asked) == 1


async def test_a_vendors_own_way_needs_a_reply(remote_of: Any, regenerate: Any) -> None:
    remote = remote_of(Natively)
    conversation = await remote.create()
    await remote.append(conversation, "hello")

    with pytest.raises(InvalidInputError, match="no reply to make again"):
        await regenerate(remote, conversation)


class Forgetful(Natively):
    """Takes the old reply away first, and then something goes wrong; the new one may come all the same."""

    outcome: Any = "applied"
    comes = ""

    async def regenerate(self, conversation_id: str, message_id: str, turn: Turn) -> Reply:
        self.vendor = self
        if self.comes == "in its place":
            await self.edit_message(conversation_id, message_id, "again")
        else:
            await self.delete_message(conversation_id, message_id)
        if self.comes == "as another":
            await self.append(conversation_id, [Message.assistant("again")])
        kind = UnavailableError if self.outcome == "unknown" else RunFailedError
        raise kind("it went wrong", outcome=self.outcome)


@pytest.mark.parametrize(("outcome", "kind"), [("applied", RunFailedError), ("unknown", OutcomeUnknownError)])
async def test_a_reply_that_was_lost_on_the_way_is_stored_again(
    remote_of: Any, texts: Any, regenerate: Any, outcome: str, kind: type[OmnilogueError]
) -> None:
    remote = remote_of(type("Loses", (Forgetful,), {"outcome": outcome}))
    conversation = await remote.create()
    old = await remote.send(conversation, "hello")

    with pytest.raises(kind) as raised:
        await regenerate(remote, conversation)

    now = [message async for message in remote.messages(conversation)][-1]
    assert await texts(remote, conversation) == ["u:hello", f"a:{old.text}"]
    assert now.id != old.messages[0].id
    assert f"the old reply {old.messages[0].id} was lost and is stored again as {now.id}" in raised.value.hint


@pytest.mark.parametrize("cause", ["cannot append", "not the last"])
async def test_a_reply_that_cannot_be_stored_again_in_its_place_is_named(
    remote_of: Any, texts: Any, cause: str
) -> None:
    rows = {"append_assistant": unsupported()} if cause == "cannot append" else {}
    remote = remote_of(Forgetful, rows=rows)
    conversation = await remote.create()
    old = await remote.send(conversation, "hello")
    if cause == "not the last":
        await remote.append(conversation, "and?")

    with pytest.raises(RunFailedError) as raised:
        await remote.regenerate(conversation, old.messages[0].id)

    assert f"the old reply {old.messages[0].id} is gone" in raised.value.hint
    assert (await texts(remote, conversation))[:1] == ["u:hello"]


@pytest.mark.parametrize(("comes", "effect"), [("as another", "superseded"), ("in its place", "replaced")])
async def test_a_new_reply_whose_answer_was_lost_is_found_where_it_can_be_told(
    remote_of: Any, texts: Any, regenerate: Any, comes: str, effect: str
) -> None:
    remote = remote_of(type("Comes", (Forgetful,), {"outcome": "unknown", "comes": comes}))
    conversation = await remote.create()
    await remote.send(conversation, "hello")

    new = await regenerate(remote, conversation)

    assert (new.text, new.effect) == ("again", effect)
    assert await texts(remote, conversation) == ["u:hello", "a:again"]
