"""The contract of a provider: one required coroutine, and optional ones named like their operation.

A provider builds the request, sends it by `self.http` and maps the answer. It has no loops over pages, no retries,
no locks and no logging: the core has them, once.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, Protocol, TypeVar

from pydantic import Field, JsonValue

from ..errors import UnsupportedOperationError
from ..http import Auth, Clock, ErrorTable, Http, NoAuth, Sockets
from ..model import Conversation, Event, MediaPart, Message, Metadata, Moment, Page, Part, Reply
from ..model.values import Value
from .features import Features
from .settings import ProviderSettings
from .tools import Tool


class Query(Value):
    """What a list is asked for. A provider passes on what its vendor takes, and leaves the rest to the core.

    `order` is `created_at`, `updated_at` or `title`, for messages `asc` or `desc`; `-` before it is descending;
    None is the vendor's own order. `limit` is the most that will be used of all pages together.
    """

    limit: int | None = Field(default=None, ge=0)
    order: str | None = None
    since: Moment | None = None
    until: Moment | None = None
    title: str | None = None
    search: str | None = None
    metadata: Metadata | None = None
    branches: bool = False


class Draft(Value):
    """A conversation to be created; `messages` come only where `limits.create_with_messages` says so.

    `raw` is what another vendor told of it besides; it comes in copies, only where `limits.fields` names it.
    """

    title: str | None = None
    instructions: str | None = None
    model: str | None = None
    metadata: Metadata = Field(default_factory=dict)
    raw: dict[str, JsonValue] = Field(default_factory=dict)
    messages: tuple[Message, ...] = ()


class Changes(Value):
    """What an update changes: only what stands in `model_fields_set`. `metadata` is the whole map to be stored."""

    title: str | None = None
    instructions: str | None = None
    model: str | None = None
    metadata: Metadata = Field(default_factory=dict)
    pinned: bool = False


class Turn(Value):
    """What a run gets: the user's parts (none: answer what is stored) and its options."""

    parts: tuple[Part, ...] = ()
    model: str | None = None
    instructions: str | None = None
    max_output_tokens: int | None = Field(default=None, ge=1)
    temperature: float | None = Field(default=None, ge=0)
    tools: tuple[Tool, ...] = ()
    metadata: Metadata = Field(default_factory=dict)
    options: dict[str, Any] = Field(default_factory=dict)

    @property
    def text(self) -> str:
        """The text of the parts."""
        return Message(role="user", parts=self.parts).text


class Notes(Protocol):
    """A provider's own notes of one account, kept in the state: JSON by text key."""

    def get(self, key: str) -> JsonValue:
        """Give what was kept, None where nothing was. Raises StateError."""

    def set(self, key: str, value: JsonValue) -> None:
        """Keep a value. Raises StateError."""


@dataclass(frozen=True, slots=True)
class Context:
    """What a provider gets from the core: the remote's name, the door to the network, the clock, notes, the logger.

    `http` and `sockets` are None where the provider's settings are no `HttpSettings`: it speaks to no network.
    """

    remote: str
    http: Http | None
    clock: Clock
    state: Notes
    log: Any
    sockets: Sockets | None = None


S = TypeVar("S", bound=ProviderSettings)


