"""The closing sweep: what stands on the target is what was meant to stand there, once each and in order."""

from __future__ import annotations

from collections.abc import Sequence

from ..errors import MigrationError
from ..model import Grade, Message
from ..state import Link, Row
from .digest import digest
from .pair import Pair


async def verify(pair: Pair, link: Link, rows: Sequence[Row]) -> None:
    """Read the copy back and compare it with the ledger. Raises MigrationError [verification].

    A message that landed twice is taken away where the vendor can; that is told in the log.
    """
    if unsure := sum(row.state != "done" for row in rows):
        raise _differs(pair, link, f"of {unsure} of {len(rows)} messages nobody knows whether they are there")
    extra = await _compared(pair, link, rows)
    if not extra:
        return
    if pair.target.features.delete_message.grade not in {Grade.NATIVE, Grade.EMULATED}:
        raise _differs(pair, link, f"{len(extra)} messages stand there twice, and the vendor deletes none")
    for message in extra:
        assert link.target is not None  # noqa: S101  # it was read
        await pair.target.delete_message(link.target, message.id or "", allow_loss=True)
        pair.migrations.tell(link.migration, "double_removed", pair.clock.now(), link.conversation, message.id or "")
    if await _compared(pair, link, rows):
        raise _differs(pair, link, "messages stand there twice and cannot be taken away")


async def _compared(pair: Pair, link: Link, rows: Sequence[Row]) -> list[Message]:
    """Give the messages that stand there twice. Raises MigrationError for any other difference."""
    assert link.target is not None  # noqa: S101  # what is verified was created
    wanted = [row for row in rows if row.digest is not None and row.state == "done"]
    wanted = list({row.target or f"#{row.ordinal}": row for row in wanted}.values())
    extra: list[Message] = []
    place = 0
    async for message in pair.target.messages(link.target, branches=True):
        if place < len(wanted) and _is_copy(message, wanted[place]):
            place += 1
        elif message.origin is not None and message.origin.conversation == link.conversation:
            extra.append(message)
        else:
            raise _differs(pair, link, f"message {message.id} is not what was written")
    if place < len(wanted):
        raise _differs(pair, link, f"{len(wanted) - place} of {len(wanted)} messages are missing or differ")
    return extra


def _is_copy(message: Message, row: Row) -> bool:
    return (row.target is None or message.id in {None, row.target}) and digest(message) == row.digest


def _differs(pair: Pair, link: Link, what: str) -> MigrationError:
    place = f"{pair.target.name}:{link.target}"
    return MigrationError(f"{place}: {what}", code="verification", hint="`omnilogue check` shows the difference")
