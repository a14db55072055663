"""Walking over a source conversation beside what the ledger knows of it: what is new, edited, gone."""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import dataclass

from ..model import Message
from ..state import Row
from .digest import digest

STAND_IN = "~"
"""How the key of a row begins that stands for no message of the source."""


@dataclass(frozen=True, slots=True)
class Step:
    """A message of the source, the key the ledger knows it by, its digest, and its row where it was met before."""

    message: Message
    key: str
    digest: str
    row: Row | None

    @property
    def is_edited(self) -> bool:
        """Whether the message was copied and has another content now."""
        return self.row is not None and self.row.source_digest != self.digest


class Walk:
    """One pass over the messages of a source conversation.

    `inserted` counts messages that stand before one that was copied earlier: their copies come after it. Counted are
    new ones and, of those that are known, the ones whose ordinals are among `own`; so it counts the same however often
    a run is ended and begun again.
    """

    def __init__(self, rows: Sequence[Row], own: Container[int] = frozenset()) -> None:
        self.inserted = 0
        self._own = own
        self._next = rows[-1].ordinal + 1 if rows else 0
        self._in_order: list[int] = []
        self._rows = {row.source: row for row in rows}
        self._seen: set[str] = set()

    def step(self, message: Message) -> Step:
        """Give the next message with what is known of it."""
        now = digest(message)
        key = self._key(message, now)
        self._seen.add(key)
        row = self._rows.get(key)
        self._place(row)
        return Step(message, key, now, row)

    def _place(self, row: Row | None) -> None:
        """Count those before this message whose copies come after its copy."""
        ordinal = self._next if row is None else row.ordinal
        self._next += row is None
        while self._in_order and self._in_order[-1] > ordinal:
            self._in_order.pop()
            self.inserted += 1
        if self._rows and (row is None or ordinal in self._own):
            self._in_order.append(ordinal)

    def gone(self) -> list[Row]:
        """Give the rows whose message was not met: it was deleted at the source."""
        return [row for key, row in self._rows.items() if key not in self._seen and not key.startswith(STAND_IN)]

    def _key(self, message: Message, now: str) -> str:
        """Ids may be missing or repeat inside a conversation: then content and count tell messages apart."""
        key = message.id or f"#{now[:16]}"
        count = 1
        while key in self._seen:
            count += 1
            key = f"{message.id or ''}#{now[:16]}.{count}"
        return key
