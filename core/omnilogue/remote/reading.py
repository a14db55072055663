"""Reading lists page by page: the loop, its cursors, doubled rows, filters, order and limit."""

from __future__ import annotations

import fnmatch
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Generic, TypeAlias, TypeVar

from ..errors import ProtocolError, UnsupportedOperationError
from ..log import logger
from ..model import Conversation, Message, Page
from ..provider import Query
from . import markers
from .account import Account
from .options import READ_SECONDS, Timeout
from .verb import Verb

T = TypeVar("T", Conversation, Message)

PageOf: TypeAlias = Callable[[str | None], Awaitable[Page[T]]]

MOST_BARREN_PAGES = 100
"""Pages in a row that bring nothing new, before the vendor's paging counts as broken."""

_LONG_AGO = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Plan(Generic[T]):
    """How a list is read: one call per page, what is kept, what brings it into order, how many."""

    operation: str
    page: PageOf[T]
    keeps: Callable[[T], bool] | None = None
    turn: Callable[[list[T]], list[T]] | None = None
    limit: int | None = None


class Listing(Generic[T]):
    """An iterator over a list, read page by page as it is used.

    `complete` is None until the end, then tells whether the vendor could list everything.
    """

    def __init__(
        self, account: Account, operation: str, plan: Callable[[], Awaitable[Plan[T]]], timeout: Timeout
    ) -> None:
        self.complete: bool | None = None
        self._account = account
        self._make_plan: Callable[[], Awaitable[Plan[T]]] = plan
        self._timeout = timeout
        self._pages: AsyncGenerator[list[T], None] | None = None
        self._operation = operation
        self._misses = False

    async def __aiter__(self) -> AsyncGenerator[T, None]:
        while (items := await self.next_page()) is not None:
            for item in items:
                yield item

    async def next_page(self) -> list[T] | None:
        """Give the next items there are, None at the end. `timeout` is for each page."""
        if self._pages is None:
            self._pages = self._read()
        pages = self._pages

        async def step() -> list[T] | None:
            return await anext(pages, None)

        return await Verb(self._account, self._operation, self._timeout, READ_SECONDS).step(step)

    async def _read(self) -> AsyncGenerator[list[T], None]:
        plan = await self._make_plan()
        left = plan.limit
        async with aclosing(ordered_pages(plan, self._note)) as pages:
            async for items in pages:
                kept = [self._shown(item) for item in items if plan.keeps is None or plan.keeps(item)]
                if left is not None:
                    kept = kept[:left]
                    left -= len(kept)
                if kept:
                    yield kept
                if left == 0:
                    break
        self.complete = not self._misses

    def _shown(self, item: T) -> T:
        """Give an item as a caller sees it: of this remote, without our marker."""
        item = markers.strip(item)
        if isinstance(item, Conversation) and item.remote != self._account.name:
            return item.model_copy(update={"remote": self._account.name})
        return item

    def _note(self, *, complete: bool) -> None:
        """Keep whether the vendor lists everything; tell it once where it does not."""
        if not complete and not self._misses:
            logger().warning("list_incomplete", remote=self._account.name, operation=self._operation)
        self._misses = self._misses or not complete


async def ordered_pages(plan: Plan[T], note: Callable[..., None] | None = None) -> AsyncGenerator[list[T], None]:
    """Give pages in the asked order; where the vendor cannot turn them, everything is read first."""
    if plan.turn is None:
        async with aclosing(_fresh_pages(plan, note)) as pages:
            async for items in pages:
                yield items
        return
    yield plan.turn([item async for items in _fresh_pages(plan, note) for item in items])


async def _fresh_pages(plan: Plan[T], note: Callable[..., None] | None) -> AsyncGenerator[list[T], None]:
    """Walk the cursors. A row that repeats one of the page before, id and content, is dropped."""
    cursor: str | None = None
    seen: set[str] = set()
    before: dict[str | None, T] = {}
    barren = 0
    while True:
        page = await plan.page(cursor)
        if note:
            note(complete=page.complete)
        fresh = [item for item in page.items if before.get(item.id) != item]
        barren = 0 if fresh else barren + 1
        yield fresh
        cursor = page.next_cursor
        if cursor is None:
            return
        if cursor in seen or barren > MOST_BARREN_PAGES:
            raise ProtocolError(
                f"{plan.operation} does not end: the vendor gives pages it gave before",
                code="pagination",
                hint="read less with limit=, and tell the vendor",
            )
        seen.add(cursor)
        before = {item.id: item for item in page.items}


