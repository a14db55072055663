"""Another answer: the new one is stored before the old one goes."""

from collections.abc import Sequence
from typing import Any

import pytest

from omnilogue import (
    InvalidInputError,
    Message,
    NotFoundError,
    OutcomeUnknownError,
    PermissionDeniedError,
    Reply,
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
