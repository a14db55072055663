"""Settings of an iChati remote; what the vendor's page leaves open is a setting with the likelier guess as default.

The page: https://docs.ichati.cn/backend/chat
"""

from __future__ import annotations

import re
from typing import Annotated, ClassVar, Literal, Self, TypeAlias

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from omnilogue.http.settings import OWN_HEADERS
from omnilogue.provider import HttpProviderSettings, Secret

Target: TypeAlias = Literal["assistant", "user"]


def _header_name(name: str) -> str:
    """Give the name back. Raises ValueError for what is no header, and for one that each request sets itself."""
    if not re.fullmatch(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", name) or name.lower() in OWN_HEADERS:
        raise ValueError(f"{name!r} is no header that can carry a token")
    return name


def _path(*names: str) -> AfterValidator:
    """Make the check that a path has a place for each of these ids, and for nothing else."""

    def check(path: str) -> str:
        if sorted(re.findall(r"\{([^}]*)\}", path)) != sorted(names):
            places = ", ".join(f"{{{name}}}" for name in names) or "no place for an id"
            raise ValueError(f"the path {path!r} must have {places}")
        return path

    return AfterValidator(check)


class Paths(BaseModel):
    """Where each call lives below `base_url`, as documented; the page has two names for the id of a topic."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    topics: Annotated[str, _path()] = Field(
        default="chat/topic", min_length=1, description="Create a topic, list topics."
    )
    topic: Annotated[str, _path("topic_id")] = Field(
        default="chat/topic/{topic_id}", description="Read, change and delete a topic."
    )
    messages: Annotated[str, _path("topic_id")] = Field(
        default="chat/topic/{topic_id}/message", description="List messages, send one."
    )
    message: Annotated[str, _path("topic_id", "message_id")] = Field(
        default="chat/topic/{topic_id}/message/{message_id}", description="Change a message."
    )
    regenerate: Annotated[str, _path("topic_id", "message_id")] = Field(
        default="chat/topic/{topic_id}/message/{message_id}/regenerate", description="Have a reply made again."
    )


class IChatiSettings(HttpProviderSettings):
    """An iChati account."""

    place: ClassVar = ("base_url", "token", "series_id", "series_ids")

    base_url: str = Field(description="Where the vendor answers, with its base path; the vendor documents none.")
    token: Secret = Field(description="Token or cookie of a logged-in user; or a reference such as env:NAME.")
    auth_header: Annotated[str, AfterValidator(_header_name)] = Field(
        default="Authorization",
        description='Header that carries the token; inferred. Only in Authorization "Bearer " stands before it.',
    )
    series_id: int | None = Field(
        default=None, ge=0, description="Series of the models that new conversations belong to."
    )
    series_ids: tuple[int, ...] = Field(default=(), description="All series whose conversations are listed.")
    model_id: int | None = Field(
        default=None,
        ge=0,
        description="Number of the model that answers where a turn names none; the vendor lists none.",
    )
    list_without_series: bool = Field(
        default=True, description="Ask for the list without a series first; whether the vendor takes that is unknown."
    )
    list_body: bool = Field(
        default=False,
        description="Send the id a second time, as a body, when messages are listed; the page shows it, likely a slip.",
    )
    enable_memory: bool = Field(
        default=True, description="Show the model the earlier messages; what enableMemory means is inferred."
    )
    regenerate_target: Target = Field(
        default="assistant",
        description="The message a regenerate names first, of a reply and its question; inferred.",
    )
    new_name: str = Field(
        default="New topic",
        description="Name of a conversation created without a title; empty: none is sent, which may be refused.",
    )
    paths: Paths = Field(default_factory=Paths, description="Where each call lives below base_url.")

    @property
    def known_series(self) -> tuple[int, ...]:
        """The series that are asked for one by one."""
        if self.series_ids or self.series_id is None:
            return self.series_ids
        return (self.series_id,)

    @model_validator(mode="after")
    def _can_list(self) -> Self:
        if not self.list_without_series and not self.known_series:
            raise ValueError("list_without_series = false needs series_ids, or series_id")
        return self
