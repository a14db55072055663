"""The options of plan, copy and check, as they are called on the command line, checked once."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, TypeAlias, TypedDict

from pydantic import BeforeValidator, Field, JsonValue, ValidationError

from ..errors import InvalidInputError
from ..http.rate import parse_rate
from ..mapping.losses import MaxLoss
from ..model import LOSS_CLASSES, Metadata
from ..model.values import Value
from ..remote.options import describe
from .naming import named
from .selection import Selection, Shaping, moment

ROLES = ("system", "developer", "user", "assistant", "tool")
SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


class RetryAsked(TypedDict, total=False):
    """Options of `retry`, called as on the command line.

    Consent: `max_loss` (`none`, `metadata` or `any`), `fail_on` (kinds). Running: `concurrency`, `rate` and
    `source_rate` (such as `8/s`), `max_dead`, `max_duration` and `wait_outage` (seconds, or text such as `15m`).
    With `error_on_no_change` it is an error, MigrationError [no_change], that there was nothing to do.
    `role`, `transform` and `allow_generation` are those of the migration, and need not be given again.
    """

    role: str | Sequence[str]
    transform: str | Sequence[str]
    allow_generation: bool
    concurrency: int
    rate: str | None
    source_rate: str | None
    max_loss: MaxLoss
    fail_on: str | Sequence[str]
    max_dead: int
    max_duration: float | str | None
    wait_outage: float | str
    error_on_no_change: bool


class FilterAsked(TypedDict, total=False):
    """Options that choose conversations.

    `since`, `until` (a time, a date or an age such as `30d`; UTC without a zone), `title` (a glob), `meta`, `id`,
    `ids_from` (a file with an id a line, `-` for standard input), `limit`.
    """

    since: str | date | None
    until: str | date | None
    title: str | None
    meta: Mapping[str, JsonValue]
    id: str | Sequence[str]
    ids_from: str | os.PathLike[str] | None
    limit: int | None


class CopyAsked(RetryAsked, FilterAsked, total=False):
    """Options of `copy`: those of `retry`, and what is copied.

    Changing content: `role`, `transform`, `allow_generation`. `add_meta` is what each copy gets besides; `update`
    carries edits over.
    """

    add_meta: Mapping[str, JsonValue]
    update: bool


class PlanAsked(CopyAsked, total=False):
    """Options of `plan`: those of the copy, and `sample`, how many conversations are read; 0 only lists."""

    sample: int | None


class CheckAsked(FilterAsked, total=False):
    """Options of `check`: the filters and shapes of a copy, and its own.

    `migration` means exactly what that one chose, `one_way` that what only the target has is no difference,
    `differences` that what is equal is left out of the items; `wait_outage` is how long to wait for an end.
    """

    role: str | Sequence[str]
    transform: str | Sequence[str]
    concurrency: int
    migration: str | None
    one_way: bool
    sample: int | None
    differences: bool
    wait_outage: float | str


TAKEN = {"plan": PlanAsked, "copy": CopyAsked, "retry": RetryAsked, "check": CheckAsked}
"""What each verb takes."""


def _several(given: Any) -> Any:
    return (given,) if isinstance(given, str) else given


def _time(given: Any) -> Any:
    """Refuse what is no time before anything is read; an age stays one."""
    text = given.isoformat() if isinstance(given, date) else given
    if isinstance(text, str):
        try:
            moment(text, datetime.max.replace(tzinfo=UTC))
        except InvalidInputError as error:
            raise ValueError(str(error)) from None
    return text


def _rate(given: Any) -> Any:
    if isinstance(given, str):
        parse_rate(given)
    return given


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
Rate: TypeAlias = Annotated[str | None, BeforeValidator(_rate)]
Seconds: TypeAlias = Annotated[float, BeforeValidator(_seconds), Field(ge=0)]


class Options(Value):
    """All options, with their defaults."""

    since: Time = None
    until: Time = None
    title: str | None = None
    meta: Metadata = Field(default_factory=dict)
    id: Several = ()
    ids_from: Path | None = None
    limit: int | None = Field(default=None, ge=0)
    role: Roles = ()
    transform: Several = ()
    add_meta: Metadata = Field(default_factory=dict)
    allow_generation: bool = False
    update: bool = False
    concurrency: int = Field(default=8, ge=1, le=256)
    rate: Rate = None
    source_rate: Rate = None
    max_loss: MaxLoss = "metadata"
    fail_on: Kinds = ()
    max_dead: int = Field(default=50, ge=0)
    max_duration: Seconds | None = None
    wait_outage: Seconds = 900.0
    error_on_no_change: bool = False
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


def options_of(
    verb: str, given: Mapping[str, Any], source: str, before: Mapping[str, Any] = MappingProxyType({})
) -> Options:
    """Check the options of a verb over those that were given `before`, and read the file of ids it names.

    `source` is the name of the remote whose conversations are meant. Raises InvalidInputError naming the option that
    does not fit.
    """
    if unknown := sorted(given.keys() - TAKEN[verb].__annotations__.keys()):
        raise _unknown(verb, unknown[0])
    fresh = fitting(given)
    ids = {"id": named(fresh.id, fresh.ids_from, source)} if fresh.id or fresh.ids_from else {}
    return fitting({**before, **given, **ids, "ids_from": None})


def _unknown(verb: str, name: str) -> InvalidInputError:
    """Make the error for an option that a verb does not take, with the nearest that it takes."""
    known = list(TAKEN[verb].__annotations__)
    others = [other for other, taken in TAKEN.items() if name in taken.__annotations__]
    near = difflib.get_close_matches(name, known, n=1)
    hint = f"it is one of {', '.join(others)}" if others else f"it takes {', '.join(known)}"
    return InvalidInputError(f"{verb} knows no option {name!r}", hint=f"did you mean {near[0]!r}?" if near else hint)


def fitting(given: Mapping[str, Any], spelled: Callable[[str], str] = str) -> Options:
    """Check the values of options. Raises InvalidInputError naming the one that does not fit, as it is `spelled`."""
    try:
        return Options.model_validate(given)
    except ValidationError as error:
        raise InvalidInputError(describe(error, spelled)) from None
