"""A conversation, and the short reference that names one."""

from __future__ import annotations

from pydantic import Field, JsonValue

from .message import Origin
from .values import Kept, Metadata, Moment, Value


class ConversationRef(Value):
    """Names a conversation: the remote and the vendor's id. `str()` gives the address, `work:ID`."""

    remote: str
    id: str

    def __str__(self) -> str:
        return f"{self.remote}:{self.id}"


class Conversation(Kept):
    """What a vendor calls session, thread, topic or chat.

    `instructions` is the system prompt, `head_id` the last message of the active branch, `origin` tells where a copy
    came from (in JSON only then), `raw` what the vendor told besides; never a secret.
    """

    id: str
    remote: str = ""
    title: str | None = None
    instructions: str | None = None
    model: str | None = None
    created_at: Moment | None = None
    updated_at: Moment | None = None
    pinned: bool = False
    metadata: Metadata = Field(default_factory=dict)
    head_id: str | None = None
    origin: Origin | None = Field(default=None, exclude_if=lambda origin: origin is None)
    raw: dict[str, JsonValue] = Field(default_factory=dict)

    @property
    def ref(self) -> ConversationRef:
        """The reference that names this conversation."""
        return ConversationRef(remote=self.remote, id=self.id)
