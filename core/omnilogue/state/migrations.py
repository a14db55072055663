"""The migrations a state knows: what each chose, what became of it, and what was done, in order."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias

from ..errors import NotFoundError
from ..log import logger
from .ledger import LossRow
from .store import State

MigrationState: TypeAlias = Literal["running", "interrupted", "done", "partial", "undone"]
ItemState: TypeAlias = Literal["pending", "running", "done", "dead", "unknown", "diverged", "undone"]

_MIGRATION = "id, source, target, source_account, target_account, selection, state, complete, started_at, finished_at"


@dataclass(frozen=True, slots=True)
class Migration:
    """One selection copied over a pair of remotes; `selection` is JSON."""

    id: str
    source: str
    target: str
    source_account: str
    target_account: str
    selection: str
    state: MigrationState
    complete: bool
    started_at: datetime
    finished_at: datetime | None


@dataclass(frozen=True, slots=True)
class Item:
    """A conversation that a migration chose; `messages` is how many it copied, `error` why it is dead or unknown."""

    conversation: str
    title: str | None
    state: ItemState
    messages: int = 0
    code: str | None = None
    error: str | None = None


class Migrations:
    """All migrations of a state."""

    def __init__(self, state: State) -> None:
        self.state = state

    # Migrations

    def all(self) -> list[Migration]:
        """Give all migrations, the newest first."""
        rows = self.state.read(f"SELECT {_MIGRATION} FROM migration ORDER BY started_at DESC, rowid DESC")  # noqa: S608
        return [_migration(row) for row in rows]

    def get(self, migration: str) -> Migration:
        """Give one migration. Raises NotFoundError."""
        rows = self.state.read(f"SELECT {_MIGRATION} FROM migration WHERE id = ?", migration)  # noqa: S608
        if not rows:
            raise NotFoundError(f"there is no migration {migration!r}", hint="`omnilogue migrations` shows them")
        return _migration(rows[0])

    def unfinished(self, source_account: str, target_account: str, selection: str) -> Migration | None:
        """Give the newest migration of this pair and selection that has not come to its end."""
        rows = self.state.read(
            f"SELECT {_MIGRATION} FROM migration WHERE source_account = ? AND target_account = ?"  # noqa: S608
            " AND selection = ? AND state IN ('running', 'interrupted', 'partial') ORDER BY rowid DESC LIMIT 1",
            source_account,
            target_account,
            selection,
        )
        return _migration(rows[0]) if rows else None

    def begin(
        self, *, source: str, target: str, source_account: str, target_account: str, selection: str, at: datetime
    ) -> Migration:
        """Open a migration under an id nobody else has."""
        migration = self._new_id()
        with self.state.write() as database:
            database.execute(
                f"INSERT INTO migration ({_MIGRATION}) VALUES (?, ?, ?, ?, ?, ?, 'running', 0, ?, NULL)",  # noqa: S608
                (migration, source, target, source_account, target_account, selection, at.isoformat()),
            )
        return self.get(migration)

    def _new_id(self) -> str:
        taken = {migration.id for migration in self.all()}
        digits = 2 if len(taken) < 1000 else 4
        while (migration := f"m-{secrets.token_hex(digits)}") in taken:
            pass
        return migration

    def finish(
        self, migration: str, state: MigrationState, at: datetime | None, *, complete: bool | None = None
    ) -> None:
        """Note how a migration stands; `complete` tells whether the source could list everything."""
        with self.state.write() as database:
            database.execute(
                "UPDATE migration SET state = ?, finished_at = ?, complete = coalesce(?, complete) WHERE id = ?",
                (state, at.isoformat() if at else None, complete, migration),
            )

    # Their conversations

    def choose(self, migration: str, items: Sequence[Item]) -> None:
        """Note the conversations of a migration, in order; one that is dead stays so until it is tried again."""
        with self.state.write() as database:
            database.executemany(
                "INSERT INTO item (migration, conversation, position, title, state) VALUES (?, ?, ?, ?, ?)"
                " ON CONFLICT (migration, conversation) DO UPDATE SET title = excluded.title,"
                " state = CASE WHEN state = 'dead' THEN state ELSE excluded.state END",
                [(migration, item.conversation, place, item.title, item.state) for place, item in enumerate(items)],
            )

    def items(self, migration: str) -> list[Item]:
        """Give the conversations of a migration, in the order they were chosen."""
        rows = self.state.read(
            "SELECT conversation, title, state, messages, code, error FROM item WHERE migration = ?"
            " ORDER BY position, conversation",
            migration,
        )
        return [Item(*row) for row in rows]

    def settle(
        self,
        migration: str,
        conversation: str,
        state: ItemState,
        *,
        code: str | None = None,
        error: str | None = None,
    ) -> None:
        """Note what became of a conversation."""
        with self.state.write() as database:
            database.execute(
                "UPDATE item SET state = ?, code = ?, error = ? WHERE migration = ? AND conversation = ?",
                (state, code, error, migration, conversation),
            )

    # What was lost

    def losses(self, migration: str) -> list[LossRow]:
        """Give what was lost, by conversation."""
        rows = self.state.read(
            "SELECT conversation, kind, action, count, example FROM loss WHERE migration = ? ORDER BY 1, 2, 3",
            migration,
        )
        return [LossRow(*row) for row in rows]

    def lost(self, migration: str, conversation: str, kind: str, action: str) -> int:
        """Give how often that was lost of a conversation."""
        rows = self.state.read(
            "SELECT count FROM loss WHERE migration = ? AND conversation = ? AND kind = ? AND action = ?",
            migration,
            conversation,
            kind,
            action,
        )
        return rows[0][0] if rows else 0

    # What was done

    def tell(self, migration: str, what: str, at: datetime, conversation: str | None = None, detail: str = "") -> None:
        """Add to the log of what was done, and tell it to whoever listens (`-v`)."""
        logger().info("migration", migration=migration, what=what, conversation=conversation, detail=detail)
        with self.state.write() as database:
            database.execute(
                "INSERT INTO event (at, migration, conversation, what, detail) VALUES (?, ?, ?, ?, ?)",
                (at.isoformat(), migration, conversation, what, detail),
            )

    def was_told(self, what: str, detail: str) -> bool:
        """Whether this stands in the log of a migration that was not undone."""
        rows = self.state.read(
            "SELECT 1 FROM event JOIN migration ON migration.id = event.migration"
            " WHERE event.what = ? AND event.detail = ? AND migration.state <> 'undone' LIMIT 1",
            what,
            detail,
        )
        return bool(rows)

    def events(self, migration: str) -> list[tuple[str, str, str | None, str]]:
        """Give what was done, oldest first: time, what, conversation, detail."""
        return [
            (row[0], row[1], row[2], row[3])
            for row in self.state.read(
                "SELECT at, what, conversation, detail FROM event WHERE migration = ? ORDER BY id", migration
            )
        ]


def _migration(row: tuple[object, ...]) -> Migration:
    identifier, source, target, source_account, target_account, selection, state, complete, started, finished = row
    return Migration(
        str(identifier),
        str(source),
        str(target),
        str(source_account),
        str(target_account),
        str(selection),
        state,  # type: ignore[arg-type]  # written by us
        bool(complete),
        datetime.fromisoformat(str(started)),
        datetime.fromisoformat(str(finished)) if finished else None,
    )
