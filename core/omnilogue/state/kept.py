"""What the state keeps of one account: known conversations, redirects, fields a vendor cannot keep, notes."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from typing import Any

from pydantic import JsonValue

from .store import State


class Kept:
    """One account's part of the state."""

    def __init__(self, state: State, account: str) -> None:
        self.state = state
        self._account = account

    # Known conversations

    def known(self, after: str | None, limit: int) -> list[str]:
        """Give ids of known conversations in the order of their ids, `after` one of them; hidden ones are left out."""
        rows = self.state.read(
            "SELECT id FROM conversation WHERE account = ? AND listed AND NOT hidden AND id > ? ORDER BY id LIMIT ?",
            self._account,
            after or "",
            limit,
        )
        return [identifier for (identifier,) in rows]

    def know(self, conversation_id: str) -> None:
        """Remember a conversation; one that was hidden shows again."""
        rows = self.state.read(
            "SELECT listed, hidden FROM conversation WHERE account = ? AND id = ?", self._account, conversation_id
        )
        if rows != [(1, 0)]:
            self._set(conversation_id, listed=1, hidden=0)

    def hide(self, conversation_id: str) -> None:
        """Leave a conversation out from now on; the vendor keeps it."""
        self._set(conversation_id, hidden=1)

    def is_hidden(self, conversation_id: str) -> bool:
        """Whether the conversation was deleted here."""
        return self.state.read(
            "SELECT hidden FROM conversation WHERE account = ? AND id = ?", self._account, conversation_id
        ) == [(1,)]

    # Fields that the vendor cannot keep

    def fields(self, conversation_id: str) -> dict[str, Any]:
        """Give the fields kept of a conversation: any of title, instructions, model, metadata, pinned."""
        rows = self.state.read(
            "SELECT fields FROM conversation WHERE account = ? AND id = ?", self._account, conversation_id
        )
        return dict(json.loads(rows[0][0])) if rows else {}

    def keep(self, conversation_id: str, fields: Mapping[str, Any]) -> None:
        """Keep fields of a conversation beside those kept already."""
        if fields:
            self._set(conversation_id, fields=json.dumps({**self.fields(conversation_id), **fields}))

    # Redirects

    def now(self, conversation_id: str) -> str:
        """Give the id under which a conversation lives now, after all its rebuilds."""
        seen = {conversation_id}
        while rows := self.state.read(
            "SELECT new FROM redirect WHERE account = ? AND old = ?", self._account, conversation_id
        ):
            conversation_id = rows[0][0]
            if conversation_id in seen:
                break
            seen.add(conversation_id)
        return conversation_id

    def id_map(self, new: str) -> dict[str, str | None]:
        """Give what became of the message ids of the conversation that `new` replaced."""
        rows = self.state.read("SELECT id_map FROM redirect WHERE account = ? AND new = ?", self._account, new)
        return {old: now for (text,) in rows for old, now in json.loads(text).items()}

    def redirect(self, old: str, new: str, id_map: Mapping[str, str | None]) -> None:
        """Let the new conversation stand for the old one, with all that is kept of it, in one step."""
        fields = json.dumps(self.fields(old))
        with self.state.write() as database:
            database.execute(
                "INSERT OR REPLACE INTO redirect (account, old, new, id_map) VALUES (?, ?, ?, ?)",
                (self._account, old, new, json.dumps(dict(id_map))),
            )
            self._upsert(database, new, {"fields": fields, "listed": 1, "hidden": 0})
            self._upsert(database, old, {"hidden": 1})

    # Notes of the provider

    def get(self, key: str) -> JsonValue:
        """Give what the provider kept under this key, None where nothing was."""
        rows = self.state.read("SELECT value FROM note WHERE account = ? AND key = ?", self._account, key)
        value: JsonValue = json.loads(rows[0][0]) if rows else None
        return value

    def set(self, key: str, value: JsonValue) -> None:
        """Keep a value for the provider."""
        with self.state.write() as database:
            database.execute(
                "INSERT OR REPLACE INTO note (account, key, value) VALUES (?, ?, ?)",
                (self._account, key, json.dumps(value)),
            )

    def _set(self, conversation_id: str, **values: Any) -> None:
        with self.state.write() as database:
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
