"""The ledger of a pair of remotes: what was copied to where. Links outlive the migrations that made them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal, NamedTuple, TypeAlias

from ..errors import StateError
from .store import State

RowState: TypeAlias = Literal["intent", "sent", "done"]
"""What is known of a message's copy: about to be written, stored by a turn and to be rewritten, there."""

LinkState: TypeAlias = Literal["new", "open", "settled"]
"""Whether a copy was ever read back and found whole: not yet, not since more was written to it, yes."""

_LINK = "id, conversation, target, marker, migration, options, begun_at, state"
_ROW = "ordinal, source, source_digest, target, digest, state, migration, begun_at"


@dataclass(frozen=True, slots=True)
class Link:
    """A conversation and its copy; without a target it is about to be created, or may have been."""

    id: int
    conversation: str
    target: str | None
    marker: str
    migration: str
    options: str
    begun_at: datetime
    state: LinkState = "new"


@dataclass(frozen=True, slots=True)
class Row:
    """A message and its copy, by its place in the copied conversation.

    `source` is the key of the source's message, `digest` that of what was written; without one nothing was: the
    message was left out. `begun_at` is when it was first meant to be written.
    """

    ordinal: int
    source: str
    source_digest: str
    target: str | None
    digest: str | None
    state: RowState
    migration: str
    begun_at: datetime


@dataclass(frozen=True, slots=True)
class LossRow:
    """How often something was lost of one conversation."""

    conversation: str
    kind: str
    action: str
    count: int
    example: str


class Known(NamedTuple):
    """What a plan read of a conversation, and the options and the fingerprint it holds for."""

    conversation: str
    options: str
    fingerprint: str
    forecast: str


class Ledger:
    """The links between two accounts."""

    def __init__(self, state: State, source_account: str, target_account: str) -> None:
        self.state = state
        self.source_account = source_account
        self.target_account = target_account

    @property
    def _pair(self) -> tuple[str, str]:
        return self.source_account, self.target_account

    # Conversations

    def link(self, conversation: str) -> Link | None:
        """Give the link of a source conversation, None where it was never begun."""
        rows = self.state.read(
            f"SELECT {_LINK} FROM link WHERE source_account = ? AND target_account = ? AND conversation = ?",  # noqa: S608
            *self._pair,
            conversation,
        )
        return _link(rows[0]) if rows else None

    def link_of_target(self, target: str) -> Link | None:
        """Give the link whose copy this conversation of the target is, None where it is none."""
        rows = self.state.read(
            f"SELECT {_LINK} FROM link WHERE source_account = ? AND target_account = ? AND target = ?",  # noqa: S608
            *self._pair,
            target,
        )
        return _link(rows[0]) if rows else None

    def links(self, migration: str | None = None) -> list[Link]:
        """Give all links of the pair, or those that a migration made, newest first."""
        chosen = "" if migration is None else " AND migration = ?"
        rows = self.state.read(
            f"SELECT {_LINK} FROM link WHERE source_account = ? AND target_account = ?{chosen} ORDER BY id DESC",  # noqa: S608
            *self._pair,
            *([] if migration is None else [migration]),
        )
        return [_link(row) for row in rows]

    def extended(self, migration: str) -> set[int]:
        """Give the ids of links that have messages of a migration."""
        return {row[0] for row in self.state.read("SELECT DISTINCT link FROM message WHERE migration = ?", migration)}

    def begin(self, conversation: str, *, marker: str, migration: str, options: str, at: datetime) -> Link:
        """Note that a copy of the conversation is about to be created."""
        with self.state.write() as database:
            database.execute(
                "INSERT INTO link (source_account, target_account, conversation, marker, migration, options, begun_at)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                (*self._pair, conversation, marker, migration, options, at.isoformat()),
            )
        begun = self.link(conversation)
        assert begun is not None  # noqa: S101  # it was just written
        return begun

    def created(self, link: Link, target: str, migration: str = "", losses: Sequence[LossRow] = ()) -> Link:
        """Note that the copy is there, and what was lost of it besides its messages."""
        with self.state.write() as database:
            database.execute("UPDATE link SET target = ? WHERE id = ?", (target, link.id))
            _add_losses(database, migration, losses)
        return replace(link, target=target)

    def settled(self, link: Link) -> Link:
        """Note that the copy was read back and found whole."""
        with self.state.write() as database:
            database.execute("UPDATE link SET state = 'settled' WHERE id = ?", (link.id,))
        return replace(link, state="settled")

    def reopened(self, link: Link) -> None:
        """Note that what is there is about to be changed: until it is read back nobody knows what it looks like."""
        with self.state.write() as database:
            _reopen(database, link)

    def forget(self, link: Link) -> None:
        """Keep nothing of the link: the conversation counts as never copied."""
        with self.state.write() as database:
            database.execute("DELETE FROM message WHERE link = ?", (link.id,))
            database.execute("DELETE FROM link WHERE id = ?", (link.id,))

    # Messages

    def rows(self, link: Link) -> list[Row]:
        """Give the messages of a link, in order."""
        found = self.state.read(f"SELECT {_ROW} FROM message WHERE link = ? ORDER BY ordinal", link.id)  # noqa: S608
        return [_row(each) for each in found]

    def put(
        self, link: Link, rows: Sequence[Row], migration: str = "", losses: Sequence[LossRow] = (), copied: int = 0
    ) -> None:
        """Write rows, all in one step: what is done of the messages before, and what is meant to be written next.

        `losses` and `copied` are added to what is noted of this migration: those of the messages that are done.
        """
        if rows or losses:
            with self.state.write() as database:
                _put(database, link, rows)
                _add_losses(database, migration, losses)
                _add_copied(database, migration, link, copied)

    def drop(self, link: Link, ordinals: Iterable[int]) -> None:
        """Keep nothing of these messages."""
        if chosen := [(link.id, ordinal) for ordinal in ordinals]:
            with self.state.write() as database:
                database.executemany("DELETE FROM message WHERE link = ? AND ordinal = ?", chosen)

    # What a plan read

    def forecast(self, conversation: str, options: str, fingerprint: str) -> str | None:
        """Give what a plan read of a conversation, None where it is not known or the conversation has changed."""
        rows = self.state.read(
            "SELECT forecast FROM reading WHERE source_account = ? AND target_account = ? AND conversation = ?"
            " AND options = ? AND fingerprint = ?",
            *self._pair,
            conversation,
            options,
            fingerprint,
        )
        return rows[0][0] if rows else None

    def drop_forecasts(self, beginning: str) -> None:
        """Forget what plans read under options that begin so."""
        with self.state.write() as database:
            database.execute(
                "DELETE FROM reading WHERE source_account = ? AND target_account = ? AND instr(options, ?) = 1",
                (*self._pair, beginning),
            )

    def keep_forecasts(self, known: Iterable[Known]) -> None:
        """Keep what a plan read."""
        with self.state.write() as database:
            database.executemany(
                "INSERT OR REPLACE INTO reading VALUES (?, ?, ?, ?, ?, ?)", [(*self._pair, *each) for each in known]
            )


