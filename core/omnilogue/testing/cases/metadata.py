"""Metadata of conversations and messages, and the key in it that nobody sees."""

from __future__ import annotations

import json
from typing import Any

from pydantic import JsonValue

from ...errors import InvalidInputError
from ...model import Conversation, Message, TextPart
from ..case import case
from ..expecting import expect, expect_equal, expect_error
from ..scene import Scene

KEY = "_omnilogue"
NESTED: dict[str, JsonValue] = {
    "text": "\u4f60\u597d \U0001f9f3",
    "empty": "",
    "number": 12,
    "fraction": 0.5,
    "yes": True,
    "nothing": None,
    "list": [1, "two", [3], {"four": 4}],
    "map": {"deep": {"deeper": ["end"]}},
}
WRONG: tuple[Any, ...] = (
    {KEY: "mine"},
    {f"{KEY}_more": 1},
    {"": 1},
    {"half": "\ud83d"},
    {"nan": float("nan")},
    {"object": object()},
)


@case("conversation_metadata")
async def conversation_metadata_comes_back(scene: Scene) -> None:
    """Metadata of any JSON comes back as it was given, from the create, the read and the list."""
    made = await scene.conversation(metadata=NESTED)
    for found in await _everywhere(scene, made):
        expect_equal(found.metadata, NESTED, "metadata of a conversation")


@case("conversation_metadata", "update_conversation")
async def conversation_metadata_is_merged(scene: Scene) -> None:
    """An update adds and replaces keys, takes away those set to None, and leaves the others."""
    made = await scene.conversation(metadata={"keep": [1], "change": {"a": 1}, "remove": "x"})
    changed = await scene.remote.update(
        made, metadata={"change": {"b": 2}, "remove": None, "new": "y", "never": None}, allow_loss=True
    )

    expected = {"keep": [1], "change": {"b": 2}, "new": "y"}
    expect_equal(changed.metadata, expected, "metadata that an update gives")
    for found in await _everywhere(scene, changed):
        expect_equal(found.metadata, expected, "metadata after an update")
    expect_equal(changed.title, made.title, "title after metadata was changed")


@case("conversation_metadata", "create_conversation")
async def conversation_metadata_never_shows_our_key(scene: Scene) -> None:
    """What the core stores in metadata for itself is not seen by anybody."""
    made = await scene.conversation(metadata={"color": "blue"})
    if scene.can("update_conversation"):
        scene.keep(await scene.remote.update(made, metadata={"size": 3}, allow_loss=True))
    for found in await _everywhere(scene, made):
        _expect_clean(found)


@case("conversation_metadata")
async def conversation_metadata_refuses_what_json_cannot_hold(scene: Scene) -> None:
    """Our key, an empty key and values without a JSON form are mistakes, and no request leaves for them."""
    made = await scene.conversation()
    requests = scene.requests
    for wrong in WRONG:
        with expect_error(f"metadata {wrong!r}", InvalidInputError):
            scene.keep(await scene.remote.create(metadata=wrong, allow_loss=True))
        if scene.can("update_conversation"):
            with expect_error(f"an update to metadata {wrong!r}", InvalidInputError):
                await scene.remote.update(made, metadata=wrong, allow_loss=True)
    expect_equal(scene.requests, requests, "requests after refused metadata")


async def _everywhere(scene: Scene, made: Conversation) -> list[Conversation]:
    """Give a conversation as each verb shows it."""
    found = [made]
    if scene.can("get_conversation"):
        found.append(await scene.remote.conversation(made))
    if scene.can("list_conversations"):
        found += [item for item in await scene.listed() if item.id == made.id]
    return found


@case("message_metadata", "append_user")
async def message_metadata_comes_back(scene: Scene) -> None:
    """Metadata of any JSON comes back with its message, and with no other."""
    conversation = await scene.conversation()
    lines = [_line("One", NESTED), _line("Two", {}), _line("Three", {"color": "blue"})]
    stored = await scene.remote.append(conversation, lines, allow_loss=True)

    expected = [line.metadata for line in lines]
    expect_equal([message.metadata for message in stored], expected, "metadata that an append gives")
    listed = await scene.messages(conversation)
    expect_equal([message.metadata for message in listed], expected, "metadata that is listed")
    one = await scene.remote.message(conversation, listed[0].id or "")
    expect_equal(one.metadata, NESTED, "metadata of one message")


@case("message_metadata", "append_user")
async def message_metadata_never_shows_our_key(scene: Scene) -> None:
    """What the core stores in metadata for itself is not seen by anybody, with whatever verb."""
    conversation = await scene.conversation()
    seen = list(await scene.remote.append(conversation, [_line("One", {}), _line("Two", {"a": 1})], allow_loss=True))
    if scene.can("send"):
        seen += (await scene.remote.send(conversation, "Hello?", allow_loss=True)).messages
    if scene.can("edit_message"):
        change = await scene.remote.edit(conversation, seen[0].id or "", "Edited", allow_loss=True)
        conversation = scene.keep_ref(change.conversation)
        seen += [change.message] if change.message else []
    for order in ("asc", "desc"):
        seen += await scene.messages(conversation, order=order)
    seen.append(await scene.remote.message(conversation, seen[-1].id or ""))
    for message in seen:
        _expect_clean(message)


@case("message_metadata", "append_user")
async def message_metadata_refuses_what_json_cannot_hold(scene: Scene) -> None:
    """Our key, an empty key and values without a JSON form are mistakes, and nothing is stored."""
    conversation = await scene.conversation()
    requests = scene.requests
    for wrong in WRONG:
        line = Message.user("A line.").model_copy(update={"metadata": wrong})
        with expect_error(f"a message with metadata {wrong!r}", InvalidInputError):
            await scene.remote.append(conversation, line, allow_loss=True)
    expect_equal(scene.requests, requests, "requests after refused metadata")
    expect_equal(await scene.said(conversation), [], "messages after refused metadata")


@case("send", "message_metadata")
async def send_stores_the_metadata_of_a_turn(scene: Scene) -> None:
    """Metadata given with a turn is that of the user's message, where a send takes it."""
    if "metadata" in (scene.row("send").limits.fields or ("metadata",)):
        conversation = await scene.conversation()
        await scene.remote.send(conversation, "Hello?", metadata=NESTED, allow_loss=True)
        messages = await scene.messages(conversation)
        expect_equal(messages[0].metadata, NESTED, "metadata of a turn")
        _expect_clean(messages[-1])


def _line(text: str, metadata: dict[str, JsonValue]) -> Message:
    return Message(role="user", parts=(TextPart(text=text),), metadata=metadata)


def _expect_clean(value: Conversation | Message) -> None:
    for field, shown in value.model_dump(mode="json").items():
        expect(f'"{KEY}' not in json.dumps(shown).replace("\\", ""), f"{field} shows our key: {shown}")


CASES = (
    conversation_metadata_comes_back,
    conversation_metadata_is_merged,
    conversation_metadata_never_shows_our_key,
    conversation_metadata_refuses_what_json_cannot_hold,
    message_metadata_comes_back,
    message_metadata_never_shows_our_key,
    message_metadata_refuses_what_json_cannot_hold,
    send_stores_the_metadata_of_a_turn,
)
