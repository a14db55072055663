"""The messages of a conversation: all of them, in order, one by one."""

from __future__ import annotations

from datetime import UTC
from typing import Any

from ...errors import InvalidInputError, NotFoundError
from ...model import Message
from ..case import case
from ..expecting import expect, expect_equal, expect_error
from ..scene import Scene
from .listing import MOST


@case("list_messages")
async def list_messages_comes_in_both_orders(scene: Scene) -> None:
    """Oldest first, or newest first; a limit counts from that end."""
    conversation, messages = await scene.filled(6)
    ids = [message.id for message in messages]

    for limit in (None, 0, 1, 4, 9):
        oldest = [message.id for message in await scene.messages(conversation, limit=limit)]
        expect_equal(oldest, ids[:limit], f"messages, oldest first, limit={limit}")
        newest = [message.id for message in await scene.messages(conversation, order="desc", limit=limit)]
        expect_equal(newest, ids[::-1][:limit], f"messages, newest first, limit={limit}")


@case("list_messages")
async def list_messages_goes_on_behind_the_first_page(scene: Scene) -> None:
    """More messages than fit on a page are all there, once, in order."""
    size = min(scene.row("list_messages").limits.page_size or 20, MOST)
    conversation, messages = await scene.filled(size + 2 + size % 2)
    ids = [message.id for message in messages]

    expect_equal(len(set(ids)), len(ids), "different ids among the messages")
    newest = [message.id for message in await scene.messages(conversation, order="desc")]
    expect_equal(newest, ids[::-1], "messages, newest first")
    some = [message.id for message in await scene.messages(conversation, limit=size + 1)]
    expect_equal(some, ids[: size + 1], "messages with a limit behind the first page")


@case("list_messages")
async def list_messages_of_an_empty_conversation(scene: Scene) -> None:
    """A conversation without messages is an empty list, not an error."""
    conversation = await scene.conversation()
    listing = scene.remote.messages(conversation)
    expect_equal([message async for message in listing], [], "messages of an empty conversation")
    expect(listing.complete is not None, "a list that was read to its end does not tell whether it was complete")


@case("list_messages")
async def list_messages_tells_whose_they_are(scene: Scene) -> None:
    """Each message has an id and its conversation's, and a time in UTC where it has one."""
    conversation, messages = await scene.filled(4)
    for message in messages:
        _expect_whole(message, conversation.id)
    times = [message.created_at for message in messages if message.created_at is not None]
    expect_equal(times, sorted(times), "times of messages that were stored one after the other")


@case("list_messages")
async def list_messages_gives_all_branches_parents_first(scene: Scene) -> None:
    """With all branches the active one is included, and a parent comes before its children."""
    conversation, messages = await scene.filled(4)
    every = await scene.messages(conversation, branches=True)
    ids = [message.id for message in every]

    expect({message.id for message in messages} <= set(ids), "a message of the active branch is not among all branches")
    for place, message in enumerate(every):
        known = message.parent_id is None or message.parent_id in ids[:place]
        expect(known, f"the parent {message.parent_id!r} does not come before {message.id!r}")


@case("list_messages")
async def list_messages_refuses_an_unknown_order(scene: Scene) -> None:
    """There are two orders, and no third."""
    conversation = await scene.conversation()
    wrong: dict[str, Any] = {"order": "title"}
    with expect_error("messages in the order title", InvalidInputError):
        await scene.messages(conversation, **wrong)


@case("get_message")
async def get_message_gives_what_the_list_gives(scene: Scene) -> None:
    """One message is the same whether it is read by itself or in the list."""
    conversation, messages = await scene.filled(4)
    for message in messages:
        found = await scene.remote.message(conversation, message.id or "")
        expect_equal((found.id, found.role, found.parts), (message.id, message.role, message.parts), "the message")
        expect_equal(found.metadata, message.metadata, "metadata of the message")


@case("get_message")
async def get_message_looks_in_its_conversation_only(scene: Scene) -> None:
    """A message of another conversation is not found."""
    _, messages = await scene.filled(2)
    other, _ = await scene.filled(2)
    with expect_error("a message of another conversation", NotFoundError):
        await scene.remote.message(other, messages[0].id or "")


def _expect_whole(message: Message, conversation_id: str) -> None:
    expect(isinstance(message.id, str) and message.id.strip(), "a message has no id")
    expect_equal(message.conversation_id, conversation_id, "conversation of the message")
    expect_equal(message.status, "complete", "status of the message")
    moment = message.created_at
    expect(moment is None or moment.tzinfo is UTC, f"{moment!r} is not in UTC")


CASES = (
    list_messages_comes_in_both_orders,
    list_messages_goes_on_behind_the_first_page,
    list_messages_of_an_empty_conversation,
    list_messages_tells_whose_they_are,
    list_messages_gives_all_branches_parents_first,
    list_messages_refuses_an_unknown_order,
    get_message_gives_what_the_list_gives,
    get_message_looks_in_its_conversation_only,
)
