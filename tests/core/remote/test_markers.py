"""The marker: put in and taken out by the core, and never taken at its word."""

import json
from typing import Any

import pytest

from omnilogue import Conversation, Message
from omnilogue.provider import Query
from omnilogue.remote import markers

pytestmark = pytest.mark.anyio

_ORDER = Query(order="asc")
BROKEN = ["", "{", "[]", "null", "5", '{"m": 5}', '{"m": null}', '{"x": "y"}', "[" * 100_000, "x" * 513, 5, None, ["m"]]


def marked(value: Any) -> Message:
    return Message.user("hello").model_copy(update={"metadata": {markers.KEY: value, "team": "red"}})


async def test_a_marker_is_found_again_and_is_short() -> None:
    marker = markers.new()

    metadata = markers.put({"team": "red"}, marker)

    assert markers.of(Message.user("x").model_copy(update={"metadata": metadata})) == marker
    assert len(str(metadata[markers.KEY])) <= markers.LONGEST
    assert marker != markers.new()


@pytest.mark.parametrize("value", BROKEN, ids=range(len(BROKEN)))
async def test_a_forged_or_broken_marker_is_none_and_never_seen(value: Any) -> None:
    message = marked(value)

    assert markers.of(message) is None
    assert markers.strip(message).metadata == {"team": "red"}


async def test_a_marker_that_is_too_long_is_none() -> None:
    text = json.dumps({"m": "x" * markers.LONGEST})

    assert markers.of(marked(text)) is None


async def test_the_origin_of_a_copy_is_told() -> None:
    told = json.dumps({"m": "x", "o": {"provider": "elsewhere", "message": "m1"}})

    message = markers.strip(marked(told))

    assert message.origin is not None
    assert (message.origin.provider, message.origin.message) == ("elsewhere", "m1")


@pytest.mark.parametrize("origin", ["x", 5, [], {"provider": 5}, {"time": "yesterday"}])
async def test_an_origin_that_is_none_is_left_out(origin: Any) -> None:
    assert markers.strip(marked(json.dumps({"m": "x", "o": origin}))).origin is None


async def test_what_bears_no_marker_is_given_as_it_is() -> None:
    conversation = Conversation(id="c1", metadata={"team": "red"})

    assert markers.strip(conversation) is conversation


async def raw(remote: Any, conversation: Conversation) -> tuple[Any, list[Any]]:
    """Give the metadata as the vendor keeps it."""
    kept = await remote.vendor.get_conversation(conversation.id)
    page = await remote.vendor.list_messages(conversation.id, None, _ORDER)
    return kept.metadata, [message.metadata for message in page.items]


async def everything(remote: Any, conversation: Conversation) -> list[Any]:
    """Do what writes and reads, and give all the caller gets to see."""
    one = await remote.append(conversation, Message.user("a").model_copy(update={"metadata": {"team": "red"}}))
    many = await remote.append(conversation, [Message.user("b"), Message.user("c")])
    reply = await remote.send(conversation, "d", metadata={"team": "blue"})
    async with remote.stream(conversation, "e") as stream:
        _ = [event async for event in stream]
    change = await remote.edit(conversation, one.id, "f")
    listed = [message async for message in remote.messages(conversation)]
    read = [await remote.message(conversation, message.id) for message in listed]
    found = [item async for item in remote.conversations()]
    again = await remote.conversation(conversation)
    return [one, *many, *reply.messages, *stream.reply.messages, change.message, *listed, *read, *found, again]


async def test_a_marker_is_written_everywhere_and_seen_nowhere(remote: Any) -> None:
    conversation = await remote.create(title="Trip", metadata={"team": "red"})

    seen = [conversation, *await everything(remote, conversation)]

    assert not [value for value in seen if "_omnilogue" in value.model_dump_json()]
    kept, messages = await raw(remote, conversation)
    assert markers.KEY in kept
    assert len([metadata for metadata in messages if markers.KEY in metadata]) == 5


async def test_no_marker_is_written_where_none_is_wanted(remote_of: Any) -> None:
    remote = remote_of(markers=False)
    conversation = await remote.create(title="Trip", metadata={"team": "red"})

    await everything(remote, conversation)

    kept, messages = await raw(remote, conversation)
    assert kept == {"team": "red"}
    assert not [metadata for metadata in messages if markers.KEY in metadata]


async def test_a_marker_survives_an_update(remote: Any) -> None:
    conversation = await remote.create(metadata={"team": "red"})
    before, _ = await raw(remote, conversation)

    await remote.update(conversation, metadata={"team": None, "place": "sea"})

    after, _ = await raw(remote, conversation)
    assert after == {markers.KEY: before[markers.KEY], "place": "sea"}
