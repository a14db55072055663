"""The shapes of iChati's answers as they are sent, each validated once, from bytes.

Lenient on purpose: only ids and what a message says must be there. Fields the page does not name are kept in
`model_extra`.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter
from pydantic.alias_generators import to_camel


def _as_text(value: Any) -> Any:
    """Take the number that every id is on the wire for the text it is in the model."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


Id = Annotated[str, BeforeValidator(_as_text), Field(min_length=1)]


class Wire(BaseModel):
    """An object of an answer; its names are the vendor's in camel case."""

    model_config = ConfigDict(extra="allow", hide_input_in_errors=True, alias_generator=to_camel)

    id: Id
    user_id: Any = None
    series_id: Any = None
    created_at: str | None = None
    updated_at: str | None = None


class TopicRow(Wire):
    """A topic: https://docs.ichati.cn/backend/chat."""

    name: str | None = None
    favorite: bool | None = None


class MessageRow(Wire):
    """A message; `type` is 0 for a user's and 1 for an AI's, other numbers are undocumented."""

    topic_id: Id | None = None
    type: int | None = None
    message: str | None = None
    images: Any = None


TOPIC: TypeAdapter[TopicRow] = TypeAdapter(TopicRow)
TOPICS: TypeAdapter[list[TopicRow]] = TypeAdapter(list[TopicRow])
MESSAGES: TypeAdapter[list[MessageRow]] = TypeAdapter(list[MessageRow])


def changed_message(content: bytes) -> MessageRow | None:
    """Read the answer to a change of a message; None where it shows no message: nothing depends on it."""
    try:
        return MessageRow.model_validate_json(content)
    except ValueError:
        return None
