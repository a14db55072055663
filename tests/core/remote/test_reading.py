"""Lists: the loop over pages, its cursors, doubled rows, filters, order, limit and memory."""

import tracemalloc
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from omnilogue import Conversation, InvalidInputError, Message, ProtocolError, UnsupportedOperationError
from omnilogue.model import Page
from omnilogue.provider import Features, Provider, ProviderSettings, Query, native
from omnilogue.remote.reading import newest

pytestmark = pytest.mark.anyio

START = datetime(2026, 1, 1, tzinfo=UTC)


def message(number: int, text: str = "") -> Message:
    time = START + timedelta(seconds=number)
    return Message(id=str(number), role="user", parts=Message.user(text or f"text {number}").parts, created_at=time)


def conversation(number: int, **fields: Any) -> Conversation:
    time = START + timedelta(days=number)
    return Conversation(id=f"c{number}", **{"title": f"trip {number}", "created_at": time, **fields})


Pages = Callable[[str | None, Query], Page[Any]]


class Listed(Provider[ProviderSettings]):
    """Gives the pages a test wants, and notes what it was asked."""

    features = Features(list_messages=native(order=("asc",)), list_conversations=native())
    pages: Pages

    def __init__(self, settings: Any, context: Any) -> None:
        super().__init__(settings, context)
        self.vendor = self
        self.asked: list[tuple[str | None, Query]] = []

    async def list_messages(self, conversation_id: str, cursor: str | None, query: Query) -> Page[Message]:
        self.asked.append((cursor, query))
        return type(self).pages(cursor, query)

    async def list_conversations(self, cursor: str | None, query: Query) -> Page[Conversation]:
        self.asked.append((cursor, query))
        return type(self).pages(cursor, query)


@pytest.fixture
def listing(remote_of: Any) -> Callable[..., Any]:
    """Give what makes a remote that lists these pages."""

    def made(pages: Pages, **rows: Any) -> Any:
        return remote_of(type("Pages", (Listed,), {"pages": staticmethod(pages)}), rows, ProviderSettings)

    return made


def in_turn(*pages: list[Any], complete: bool = True) -> Pages:
    """Give pages one after the other, the cursor is the place."""

    def page(cursor: str | None, _: Query) -> Page[Any]:
        place = int(cursor or 0)
        following = str(place + 1) if place + 1 < len(pages) else None
        return Page(items=tuple(pages[place]), next_cursor=following, complete=complete)

    return page


async def ids(items: Any) -> list[str]:
    return [item.id async for item in items]


async def test_pages_are_read_one_by_one_as_they_are_used(listing: Any) -> None:
    remote = listing(in_turn([message(1)], [message(2)], [message(3)]))
    messages = remote.messages("c1")

    assert [item.id for item in await messages.next_page()] == ["1"]
    assert len(remote.vendor.asked) == 1
    assert await ids(messages) == ["2", "3"]
    assert await messages.next_page() is None
    assert messages.complete is True


async def test_a_list_is_not_complete_before_its_end(listing: Any) -> None:
    messages = listing(in_turn([message(1)], [message(2)])).messages("c1")

    await messages.next_page()

    assert messages.complete is None


async def test_a_list_the_vendor_cannot_give_whole_says_so(listing: Any) -> None:
    messages = listing(in_turn([message(1)], [message(2)], complete=False)).messages("c1")

    assert await ids(messages) == ["1", "2"]
    assert messages.complete is False


async def test_the_limit_ends_the_reading(listing: Any) -> None:
    remote = listing(in_turn([message(1), message(2)], [message(3), message(4)], [message(5)]))

    assert await ids(remote.messages("c1", limit=3)) == ["1", "2", "3"]
    assert len(remote.vendor.asked) == 2


