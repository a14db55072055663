"""Looking at a source once more after its conversation was copied, whether it was changed meanwhile."""

from __future__ import annotations

from collections.abc import Sequence

from ..model import Conversation
from ..state import Row
from .pair import Pair
from .walking import Walk


async def changed_meanwhile(pair: Pair, conversation: Conversation, rows: Sequence[Row], migration: str) -> bool:
    """Whether the source has a message that was not met, or one that this migration copied has another content by now.

    All pages are read, to the first change, and no message is kept: no vendor is known whose `updated_at` tells of
    every edit.
    """
    walk = Walk(rows)
    async for message in pair.source.messages(conversation, branches=True):
        step = walk.step(message)
        if step.row is None or (step.is_edited and is_of(step.row, migration)):
            return True
    return False


def is_of(row: Row, migration: str) -> bool:
    """Whether this migration wrote the copy of a message."""
    return row.migration == migration and row.target is not None
