"""The shape of a conversation in a file: which messages branch off, and which one must come last.

A message follows the one before it, or the one its `parent_id` names. Only what branches off is remembered.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..model import Conversation, Message


@dataclass(frozen=True, slots=True)
class Shape:
    """How the messages of one conversation hang together.

    `forks` are the messages that others than the next one follow; `last` is the one that is stored last, because the
    active branch ends with it; `strays` counts what cannot have its place.
    """

    forks: frozenset[str] = frozenset()
    last: str | None = None
    strays: int = 0


class Shaping:
    """Sees the messages of a conversation, in their order. Where branches survive, it must know all ids."""

    def __init__(self, conversation: Conversation, *, branches: bool) -> None:
        self._head = conversation.head_id
        self._branches = branches
        self._ids: set[str] = set()
        self._forks: set[str] = set()
        self._strays = 0
        self._before: str | None = None
        self._count = 0
        self._head_follows: str | None = None
        self._is_head_seen = self._is_head_followed = False

    def add(self, message: Message) -> None:
        """Take note of the next message."""
        follows = self._before
        if branches_off(message, self._before) and self._count:
            if message.parent_id in self._ids:
                follows = message.parent_id
                self._forks.add(message.parent_id or "")
            else:
                self._strays += 1
        self._is_head_followed |= follows is not None and follows == self._head
        if message.id is not None and message.id == self._head:
            self._is_head_seen, self._head_follows = True, follows
        if self._branches and message.id is not None:
            self._ids.add(message.id)
        self._before = message.id
        self._count += 1

    def shape(self) -> Shape:
        """Give the shape of what was seen."""
        forks, last, strays = set(self._forks), None, self._strays
        if self._is_head_seen and self._before != self._head:
            if self._branches and not self._is_head_followed and self._head_follows is not None:
                last = self._head
                forks.add(self._head_follows)
            else:
                strays += 1
        return Shape(frozenset(forks), last, strays)


def branches_off(message: Message, before: str | None) -> bool:
    """Whether a message names another parent than the message before it."""
    return message.parent_id is not None and message.parent_id != before
