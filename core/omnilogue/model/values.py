"""What every value of the model shares: it is frozen, typed, and goes to JSON and back unchanged."""

from __future__ import annotations

from base64 import b64encode
from datetime import UTC, datetime
from typing import Annotated, Literal, TypeAlias

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, JsonValue, PlainSerializer

FORMAT = "omnilogue/1"
"""The version of the JSON form of all values, written by files and documents that hold them."""


def to_utc(moment: datetime) -> datetime:
    """Give the same moment in UTC."""
    return moment if moment.tzinfo is UTC else moment.astimezone(UTC)


Moment: TypeAlias = Annotated[AwareDatetime, AfterValidator(to_utc)]
"""An aware time, kept in UTC. A time without a zone is refused: the provider must have assumed one."""


Metadata: TypeAlias = dict[str, JsonValue]

Bytes: TypeAlias = Annotated[bytes, PlainSerializer(lambda data: b64encode(data).decode("ascii"), when_used="json")]
"""Bytes, base64 of the standard alphabet in JSON; the URL-safe one is read too."""

Role: TypeAlias = (
    Literal["system", "developer", "user", "assistant", "tool"] | Annotated[str, Field(pattern=r"(?s)^other:.+$")]
)
"""Who speaks. A word the model does not know is kept as `other:<word>`."""


class Value(BaseModel):
    """A frozen value; what it does not know is refused, because a misspelt field must not pass in silence."""

    # NaN and infinity are refused: JSON has no word for them, and they would come back as nothing.
    model_config = ConfigDict(frozen=True, extra="forbid", val_json_bytes="base64", allow_inf_nan=False)

    def __hash__(self) -> int:
        """Values are compared as a whole; metadata may hold lists, so the hash is that of the JSON text."""
        return hash((type(self), self.model_dump_json()))


class Kept(Value):
    """A value that comes from a vendor or a file: fields of a later version are kept, never dropped."""

    model_config = ConfigDict(extra="allow")
