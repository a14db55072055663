"""Rows of messages: a tree whose active branch is marked.

A message has an ordinal higher than its parent's: a parent is stored first, and a child whose parent is deleted goes
to its grandparent. So a branch read by ordinal is in the right order, all messages read by ordinal have parents
first, and with the branch that ends at the head marked `active`, a page of it is one range of an index, however long
the conversation is. The mark costs nothing where messages follow each other, and where a branch begins elsewhere,
one update of the messages on which the two branches differ.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable

from omnilogue.errors import BadRequestError

from . import failures, search
from .cursors import MessageCursor
from .mapping import NewMessage
from .store import Database

PAGE_CHARACTERS = 8 * 1024 * 1024
"""A page ends early when its messages are larger than this together; one message always fits."""

COLUMNS = "ordinal, id, parent, body"

PATH = """WITH RECURSIVE path (ordinal, parent) AS (
    SELECT ordinal, parent FROM messages WHERE ordinal = ?
    UNION ALL
    SELECT messages.ordinal, messages.parent FROM path JOIN messages ON messages.id = path.parent
)"""
"""A message and all above it."""

INACTIVE_PATH = """WITH RECURSIVE path (ordinal, parent, active) AS (
    SELECT ordinal, parent, active FROM messages WHERE id = ?
    UNION ALL
    SELECT messages.ordinal, messages.parent, messages.active FROM path JOIN messages ON messages.id = path.parent
    WHERE path.active = 0
)"""
"""A message and those above it, up to the first on the active branch."""

FORK = f"{INACTIVE_PATH} SELECT ifnull(max(ordinal), 0) FROM path WHERE active = 1"  # noqa: S608 - a constant
ACTIVATE = f"{INACTIVE_PATH} UPDATE messages SET active = 1 WHERE ordinal IN (SELECT ordinal FROM path)"  # noqa: S608


def find(database: Database, conversation: sqlite3.Row, message_id: str) -> sqlite3.Row:
    """Give the row of a message. Raises NotFoundError."""
    row: sqlite3.Row | None = database.execute(
        f"SELECT {COLUMNS} FROM messages WHERE id = ? AND conversation = ?",  # noqa: S608 - a constant
        (message_id, conversation["ordinal"]),
    ).fetchone()
    if row is None:
        raise failures.no_message(conversation["id"], message_id)
    return row


def page(
    database: Database, conversation: sqlite3.Row, order: str, size: int, cursor: MessageCursor
) -> tuple[list[sqlite3.Row], MessageCursor | None]:
    """Give the rows after a cursor and the cursor of the next page.

    A list goes through the branch that was active when it began, also when another becomes active meanwhile.
    """
    sign, direction = ("<", "DESC") if order == "desc" else (">", "ASC")
    start, values, among = _members(database, conversation, cursor)
    rows = database.execute(
        f"{start} SELECT {COLUMNS} FROM messages"  # noqa: S608 - only words of this module
        f" WHERE {among} AND ordinal {sign} ? ORDER BY ordinal {direction} LIMIT ?",
        (*values, cursor.ordinal, size + 1),
    )
    found, more = _taken(rows, size)
    rows.close()
    return found, cursor.model_copy(update={"ordinal": found[-1]["ordinal"]}) if more else None


def beginning(database: Database, conversation: sqlite3.Row, order: str, *, branches: bool) -> MessageCursor:
    """Give the cursor of a first page."""
    head = database.execute("SELECT ordinal FROM messages WHERE id = ?", (conversation["head"],)).fetchone()
    return MessageCursor(
        order=order, ordinal=2**63 - 1 if order == "desc" else 0, head=head["ordinal"] if head else 0, branches=branches
    )


def _members(database: Database, conversation: sqlite3.Row, cursor: MessageCursor) -> tuple[str, tuple[int, ...], str]:
    """Give the condition that a row is in the list, what must stand before the query, and the values of both."""
    owner = conversation["ordinal"]
    if cursor.branches:
        return "", (owner,), "conversation = ?"
    head = database.execute(
        "SELECT active FROM messages WHERE ordinal = ? AND conversation = ?", (cursor.head, owner)
    ).fetchone()
    if head is not None and not head["active"]:
        return PATH, (cursor.head,), "ordinal IN (SELECT ordinal FROM path)"
    return "", (owner, cursor.head), "conversation = ? AND active = 1 AND ordinal <= ?"


def _taken(rows: Iterable[sqlite3.Row], size: int) -> tuple[list[sqlite3.Row], bool]:
    """Take as many rows as fit into a page, and tell whether there are more."""
    taken: list[sqlite3.Row] = []
    room = PAGE_CHARACTERS
    for row in rows:
        if taken and (len(taken) == size or room <= 0):
            return taken, True
        taken.append(row)
        room -= len(row["body"])
    return taken, False


def append(database: Database, conversation: sqlite3.Row, given: Iterable[NewMessage]) -> list[sqlite3.Row]:
    """Store messages, each below the head or the parent it names, and move the head to the last one.

    Raises BadRequestError for a parent that is not in this conversation.
    """
    head: str | None = conversation["head"]
    stored: list[sqlite3.Row] = []
    for message in given:
        parent = head if message.parent is None else message.parent
        if parent is not None and parent != head:
            _activate(database, conversation, parent)
        stored.append(_insert(database, conversation, message, parent))
        head = message.id
    _move_head(database, conversation, head)
    return stored


def _insert(database: Database, conversation: sqlite3.Row, message: NewMessage, parent: str | None) -> sqlite3.Row:
    indexed = search.is_indexed(database, message.text)
    database.execute(
        "INSERT INTO messages (id, conversation, parent, active, indexed, text, body) VALUES (?, ?, ?, 1, ?, ?, ?)",
        (message.id, conversation["ordinal"], parent, indexed, message.text, message.body),
    )
    row = find(database, conversation, message.id)
    if indexed:
        search.add(database, row["ordinal"], message.text)
    return row


def _activate(database: Database, conversation: sqlite3.Row, message_id: str) -> None:
    """Make the branch that ends at a message the active one."""
    owner = conversation["ordinal"]
    known = database.execute("SELECT 1 FROM messages WHERE id = ? AND conversation = ?", (message_id, owner)).fetchone()
    if known is None:
        raise BadRequestError(
            f"parent {message_id!r} is no message of conversation {conversation['id']!r}",
            hint="leave parent_id out, or name a message of this conversation",
        )
    fork = database.execute(FORK, (message_id,)).fetchone()[0]
    database.execute(
        "UPDATE messages SET active = 0 WHERE conversation = ? AND active = 1 AND ordinal > ?", (owner, fork)
    )
    database.execute(ACTIVATE, (message_id,))


def _move_head(database: Database, conversation: sqlite3.Row, head: str | None) -> None:
    database.execute("UPDATE conversations SET head = ? WHERE ordinal = ?", (head, conversation["ordinal"]))


def replace(database: Database, row: sqlite3.Row, text: str, body: str) -> None:
    """Give a message another content; its place stays."""
    search.forget(database, "ordinal = ?", (row["ordinal"],))
    indexed = search.is_indexed(database, text)
    database.execute(
        "UPDATE messages SET indexed = ?, text = ?, body = ? WHERE ordinal = ?", (indexed, text, body, row["ordinal"])
    )
    if indexed:
        search.add(database, row["ordinal"], text)


def remove(database: Database, conversation: sqlite3.Row, row: sqlite3.Row) -> None:
    """Delete a message; what came after it, and the head, go to its parent."""
    search.forget(database, "ordinal = ?", (row["ordinal"],))
    database.execute("UPDATE messages SET parent = ? WHERE parent = ?", (row["parent"], row["id"]))
    if conversation["head"] == row["id"]:
        _move_head(database, conversation, row["parent"])
    database.execute("DELETE FROM messages WHERE ordinal = ?", (row["ordinal"],))


def clear(database: Database, conversation: sqlite3.Row) -> None:
    """Delete all messages of a conversation."""
    owner = (conversation["ordinal"],)
    search.forget(database, "conversation = ?", owner)
    database.execute("DELETE FROM messages WHERE conversation = ?", owner)
    _move_head(database, conversation, None)
