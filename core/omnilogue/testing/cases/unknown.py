"""Ids that name nothing, and what is no id: each verb says so, and changes nothing."""

from __future__ import annotations

from typing import Any

from ...errors import InvalidInputError, NotFoundError, ProviderError, UnsupportedOperationError
from ...model import Conversation
from ..case import Case, case
from ..expecting import expect, expect_equal, expect_error
from ..scene import Scene
from ..verbs import USES

BY_CONVERSATION = (
    "get_conversation",
    "update_conversation",
    "delete_conversation",
    "list_messages",
    "get_message",
    "append_user",
    "append_assistant",
    "append_system",
    "edit_message",
    "delete_message",
    "clear_messages",
    "send",
    "stream",
    "regenerate",
)
"""Operations on a conversation that may not be there."""

BY_MESSAGE = ("get_message", "edit_message", "delete_message")
"""Operations on a message that may not be there."""

NOBODY = "no-such-thing"
HOSTILE = (
    "../x",
    "a/b",
    "a?b=c#d",
    "%2f",
    "a\r\nb: c",
    "\u00e9\u4f60",
    "x" * 5000,
    "-1",
    "0",
    "1e9",
    "\x00",
    ".",
    "..",
)


def _unknown_conversation(operation: str) -> Case:
    """Make the case of one operation."""

    async def play(scene: Scene) -> None:
        for conversation_id in await _unknown_ids(scene):
            before = await _state(scene)
            with expect_error(f"{operation} on an unknown conversation", NotFoundError) as caught:
                await USES[operation](scene, conversation_id, NOBODY, True)
            expect_equal(caught[0].code, "not_found", "code of the error")
            expect_equal(caught[0].provider, scene.info.name, "provider of the error")
            expect(not caught[0].retryable, "what is not there may be tried again")
            expect_equal(await _state(scene), before, f"conversations after {operation} on an unknown one")

    play.__name__ = f"{operation}_of_an_unknown_conversation"
    play.__doc__ = "An id that names no conversation is not found, and nothing is made in its place."
    return case(operation)(play)


async def _unknown_ids(scene: Scene) -> list[str]:
    """Give an id that never was, and one that was: its form is right."""
    ids = [NOBODY]
    if scene.can("create_conversation", "delete_conversation"):
        gone = await scene.conversation()
        await scene.remote.delete(gone, allow_loss=True)
        ids.append(gone.id)
    return ids


async def _state(scene: Scene) -> list[str]:
    return sorted(item.id for item in await scene.listed()) if scene.can("list_conversations") else []


def _unknown_message(operation: str) -> Case:
    """Make the case of one operation."""

    async def play(scene: Scene) -> None:
        conversation, messages = await scene.filled(2)
        said = [(message.role, message.text) for message in messages]
        for message_id in [NOBODY, *await _gone_messages(scene)]:
            with expect_error(f"{operation} on an unknown message", NotFoundError) as caught:
                await USES[operation](scene, conversation.id, message_id, True)
            expect_equal(caught[0].code, "not_found", "code of the error")
            expect_equal(await scene.said(conversation), said, f"messages after {operation} on an unknown one")

    play.__name__ = f"{operation}_of_an_unknown_message"
    play.__doc__ = "An id that names no message is not found, and no other message is touched."
    return case(operation)(play)


async def _gone_messages(scene: Scene) -> list[str]:
    """Give the id of a message that was, in a conversation of its own: its form is right."""
    if not scene.can("delete_message"):
        return []
    conversation, messages = await scene.filled(2)
    await scene.remote.delete_message(conversation, messages[0].id or "", allow_loss=True)
    return [messages[0].id or ""]


@case("regenerate", "send")
async def regenerate_of_an_unknown_message(scene: Scene) -> None:
    """A message that is not there cannot be made again, and the reply that is there stays."""
    conversation = await scene.conversation()
    await scene.remote.send(conversation, "Hello?", allow_loss=True)
    said = await scene.said(conversation)
    with expect_error("a regenerate of an unknown message", NotFoundError, UnsupportedOperationError):
        await scene.remote.regenerate(conversation, NOBODY, allow_loss=True)
    expect_equal(await scene.said(conversation), said, "messages after it")


@case("list_messages")
async def ids_that_are_none_are_mistakes(scene: Scene) -> None:
    """A number, nothing, empty text and another remote's conversation are no ids, and no request leaves for them."""
    requests = scene.requests
    wrong: tuple[Any, ...] = (5, None, b"1", "", "  ", Conversation(id="1", remote="another"))
    for given in wrong:
        with expect_error(f"messages of {given!r}", InvalidInputError):
            await scene.messages(given)
        with expect_error(f"reading {given!r}", InvalidInputError):
            await scene.remote.conversation(given)
        with expect_error(f"sending to {given!r}", InvalidInputError):
            await scene.remote.send(given, "Hello?")
    for given in wrong[:5]:
        with expect_error(f"reading the message {given!r}", InvalidInputError):
            await scene.remote.message("1", given)
        with expect_error(f"editing the message {given!r}", InvalidInputError):
            await scene.remote.edit("1", given, "Edited")
    expect_equal(scene.requests, requests, "requests for what is no id")


@case("list_messages")
async def ids_that_are_hostile_find_nothing(scene: Scene) -> None:
    """Text that would be a path, a header or a query elsewhere is an id that names nothing."""
    for text in HOSTILE:
        with expect_error(f"messages of {text[:20]!r}", ProviderError, InvalidInputError):
            await scene.messages(scene.remote_ref(text))
    if scene.can("create_conversation"):
        conversation = await scene.conversation()
        for text in HOSTILE:
            with expect_error(f"the message {text[:20]!r}", ProviderError, InvalidInputError):
                await scene.remote.message(conversation, text)


CASES = (
    *(_unknown_conversation(operation) for operation in BY_CONVERSATION),
    *(_unknown_message(operation) for operation in BY_MESSAGE),
    regenerate_of_an_unknown_message,
    ids_that_are_none_are_mistakes,
    ids_that_are_hostile_find_nothing,
)
