"""Grades: how well a remote can do an operation."""

from __future__ import annotations

from enum import StrEnum


class Grade(StrEnum):
    """How well an operation is done, best first; comparable with the plain words."""

    NATIVE = "native"
    EMULATED = "emulated"
    LOSSY = "lossy"
    UNSUPPORTED = "unsupported"

    @property
    def rank(self) -> int:
        """Give 0 for the best grade, 3 for the worst."""
        return list(Grade).index(self)


OPERATIONS = (
    "list_conversations",
    "get_conversation",
    "create_conversation",
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
    "stop",
    "regenerate",
    "conversation_metadata",
    "message_metadata",
    "choose_model",
    "attach_files",
    "send_images",
    "send_audio",
    "receive_audio",
    "tool_calls",
    "citations",
)
"""Every operation a remote declares, in the order of all tables."""
