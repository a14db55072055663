"""Finding out what became of writes that were meant and never noted as done: the process ended in between.

What is not there is looked for again after the settle time, because a request can land after the first look.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TypeVar

from ..errors import OutcomeUnknownError
from ..model import Grade, Message
from ..state import Link, LossRow, Row
from .arriving import LONGEST_SECONDS
from .digest import digest
from .pair import Pair

T = TypeVar("T")


async def container(
    pair: Pair, link: Link, title: str | None, migration: str = "", losses: Sequence[LossRow] = ()
) -> Link | None:
    """Find the conversation that was about to be created, None where it is not there; note what it lost.

    A vendor that lists nothing cannot be asked: then it counts as not there, and the log tells what may be left over.
    """

    async def look() -> str | None:
        found = await pair.landing.find(link.marker, title, link.begun_at)
        return found.id if found else None

    try:
        found = await landed(pair, link.begun_at, LONGEST_SECONDS, look)
    except OutcomeUnknownError as error:
        pair.migrations.tell(link.migration, "orphan_possible", pair.clock.now(), link.conversation, error.message)
        return None
    return pair.ledger.created(link, found, migration, losses) if found else None


async def messages(pair: Pair, link: Link, rows: Sequence[Row]) -> list[Row]:
    """Give the rows with what became of those that were only meant; those that are not there are taken out.

    The caller notes the ones that are there, in one step with what they lost.
    """
    meant = [row for row in rows if row.state != "done"]
    wanted = [row for row in meant if row.digest is not None]
    found: dict[int, Row] = {}
    if wanted:
        found = await landed(
            pair,
            max(row.begun_at for row in wanted),
            len(wanted) * LONGEST_SECONDS,
            lambda: _found(pair, link, rows, wanted),
            lambda found: len(found) == len(wanted),
        )
    pair.ledger.drop(link, [row.ordinal for row in meant if row.ordinal not in found])
    return [found.get(row.ordinal, row) for row in rows if row.state == "done" or row.ordinal in found]


async def landed(
    pair: Pair,
    meant_at: datetime,
    longest: float,
    look: Callable[[], Awaitable[T]],
    is_there: Callable[[T], bool] = lambda found: found is not None,
) -> T:
    """Look at once, and again after the settle time where not all is seen; give what was seen last.

    A write that was meant so long ago that it has surely ended, `longest` being what it may take, has settled already.
    """
    found = await look()
    age = (pair.clock.now() - meant_at).total_seconds()
    if not is_there(found) and age < longest + pair.landing.settle:
        await pair.clock.sleep(pair.landing.settle)
        found = await look()
    return found


async def _found(pair: Pair, link: Link, rows: Sequence[Row], wanted: Sequence[Row]) -> dict[int, Row]:
    """Find messages that were meant among those of the target that no other row claims."""
    assert link.target is not None  # noqa: S101  # only a conversation that is there has messages
    claims = Claims(pair, link, rows, wanted)
    async for message in pair.target.messages(link.target, branches=True):
        claims.offer(message)
    return claims.found


class Claims:
    """Which stored message is the copy of which row: by origin where the vendor keeps it, and always by content."""

    def __init__(self, pair: Pair, link: Link, rows: Sequence[Row], wanted: Sequence[Row]) -> None:
        self.found: dict[int, Row] = {}
        self._conversation = link.conversation
        self._keeps_origin = pair.target.features.message_metadata.grade is Grade.NATIVE
        self._taken = {row.target for row in rows if row.state == "done"}
        self._wanted = wanted

    def offer(self, message: Message) -> None:
        """Take a message of the target for the first row that it can be the copy of."""
        if message.id in self._taken:
            return
        content = digest(message)
        for row in self._wanted:
            if row.ordinal not in self.found and row.digest == content and self._is_from(message, row):
                self.found[row.ordinal] = replace(row, state="done", target=message.id)
                return

    def _is_from(self, message: Message, row: Row) -> bool:
        if not self._keeps_origin:
            return True
        origin = message.origin
        return origin is not None and origin.conversation == self._conversation and origin.message in {None, row.source}