def conversations_plan(account: Account, query: Query) -> Plan[Conversation]:
    """Plan a list of conversations. Raises UnsupportedOperationError for a search nobody can do."""
    row = account.features.list_conversations
    if query.search is not None and "search" not in (row.limits.filters or ()):
        raise UnsupportedOperationError(
            f"{account.name}: its conversations cannot be searched",
            operation="list_conversations",
            hint="filter by title=, metadata=, since= or until=, or copy them into an archive",
        )
    is_ours = query.order is not None and query.order not in (row.limits.order or ())
    asked = query
    if is_ours or _filters(query):  # more is read than is given
        asked = query.model_copy(update={"limit": None, "order": None if is_ours else query.order})
    return Plan(
        operation="list_conversations",
        page=lambda cursor: account.provider.list_conversations(cursor, asked),
        keeps=_keeps(query) if _filters(query) else None,
        turn=_sorted_by(query.order) if query.order and is_ours else None,
        limit=query.limit,
    )


def _sorted_by(order: str) -> Callable[[list[Conversation]], list[Conversation]]:
    name = order.removeprefix("-")
    return lambda rows: sorted(rows, key=lambda item: _conversation_key(item, name), reverse=order.startswith("-"))


def messages_plan(account: Account, conversation_id: str, query: Query) -> Plan[Message]:
    """Plan a list of messages; a vendor that has only the other order is read whole, then turned.

    Where a provider tells no order, its pages count as oldest first.
    """
    orders = account.features.list_messages.limits.order
    orders = ("asc",) if orders is None else orders
    asked, turn = query, None
    if query.order not in orders:
        asked = query.model_copy(update={"limit": None, "order": orders[0] if orders else query.order})
        turn = _reversed if orders else _sorted_desc if query.order == "desc" else _sorted_asc
    return Plan(
        operation="list_messages",
        page=lambda cursor: account.provider.list_messages(conversation_id, cursor, asked),
        turn=turn,
        limit=query.limit,
    )


def _reversed(rows: list[Message]) -> list[Message]:
    return rows[::-1]


def _sorted_asc(rows: list[Message]) -> list[Message]:
    return sorted(rows, key=message_key)


def _sorted_desc(rows: list[Message]) -> list[Message]:
    return _sorted_asc(rows)[::-1]


def message_key(message: Message) -> tuple[datetime, tuple[int, str]]:
    """Order messages by time, then by the vendor's own id: stamps of one second tie often."""
    return message.created_at or _LONG_AGO, native_key(message.id or "")


def native_key(identifier: str) -> tuple[int, str]:
    """Order ids as their vendor counts them: numbers by value, others as text."""
    return (int(identifier), "") if identifier.isdecimal() and len(identifier) < 40 else (0, identifier)


def _conversation_key(conversation: Conversation, name: str) -> tuple[Any, tuple[int, str]]:
    value = getattr(conversation, name)
    missing = "" if name == "title" else _LONG_AGO
    return value if value is not None else missing, native_key(conversation.id)


def _filters(query: Query) -> bool:
    return any((query.title is not None, query.metadata, query.since, query.until))


def _keeps(query: Query) -> Callable[[Conversation], bool]:
    """Make the core's own filter; a vendor's filter may give more than asked, never less."""

    def keeps(conversation: Conversation) -> bool:
        moment = conversation.updated_at or conversation.created_at
        if query.title is not None and not fnmatch.fnmatchcase(conversation.title or "", query.title):
            return False
        if query.since and (moment is None or moment < query.since):
            return False
        if query.until and (moment is None or moment >= query.until):
            return False
        return all(conversation.metadata.get(key) == value for key, value in (query.metadata or {}).items())

    return keeps


async def newest(account: Account, conversation_id: str, most: int) -> tuple[list[Message], bool]:
    """Give the newest messages, oldest of them first, markers and all, and whether there are no others.

    Where the vendor cannot turn the order, everything is read.
    """
    plan = messages_plan(account, conversation_id, Query(order="desc", limit=most + 1))  # one more tells of others
    found: list[Message] = []
    async with aclosing(ordered_pages(plan)) as pages:
        async for items in pages:
            found += items
            if len(found) > most:
                break
    return found[:most][::-1], len(found) <= most
