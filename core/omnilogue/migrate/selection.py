"""Which conversations of a source are copied, and what changes on the way."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from pydantic import Field

from ..errors import InvalidInputError
from ..http import Clock
from ..model import Conversation, Metadata
from ..model.values import Value
from ..remote import AsyncRemote

_AGES = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}
_LONG_AGO = datetime.min.replace(tzinfo=UTC)


class Shaping(Value):
    """Options that change what is copied; they must equal those under which a conversation was copied before."""

    role: tuple[str, ...] = ()
    transform: tuple[str, ...] = ()
    add_meta: Metadata = Field(default_factory=dict)
    allow_generation: bool = False

    def differing(self, other: Shaping) -> str | None:
        """Give the first option that is not the same in both, as it is written on the command line."""
        for name in ("role", "transform", "allow_generation"):
            if getattr(self, name) != getattr(other, name):
                return f"--{name.replace('_', '-')}"
        return None


class Selection(Value):
    """Filters that choose whole conversations. Times are kept as they were given: an age moves with the clock."""

    since: str | None = None
    until: str | None = None
    title: str | None = None
    meta: Metadata = Field(default_factory=dict)
    id: tuple[str, ...] = ()
    limit: int | None = None


@dataclass(frozen=True, slots=True)
class Chosen:
    """A conversation that was chosen, and whether the source could list everything."""

    conversations: list[Conversation]
    complete: bool


def moment(given: str, now: datetime) -> datetime:
    """Read a date, an ISO 8601 time (UTC without a zone) or an age such as `30d` or `12h`. Raises InvalidInputError."""
    try:
        if age := re.fullmatch(r"(\d{1,6})([smhdw])", given.strip()):
            return now - timedelta(seconds=int(age[1]) * _AGES[age[2]])
        read = datetime.fromisoformat(given.strip())
        return (read if read.tzinfo else read.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise InvalidInputError(
            f"{given!r:.40} is no time", hint="a date, an ISO time, or an age such as 30d or 12h"
        ) from None


async def choose(source: AsyncRemote, selection: Selection, clock: Clock) -> Chosen:
    """Give the conversations a selection means, oldest first by creation and id: the same ones each time."""
    if selection.id:
        named = [await source.conversation(one) for one in dict.fromkeys(selection.id)]
        found = [item for item in named if _fits(item, selection)]
        kept, complete = [item async for item in _within(source, found, selection, clock)], True
    else:
        listing = source.conversations(title=selection.title, metadata=selection.meta or None)
        listed = [item async for item in listing]
        kept = [item async for item in _within(source, listed, selection, clock)]
        complete = bool(listing.complete)
    kept.sort(key=lambda item: (item.created_at or _LONG_AGO, item.id))
    return Chosen(kept[: selection.limit] if selection.limit is not None else kept, complete)


def _fits(item: Conversation, selection: Selection) -> bool:
    """Whether title and metadata are those that are asked for; a list is asked for them."""
    if selection.title is not None and not fnmatch.fnmatchcase(item.title or "", selection.title):
        return False
    return all(item.metadata.get(key) == value for key, value in selection.meta.items())


async def _within(
    source: AsyncRemote, conversations: list[Conversation], selection: Selection, clock: Clock
) -> AsyncIterator[Conversation]:
    """Keep those between the times; where a conversation has none, its newest message tells."""
    since = moment(selection.since, clock.now()) if selection.since else None
    until = moment(selection.until, clock.now()) if selection.until else None
    for item in conversations:
        if since is None and until is None:
            yield item
            continue
        time = item.updated_at or item.created_at or await _newest_time(source, item)
        if (since is None or (time is not None and time >= since)) and (
            until is None or (time is not None and time < until)
        ):
            yield item


async def _newest_time(source: AsyncRemote, conversation: Conversation) -> datetime | None:
    async for message in source.messages(conversation, order="desc", limit=1):
        return message.created_at
    return None
