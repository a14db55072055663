"""What the state keeps of one account: known conversations, redirects, fields a vendor cannot keep, notes."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping
from heapq import nsmallest
from typing import Any

from pydantic import JsonValue

from ..errors import ConflictError
from .store import State


class Kept:
    """One account's part of the state."""

    def __init__(self, state: State, account: str) -> None:
        self._state = state
        self._account = account
        self._seen: set[str] = set()

    def open_for_writing(self) -> None:
        """See that the state can be written, before a request that must be remembered. Raises StateError."""
        self._state.open_for_writing()
        while self._seen:
            self.know(self._seen.pop())

    # Known conversations

    def known(self, after: str | None, limit: int) -> list[str]:
        """Give ids of known conversations in the order of their ids, `after` one of them; hidden ones are left out."""
        rows = self._state.read(
            "SELECT id FROM conversation WHERE account = ? AND listed AND NOT hidden AND id > ? ORDER BY id LIMIT ?",
            self._account,
            after or "",
            limit,
        )
        seen = [identifier for identifier in self._seen if identifier > (after or "")]
        return nsmallest(limit, {*seen, *(identifier for (identifier,) in rows)})

    def saw(self, conversation_id: str) -> None:
        """Remember a conversation that was read; where there is no state yet, only until this client ends."""
        if self._state.exists:
            self.know(conversation_id)
        else:
            self._seen.add(conversation_id)

    def know(self, conversation_id: str) -> None:
        """Remember a conversation; one that was hidden shows again."""
        if self._row("listed, hidden", conversation_id) != (1, 0):
            self._set(conversation_id, listed=1, hidden=0)

    def begin(self, conversation_id: str, fields: Mapping[str, Any], *, listed: bool, hidden: bool = False) -> None:
        """Remember a conversation that was just created; what was kept under its id before is of another one."""
        with self._state.write() as database:
            database.execute(
                "DELETE FROM redirect WHERE account = ? AND ? IN (old, new)", (self._account, conversation_id)
            )
            self._upsert(
                database, conversation_id, {"fields": json.dumps(dict(fields)), "listed": listed, "hidden": hidden}
            )

    def hide(self, conversation_id: str) -> None:
        """Leave a conversation out from now on; the vendor keeps it."""
        self._set(conversation_id, hidden=1)

    def forget(self, conversation_id: str) -> None:
        """Keep nothing of a conversation that is gone; what it replaced still leads to it."""
        with self._state.write() as database:
            database.execute("DELETE FROM conversation WHERE account = ? AND id = ?", (self._account, conversation_id))

    def has(self, conversation_id: str) -> bool:
        """Whether anything is kept of the conversation."""
        return self._row("1", conversation_id) is not None

    def is_hidden(self, conversation_id: str) -> bool:
        """Whether the conversation was deleted here."""
        return self._row("hidden", conversation_id) == (1,)

    # Fields that the vendor cannot keep

    def fields(self, conversation_id: str) -> dict[str, Any]:
        """Give the fields kept of a conversation: any of title, instructions, model, metadata."""
        row = self._row("fields", conversation_id)
        return dict(json.loads(row[0])) if row else {}

    def keep(self, conversation_id: str, fields: Mapping[str, Any], without: Iterable[str] = ()) -> None:
        """Keep fields of a conversation beside those kept already, and some of them no longer."""
        with self._state.write() as database:
            kept = {**self.fields(conversation_id), **fields}
            left = {name: value for name, value in kept.items() if name not in set(without)}
            self._upsert(database, conversation_id, {"fields": json.dumps(left)})

    # Redirects

    def now(self, conversation_id: str) -> str:
        """Give the id under which a conversation lives now, after all its rebuilds."""
        seen = {conversation_id}
        while rows := self._state.read(
            "SELECT new FROM redirect WHERE account = ? AND old = ?", self._account, conversation_id
        ):
            conversation_id = rows[0][0]
            if conversation_id in seen:
                break
            seen.add(conversation_id)
        return conversation_id

    def became(self, conversation_id: str, message_id: str) -> str | None:
        """Give the id a message has now in this conversation, None for one that was left out in a rebuild.

        Raises KeyError for a message that no conversation before this one had.
        """
        maps: list[dict[str, str | None]] = []
        while rows := self._state.read(
            "SELECT old, id_map FROM redirect WHERE account = ? AND new = ?", self._account, conversation_id
        ):
            conversation_id = rows[0][0]
            maps.append(json.loads(rows[0][1]))
            if message_id in maps[-1]:
                now: str | None = message_id
                for id_map in reversed(maps):
                    now = id_map.get(now, now) if now is not None else None
                return now
        raise KeyError(message_id)

    def redirect(self, old: str, new: str, id_map: Mapping[str, str | None]) -> None:
        """Let the new conversation stand for the old one, with all that is kept of it, in one step.

        Raises ConflictError where somebody else replaced or deleted the old one meanwhile.
        """
        with self._state.write() as database:
            if self.now(old) != old or self.is_hidden(old):
                raise ConflictError(f"{old} was replaced or deleted meanwhile", outcome="rejected")
            fields = json.dumps({**self.fields(new), **self.fields(old)})
            database.execute(
                "INSERT INTO redirect (account, old, new, id_map) VALUES (?, ?, ?, ?)",
                (self._account, old, new, json.dumps(dict(id_map))),
            )
            self._upsert(database, new, {"fields": fields, "hidden": 0})
            self._upsert(database, old, {"hidden": 1})

    # Notes of the provider

    def get(self, key: str) -> JsonValue:
        """Give what the provider kept under this key, None where nothing was."""
        rows = self._state.read("SELECT value FROM note WHERE account = ? AND key = ?", self._account, key)
        value: JsonValue = json.loads(rows[0][0]) if rows else None
        return value

    def set(self, key: str, value: JsonValue) -> None:
        """Keep a value for the provider."""
        with self._state.write() as database:
            database.execute(
                "INSERT OR REPLACE INTO note (account, key, value) VALUES (?, ?, ?)",
                (self._account, key, json.dumps(value)),
            )

    def _row(self, columns: str, conversation_id: str) -> tuple[Any, ...] | None:
        rows = self._state.read(
            f"SELECT {columns} FROM conversation WHERE account = ? AND id = ?",  # noqa: S608  # columns are ours
            self._account,
            conversation_id,
        )
        return rows[0] if rows else None

    def _set(self, conversation_id: str, **values: Any) -> None:
        with self._state.write() as database:
            self._upsert(database, conversation_id, values)

    def _upsert(self, database: sqlite3.Connection, conversation_id: str, values: Mapping[str, Any]) -> None:
        """Write columns of one row; their names are ours, never a caller's."""
        names = ", ".join(values)
        marks = ", ".join("?" * len(values))
        updates = ", ".join(f"{name} = excluded.{name}" for name in values)
        database.execute(
            f"INSERT INTO conversation (account, id, {names}) VALUES (?, ?, {marks}) "  # noqa: S608
            f"ON CONFLICT (account, id) DO UPDATE SET {updates}",
            (self._account, conversation_id, *values.values()),
        )
