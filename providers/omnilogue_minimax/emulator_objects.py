"""What the MiniMax emulator keeps: values that are never changed in place."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .emulator_tools import Round, ToolCall

ACTIVE = frozenset({"queued", "in_progress", "requires_action", "cancelling"})


@dataclass(frozen=True)
class StoredThread:
    """One conversation."""

    id: str
    created_at: int
    updated_at: int
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class StoredMessage:
    """One message; `role` is `user` or `assistant` whatever the vendor calls it, `parts` are as it sends them."""

    id: str
    thread_id: str
    role: str
    parts: tuple[Mapping[str, Any], ...]
    created_at: int
    metadata: Mapping[str, str] = field(default_factory=dict)
    file_ids: tuple[str, ...] = ()
    assistant_id: str = ""
    run_id: str = ""

    @property
    def text(self) -> str:
        """The text of all its parts."""
        return "".join(part["text"]["value"] for part in self.parts if part.get("type") == "text")


@dataclass(frozen=True)
class StoredAssistant:
    """One assistant; `fields` are those that were given, `model` among them."""

    id: str
    created_at: int
    fields: Mapping[str, Any]

    @property
    def model(self) -> str:
        """Its model."""
        return str(self.fields["model"])

    @property
    def instructions(self) -> str:
        """Its instructions, perhaps empty."""
        return str(self.fields.get("instructions", ""))


@dataclass(frozen=True)
class StoredRun:
    """One run; times are Unix seconds and 0 while unset.

    `asked` is what it answers, `looks` how often it was seen unfinished, `said` what its stream tells;
    while `is_streaming` it goes on by itself. `rounds` are its calls of tools, `speaks` the format of its voice.
    """

    id: str
    thread_id: str
    assistant_id: str
    status: str
    model: str
    instructions: str
    created_at: int
    expires_at: int
    tools: tuple[Mapping[str, Any], ...] = ()
    file_ids: tuple[str, ...] = ()
    metadata: Mapping[str, str] = field(default_factory=dict)
    started_at: int = 0
    cancelled_at: int = 0
    failed_at: int = 0
    completed_at: int = 0
    last_error: Mapping[str, str] | None = None
    asked: str = ""
    looks: int = 0
    said: tuple[StoredMessage, ...] | None = None
    named_files: tuple[str, ...] = ()
    rounds: tuple[Round, ...] = ()
    speaks: str = ""
    is_streaming: bool = False

    @property
    def is_active(self) -> bool:
        """Whether it has not ended."""
        return self.status in ACTIVE


@dataclass(frozen=True)
class StoredStep:
    """One step of a run: the making of a message, or calls of tools."""

    id: str
    run_id: str
    message_id: str
    created_at: int
    calls: tuple[ToolCall, ...] = ()


def step_of(message: StoredMessage) -> StoredStep:
    """Give the step in which a run made a message."""
    return StoredStep(f"step_{message.id.removeprefix('msg_')}", message.run_id, message.id, message.created_at)


def text_part(value: str, annotations: Sequence[Mapping[str, Any]] = ()) -> dict[str, Any]:
    """Give a text as a part of a content."""
    return {"type": "text", "text": {"value": value, "annotations": list(annotations)}}
