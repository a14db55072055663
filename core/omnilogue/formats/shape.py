"""The shape of a conversation in a file: what branches off, what is left out, and which message must come last.

A message follows the one before it, or the one its `parent_id` names.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ..model import Conversation, Message


@dataclass(frozen=True, slots=True)
class Shape:
    """How the messages of one conversation hang together.

    `forks` are the messages that others than the next one follow; `last` is the place, counted from 0, of the one that
    is stored last, because the active branch ends with it; `strays` counts what cannot have its place. Where the
    remote keeps no branches, `left_out` has the places of messages that are not on the active one.
    """

    forks: frozenset[str] = frozenset()
    last: int | None = None
    strays: int = 0
    left_out: frozenset[int] = frozenset()


STRAIGHT = Shape()
"""One message after the other."""


class Line:
    """Sees whether messages stand one after the other, up to the last of the active branch."""

    def __init__(self, conversation: Conversation) -> None:
        self._head = conversation.head_id
        self._is_head_seen = self._has_branches = False
        self._count = 0
        self._before: str | None = None

    def add(self, message: Message) -> None:
        """Take note of the next message."""
        self._has_branches |= self._count > 0 and branches_off(message, self._before)
        self._is_head_seen |= message.id is not None and message.id == self._head
        self._before = message.id
        self._count += 1

    @property
    def is_straight(self) -> bool:
        """Whether the shape of what was seen is `STRAIGHT`."""
        return not self._has_branches and (not self._is_head_seen or self._before == self._head)


class Shaping:
    """Sees the messages of a conversation that is not straight, in their order; it holds all their ids."""

    def __init__(self, conversation: Conversation, *, branches: bool) -> None:
        self._head = conversation.head_id
        self._branches = branches
        self._ids: list[str | None] = []
        self._parents: list[int] = []
        self._places: dict[str, int] = {}
        self._forks: set[str] = set()
        self._strays: set[int] = set()

    def add(self, message: Message) -> None:
        """Take note of the next message; one whose parent is not there follows the one before it."""
        place = len(self._ids)
        follows = place - 1
        if place and message.parent_id is not None and branches_off(message, self._ids[-1]):
            if (known := self._places.get(message.parent_id)) is None:
                self._strays.add(place)
            else:
                follows = known
                self._forks.add(message.parent_id)
        self._ids.append(message.id)
        self._parents.append(follows)
        if message.id is not None:
            self._places[message.id] = place

    def shape(self) -> Shape:
        """Give the shape of what was seen."""
        end = len(self._ids) - 1
        head = self._places.get(self._head or "", end)
        if not self._branches:
            left_out = frozenset(range(end + 1)).difference(self._active(head))
            return Shape(strays=len(self._strays - left_out), left_out=left_out)
        forks, strays = frozenset(self._forks), len(self._strays)
        if head == end:
            return Shape(forks, None, strays)
        parent = self._ids[self._parents[head]] if self._parents[head] >= 0 else None
        if head in self._parents or parent is None:
            return Shape(forks, None, strays + 1)
        return Shape(forks | {parent}, head, strays)

    def _active(self, head: int) -> Iterator[int]:
        """Give the places on the active branch, from its end to the first message."""
        while head >= 0:
            yield head
            head = self._parents[head]


def branches_off(message: Message, before: str | None) -> bool:
    """Whether a message names another parent than the message before it."""
    return message.parent_id is not None and message.parent_id != before
