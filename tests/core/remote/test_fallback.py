"""Verbs made of provider calls, and paths that are missing."""

from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest

from omnilogue import Message, NotFoundError, StreamInterruptedError, TextDelta, UnsupportedOperationError
from omnilogue.model import Event, Page, ReplyCompleted
from omnilogue.provider import Features, Provider, ProviderSettings, Query, Turn, native, unsupported

pytestmark = pytest.mark.anyio

NO = unsupported()


async def test_one_conversation_is_found_in_the_list(remote_of: Any) -> None:
    remote = remote_of(rows={"get_conversation": NO})
    wanted = [await remote.create(title=f"trip {number}") for number in range(120)][100]

    assert (await remote.conversation(wanted.id)).title == "trip 100"
    with pytest.raises(NotFoundError, match="c999"):
        await remote.conversation("c999")


async def test_one_message_is_found_among_the_messages(remote_of: Any) -> None:
    remote = remote_of(rows={"get_message": NO})
    conversation = await remote.create()
    stored = await remote.append(conversation, [Message.user(f"text {number}") for number in range(120)])

    assert (await remote.message(conversation, stored[7].id)).text == "text 7"
    with pytest.raises(NotFoundError, match="m999"):
        await remote.message(conversation, "m999")


async def test_clearing_deletes_one_by_one_from_the_end(remote_of: Any, texts: Any) -> None:
    remote = remote_of(rows={"clear_messages": NO})
    conversation = await remote.create(title="Trip")
    await remote.append(conversation, [Message.user(f"text {number}") for number in range(60)])

    await remote.clear(conversation)

    assert await texts(remote, conversation) == []
    assert remote.vendor.calls.count("delete_message") == 60
    assert (await remote.conversation(conversation)).title == "Trip"


@pytest.mark.parametrize("missing", ["send", "stream"])
async def test_talking_works_by_the_other_way(remote_of: Any, texts: Any, missing: str) -> None:
    remote = remote_of(rows={missing: NO})
    conversation = await remote.create()

    reply = await remote.send(conversation, "one")
    async with remote.stream(conversation, "two") as stream:
        said = [piece async for piece in stream.text()]

    assert "".join(said) == stream.reply.text
    assert await texts(remote, conversation) == ["u:one", f"a:{reply.text}", "u:two", f"a:{stream.reply.text}"]


class Breaking(Provider[ProviderSettings]):
    """Only streams, and never comes to an end."""

    features = Features(list_messages=native(), stream=native())

    async def list_messages(self, conversation_id: str, cursor: str | None, query: Query) -> Page[Message]:
        return Page()

    async def stream(self, conversation_id: str, turn: Turn) -> AsyncIterator[Event]:
        yield TextDelta(text="well")


async def test_a_send_made_of_a_stream_without_an_end_is_broken(remote_of: Any) -> None:
    remote = remote_of(Breaking, kind=ProviderSettings)

    with pytest.raises(StreamInterruptedError):
        await remote.send("c1", "hello")


class Ready(Breaking):
    """Ends a stream with an iterator that is no generator."""

    def stream(self, conversation_id: str, turn: Turn) -> AsyncIterator[Event]:
        return _Once()


class _Once:
    def __init__(self) -> None:
        self._left: Sequence[Event] = [TextDelta(text="well"), ReplyCompleted.model_validate({"reply": {}})]

    def __aiter__(self) -> AsyncIterator[Event]:
        return self

    async def __anext__(self) -> Event:
        if not self._left:
            raise StopAsyncIteration
        event, *self._left = self._left
        return event


async def test_a_stream_may_be_any_iterator(remote_of: Any) -> None:
    remote = remote_of(Ready, kind=ProviderSettings)

    async with remote.stream("c1", "hello") as stream:
        assert [piece async for piece in stream.text()] == ["well"]


def missing_path(status: int) -> UnsupportedOperationError:
    return UnsupportedOperationError(f"answered {status}", http_status=status, outcome="rejected")


@pytest.mark.parametrize("status", [404, 405])
@pytest.mark.parametrize("verb", ["edit_message", "delete_message", "delete_conversation"])
async def test_a_path_that_is_missing_is_asked_for_once(remote: Any, verb: str, status: int) -> None:
    conversation = await remote.create()
    message = await remote.append(conversation, "hello")
    actions = {
        "edit_message": lambda: remote.edit(conversation, message.id, "x"),
        "delete_message": lambda: remote.delete_message(conversation, message.id),
        "delete_conversation": lambda: remote.delete(conversation),
    }
    remote.vendor.fail(verb, missing_path(status))

    for _ in range(2):
        with pytest.raises(UnsupportedOperationError) as raised:
            await actions[verb]()
        assert raised.value.outcome == "rejected"

    assert remote.vendor.calls.count(verb) == 1


@pytest.mark.parametrize("verb", ["edit_message", "delete_message", "delete_conversation"])
async def test_an_object_that_is_missing_is_not_found_and_its_path_stays(remote: Any, verb: str) -> None:
    conversation = await remote.create()
    message = await remote.append(conversation, "hello")
    actions = {
        "edit_message": lambda identifier: remote.edit(conversation, identifier or message.id, "x"),
        "delete_message": lambda identifier: remote.delete_message(conversation, identifier or message.id),
        "delete_conversation": lambda identifier: remote.delete(identifier or conversation),
    }
    remote.vendor.fail(verb, missing_path(404))

    with pytest.raises(NotFoundError):
        await actions[verb]("nobody")

    await actions[verb](None)


async def test_a_refusal_without_a_status_is_not_remembered(remote: Any) -> None:
    conversation = await remote.create()
    message = await remote.append(conversation, "hello")
    remote.vendor.fail("edit_message", UnsupportedOperationError("not this one", outcome="not_sent"))

    with pytest.raises(UnsupportedOperationError):
        await remote.edit(conversation, message.id, "x")

    assert (await remote.edit(conversation, message.id, "x")).message.text == "x"


async def test_a_message_is_looked_for_where_the_vendor_would_take_any(remote_of: Any) -> None:
    remote = remote_of(rows={"edit_message": native(bare_ids=True), "delete_message": native(bare_ids=True)})
    here, there = await remote.create(), await remote.create()
    message = await remote.append(there, "hello")

    with pytest.raises(NotFoundError):
        await remote.edit(here, message.id, "x")
    with pytest.raises(NotFoundError):
        await remote.delete_message(here, message.id)

    assert not {"edit_message", "delete_message"} & set(remote.vendor.calls)
