"""Messages changed and removed: exactly that one, or exactly all."""

from __future__ import annotations

from typing import Any

from ...errors import NotFoundError
from ...model import Change, Message, TextPart
from ..case import case
from ..expecting import expect, expect_equal, expect_error
from ..scene import NAME, Scene
from ..verbs import PARTS


@case("edit_message")
async def edit_message_changes_exactly_one(scene: Scene) -> None:
    """The message has the new text; its role and place, and all other messages, stay; nothing is generated."""
    conversation, messages = await scene.filled(4)
    for place in (1, 0, 3):
        before = await scene.messages(conversation)
        change = await scene.remote.edit(conversation, before[place].id or "", f"Edited {place}", allow_loss=True)
        _expect_change(scene, change, "edit_message")
        expect(change.message is not None, "an edit does not give the message")
        expect_equal(change.message.text if change.message else "", f"Edited {place}", "text an edit gives")
        expected = [(message.role, message.text) for message in before]
        expected[place] = (before[place].role, f"Edited {place}")
        expect_equal(await scene.said(change.conversation), expected, f"messages after the edit of number {place}")
        conversation = scene.keep_ref(change.conversation)
    expect_equal(len(await scene.messages(conversation)), len(messages), "messages after the edits")


@case("edit_message")
async def edit_message_keeps_ids_or_tells_new_ones(scene: Scene) -> None:
    """Ids stay as they are, or the change maps each old one to its new one."""
    conversation, messages = await scene.filled(4)
    change = await scene.remote.edit(conversation, messages[2].id or "", "Edited", allow_loss=True)

    expected = [change.id_map.get(message.id or "", message.id) for message in messages]
    found = [message.id for message in await scene.messages(change.conversation)]
    expect_equal(found, expected, "ids after an edit")


@case("edit_message", "message_metadata", "append_user")
async def edit_message_keeps_metadata(scene: Scene) -> None:
    """The metadata of a message outlives the change of its text."""
    conversation = await scene.conversation()
    line = Message(role="user", parts=(TextPart(text="A line."),), metadata={"color": "blue", "n": [1, {"a": None}]})
    stored = await scene.remote.append(conversation, line, allow_loss=True)
    change = await scene.remote.edit(conversation, stored.id or "", "Another line.", allow_loss=True)

    found = await scene.messages(change.conversation)
    expect_equal([message.metadata for message in found], [line.metadata], "metadata after an edit")


@case("edit_message", "attach_files", "append_user")
async def edit_message_keeps_other_parts(scene: Scene) -> None:
    """An edit puts one new text in the place of the old ones, and leaves a file where it is."""
    conversation = await scene.conversation()
    line = Message(role="user", parts=(TextPart(text="One. "), PARTS["attach_files"], TextPart(text="Two.")))
    stored = await scene.remote.append(conversation, line, allow_loss=True)
    change = await scene.remote.edit(conversation, stored.id or "", "Three.", allow_loss=True)

    found = (await scene.messages(change.conversation))[0]
    expect_equal(sorted(part.type for part in found.parts), ["file", "text"], "parts after an edit")
    expect_equal(found.text, "Three.", "text after an edit")


@case("delete_message")
async def delete_message_removes_exactly_one(scene: Scene) -> None:
    """The message is gone, and those before and after it stay."""
    conversation, messages = await scene.filled(4)
    change = await scene.remote.delete_message(conversation, messages[1].id or "", allow_loss=True)

    _expect_change(scene, change, "delete_message")
    expected = [(message.role, message.text) for message in messages]
    del expected[1]
    expect_equal(await scene.said(change.conversation), expected, "messages after the delete of one")
    expect_equal(change.id_map.get(messages[1].id or "", ""), None, "what the change tells of the deleted message")
    with expect_error("reading the deleted message", NotFoundError):
        await scene.remote.message(change.conversation, messages[1].id or "")


@case("delete_message")
async def delete_message_takes_any_and_all(scene: Scene) -> None:
    """The first, the last and the only message can be deleted, and the conversation goes on."""
    conversation, _ = await scene.filled(4)
    for place in (0, -1, 0, 0):
        ids = [message.id or "" for message in await scene.messages(conversation)]
        change = await scene.remote.delete_message(conversation, ids[place], allow_loss=True)
        conversation = scene.keep_ref(change.conversation)
        expect_equal(len(await scene.messages(conversation)), len(ids) - 1, "messages that are left")
    if scene.can("append_user"):
        await scene.remote.append(conversation, "A new beginning", allow_loss=True)
        expect_equal(await scene.said(conversation), [("user", "A new beginning")], "messages of a new beginning")


