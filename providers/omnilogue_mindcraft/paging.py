"""Pages and their order: MindCraft numbers its pages, and does not say in which order messages come."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from omnilogue.errors import InvalidInputError

from .wire import List, MessageRow, Row

CONVERSATION_ORDERS = ("created_at", "-created_at", "updated_at", "-updated_at")
"""The orders of conversations that the vendor has, in its own words (api-214706758)."""

STABLE_ORDER = "session_id"
"""The order of a full scan: what is created meanwhile comes last and shifts nothing."""


def page_of(cursor: str | None) -> int:
    """Give the number of the page a cursor names. Raises InvalidInputError for what is no cursor of ours."""
    if cursor is None:
        return 1
    if cursor.isascii() and cursor.isdecimal() and len(cursor) < 10 and int(cursor) > 1:
        return int(cursor)
    raise InvalidInputError(f"{cursor[:80]!r} is no cursor of MindCraft", outcome="not_sent")


def following(answer: List, rows: Sequence[Row], page: int) -> int | None:
    """Give the number of the next page; an empty page is the end, whatever the counts say."""
    if not rows or (answer.max_pages is not None and page >= answer.max_pages):
        return None
    return page + 1


def name_filter(title: str | None) -> str | None:
    """Give what the vendor may filter names by: a title without wildcards, which it would take literally."""
    return title if title and not any(character in title for character in "*?[") else None


def message_ordering(key: str, *, descending: bool) -> str | None:
    """Give the value of `ordering` for messages; None where the settings say that none is asked for."""
    return f"-{key}" if key and descending else key or None


def obeys(rows: Sequence[MessageRow], ordering: str | None) -> bool:
    """Whether the rows can have come in this order; what cannot be told counts as yes."""
    if ordering is None or len(rows) < 2:
        return True
    key = ordering.removeprefix("-")
    first, last = getattr(rows[0], key, None), getattr(rows[-1], key, None)
    if first is None or last is None:
        return True
    return bool(first >= last if ordering.startswith("-") else first <= last)


def in_order(rows: Iterable[MessageRow]) -> list[MessageRow]:
    """Give the rows oldest first, each once. Times have whole seconds, so the number breaks ties; inferred."""
    once = {row.message_id: row for row in rows}
    return sorted(once.values(), key=lambda row: (row.created_at or "", row.message_id))
