"""Settings of the memory provider."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from omnilogue.errors import BY_CODE
from omnilogue.provider import ProviderSettings


class MemorySettings(ProviderSettings):
    """What it answers, and how it fails."""

    replies: list[str] = Field(
        default_factory=list,
        description="Replies given in turn, over and over; else an echo. `[tool NAME {...}]` in one calls a tool.",
    )
    faults: list[str] = Field(
        default_factory=list,
        description="Error codes that the next sends fail with, in turn: rate_limit, stream_broken, outcome_unknown...",
    )

    like: str | None = Field(default=None, description="Name of a provider whose grades it takes on.")

    @model_validator(mode="after")
    def _known_faults(self) -> Self:
        if unknown := [code for code in self.faults if code not in BY_CODE]:
            raise ValueError(f"faults: {unknown[0]!r} is no error code; known: {', '.join(sorted(BY_CODE))}")
        return self
