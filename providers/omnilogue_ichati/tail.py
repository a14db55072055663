"""Telling the text of a reply from its tail: a broken bar and one JSON object with three ids.

The vendor does not escape the bar, so a reply may hold bars, and even what looks like a tail; the last one that is a
tail counts: https://docs.ichati.cn/backend/chat. How pieces are cut changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pydantic_core

from .objects import progress_of

BAR = "\u00a6"

LONGEST_TAIL = 1024
"""Characters behind a bar that can still be a tail; a real one has less than 100."""


@dataclass(frozen=True)
class Tail:
    """What stands behind the last bar: three ids as text, and all members as they were sent."""

    user_id: str
    assistant_id: str
    topic_id: str
    members: Mapping[str, Any]


class Splitter:
    """Takes a reply in pieces and gives its text as soon as it cannot be part of the tail."""

    def __init__(self) -> None:
        self._held = ""

    def feed(self, piece: str) -> str:
        """Take the next piece, and give the text that is surely text: up to the oldest bar that may begin the tail."""
        if not self._held and BAR not in piece:
            return piece
        text, start = self._held + piece, 0
        while (bar := text.find(BAR, start)) >= 0 and not _may_be_tail(text[bar + 1 : bar + 2 + LONGEST_TAIL]):
            start = bar + 1
        cut = len(text) if bar < 0 else bar
        self._held = text[cut:]
        return text[:cut]

    def end(self) -> tuple[str, Tail | None]:
        """Give the text that is left and the tail; without a tail all that was held is text."""
        held, self._held = self._held, ""
        bar = len(held)
        while (bar := held.rfind(BAR, 0, bar)) >= 0:
            if tail := _tail_in(held[bar + 1 :]):
                return held[:bar], tail
        return held, None


def _may_be_tail(rest: str) -> bool:
    """Whether what stands behind a bar can still become one JSON object and nothing else."""
    text = rest.strip()
    return len(rest) <= LONGEST_TAIL and (not text or progress_of(text) != "dead")


def _tail_in(rest: str) -> Tail | None:
    """Read the tail behind a bar. Ids may be numbers or digits, and other members may stand beside them."""
    text = rest.strip()
    if len(rest) > LONGEST_TAIL or not text or progress_of(text) != "closed":
        return None
    try:
        members = pydantic_core.from_json(text)
    except ValueError:
        return None
    user_id, assistant_id, topic_id = (_id(members.get(name)) for name in ("userMsgId", "assistantMsgId", "topicId"))
    if user_id is None or assistant_id is None or topic_id is None:
        return None
    return Tail(user_id, assistant_id, topic_id, members)


def _id(value: Any) -> str | None:
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return str(value)
    is_digits = isinstance(value, str) and value.isascii() and value.isdecimal()
    return str(int(value)) if is_digits else None
