"""The command `migrations`: all of them, or one, conversation by conversation, with its map of message ids."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Literal, TypeAlias

from cyclopts import Parameter

from ..errors import InvalidInputError
from .copy_options import words_of
from .copy_tables import csv_line, markdown_head, markdown_line
from .output import Output, Rows
from .session import DEFAULTS, Session
from .transcript import time_of

if TYPE_CHECKING:
    from ..mapping.losses import Loss
    from ..migrate.reports import MigrationItem, MigrationReport

Form: TypeAlias = Literal["table", "csv", "md"]

ALL = ("migration", "source", "target", "state", "started_at", "finished_at", "conversations", "messages", "selection")
ONE = ("source", "target", "title", "state", "messages", "losses", "error")
IDS = ("source_message", "target_message")


async def migrations(
    migration: Annotated[
        str | None, Parameter(name="ID", help="This one, conversation by conversation; all without it.")
    ] = None,
    /,
    *,
    messages: Annotated[bool, Parameter(help="Also which message became which; a line for each.")] = False,
    form: Annotated[
        Form | None, Parameter(name="--format", help="table (without this option), csv or md.", show_choices=False)
    ] = None,
    session: Session = DEFAULTS,
) -> None:
    """List the migrations, or tell one conversation by conversation.

    A migration is one copy of a selection from one remote to another. Times are UTC.

    Examples:
      omnilogue migrations
      omnilogue migrations m-7f3a
      omnilogue migrations m-7f3a --messages --format csv --out map.csv
    """
    if session.json and form is not None:
        raise InvalidInputError("--json and --format exclude each other")
    if migration is None and messages:
        raise InvalidInputError("--messages needs the ID of one migration")
    if migration is None:
        await _all(session, form)
    else:
        await _one(session, migration, form, messages=messages)


async def _all(session: Session, form: Form | None) -> None:
    found = await session.client.migrations()
    if session.json:
        items = [each.model_dump(mode="json", exclude={"items"}) for each in found]
        session.output.document({"items": items})
        return
    _table(session.output, form, ALL, (_row(each) for each in found))
    if not found:
        session.note("There are no migrations yet; `omnilogue copy` makes one.")


def _row(found: MigrationReport) -> tuple[str, ...]:
    times = time_of(found.started_at), time_of(found.finished_at)
    counts = str(found.conversations), str(found.messages)
    return found.migration, found.source, found.target, found.state, *times, *counts, _selection(found.selection)


def _selection(chosen: Mapping[str, object]) -> str:
    """Tell options that were given, as they are typed."""
    given = {name: value for name, value in chosen.items() if value is not None and value is not False}
    return shlex.join(words_of(given))


async def _one(session: Session, migration: str, form: Form | None, *, messages: bool) -> None:
    found = await session.client.migration(migration, messages=messages)
    if session.json:
        session.output.document(found.model_dump(mode="json", by_alias=True))
        return
    items = found.items or ()
    if messages:
        _table(session.output, form, (*ONE[:4], *IDS), (row for item in items for row in _message_rows(item)))
    else:
        _table(session.output, form, ONE, map(_item_row, items))
    if form is None or form == "table":
        session.note(f"{found.migration}: {found.source} to {found.target}, {found.state}.")


def _item_row(item: MigrationItem) -> tuple[str, ...]:
    about = item.source, item.target or "", item.title or "", item.state
    return *about, str(item.messages), _losses(item.losses), item.error or ""


def _message_rows(item: MigrationItem) -> Iterable[tuple[str, ...]]:
    about = item.source, item.target or "", item.title or "", item.state
    for source, target in (item.message_ids or {"": None}).items():
        yield *about, source, target or ""


def _losses(found: Sequence[Loss]) -> str:
    return " ".join(f"{row.kind}:{row.action}:{row.count}" for row in found)


def _table(output: Output, form: Form | None, head: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print rows in the form that was asked for, as they come."""
    if form is None or form == "table":
        table = Rows(output)
        for row in rows:
            table.add(*row)
        table.flush()
        return
    shown: Callable[[Sequence[str]], str] = csv_line if form == "csv" else markdown_line
    for line in [csv_line(head)] if form == "csv" else markdown_head(head):
        output.line(line)
    for row in rows:
        output.line(shown(row))
