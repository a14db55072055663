"""Settings of a MindCraft remote; what the vendor's pages leave open is a setting with the likelier guess as default.

The pages: https://apifox.com/apidoc/shared/0fd7ea54-919e-4c93-b673-c60219bc82e0/
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, Self, TypeAlias
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from omnilogue.http import socket_address
from omnilogue.provider import HttpProviderSettings, Secret

from .agent_options import AgentOptions

Persist: TypeAlias = Literal["client", "server", "auto"]
Generation: TypeAlias = Literal["http", "agent"]


def _known_zone(name: str) -> str:
    """Give the name back. Raises ValueError where this machine knows no such zone."""
    try:
        ZoneInfo(name)
    except (LookupError, ValueError, OSError):
        raise ValueError(f'{name!r} is no time zone; write it like "Asia/Shanghai"') from None
    return name


class _Group(BaseModel):
    """Settings that belong together, a table of their own in the configuration file."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Paths(_Group):
    """Where each call lives below `base_url`. Slashes at the end count: without them the vendor redirects."""

    session_list: str = Field(default="session/", min_length=1, description="List conversations.")
    session_create: str = Field(
        default="session/", min_length=1, description="Create a conversation; known from public code."
    )
    session_update: str = Field(
        default="session/update/", min_length=1, description="Change a conversation; inferred, not documented."
    )
    session_delete: str = Field(
        default="session/delete/", min_length=1, description="Delete a conversation; inferred, not documented."
    )
    message_list: str = Field(default="message/", min_length=1, description="List messages; known from public code.")
    message_create: str = Field(default="message/", min_length=1, description="Store a message.")
    message_update: str = Field(
        default="message/update/", min_length=1, description="Change a message; inferred, not documented."
    )
    message_delete: str = Field(
        default="message/delete/", min_length=1, description="Delete a message; inferred, not documented."
    )
    message_clear: str = Field(default="message/clear/", min_length=1, description="Delete all messages.")
    completions: str = Field(default="chat/completions", min_length=1, description="Have a model answer.")
    device_token: str = Field(
        default="device/token/", min_length=1, description="Renew a device token; inferred, not documented."
    )


class RoleNames(_Group):
    """The words written as `message_category`; only `user` is documented."""

    user: str = Field(default="user", min_length=1, description="Word for a user's message.")
    assistant: str = Field(default="assistant", min_length=1, description="Word for an answer; inferred.")
    system: str = Field(default="system", min_length=1, description="Word for a system message; inferred.")


class NewSessions(_Group):
    """What a conversation made here is told besides its title, instructions and model; empty: the vendor's own."""

    max_tokens: int | None = Field(default=None, ge=1, description="Longest answer, tokens.")
    temperature: float | None = Field(default=None, ge=0, description="How freely the model answers.")
    history_length: int | None = Field(
        default=None, ge=0, description="Earlier messages that the vendor's own agents show to the model."
    )


class Upload(_Group):
    """How a recording goes up to the agent."""

    piece_bytes: int = Field(default=2048, ge=64, le=65536, description="Bytes of a piece; known from public code.")
    interval: float = Field(default=0.02, ge=0, le=1, description="Seconds between two pieces; inferred.")
    end_event: Literal["stream_asr", "agent_action"] = Field(
        default="stream_asr", description="Event that ends a recording; public code has both."
    )


class MindCraftSettings(HttpProviderSettings):
    """A MindCraft account."""

    place: ClassVar = ("base_url", "api_key")

    base_url: str = Field(
        default="https://api.mindcraft.com.cn/v1/", description="Where the vendor answers, with its base path."
    )
    api_key: Secret = Field(description="API key, MC- and 32 hexadecimal digits; or a reference such as env:NAME.")
    generation: Generation = Field(
        default="http",
        description="Who answers: http is a model over chat/completions, agent is ChatBot V3 over a websocket, which "
        "hears and speaks. A turn can choose by the option generation.",
    )
    timezone: Annotated[str, AfterValidator(_known_zone)] = Field(
        default="Asia/Shanghai", description="Zone of the vendor's times, which name none; inferred."
    )
    persist: Persist = Field(
        default="client",
        description="Who stores a turn and its answer: client stores both here and shows the model the whole "
        "conversation; server leaves it to the vendor; auto is server, then stores what is missing.",
    )
    paths: Paths = Field(default_factory=Paths, description="Where each call lives below base_url.")
    role_names: RoleNames = Field(default_factory=RoleNames, description="Words for roles when writing.")
    new_sessions: NewSessions = Field(
        default_factory=NewSessions, description="What conversations created here are told besides."
    )
    page_size: int = Field(default=50, ge=1, le=1000, description="Items of a page; the vendor's maximum is unknown.")
    message_ordering: str = Field(
        default="message_id",
        description="Key that messages are ordered by; inferred. Empty: none is asked for, and pages are sorted here.",
    )
    history_messages: int = Field(
        default=1000, ge=1, description="With persist = client: most messages shown to the model, the newest."
    )
    completions_token_field: str = Field(
        default="session_token",
        min_length=1,
        description="Field of chat/completions that names the conversation, for persist = server and auto; inferred.",
    )
    stream_usage: bool = Field(
        default=True, description="Ask a stream to tell its tokens (stream_options.include_usage); inferred."
    )
    socket_url: str | None = Field(
        default=None,
        description="Where the agent answers, wss://host/path; without it /socket-v1/ at the host of base_url, "
        "known from public code.",
    )
    socket_auth: Literal["frame", "query"] = Field(
        default="frame",
        description="How the agent is told who calls: in the first frame, or in the address; public code has both.",
    )
    device_token: Secret | None = Field(
        default=None, description="Device token for the agent, in place of the API key; or a reference."
    )
    refresh_token: Secret | None = Field(
        default=None, description="What renews the device token; without it a reference is looked up again."
    )
    agent: AgentOptions = Field(default_factory=AgentOptions, description="How the agent answers and speaks.")
    upload: Upload = Field(default_factory=Upload, description="How a recording goes up to the agent.")
    media_hosts: tuple[str, ...] = Field(
        default=(), description="Hosts besides the vendor's own whose spoken answers may be downloaded."
    )

    @model_validator(mode="after")
    def _checked_socket(self) -> Self:
        socket_address(self.agent_url, self.base_url, allow_http=self.allow_http)
        return self

    @property
    def agent_url(self) -> str:
        """The address of the agent."""
        if self.socket_url is not None:
            return self.socket_url
        base = urlsplit(self.base_url)
        return f"{'wss' if base.scheme == 'https' else 'ws'}://{base.netloc}/socket-v1/"

    @property
    def zone(self) -> ZoneInfo:
        """The zone of the vendor's times."""
        return ZoneInfo(self.timezone)
