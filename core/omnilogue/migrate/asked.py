"""The options of plan, copy and check, as they are called on the command line, checked once."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Annotated, Any, TypeAlias, TypedDict

from pydantic import BeforeValidator, Field, JsonValue

from ..errors import InvalidInputError
from ..mapping.losses import MaxLoss
from ..model import LOSS_CLASSES, Metadata
from ..model.values import Value
from ..remote.options import build
from .selection import Selection, Shaping, moment

ROLES = ("system", "developer", "user", "assistant", "tool")
SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


class CopyAsked(TypedDict, total=False):
    """Options of `plan` and `copy`, called as on the command line.

    Choosing: `since`, `until` (a time, a date or an age such as `30d`; UTC without a zone), `title` (a glob), `meta`,
    `id`, `limit`. Changing content: `role`, `transform`, `add_meta`, `allow_generation`. Consent: `max_loss` (`none`,
    `metadata` or `any`), `fail_on` (kinds). Running: `update`, `concurrency`, `rate` and `source_rate` (such as
    `8/s`), `max_dead`, `max_duration` and `wait_outage` (seconds, or text such as `15m`). `sample` is of `plan` only.
    """

    since: str | date | None
    until: str | date | None
    title: str | None
    meta: Mapping[str, JsonValue]
    id: str | Sequence[str]
    limit: int | None
    role: str | Sequence[str]
    transform: str | Sequence[str]
    add_meta: Mapping[str, JsonValue]
    allow_generation: bool
    update: bool
    concurrency: int
    rate: str | None
    source_rate: str | None
    max_loss: MaxLoss
    fail_on: str | Sequence[str]
    max_dead: int
    max_duration: float | str | None
    wait_outage: float | str
    sample: int | None


class CheckAsked(TypedDict, total=False):
    """Options of `check`: the filters and shapes of a copy, and its own.

    `migration` means exactly what that one chose, `one_way` that what only the target has is no difference,
    `differences` that what is equal is left out of the items; `wait_outage` is how long to wait for an end.
    """

    since: str | date | None
    until: str | date | None
    title: str | None
    meta: Mapping[str, JsonValue]
    id: str | Sequence[str]
    limit: int | None
    role: str | Sequence[str]
    transform: str | Sequence[str]
    concurrency: int
    migration: str | None
    one_way: bool
    sample: int | None
    differences: bool
    wait_outage: float | str


def _several(given: Any) -> Any:
    return (given,) if isinstance(given, str) else given


def _time(given: Any) -> Any:
    """Refuse what is no time before anything is read; an age stays one."""
    text = given.isoformat() if isinstance(given, date) else given
    if isinstance(text, str):
        moment(text, datetime.max.replace(tzinfo=UTC))
    return text


def _seconds(given: Any) -> Any:
    """Read a duration: a number of seconds, or text such as `90s`, `15m`, `2h`."""
    if not isinstance(given, str):
        return given
    found = re.fullmatch(r"\s*(\d{1,7}(?:\.\d+)?)\s*([smhd]?)\s*", given)
    if found is None:
        raise ValueError(f"{given!r:.40} is no duration; write it like 90s, 15m or 2h")
    return float(found[1]) * SECONDS.get(found[2], 1)


def _kinds(given: Any) -> Any:
    kinds = _several(given)
    if unknown := sorted(set(kinds) - LOSS_CLASSES.keys()):
        raise ValueError(f"no loss is called {unknown[0]!r:.40}; the kinds are {', '.join(LOSS_CLASSES)}")
    return kinds


def _roles(given: Any) -> Any:
    roles = _several(given)
    if unknown := [role for role in roles if role not in ROLES and not str(role).startswith("other:")]:
        raise ValueError(f"no role is called {unknown[0]!r:.40}; the roles are {', '.join(ROLES)}, other:WORD")
    return roles


Several: TypeAlias = Annotated[tuple[str, ...], BeforeValidator(_several)]
Roles: TypeAlias = Annotated[tuple[str, ...], BeforeValidator(_roles)]
Kinds: TypeAlias = Annotated[tuple[str, ...], BeforeValidator(_kinds)]
Time: TypeAlias = Annotated[str | None, BeforeValidator(_time)]
Seconds: TypeAlias = Annotated[float, BeforeValidator(_seconds), Field(ge=0)]


class Options(Value):
    """All options, with their defaults."""

    since: Time = None
    until: Time = None
    title: str | None = None
    meta: Metadata = Field(default_factory=dict)
    id: Several = ()
    limit: int | None = Field(default=None, ge=0)
    role: Roles = ()
    transform: Several = ()
    add_meta: Metadata = Field(default_factory=dict)
    allow_generation: bool = False
    update: bool = False
    concurrency: int = Field(default=8, ge=1, le=256)
    rate: str | None = None
    source_rate: str | None = None
    max_loss: MaxLoss = "metadata"
    fail_on: Kinds = ()
    max_dead: int = Field(default=50, ge=0)
    max_duration: Seconds | None = None
    wait_outage: Seconds = 900.0
    sample: int | None = Field(default=None, ge=0)
    migration: str | None = None
    one_way: bool = False
    differences: bool = False

    @property
    def selection(self) -> Selection:
        """What chooses conversations."""
        return Selection(**{name: getattr(self, name) for name in Selection.model_fields})

    @property
    def shaping(self) -> Shaping:
        """What changes content."""
        return Shaping(**{name: getattr(self, name) for name in Shaping.model_fields})

    @property
    def identity(self) -> str:
        """What makes two runs the same migration, as JSON."""
        return Chosen(selection=self.selection, shaping=self.shaping).model_dump_json()


class Chosen(Value):
    """What a migration keeps of its options."""

    selection: Selection
    shaping: Shaping


def options_of(verb: str, given: Mapping[str, Any]) -> Options:
    """Check the options of a verb. Raises InvalidInputError naming the one that does not fit."""
    known = CheckAsked.__annotations__ if verb == "check" else CopyAsked.__annotations__
    if unknown := sorted(given.keys() - known.keys()):
        raise InvalidInputError(f"{verb} knows no option {unknown[0]!r}", hint=f"it takes {', '.join(known)}")
    return build(Options, **given)