@pytest.mark.parametrize("last", ["0", "1"])
async def test_a_cursor_that_comes_again_is_a_fault_of_the_vendor(listing: Any, last: str) -> None:
    following = {None: "0", "0": "1", "1": last}
    remote = listing(lambda cursor, _: Page(items=(message(len(cursor or "")),), next_cursor=following[cursor]))

    with pytest.raises(ProtocolError) as raised:
        await ids(remote.messages("c1"))

    assert raised.value.code == "pagination"
    assert len(remote.vendor.asked) == 3


@pytest.mark.parametrize("items", [(), (message(1),)], ids=["empty", "the same row"])
async def test_pages_that_bring_nothing_new_end_some_time(listing: Any, items: tuple[Message, ...]) -> None:
    remote = listing(lambda cursor, _: Page(items=items, next_cursor=str(int(cursor or 0) + 1)))

    with pytest.raises(ProtocolError) as raised:
        await ids(remote.messages("c1"))

    assert raised.value.code == "pagination"
    assert len(remote.vendor.asked) < 200


async def test_a_row_that_comes_again_on_the_next_page_is_dropped(listing: Any) -> None:
    remote = listing(in_turn([message(1), message(2)], [message(2), message(3)]))

    assert await ids(remote.messages("c1")) == ["1", "2", "3"]


async def test_a_row_that_comes_again_much_later_stays(listing: Any) -> None:
    remote = listing(in_turn([message(1)], [message(2)], [message(1), message(3)]))

    assert await ids(remote.messages("c1")) == ["1", "2", "1", "3"]


async def test_a_row_with_the_same_id_and_other_content_stays(listing: Any) -> None:
    remote = listing(in_turn([message(1), message(2)], [message(2, "other"), message(3)]))

    assert await ids(remote.messages("c1")) == ["1", "2", "2", "3"]


@pytest.mark.parametrize("order", ["asc", "desc"])
@pytest.mark.parametrize("orders", [None, ("asc",), ("desc",), ()])
async def test_messages_come_in_the_asked_order_whatever_the_vendor_has(
    listing: Any, orders: tuple[str, ...] | None, order: str
) -> None:
    rows = [message(number) for number in range(1, 12)]

    def page(cursor: str | None, query: Query) -> Page[Message]:
        """Cut to the limit, which a provider may; in the order it has, without one mixed up."""
        has = ("asc",) if orders is None else orders
        found = rows if "asc" in has else rows[::-1] if "desc" in has else rows[5:] + rows[:5]
        start = int(cursor or 0)
        end = min(start + 4, len(rows), len(rows) if query.limit is None else query.limit)
        return Page(items=tuple(found[start:end]), next_cursor=str(end) if end - start == 4 else None)

    remote = listing(page, list_messages=native(order=orders))

    found = await ids(remote.messages("c1", order=order, limit=6))

    expected = [str(number) for number in range(1, 12)]
    assert found == (expected if order == "asc" else expected[::-1])[:6]


@pytest.mark.parametrize("order", ["title", "-title", "created_at", "-created_at", "updated_at", "-updated_at"])
async def test_conversations_are_sorted_here_where_the_vendor_cannot(listing: Any, order: str) -> None:
    rows = [conversation(number, updated_at=START + timedelta(hours=-number)) for number in (2, 3, 1)]
    remote = listing(in_turn(rows[:2], rows[2:]))

    found = await ids(remote.conversations(order=order, limit=2))

    rising = ["c3", "c2", "c1"] if "updated" in order else ["c1", "c2", "c3"]
    assert found == (rising[::-1] if order.startswith("-") else rising)[:2]
    assert {(query.order, query.limit) for _, query in remote.vendor.asked} == {(None, None)}


async def test_an_order_the_vendor_has_is_left_to_it(listing: Any) -> None:
    remote = listing(in_turn([conversation(2), conversation(1)]), list_conversations=native(order=("-created_at",)))

    assert await ids(remote.conversations(order="-created_at", limit=5)) == ["c2", "c1"]
    assert remote.vendor.asked[0][1].order == "-created_at"
    assert remote.vendor.asked[0][1].limit == 5


