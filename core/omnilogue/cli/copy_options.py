"""The options of plan, copy, check and retry, as they are typed and as the client takes them."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Annotated, Any, Literal, TypeAlias

from cyclopts import Group, Parameter

from ..migrate.naming import named
from . import values
from .session import Session
from .words import IdsFrom

CHOOSING = Group("Conversations and messages", sort_key=81)
CONSENT = Group("Consent", sort_key=82)
PACE = Group("Pace and end", sort_key=83)

Several: TypeAlias = tuple[str, ...]


@Parameter(name="*", group=CHOOSING)
@dataclass(frozen=True, kw_only=True)
class Filters:
    """Which whole conversations are meant."""

    since: Annotated[
        str | None,
        Parameter(help="Changed from then on: a date, a time (UTC) or an age like 30d, 12h.", metavar="WHEN"),
    ] = None
    until: Annotated[str | None, Parameter(help="Changed before then.", metavar="WHEN")] = None
    title: Annotated[str | None, Parameter(help="Titles that match, like 'Trip*'.", metavar="GLOB")] = None
    meta: Annotated[Several, Parameter(help="Metadata that is equal; repeatable.", metavar="KEY=VALUE")] = ()
    id: Annotated[Several, Parameter(help="This conversation; repeatable.", metavar="ID")] = ()
    ids_from: IdsFrom = None
    limit: Annotated[
        int | None,
        Parameter(help="At most so many conversations, the oldest first; the same ones each time.", metavar="N"),
    ] = None

    def given(self, source: str | None) -> dict[str, Any]:
        """Give what was asked for; `source` is the address, if there is one; its remote may stand before ids too.

        The file is read here, once: standard input cannot be read again. Raises InvalidInputError.
        """
        from ..client import split_address
        from .interrupts import ended_by_signals

        with ended_by_signals():
            ids = named(self.id, self.ids_from, split_address(source)[0] if source is not None else "")
        found = _given(self, "since", "until", "title", "limit")
        if self.meta:
            found["meta"] = values.pairs("--meta", self.meta)
        return {**found, "id": ids} if ids else found

    def retyped(self, given: dict[str, Any]) -> dict[str, Any]:
        """Give options as they would be typed again: a file of ids by its name."""
        if self.ids_from is None:
            return given
        return {**{name: value for name, value in given.items() if name != "id"}, "ids_from": self.ids_from}


@Parameter(name="*", group=CHOOSING)
@dataclass(frozen=True, kw_only=True)
class Shapes:
    """What is copied of each conversation; the same in all runs over it."""

    role: Annotated[Several, Parameter(help="Only messages of this role; repeatable.", metavar="ROLE")] = ()
    transform: Annotated[
        Several, Parameter(help="Change each message by this transform of a plugin; repeatable.", metavar="NAME")
    ] = ()

    def given(self) -> dict[str, Any]:
        """Give what was asked for."""
        return _given(self, "role", "transform")


@Parameter(name="*", group=CHOOSING)
@dataclass(frozen=True, kw_only=True)
class Additions:
    """What is added to the copies, and whether edits follow."""

    add_meta: Annotated[Several, Parameter(help="Metadata that each copy gets; repeatable.", metavar="KEY=VALUE")] = ()
    update: Annotated[bool, Parameter(help="Carry edits of the source over too, where the target can.")] = False

    def given(self) -> dict[str, Any]:
        """Give what was asked for. Raises InvalidInputError."""
        found = _given(self, "update")
        return {**found, "add_meta": values.pairs("--add-meta", self.add_meta)} if self.add_meta else found


@Parameter(name="*", group=CONSENT)
@dataclass(frozen=True, kw_only=True)
class Consent:
    """What may be lost."""

    max_loss: Annotated[
        Literal["none", "metadata", "any"] | None,
        Parameter(
            help="What may be lost: none, metadata (without this option) or any.", metavar="LEVEL", show_choices=False
        ),
    ] = None
    fail_on: Annotated[
        Several, Parameter(help="Refuse any loss of this kind; repeatable.", metavar="KIND", negative=())
    ] = ()

    def given(self) -> dict[str, Any]:
        """Give what was asked for."""
        return _given(self, "max_loss", "fail_on")


@Parameter(name="*", group=CONSENT)
@dataclass(frozen=True, kw_only=True)
class Generating:
    """Consent to what costs."""

    allow_generation: Annotated[
        bool, Parameter(help="Let a target that answers by itself do so; it costs, and the answers are rewritten.")
    ] = False

    def given(self) -> dict[str, Any]:
        """Give what was asked for."""
        return _given(self, "allow_generation")


@Parameter(name="*", group=PACE)
@dataclass(frozen=True, kw_only=True)
class Pace:
    """How fast."""

    concurrency: Annotated[
        int | None,
        Parameter(
            help="Conversations written, or in a plan read, at once, while others are read back; 8 without it.",
            metavar="N",
        ),
    ] = None
    rate: Annotated[
        str | None,
        Parameter(help="At most so many requests to the target, like 8/s or 500/min.", metavar="RATE"),
    ] = None
    source_rate: Annotated[str | None, Parameter(help="At most so many requests to the source.", metavar="RATE")] = None

    def given(self) -> dict[str, Any]:
        """Give what was asked for."""
        return _given(self, "concurrency", "rate", "source_rate")


@Parameter(name="*", group=PACE)
@dataclass(frozen=True, kw_only=True)
class Ends:
    """When a run is over."""

    max_dead: Annotated[
        int | None,
        Parameter(help="End once more conversations than this cannot be copied; 50 without it.", metavar="N"),
    ] = None
    max_duration: Annotated[
        str | None, Parameter(help="End in good order after this time, like 90s, 30m or 2h.", metavar="TIME")
    ] = None
    wait_outage: Annotated[
        str | None, Parameter(help="Wait so long for an end that does not answer; 15m without it.", metavar="TIME")
    ] = None

    def given(self) -> dict[str, Any]:
        """Give what was asked for."""
        return _given(self, "max_dead", "max_duration", "wait_outage")


NoChange: TypeAlias = Annotated[
    bool, Parameter(name="--error-on-no-change", group=PACE, help="End with 9 where there was nothing to do.")
]

ALL = Filters()
WHOLE = Shapes()
NOTHING_MORE = Additions()
CAREFUL = Consent()
SILENT = Generating()
USUAL = Pace()
UNENDING = Ends()
"""What the options are where none is given."""


def _given(options: Any, *names: str) -> dict[str, Any]:
    """Give the options that were typed."""
    defaults = {each.name: each.default for each in fields(options)}
    found = {name: getattr(options, name) for name in names}
    return {name: value for name, value in found.items() if value != defaults[name]}


def checked(given: dict[str, Any]) -> dict[str, Any]:
    """Give options back. Raises InvalidInputError for a value that does not fit, with the option as it is typed."""
    from ..migrate.asked import fitting

    fitting(given, _option)
    return given


def _option(name: str) -> str:
    """Give an option as it is typed: `--max-dead` for `max_dead`."""
    return f"--{name.replace('_', '-')}"


def command_line(session: Session, words: list[str], given: dict[str, Any]) -> str:
    """Give the command line that does this again, fit to be pasted into a shell."""
    common = [("--config", session.config), ("--state", session.state)]
    options = [word for name, value in common if value is not None for word in (name, str(value))]
    return shlex.join(["omnilogue", *words, *words_of(given), *options])


def words_of(given: Mapping[str, object]) -> Iterator[str]:
    """Give options as words of a command line; an empty list is no word."""
    for name, value in given.items():
        if name == "sample":
            continue  # of the plan, not of the copy
        option = _option(name)
        if value is True:
            yield option
        elif isinstance(value, dict):
            for key, one in value.items():
                yield from (option, f"{key}={one}")
        else:
            for one in value if isinstance(value, (tuple, list)) else (value,):
                yield from (option, str(one))
