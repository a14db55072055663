"""Base classes of a provider's settings; every field with its description shows in `omnilogue providers NAME`."""

from __future__ import annotations

from typing import Any, ClassVar, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

from ..http import HttpSettings, Secret

Busy: TypeAlias = Literal["wait", "reject", "cancel"]
"""What a write does while another write to the same conversation is under way: wait for it, be refused, or end it."""


class SendDefaults(BaseModel):
    """Options of send, stream and regenerate that a remote uses where the caller gives none."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: str | None = Field(default=None, description="The model that answers.")
    instructions: str | None = Field(default=None, description="Instructions for each answer.")
    max_output_tokens: int | None = Field(default=None, ge=1, description="Longest answer, tokens.")
    temperature: float | None = Field(default=None, ge=0, description="How freely it answers.")
    busy: Busy | None = Field(default=None, description="What to do while another write is under way.")
    options: dict[str, Any] | None = Field(default=None, description="What only this vendor has.")


class ProviderSettings(BaseModel):
    """What every remote can be told, whatever its provider; lengths of time are seconds."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    place: ClassVar[tuple[str, ...]] = ()
    """The settings that tell together where conversations lie and whose they are: nothing is copied from a place to
    itself. Empty where each remote is a place of its own, or nobody can tell."""

    timeout: float | None = Field(
        default=None,
        gt=0,
        description="Longest operation, seconds; 60 without it, 600 for send, stream and regenerate.",
    )
    settle: float = Field(
        default=2.0, ge=0, description="After a lost answer, seconds until the vendor is read a second time."
    )
    markers: bool = Field(default=True, description="Write the marker that makes a lost answer findable.")
    account: str | None = Field(default=None, description="Name of the account, where it is not the remote's name.")
    models: dict[str, str] = Field(default_factory=dict, description="The application's words for the vendor's models.")
    defaults: SendDefaults = Field(
        default_factory=SendDefaults, description="Options of send, stream and regenerate on this remote."
    )


class HttpProviderSettings(ProviderSettings, HttpSettings):
    """The settings of a provider that speaks HTTP."""


__all__ = ["Busy", "HttpProviderSettings", "ProviderSettings", "Secret", "SendDefaults"]
