"""What only this vendor can be asked for with a turn: its own tools, and a spoken reply."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from omnilogue.errors import InvalidInputError
from omnilogue.provider import Turn

VoiceFormat: TypeAlias = Literal["mp3", "flac", "pcm"]
MEDIA_TYPES: dict[VoiceFormat, str] = {"mp3": "audio/mpeg", "flac": "audio/flac", "pcm": "audio/L16"}
"""What the formats are called; the pages tell nothing of rate and width of `pcm`."""


class Voice(BaseModel):
    """`t2a_option`: how a reply is spoken (known from public code).

    The format belongs to the assistant: one made here gets it, one of your own has it already.
    """

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", protected_namespaces=())

    model: str | None = Field(default=None, min_length=1)
    voice_id: str | None = Field(default=None, min_length=1)
    format: VoiceFormat | None = None


class Options(BaseModel):
    """`options` of a turn. A `t2a_option` asks for a spoken reply like `speak`; `vendor_tools` run at the vendor."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    speak: bool = Field(default=False, strict=True)
    t2a_option: Voice | None = None
    vendor_tools: tuple[Literal["code_interpreter", "retrieval", "web_search"], ...] = ()

    @property
    def wants_voice(self) -> bool:
        """Whether the reply shall be spoken."""
        return self.speak or self.t2a_option is not None

    @property
    def media_type(self) -> str:
        """What the voice will be; `mp3` unless another format is named."""
        return MEDIA_TYPES[(self.t2a_option and self.t2a_option.format) or "mp3"]

    def stream_fields(self) -> dict[str, Any]:
        """Give the fields of a streamed run that ask for a voice."""
        told = self.t2a_option.model_dump(exclude_none=True, exclude={"format"}) if self.t2a_option else {}
        return {"t2a_option": told} if told else {}

    def assistant_fields(self) -> dict[str, Any]:
        """Give the fields of an assistant that speaks so."""
        told = self.t2a_option.model_dump(exclude_none=True) if self.t2a_option else {}
        return {"t2a_option": told} if told else {}


def options_of(turn: Turn) -> Options:
    """Give the options of a turn, checked. Raises InvalidInputError."""
    try:
        return Options.model_validate(turn.options)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False, include_context=False)[0]
        name = ".".join(str(step) for step in first["loc"])
        raise InvalidInputError(f"options: {name}: {first['msg']}", outcome="not_sent") from None
