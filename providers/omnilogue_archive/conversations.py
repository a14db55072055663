"""Rows of conversations: lists, filters, search, writes."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from omnilogue.errors import InvalidInputError
from omnilogue.provider import Changes, Draft, Query

from . import failures, mapping, search
from .cursors import ConversationCursor
from .schema import ADD_RAW
from .store import Database

KEYS = {"created_at": "created_at", "updated_at": "updated_at", "title": "ifnull(title, '')"}
ORDERS = (*KEYS, *(f"-{name}" for name in KEYS))
FILTERS = ("title", "search", "since", "until", "metadata")
WILDCARDS = frozenset("*?[")

Condition = tuple[str, Sequence[Any]]


def find(database: Database, conversation_id: str) -> sqlite3.Row:
    """Give the row of a conversation. Raises NotFoundError."""
    row: sqlite3.Row | None = database.execute(
        "SELECT * FROM conversations WHERE id = ?", (conversation_id,)
    ).fetchone()
    if row is None:
        raise failures.no_conversation(conversation_id)
    return row


def page(
    database: Database, query: Query, cursor: ConversationCursor | None, size: int
) -> tuple[list[sqlite3.Row], ConversationCursor | None]:
    """Give the rows after a cursor and the cursor of the next page.

    In the archive's own order and by `created_at` every conversation comes once. `updated_at` and `title` may change
    between two pages, and the conversation then moves in the list.
    """
    key, direction, sign = _order(query.order)
    conditions = [*_filters(query), *search.conditions(database, query.search)]
    if cursor is not None:
        # The first condition says nothing new; SQLite needs it to begin in the middle of an index.
        conditions.append(
            (f"{key} {sign}= ? AND ({key}, ordinal) {sign} (?, ?)", (cursor.key, cursor.key, cursor.ordinal))
        )
    where = " AND ".join(["1", *(sql for sql, _ in conditions)])
    rows = database.execute(
        f"SELECT *, {key} AS key FROM conversations WHERE {where} "  # noqa: S608 - only words of this module
        f"ORDER BY {key} {direction}, ordinal {direction} LIMIT ?",
        [*(value for _, values in conditions for value in values), size + 1],
    ).fetchall()
    if len(rows) <= size:
        return rows, None
    last = rows[size - 1]
    return rows[:size], ConversationCursor(order=query.order, key=last["key"], ordinal=last["ordinal"])


def _order(order: str | None) -> tuple[str, str, str]:
    """Give the key of an order, its direction, and what comes next compared with what came."""
    if order is not None and order not in ORDERS:
        raise InvalidInputError(f"an archive has no order {order!r}", hint=f"it has {', '.join(ORDERS)}")
    if order is None:
        return "ordinal", "ASC", ">"
    key = KEYS[order.removeprefix("-")]
    return (key, "DESC", "<") if order.startswith("-") else (key, "ASC", ">")


def _filters(query: Query) -> list[Condition]:
    """Narrow the list by what needs no judgement; who asked filters again and knows globs."""
    found: list[Condition] = []
    if query.since is not None:
        found.append(("updated_at >= ?", [mapping.stamp(query.since)]))
    if query.until is not None:
        found.append(("updated_at < ?", [mapping.stamp(query.until)]))
    if query.title is not None and not WILDCARDS & set(query.title):
        found.append(("ifnull(title, '') = ?", [query.title]))
    if query.metadata:
        found.append(("has_metadata(metadata, ?)", [mapping.metadata_text(query.metadata)]))
    return found


def create(database: Database, draft: Draft, now: datetime) -> str:
    """Store a conversation without messages and give its id."""
    conversation_id = mapping.new_id("c", now)
    time = mapping.stamp(now)
    database.execute(
        "INSERT INTO conversations (id, title, instructions, model, created_at, updated_at, pinned, metadata)"
        " VALUES (?, ?, ?, ?, ?, ?, 0, ?)",
        (
            conversation_id,
            draft.title,
            draft.instructions,
            draft.model,
            time,
            time,
            mapping.metadata_text(draft.metadata),
        ),
    )
    if draft.raw:
        _keep_raw(database, conversation_id, mapping.metadata_text(draft.raw))
    return conversation_id


def _keep_raw(database: Database, conversation_id: str, raw: str) -> None:
    """Keep what another vendor told besides; an older archive gets the column first."""
    columns = database.execute("SELECT name FROM pragma_table_info('conversations')").fetchall()
    if "raw" not in [column["name"] for column in columns]:
        database.execute(ADD_RAW)
    database.execute("UPDATE conversations SET raw = ? WHERE id = ?", (raw, conversation_id))


def change(database: Database, row: sqlite3.Row, changes: Changes) -> None:
    """Store the fields that are given."""
    given: dict[str, Any] = {name: getattr(changes, name) for name in sorted(changes.model_fields_set)}
    if "metadata" in given:
        given["metadata"] = mapping.metadata_text(changes.metadata)
    if given:
        names = ", ".join([f"{name} = :{name}" for name in given])
        database.execute(
            f"UPDATE conversations SET {names} WHERE ordinal = :ordinal",  # noqa: S608 - fields of Changes
            {**given, "ordinal": row["ordinal"]},
        )


def touch(database: Database, row: sqlite3.Row, now: datetime) -> None:
    """Note that a conversation has been written to."""
    database.execute(
        "UPDATE conversations SET updated_at = ? WHERE ordinal = ?",
        (mapping.later(row["updated_at"], now), row["ordinal"]),
    )


def remove(database: Database, row: sqlite3.Row) -> None:
    """Delete a conversation that has no messages any more."""
    database.execute("DELETE FROM conversations WHERE ordinal = ?", (row["ordinal"],))
