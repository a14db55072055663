"""What is known of an account's topics: their series, and how far their messages were seen."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from typing import Any, TypeVar

from .calls import Calls
from .wire import MessageRow, TopicRow

V = TypeVar("V")

REMEMBERED = 4096
"""How many topics are remembered; the one not used for longest goes first."""


class Topics:
    """Remembers what a send needs to know of a topic, and reads it where it is not known yet."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls
        self._series: OrderedDict[int, Any] = OrderedDict()
        self._newest: OrderedDict[int, int] = OrderedDict()

    def learn(self, rows: Iterable[TopicRow]) -> None:
        """Remember the series of topics; no call changes it."""
        for row in rows:
            _put(self._series, number_in(row.id), row.series_id)

    def saw(self, topic_id: int, rows: Iterable[MessageRow]) -> None:
        """Remember the newest of all messages of a topic."""
        _put(self._newest, topic_id, max((number_in(row.id) for row in rows), default=0))

    def saw_reply(self, topic_id: int, message_id: str) -> None:
        """Remember a reply that was just stored."""
        _put(self._newest, topic_id, max(self._newest.get(topic_id, 0), number_in(message_id)))

    def forget(self, topic_id: int) -> None:
        """Know nothing of a topic's messages any more."""
        self._newest.pop(topic_id, None)

    async def series(self, topic_id: int) -> Any:
        """Give the series of a topic: a turn must name it."""
        if topic_id not in self._series:
            self.learn([await self._calls.topic(topic_id)])
        return self._series.get(topic_id)

    async def newest(self, topic_id: int) -> int:
        """Give the largest id of a message there was, 0 for none: what is larger came later."""
        if topic_id not in self._newest:
            self.saw(topic_id, await self._calls.messages(topic_id))
        return self._newest[topic_id]


def number_in(identifier: str) -> int:
    """Give the number an id is, 0 for one that is none."""
    is_number = identifier.isascii() and identifier.isdecimal() and len(identifier) <= 18
    return int(identifier) if is_number else 0


def _put(known: OrderedDict[int, V], topic_id: int, value: V) -> None:
    known[topic_id] = value
    known.move_to_end(topic_id)
    if len(known) > REMEMBERED:
        known.popitem(last=False)
