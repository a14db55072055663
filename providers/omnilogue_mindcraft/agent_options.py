"""What the agent can be told, in settings and with a turn, and the parameters it is sent.

The page is api-281110119; names and values are the vendor's own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, Self, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from omnilogue.errors import InvalidInputError
from omnilogue.provider import Turn

UploadFormat: TypeAlias = Literal["pcm", "wav", "opus", "speex", "aac", "amr"]
SampleRate: TypeAlias = Literal[8000, 16000]

PERSONA = ("user_name", "user_age", "bot_name", "bot_character_description", "bot_personality", "bot_tone")
"""Fields that only the mode `customize` looks at."""

UPLOAD = ("upload_format", "upload_sample_rate")


class AgentOptions(BaseModel):
    """How the agent answers and speaks: the table `agent` of the settings, and `options` of a turn."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    mode: Literal["pro", "standard", "customize"] | None = Field(
        default=None, description="Kind of agent; without it customize where a persona is told, else pro."
    )
    character_uuid: str | None = Field(default=None, min_length=1, description="Role it plays, with its own voice.")
    profile_uuid: str | None = Field(default=None, min_length=1, description="Profile of the user.")
    llm_model: str | None = Field(default=None, min_length=1, description="Model that answers; the turn's own wins.")
    max_tokens: int = Field(
        default=2000,
        ge=20,
        le=8000,
        description="Longest answer, tokens; the vendor's own default of 100 cuts answers.",
    )
    tts_model: str | None = Field(default=None, min_length=1, description="Model that speaks.")
    voice_id: str = Field(default="female-tianmei", min_length=1, description="Voice; not with character_uuid.")
    speed: float | None = Field(default=None, description="How fast it speaks; 0 is usual.")
    emotion_output: bool = Field(default=True, description="Tell the emotion of an answer.")
    upload_format: UploadFormat | None = Field(
        default=None, description="Format of a recording; without it told by its name."
    )
    upload_sample_rate: SampleRate | None = Field(
        default=None, description="Samples a second of a recording; without it told by its head, else 16000."
    )
    language: Literal["auto", "zh", "en", "ja", "yue", "ko"] | None = Field(
        default=None, description="Language that is spoken."
    )
    user_name: str | None = Field(default=None, description="Persona: the user's name.")
    user_age: int | None = Field(default=None, ge=0, le=150, description="Persona: the user's age.")
    bot_name: str | None = Field(default=None, description="Persona: the agent's name.")
    bot_character_description: str | None = Field(default=None, description="Persona: what the agent is.")
    bot_personality: str | None = Field(default=None, description="Persona: its character.")
    bot_tone: str | None = Field(default=None, description="Persona: how it speaks.")
    history_length: int | None = Field(
        default=None, ge=0, description="Earlier messages that it is shown; known from public code."
    )

    @model_validator(mode="after")
    def _checked(self) -> Self:
        """Refuse what the vendor would pass over in silence."""
        if self.character_uuid and "voice_id" in self.model_fields_set:
            raise ValueError("voice_id has no effect with character_uuid; give one of them")
        told = [name for name in PERSONA if getattr(self, name) is not None]
        if told and self.mode not in {None, "customize"}:
            raise ValueError(f'{told[0]} has an effect only with mode = "customize"')
        return self

    @property
    def is_customized(self) -> bool:
        """Whether a persona is told."""
        return any(getattr(self, name) is not None for name in PERSONA)


def agent_options(turn: Turn, settings: AgentOptions) -> AgentOptions:
    """Put the options of a turn over those of the settings. Raises InvalidInputError naming the one that is wrong."""
    usual = settings.model_dump(exclude_unset=True)
    if "character_uuid" in turn.options:
        usual.pop("voice_id", None)
    if "voice_id" in turn.options:
        usual.pop("character_uuid", None)
    given = {**usual, **turn.options}
    if turn.model is not None:
        given["llm_model"] = turn.model
    if turn.max_output_tokens is not None:
        given["max_tokens"] = turn.max_output_tokens
    try:
        return AgentOptions.model_validate(given)
    except ValidationError as error:
        wrong = wrong_option(error)
    raise wrong


def wrong_option(error: ValidationError) -> InvalidInputError:
    """Make the error for options that do not fit, without their values."""
    first = error.errors(include_input=False, include_url=False, include_context=False)[0]
    name = ".".join(str(step) for step in first["loc"])
    return InvalidInputError(f"options: {name}: {first['msg']}".replace(": : ", ": "), outcome="not_sent")


def parameters(options: AgentOptions, more: Mapping[str, Any]) -> dict[str, Any]:
    """Give the parameters of a question; what nobody told is left to the vendor."""
    told = options.model_dump(exclude={*UPLOAD, "mode"}, exclude_none=True)
    if options.character_uuid:
        del told["voice_id"]
    mode = options.mode or ("customize" if options.is_customized else "pro")
    return {"agent_name": "chat_bot_v3", "mode": mode, **told, **more}
