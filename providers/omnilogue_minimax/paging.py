"""Pages of messages: cursors are message ids, and no page tells whether another follows (api-138565496)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from omnilogue.errors import ProtocolError

from .wire import MessageRow, Step

R = TypeVar("R", MessageRow, Step)

CERTAIN_LIMIT = 20
"""The vendor's default for `limit`: a page may be cut to some unknown maximum, but not below this."""


def following(rows: Sequence[MessageRow], cursor: str | None, limit: int) -> str | None:
    """Give the cursor of the next page, None at the end. Raises ProtocolError where the vendor ignores cursors."""
    ids = [row.id for row in rows]
    if cursor is not None and cursor in ids[1:]:
        raise ProtocolError("the vendor gives the page again that it gave before", code="pagination")
    if not ids or ids[-1] == cursor or len(ids) < min(limit, CERTAIN_LIMIT):
        return None
    return ids[-1]


def in_order(rows: Sequence[R], *, descending: bool, is_all: bool) -> list[R]:
    """Give the rows in the order asked for; stamps of one second tie often, and then the vendor's place decides.

    Raises ProtocolError where the vendor has another order and there are more pages to come.
    """
    first, last = (rows[0].created_at or 0, rows[-1].created_at or 0) if rows else (0, 0)
    if (first < last) if descending else (first > last):
        if not is_all:
            raise ProtocolError(
                "messages do not come in the order that was asked for",
                code="pagination",
                hint="set get_params to where this host reads them, or a page_size that holds a whole conversation",
            )
        rows = rows[::-1]
    return sorted(rows, key=lambda row: row.created_at or 0, reverse=descending)
