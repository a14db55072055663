"""The shortest use of each operation through the public verbs: how it is tried on unknown ids, and refused."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeAlias

from ..model import AudioPart, Citation, FilePart, ImagePart, Message, Part, TextPart, ToolCallPart
from .scene import Scene, drained

Use: TypeAlias = Callable[[Scene, str, str, bool], Awaitable[Any]]
"""Takes the scene, a conversation's id, a message's id, and whether losses are allowed."""

NOTE = b"A note of the suite.\n"
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360606060000000050001"
    "5ea7d4310000000049454e44ae426082"
)
WAV = bytes.fromhex("524946462400000057415645666d74201000000001000100401f0000401f00000100080064617461") + bytes(4)

TOOL = {"type": "function", "function": {"name": "clock", "parameters": {"type": "object", "properties": {}}}}

PARTS: Mapping[str, Part] = {
    "attach_files": FilePart(name="note.txt", media_type="text/plain", size=len(NOTE), data=NOTE),
    "send_images": ImagePart(name="dot.png", media_type="image/png", size=len(PNG), data=PNG),
    "send_audio": AudioPart(name="hush.wav", media_type="audio/wav", size=len(WAV), data=WAV),
    "tool_calls": ToolCallPart(id="call-1", name="clock", arguments={"zone": "UTC", "places": [1, 2]}),
    "citations": TextPart(
        text="Lisbon is mild.", citations=(Citation(start=0, end=6, marker="[1]", url="https://example.com/lisbon"),)
    ),
}
"""A part for each operation that is about one."""


async def _list_conversations(scene: Scene, _conversation: str, _message: str, _allow: bool) -> Any:
    return await drained(scene.remote.conversations(limit=1))


async def _get_conversation(scene: Scene, conversation: str, _message: str, _allow: bool) -> Any:
    return await scene.remote.conversation(conversation)


async def _create_conversation(scene: Scene, _conversation: str, _message: str, allow: bool) -> Any:
    return await scene.remote.create(allow_loss=allow)


async def _update_conversation(scene: Scene, conversation: str, _message: str, allow: bool) -> Any:
    fields = scene.row("update_conversation").limits.fields
    change: dict[str, Any] = {"title": "Renamed"} if fields is None or "title" in fields else {"pinned": True}
    return await scene.remote.update(conversation, **change, allow_loss=allow)


async def _delete_conversation(scene: Scene, conversation: str, _message: str, allow: bool) -> Any:
    return await scene.remote.delete(conversation, allow_loss=allow)


async def _list_messages(scene: Scene, conversation: str, _message: str, _allow: bool) -> Any:
    return await drained(scene.remote.messages(conversation))


async def _get_message(scene: Scene, conversation: str, message: str, _allow: bool) -> Any:
    return await scene.remote.message(conversation, message)


def _append(role: str) -> Use:
    async def append(scene: Scene, conversation: str, _message: str, allow: bool) -> Any:
        return await scene.remote.append(conversation, "A line.", role, allow_loss=allow)

    return append


async def _edit_message(scene: Scene, conversation: str, message: str, allow: bool) -> Any:
    return await scene.remote.edit(conversation, message, "Edited.", allow_loss=allow)


async def _delete_message(scene: Scene, conversation: str, message: str, allow: bool) -> Any:
    return await scene.remote.delete_message(conversation, message, allow_loss=allow)


async def _clear_messages(scene: Scene, conversation: str, _message: str, allow: bool) -> Any:
    return await scene.remote.clear(conversation, allow_loss=allow)


async def _send(scene: Scene, conversation: str, _message: str, allow: bool) -> Any:
    return await scene.remote.send(conversation, "Hello?", allow_loss=allow)


async def _stream(scene: Scene, conversation: str, _message: str, allow: bool) -> Any:
    async with scene.remote.stream(conversation, "Hello?", allow_loss=allow) as stream:
        return [event async for event in stream]


async def _regenerate(scene: Scene, conversation: str, _message: str, allow: bool) -> Any:
    return await scene.remote.regenerate(conversation, allow_loss=allow)


async def _conversation_metadata(scene: Scene, conversation: str, _message: str, allow: bool) -> Any:
    if scene.can("create_conversation"):
        return await scene.remote.create(metadata={"color": "blue"}, allow_loss=allow)
    return await scene.remote.update(conversation, metadata={"color": "blue"}, allow_loss=allow)


async def _message_metadata(scene: Scene, conversation: str, _message: str, allow: bool) -> Any:
    if scene.can("append_user"):
        line = Message(role="user", parts=(TextPart(text="A line."),), metadata={"color": "blue"})
        return await scene.remote.append(conversation, line, allow_loss=allow)
    return await scene.remote.send(conversation, "Hello?", metadata={"color": "blue"}, allow_loss=allow)


async def _choose_model(scene: Scene, conversation: str, _message: str, allow: bool) -> Any:
    if scene.can("create_conversation"):
        return await scene.remote.create(model="another-model", allow_loss=allow)
    return await scene.remote.send(conversation, "Hello?", model="another-model", allow_loss=allow)


def _part(operation: str, role: str = "user") -> Use:
    part = PARTS[operation]

    async def store(scene: Scene, conversation: str, _message: str, allow: bool) -> Any:
        if scene.can(f"append_{role}"):
            return await scene.remote.append(conversation, Message(role=role, parts=(part,)), allow_loss=allow)
        return await scene.remote.send(conversation, [part], allow_loss=allow)

    return store


USES: Mapping[str, Use] = {
    "list_conversations": _list_conversations,
    "get_conversation": _get_conversation,
    "create_conversation": _create_conversation,
    "update_conversation": _update_conversation,
    "delete_conversation": _delete_conversation,
    "list_messages": _list_messages,
    "get_message": _get_message,
    "append_user": _append("user"),
    "append_assistant": _append("assistant"),
    "append_system": _append("system"),
    "edit_message": _edit_message,
    "delete_message": _delete_message,
    "clear_messages": _clear_messages,
    "send": _send,
    "stream": _stream,
    "regenerate": _regenerate,
    "conversation_metadata": _conversation_metadata,
    "message_metadata": _message_metadata,
    "choose_model": _choose_model,
    "attach_files": _part("attach_files"),
    "send_images": _part("send_images"),
    "send_audio": _part("send_audio"),
    "tool_calls": _part("tool_calls", "assistant"),
    "citations": _part("citations", "assistant"),
}
"""How each operation is used; `stop` and `receive_audio` have no verb of their own."""
