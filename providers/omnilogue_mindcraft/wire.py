"""The shapes of MindCraft's answers as they are sent, each validated once, from bytes.

Lenient on purpose: a field that only one account has, or that has another form than documented, must not cost a
whole page. Fields the pages do not name are kept in `model_extra`.
"""

from __future__ import annotations

from typing import Annotated, Any, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter


class Wire(BaseModel):
    """An object of an answer. Never shown in an error: it may hold tokens."""

    model_config = ConfigDict(extra="allow", hide_input_in_errors=True)


class SessionRow(Wire):
    """A conversation as lists give it; `session_token` is not documented and read where it comes (api-214706758)."""

    session_id: int
    session_token: str | None = Field(default=None, repr=False)
    session_name: str | None = None
    session_config: dict[str, Any] | None = None
    session_remark: Any = None
    created_at: str | None = None
    updated_at: str | None = None


class TokenOnly(Wire):
    """A conversation of which the answer to its creation tells nothing but the token (public code)."""

    session_token: str = Field(repr=False)


class MessageRow(Wire):
    """A message (api-214706763); metadata is sent as `meta_data` and comes back as `message_meta.data`."""

    message_id: int
    session_id: int | None = None
    session_token: str | None = Field(default=None, repr=False)
    message_category: str | None = None
    message_content: str | None = None
    message_meta: Any = None
    created_at: str | None = None


class Envelope(Wire):
    """What every answer about conversations and messages has: its own outcome, like an HTTP status."""

    status: Any = None


class List(Envelope):
    """What all lists have besides their results."""

    count: int | None = None
    max_pages: int | None = None


class SessionList(List):
    """A page of conversations."""

    results: list[SessionRow]


class MessageList(List):
    """A page of messages."""

    results: list[MessageRow]


class Created(Envelope):
    """The answer to the creation of a conversation."""

    data: Annotated[SessionRow | TokenOnly, Field(union_mode="left_to_right")]


class Stored(Envelope):
    """The answer to the creation of a message."""

    data: MessageRow


class SessionChanged(Envelope):
    """The answer to a change of a conversation, whose form nobody documented."""

    data: Annotated[SessionRow | Any, Field(union_mode="left_to_right")] = None


class MessageChanged(Envelope):
    """The answer to a change of a message, whose form nobody documented."""

    data: Annotated[MessageRow | Any, Field(union_mode="left_to_right")] = None


class NewToken(Wire):
    """A device token that was renewed; the names of its members are inferred."""

    access_token: str | None = Field(default=None, repr=False)
    token: str | None = Field(default=None, repr=False)
    refresh_token: str | None = Field(default=None, repr=False)


class TokenRenewed(Envelope, NewToken):
    """The answer to the renewal of a device token: the tokens stand in `data`, or beside the status."""

    data: NewToken | None = None


class TokenDetails(Wire):
    """How the tokens of an answer divide."""

    reasoning_tokens: int | None = None


class CompletionUsage(Wire):
    """Tokens of a completion."""

    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    total_tokens: int | None = None
    completion_tokens_details: TokenDetails | None = None


class Said(Wire):
    """What the model says: all of it, or the next piece; `reasoning_content` comes from models that think aloud."""

    content: str | None = None
    reasoning_content: str | None = None


class Choice(Wire):
    """One of the answers; only the first is ever asked for. Whole answers have `message`, pieces have `delta`."""

    message: Said | None = None
    delta: Said | None = None
    finish_reason: str | None = None


class CompletionAnswer(Envelope):
    """An answer of `chat/completions` (api-199055738), whole or one piece of a stream, or an error in its place."""

    id: str | None = None
    model: str | None = None
    choices: list[Choice] = Field(default_factory=list)
    usage: CompletionUsage | None = None
    error: Any = None
    message: Any = None


SESSIONS: TypeAdapter[SessionList] = TypeAdapter(SessionList)
CREATED: TypeAdapter[Created] = TypeAdapter(Created)
SESSION_CHANGED: TypeAdapter[SessionChanged] = TypeAdapter(SessionChanged)
MESSAGES: TypeAdapter[MessageList] = TypeAdapter(MessageList)
STORED: TypeAdapter[Stored] = TypeAdapter(Stored)
MESSAGE_CHANGED: TypeAdapter[MessageChanged] = TypeAdapter(MessageChanged)
DONE: TypeAdapter[Envelope] = TypeAdapter(Envelope)
TOKEN: TypeAdapter[TokenRenewed] = TypeAdapter(TokenRenewed)
COMPLETION: TypeAdapter[CompletionAnswer] = TypeAdapter(CompletionAnswer)

Row: TypeAlias = SessionRow | MessageRow
