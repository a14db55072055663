"""The neutral model: frozen values, grades, kinds of loss."""

from .conversation import Conversation, ConversationRef
from .event import (
    AudioDelta,
    CitationFound,
    Emotion,
    Event,
    ReasoningDelta,
    ReplyCompleted,
    ReplyStarted,
    StreamEvent,
    TextDelta,
    ToolCallRequested,
    Transcript,
)
from .grade import OPERATIONS, Grade
from .loss import LOSS_CLASSES, LossClass, LossKind
from .message import Message, Origin, Status, Usage
from .page import Page
from .part import (
    INLINE_BYTES,
    AudioPart,
    Citation,
    DataPart,
    FilePart,
    ImagePart,
    MediaPart,
    Part,
    ReasoningPart,
    TextPart,
    ToolCallPart,
    ToolResultPart,
)
from .reply import Change, Effect, Reply
from .values import FORMAT, Metadata, Moment, Role

__all__ = [
    "FORMAT",
    "INLINE_BYTES",
    "LOSS_CLASSES",
    "OPERATIONS",
    "AudioDelta",
    "AudioPart",
    "Change",
    "Citation",
    "CitationFound",
    "Conversation",
    "ConversationRef",
    "DataPart",
    "Effect",
    "Emotion",
    "Event",
    "FilePart",
    "Grade",
    "ImagePart",
    "LossClass",
    "LossKind",
    "MediaPart",
    "Message",
    "Metadata",
    "Moment",
    "Origin",
    "Page",
    "Part",
    "ReasoningDelta",
    "ReasoningPart",
    "Reply",
    "ReplyCompleted",
    "ReplyStarted",
    "Role",
    "Status",
    "StreamEvent",
    "TextDelta",
    "TextPart",
    "ToolCallPart",
    "ToolCallRequested",
    "ToolResultPart",
    "Transcript",
    "Usage",
]
