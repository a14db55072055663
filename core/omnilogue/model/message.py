"""A message: an entry of a conversation with a role and parts."""

from __future__ import annotations

from typing import Literal, Self, TypeAlias

from pydantic import Field, JsonValue

from .part import Part, TextPart
from .values import Kept, Metadata, Moment, Role

Status: TypeAlias = Literal["complete", "partial", "failed"]


class Usage(Kept):
    """Tokens as the vendor counted them; what it does not tell is None."""

    input_tokens: int | None = None
    output_tokens: int | None = None
    reasoning_tokens: int | None = None
    total_tokens: int | None = None


class Origin(Kept):
    """Where a copied message, or conversation, came from."""

    provider: str | None = None
    remote: str | None = None
    conversation: str | None = None
    message: str | None = None
    time: Moment | None = None


class Message(Kept):
    """An entry of a conversation; `id` and `conversation_id` are None until a vendor has stored it.

    `raw` holds vendor fields without a neutral home and the vendor's own text of what was converted, never a secret.
    """

    id: str | None = None
    conversation_id: str | None = None
    role: Role
    parts: tuple[Part, ...] = ()
    created_at: Moment | None = None
    parent_id: str | None = None
    run_id: str | None = None
    model: str | None = None
    usage: Usage | None = None
    status: Status = "complete"
    metadata: Metadata = Field(default_factory=dict)
    origin: Origin | None = None
    raw: dict[str, JsonValue] = Field(default_factory=dict)

    @property
    def text(self) -> str:
        """The text of all text parts, joined without a separator."""
        return "".join([part.text for part in self.parts if isinstance(part, TextPart)])

    @classmethod
    def of(cls, role: Role, text: str) -> Self:
        """Make a message of one text part that is not stored yet."""
        return cls(role=role, parts=(TextPart(text=text),))

    @classmethod
    def user(cls, text: str) -> Self:
        """Make a user's message that is not stored yet."""
        return cls.of("user", text)

    @classmethod
    def assistant(cls, text: str) -> Self:
        """Make an assistant's message that is not stored yet."""
        return cls.of("assistant", text)

    @classmethod
    def system(cls, text: str) -> Self:
        """Make a system message that is not stored yet."""
        return cls.of("system", text)
