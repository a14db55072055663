"""What verbs that write give back: the reply to a send, the change an edit made."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

from pydantic import Field

from .conversation import ConversationRef
from .grade import Grade
from .message import Message, Status, Usage
from .part import AudioPart
from .values import Kept, Value

Effect: TypeAlias = Literal["new", "replaced", "superseded", "added"]
"""What became of the answer there was: none before, same id rewritten, old one gone, old one still there."""


def _text_of(fields: dict[str, Any]) -> str:
    return "".join([message.text for message in fields.get("messages", ()) if message.role == "assistant"])


class Reply(Kept):
    """The finished answer to a send or a regenerate: one or more assistant messages and their text."""

    messages: tuple[Message, ...] = ()
    run_id: str | None = None
    status: Status = "complete"
    usage: Usage | None = None
    effect: Effect = "new"
    text: str = Field(default_factory=_text_of)
    emotion: str | None = None
    audio: tuple[AudioPart, ...] = ()


class Change(Value):
    """What an edit, a delete of a message or a clear did.

    `conversation` is the reference to use from now on; `message` is the edited message;
    `id_map` tells the new id of each old message whose id changed, None for one that is gone.
    """

    conversation: ConversationRef
    message: Message | None = None
    id_map: dict[str, str | None] = Field(default_factory=dict)
    grade: Grade = Grade.NATIVE