def _put(database: sqlite3.Connection, link: Link, rows: Iterable[Row]) -> None:
    """Write rows; a message that is done stays done."""
    values = [
        (
            link.id,
            row.ordinal,
            row.source,
            row.source_digest,
            row.target,
            row.digest,
            row.state,
            row.migration,
            row.begun_at.isoformat(),
        )
        for row in rows
    ]
    database.executemany("INSERT OR REPLACE INTO message VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", values)
    if any(value[6] != "done" for value in values):
        _reopen(database, link)


def _reopen(database: sqlite3.Connection, link: Link) -> None:
    database.execute("UPDATE link SET state = 'open' WHERE id = ? AND state = 'settled'", (link.id,))


def _add_losses(database: sqlite3.Connection, migration: str, losses: Iterable[LossRow]) -> None:
    database.executemany(
        "INSERT INTO loss VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET count = count + excluded.count",
        [(migration, row.conversation, row.kind, row.action, row.count, row.example) for row in losses],
    )


def _add_copied(database: sqlite3.Connection, migration: str, link: Link, copied: int) -> None:
    if copied:
        database.execute(
            "UPDATE item SET messages = messages + ? WHERE migration = ? AND conversation = ?",
            (copied, migration, link.conversation),
        )


def _link(row: tuple[object, ...]) -> Link:
    number, conversation, target, marker, migration, options, begun_at, state = row
    if state not in {"new", "open", "settled"}:
        raise StateError(f"the ledger holds a conversation in the state {state!r}", code="ledger_corrupt")
    return Link(
        int(str(number)),
        str(conversation),
        _text(target),
        str(marker),
        str(migration),
        str(options),
        _moment(begun_at),
        state,
    )


def _row(row: tuple[object, ...]) -> Row:
    ordinal, source, source_digest, target, digest, state, migration, begun_at = row
    if state not in {"intent", "sent", "done"}:
        raise StateError(f"the ledger holds a message in the state {state!r}", code="ledger_corrupt")
    return Row(
        int(str(ordinal)),
        str(source),
        str(source_digest),
        _text(target),
        _text(digest),
        state,
        str(migration),
        _moment(begun_at),
    )


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _moment(value: object) -> datetime:
    try:
        return datetime.fromisoformat(str(value))
    except ValueError:
        raise StateError(f"the ledger holds {value!r:.40} for a time", code="ledger_corrupt") from None