class Provider(Generic[S]):
    """One account at one vendor. Made without I/O; every method may raise errors of the tree, and nothing else.

    Ids are text. Times are aware. What the model has no field for goes into `raw`.
    """

    features: Features
    """What the vendor has; `__init__` may narrow it from the settings."""

    errors: ClassVar[ErrorTable] = ErrorTable()
    """The vendor's own codes."""

    secret_patterns: ClassVar[tuple[str, ...]] = ()
    """Regular expressions of what the vendor's keys look like, so that they are redacted wherever they turn up."""

    http: Http
    """The door to the network; only there for a provider with `HttpSettings`."""

    sockets: Sockets
    """The door for websockets; there where `http` is."""

    vendor: object | None = None
    """What only this vendor has: an object with typed methods over the same `http`."""

    def __init__(self, settings: S, context: Context) -> None:
        self.settings = settings
        self.context = context
        if context.http is not None:
            self.http = context.http.using(self.errors, self.auth())
        if context.sockets is not None:
            self.sockets = context.sockets

    def auth(self) -> Auth:
        """Give what proves who calls; none unless a provider says otherwise."""
        return NoAuth()

    async def canonical_id(self, conversation_id: str) -> str:
        """Give the id under which the vendor's answers name this conversation, where it takes more than one."""
        return conversation_id

    async def aclose(self) -> None:
        """Give back what the provider itself holds; connections are the core's."""

    # Required

    async def list_messages(self, conversation_id: str, cursor: str | None, query: Query) -> Page[Message]:
        """Give one page of the messages of the active branch, or of all with `query.branches`, parents first."""
        raise _missing("list_messages")

    # Optional: conversations

    async def list_conversations(self, cursor: str | None, query: Query) -> Page[Conversation]:
        """Give one page of the account's conversations."""
        raise _missing("list_conversations")

    async def get_conversation(self, conversation_id: str) -> Conversation:
        """Give one conversation; raise NotFoundError where there is none."""
        raise _missing("get_conversation")

    async def create_conversation(self, draft: Draft) -> Conversation:
        """Create a conversation and give it as the vendor stored it."""
        raise _missing("create_conversation")

    async def update_conversation(self, conversation_id: str, changes: Changes) -> Conversation:
        """Change what stands in `changes.model_fields_set` and give the conversation."""
        raise _missing("update_conversation")

    async def delete_conversation(self, conversation_id: str) -> None:
        """Delete a conversation and its messages."""
        raise _missing("delete_conversation")

    # Optional: messages

    async def get_message(self, conversation_id: str, message_id: str) -> Message:
        """Give one message; raise NotFoundError where there is none."""
        raise _missing("get_message")

    async def append(self, conversation_id: str, messages: Sequence[Message]) -> list[Message]:
        """Store messages, at most `limits.batch` of them, without an answer; give them as stored, in order."""
        raise _missing("append")

    async def edit_message(self, conversation_id: str, message_id: str, text: str) -> Message:
        """Replace a message's text parts by one, keep all else, and give the message."""
        raise _missing("edit_message")

    async def delete_message(self, conversation_id: str, message_id: str) -> None:
        """Delete one message."""
        raise _missing("delete_message")

    async def clear_messages(self, conversation_id: str) -> None:
        """Delete all messages; title, instructions, metadata and pin stay."""
        raise _missing("clear_messages")

    # Optional: talking

    async def send(self, conversation_id: str, turn: Turn) -> Reply:
        """Store the user's turn, have it answered, store the answer and give it."""
        raise _missing("send")

    def stream(self, conversation_id: str, turn: Turn) -> AsyncIterator[Event]:
        """Do the same as `send` piece by piece; the last event is `ReplyCompleted`."""
        raise _missing("stream")

    async def stop(self, conversation_id: str, run_id: str) -> None:
        """Have the vendor stop a run; return when it has taken the wish, the run may end a moment later.

        Called for a run whose stream was left, or whose verb was cancelled or ran out of time, after its connection
        was closed, and for what `active_run` names. A run that has ended by then is no error. The core bounds the
        time, and tells failures in the log alone. The run is the one that events named as theirs, or `note_run` did.
        """
        raise _missing("stop")

    async def active_run(self, conversation_id: str) -> str | None:
        """Give the id of the run a conversation is busy with, None where there is none or nobody can tell.

        Only asked where the vendor has refused a turn as busy and the caller wants what is under way stopped.
        """
        return None

    async def regenerate(self, conversation_id: str, message_id: str, turn: Turn) -> Reply:
        """Have the reply `message_id` made again; `effect` of the reply tells what became of the old one."""
        raise _missing("regenerate")

    async def download(self, part: MediaPart) -> bytes:
        """Give the bytes of a part this vendor keeps."""
        raise _missing("download")

    async def describe(self, part: MediaPart) -> MediaPart:
        """Give the part with the file's name and media type, where messages leave out what the vendor knows of it."""
        return part


def _missing(operation: str) -> UnsupportedOperationError:
    return UnsupportedOperationError(f"this provider has no {operation}", operation=operation, outcome="not_sent")


def overrides(provider: type[Provider[Any]], method: str) -> bool:
    """Whether the provider brings this optional method."""
    return getattr(provider, method) is not getattr(Provider, method)


__all__ = ["Changes", "Context", "Draft", "Notes", "Provider", "Query", "Turn", "overrides"]
