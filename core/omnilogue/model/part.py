"""Parts: the typed pieces of a message's content, told apart by `type`."""

from __future__ import annotations

import hashlib
import mimetypes
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeAlias

from pydantic import Field, JsonValue, PrivateAttr, model_validator

from .values import Bytes, Kept

INLINE_BYTES = 1024 * 1024
"""How many bytes a part may carry in itself; larger content is a file on disk or at the vendor."""


class Citation(Kept):
    """A passage of a text part that names its source; offsets count code points, the end is exclusive."""

    start: int | None = None
    end: int | None = None
    marker: str | None = None
    quote: str | None = None
    url: str | None = None
    title: str | None = None
    file_id: str | None = None


class TextPart(Kept):
    """Plain text."""

    type: Literal["text"] = "text"
    text: str
    citations: tuple[Citation, ...] = ()


class ReasoningPart(Kept):
    """What the model thought before it answered; `data` is the vendor's own opaque form."""

    type: Literal["reasoning"] = "reasoning"
    text: str = ""
    data: JsonValue = None


class MediaPart(Kept):
    """What images, audio and files share: a place (`url`, `file_id`, `data`) and a description."""

    url: str | None = None
    file_id: str | None = None
    name: str | None = None
    media_type: str | None = None
    size: int | None = Field(default=None, ge=0)
    sha256: str | None = None
    data: Annotated[Bytes, Field(max_length=INLINE_BYTES)] | None = None

    _path: Path | None = PrivateAttr(default=None)

    @classmethod
    def from_path(cls, path: str | Path) -> Self:
        """Describe a file on disk, to be sent: its name, media type, size in bytes and SHA-256.

        Up to 1 MiB the bytes come along; a larger file is read again when it is sent.
        Raises OSError where the file cannot be read.
        """
        path = Path(path)
        digest = hashlib.sha256()
        size = 0
        with path.open("rb") as file:
            while chunk := file.read(INLINE_BYTES):
                digest.update(chunk)
                size += len(chunk)
        part = cls(
            name=path.name,
            media_type=mimetypes.guess_type(path.name)[0],
            size=size,
            sha256=digest.hexdigest(),
            data=path.read_bytes() if size <= INLINE_BYTES else None,
        )
        part._path = path
        return part

    @property
    def path(self) -> Path | None:
        """Where the file lies on this machine, for a part made by `from_path`; never part of the JSON form."""
        return self._path


class ImagePart(MediaPart):
    """A picture."""

    type: Literal["image"] = "image"


class AudioPart(MediaPart):
    """A recording."""

    type: Literal["audio"] = "audio"


class FilePart(MediaPart):
    """Any other file."""

    type: Literal["file"] = "file"


class ToolCallPart(Kept):
    """A call of a tool the model asks for; `arguments` is what the tool receives."""

    type: Literal["tool_call"] = "tool_call"
    id: str
    name: str
    arguments: JsonValue = None


class ToolResultPart(Kept):
    """What a tool answered to the call `call_id`."""

    type: Literal["tool_result"] = "tool_result"
    call_id: str
    content: JsonValue = None
    is_error: bool = False


class DataPart(Kept):
    """Content of a kind the model does not know, kept whole: `kind` is the vendor's word for it."""

    type: Literal["data"] = "data"
    kind: str
    value: JsonValue = None

    @model_validator(mode="before")
    @classmethod
    def _keep_unknown_type(cls, given: Any) -> Any:
        """Take a part of an unknown `type` as it is: its type is the kind, all of it is the value."""
        if isinstance(given, dict) and isinstance(given.get("type"), str) and given["type"] not in KNOWN_TYPES:
            return {"kind": given["type"], "value": given}
        return given


KNOWN_TYPES = frozenset({"text", "reasoning", "image", "audio", "file", "tool_call", "tool_result", "data"})

KnownPart: TypeAlias = Annotated[
    TextPart | ReasoningPart | ImagePart | AudioPart | FilePart | ToolCallPart | ToolResultPart | DataPart,
    Field(discriminator="type"),
]

Part: TypeAlias = Annotated[KnownPart | DataPart, Field(union_mode="left_to_right")]
"""A piece of content. The known types are told apart fast; only what none of them takes reaches the last arm."""
