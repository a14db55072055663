"""Events of a stream, told apart by `type`."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from .conversation import ConversationRef
from .part import INLINE_BYTES, Citation, ToolCallPart
from .reply import Reply
from .values import Bytes, Value


class StreamEvent(Value):
    """What all events tell: the run they belong to, and which attempt of it."""

    run_id: str | None = None
    attempt: int = 1


class ReplyStarted(StreamEvent):
    """The vendor has taken the turn; nothing of the reply is known yet."""

    type: Literal["reply_started"] = "reply_started"
    conversation: ConversationRef


class TextDelta(StreamEvent):
    """The next piece of the reply's text."""

    type: Literal["text_delta"] = "text_delta"
    text: str


class ReasoningDelta(StreamEvent):
    """The next piece of what the model thinks."""

    type: Literal["reasoning_delta"] = "reasoning_delta"
    text: str


class AudioDelta(StreamEvent):
    """A piece of the spoken reply: its bytes, or where they lie; `seconds` is its length."""

    type: Literal["audio_delta"] = "audio_delta"
    data: Annotated[Bytes, Field(max_length=INLINE_BYTES)] | None = None
    url: str | None = None
    seconds: float | None = None


class Transcript(StreamEvent):
    """What the vendor understood of the user's speech."""

    type: Literal["transcript"] = "transcript"
    text: str


class Emotion(StreamEvent):
    """The emotion the reply is spoken with, in the vendor's word."""

    type: Literal["emotion"] = "emotion"
    label: str


class ToolCallRequested(StreamEvent):
    """The model asks for a tool."""

    type: Literal["tool_call_requested"] = "tool_call_requested"
    call: ToolCallPart


class CitationFound(StreamEvent):
    """The reply names a source."""

    type: Literal["citation_found"] = "citation_found"
    citation: Citation


class ReplyCompleted(StreamEvent):
    """The end of a stream that went well: the whole reply."""

    type: Literal["reply_completed"] = "reply_completed"
    reply: Reply


Event: TypeAlias = Annotated[
    ReplyStarted
    | TextDelta
    | ReasoningDelta
    | AudioDelta
    | Transcript
    | Emotion
    | ToolCallRequested
    | CitationFound
    | ReplyCompleted,
    Field(discriminator="type"),
]
"""One event of a stream."""