FILTERS: dict[str, tuple[dict[str, Any], list[str]]] = {
    "glob": ({"title": "trip [13]"}, ["c1", "c3"]),
    "exact title": ({"title": "trip 2"}, ["c2"]),
    "case counts": ({"title": "TRIP*"}, []),
    "metadata": ({"metadata": {"team": "red"}}, ["c2"]),
    "metadata of nobody": ({"metadata": {"team": None}}, ["c1", "c3"]),
    "since": ({"since": START + timedelta(days=2)}, ["c2", "c3"]),
    "until": ({"until": START + timedelta(days=2)}, ["c1"]),
    "both": ({"since": START + timedelta(days=2), "until": START + timedelta(days=3)}, ["c2"]),
    "limit after the filter": ({"title": "trip *", "limit": 1, "since": START + timedelta(days=3)}, ["c3"]),
}


@pytest.mark.parametrize("case", FILTERS)
async def test_what_the_vendor_cannot_filter_is_filtered_here(listing: Any, case: str) -> None:
    given, expected = FILTERS[case]
    rows = [conversation(1), conversation(2, metadata={"team": "red"}), conversation(3)]
    remote = listing(in_turn(*([row] for row in rows)))

    assert await ids(remote.conversations(**given)) == expected


async def test_a_search_nobody_can_do_is_refused(listing: Any) -> None:
    remote = listing(in_turn([conversation(1)]))

    with pytest.raises(UnsupportedOperationError, match="cannot be searched"):
        await ids(remote.conversations(search="sea"))

    assert remote.vendor.asked == []


async def test_a_search_is_left_to_the_vendor_that_can(listing: Any) -> None:
    remote = listing(in_turn([conversation(1)]), list_conversations=native(filters=("search",)))

    assert await ids(remote.conversations(search="sea")) == ["c1"]
    assert remote.vendor.asked[0][1].search == "sea"


async def test_conversations_are_those_of_the_remote(listing: Any) -> None:
    remote = listing(in_turn([conversation(1), conversation(2, remote="elsewhere")]))

    assert {item.remote async for item in remote.conversations()} == {"work"}


@pytest.mark.parametrize(
    "given", [{"order": "random"}, {"limit": -1}, {"since": datetime(2026, 1, 1)}, {"metadata": "x"}]
)
async def test_a_wish_that_cannot_be_meant_is_refused(listing: Any, given: dict[str, Any]) -> None:
    remote = listing(in_turn([conversation(1)]))

    with pytest.raises(InvalidInputError):
        await ids(remote.conversations(**given))

    assert remote.vendor.asked == []


@pytest.mark.parametrize(("most", "is_all"), [(3, False), (4, True), (5, True)])
async def test_the_newest_are_told_from_all_though_the_vendor_stops_at_the_limit(
    listing: Any, most: int, is_all: bool
) -> None:
    rows = [message(number) for number in (4, 3, 2, 1)]
    remote = listing(lambda _, query: Page(items=tuple(rows[: query.limit])), list_messages=native(order=("desc",)))

    found = await newest(remote._account, "c1", most)

    assert ([item.id for item in found[0]], found[1]) == (["1", "2", "3", "4"][-most:], is_all)


async def test_a_long_list_takes_constant_memory(listing: Any) -> None:
    size, total, row = 500, 200_000, message(0)

    def page(cursor: str | None, _: Query) -> Page[Message]:
        start = int(cursor or 0)
        items = tuple(row.model_copy(update={"id": str(number)}) for number in range(start, start + size))
        return Page.model_construct(items=items, next_cursor=str(start + size) if start + size < total else None)

    messages = listing(page).messages("c1")
    count = 0
    try:
        while await messages.next_page() is not None:
            count += 1
            if count * size == 0.8 * total:  # what is measured takes its time, and a fifth of it tells
                tracemalloc.start()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert count == total // size
    assert 0 < peak < 4 * 1024 * 1024