@case("delete_message")
async def delete_message_twice_is_not_found(scene: Scene) -> None:
    """What is gone cannot be deleted once more, and nothing else goes in its place."""
    conversation, messages = await scene.filled(4)
    change = await scene.remote.delete_message(conversation, messages[1].id or "", allow_loss=True)
    with expect_error("a second delete", NotFoundError):
        await scene.remote.delete_message(change.conversation, messages[1].id or "", allow_loss=True)
    expect_equal(len(await scene.messages(change.conversation)), 3, "messages after a second delete")


@case("edit_message")
async def edit_message_looks_in_its_conversation_only(scene: Scene) -> None:
    """A message of another conversation is not found, and not touched."""
    await _expect_other_untouched(scene, "edit")


@case("delete_message")
async def delete_message_looks_in_its_conversation_only(scene: Scene) -> None:
    """A message of another conversation is not found, and not touched."""
    await _expect_other_untouched(scene, "delete_message")


async def _expect_other_untouched(scene: Scene, verb: str) -> None:
    conversation, messages = await scene.filled(2)
    other, _ = await scene.filled(2)
    text = ("Edited",) if verb == "edit" else ()
    with expect_error(f"{verb} of a message of another conversation", NotFoundError):
        await getattr(scene.remote, verb)(other, messages[0].id or "", *text, allow_loss=True)
    said = [(message.role, message.text) for message in messages]
    expect_equal(await scene.said(conversation), said, "messages of the conversation that was not meant")


@case("clear_messages")
async def clear_messages_leaves_the_conversation(scene: Scene) -> None:
    """All messages are gone, system ones too; title, instructions and metadata stay, and it can be used."""
    fields: dict[str, Any] = {"title": f"Kept {scene.word}", "instructions": "Be brief.", "metadata": {"color": "blue"}}
    fields = {name: value for name, value in fields.items() if scene.takes("create_conversation", name)}
    conversation, _ = await scene.filled(4, **fields)
    if scene.can("append_system"):
        await scene.remote.append(conversation, "Be brief.", "system", allow_loss=True)
    change = await scene.remote.clear(conversation, allow_loss=True)

    _expect_change(scene, change, "clear_messages")
    expect_equal(await scene.said(change.conversation), [], "messages after a clear")
    if scene.can("get_conversation"):
        found = await scene.remote.conversation(change.conversation)
        for name, value in fields.items():
            expect_equal(getattr(found, name), value, f"{name} after a clear")
    if scene.can("append_user"):
        await scene.remote.append(change.conversation, "A new beginning", allow_loss=True)
        expect_equal(await scene.said(change.conversation), [("user", "A new beginning")], "messages after a clear")
    elif scene.can("send"):
        await scene.remote.send(change.conversation, "A new beginning", allow_loss=True)
        expect_equal((await scene.said(change.conversation))[0], ("user", "A new beginning"), "turn after a clear")


@case("clear_messages", "update_conversation")
async def clear_messages_leaves_the_pin(scene: Scene) -> None:
    """A pinned conversation that is cleared is still pinned."""
    if scene.takes("update_conversation", "pinned"):
        conversation, _ = await scene.filled(2)
        await scene.remote.update(conversation, pinned=True, allow_loss=True)
        change = await scene.remote.clear(conversation, allow_loss=True)
        expect_equal((await scene.remote.conversation(change.conversation)).pinned, True, "pin after a clear")


@case("clear_messages")
async def clear_messages_of_an_empty_conversation(scene: Scene) -> None:
    """There is nothing wrong with clearing what is empty, once and again."""
    conversation = await scene.conversation()
    for _ in range(2):
        change = await scene.remote.clear(conversation, allow_loss=True)
        conversation = scene.keep_ref(change.conversation)
        expect_equal(await scene.said(conversation), [], "messages of an empty conversation after a clear")


def _expect_change(scene: Scene, change: Change, operation: str) -> None:
    expect_equal(change.grade, scene.row(operation).grade, f"grade that {operation} tells")
    expect_equal(change.conversation.remote, NAME, f"remote that {operation} tells")


CASES = (
    edit_message_changes_exactly_one,
    edit_message_keeps_ids_or_tells_new_ones,
    edit_message_keeps_metadata,
    edit_message_keeps_other_parts,
    edit_message_looks_in_its_conversation_only,
    delete_message_removes_exactly_one,
    delete_message_takes_any_and_all,
    delete_message_twice_is_not_found,
    delete_message_looks_in_its_conversation_only,
    clear_messages_leaves_the_conversation,
    clear_messages_leaves_the_pin,
    clear_messages_of_an_empty_conversation,
)
