from datetime import timedelta
from typing import Any

import pytest

from omnilogue.errors import InvalidInputError, NotFoundError
from omnilogue.model import Message
from omnilogue.provider import Changes, Draft, Query
from omnilogue_archive.conversations import ORDERS
from omnilogue_archive.provider import Archive

pytestmark = pytest.mark.anyio

TITLES = ["b", None, "a", "旅行", "b", "B", "[x]"]


@pytest.fixture
async def filled(archive: Archive) -> Archive:
    for number, title in enumerate(TITLES):
        await archive.create_conversation(Draft(title=title, metadata={"number": number, "even": number % 2 == 0}))
    return archive


async def every_page(archive: Archive, limit: int = 2, **query: Any) -> list[Any]:
    found: list[Any] = []
    cursor = None
    while True:
        page = await archive.list_conversations(cursor, Query(limit=limit, **query))
        found += page.items
        cursor = page.next_cursor
        if cursor is None:
            return found


async def numbers(archive: Archive, **query: Any) -> list[Any]:
    return [conversation.metadata["number"] for conversation in await every_page(archive, **query)]


async def test_conversations_come_in_the_order_they_were_created_in(filled: Archive) -> None:
    assert await numbers(filled) == list(range(len(TITLES)))


async def test_every_declared_order_works_in_both_directions(filled: Archive) -> None:
    oldest = (await every_page(filled))[0]
    await filled.append(oldest.id, [Message.user("new")])

    orders = {order: await numbers(filled, order=order) for order in ORDERS}

    assert orders["created_at"] == list(range(7))
    assert orders["updated_at"] == [1, 2, 3, 4, 5, 6, 0]
    assert orders["title"] == [1, 5, 6, 2, 0, 4, 3]
    for order in ("created_at", "updated_at", "title"):
        assert orders[f"-{order}"] == orders[order][::-1]
    assert tuple(filled.features.list_conversations.limits.order or ()) == ORDERS


async def test_an_unknown_order_is_refused_and_the_known_ones_are_named(filled: Archive) -> None:
    with pytest.raises(InvalidInputError, match="size") as refused:
        await filled.list_conversations(None, Query(order="size"))
    assert "updated_at" in refused.value.hint


async def test_a_title_is_compared_exactly_and_a_glob_is_left_to_who_asks(filled: Archive) -> None:
    assert await numbers(filled, title="b") == [0, 4]
    assert await numbers(filled, title="旅行") == [3]
    assert await numbers(filled, title="旅") == []
    assert await numbers(filled, title="") == [1]
    assert await numbers(filled, title="[x]") == list(range(7))
    assert await numbers(filled, title="b*") == list(range(7))


async def test_metadata_narrows(filled: Archive) -> None:
    assert await numbers(filled, metadata={"even": True}) == [0, 2, 4, 6]
    assert await numbers(filled, metadata={"even": True, "number": 4}) == [4]
    assert await numbers(filled, metadata={"odd \" '": 1}) == []


async def test_since_is_from_and_until_is_before_the_last_change(filled: Archive) -> None:
    conversations = await every_page(filled)
    await filled.append(conversations[0].id, [Message.user("new")])

    since, until = conversations[2].updated_at, conversations[4].updated_at

    assert await numbers(filled, since=since) == [0, 2, 3, 4, 5, 6]
    assert await numbers(filled, until=until) == [1, 2, 3]
    assert await numbers(filled, since=since, until=until, order="-title") == [3, 2]


@pytest.mark.parametrize("order", [None, "created_at", "-created_at", "title", "-title", "-updated_at"])
async def test_pages_neither_double_nor_lose_when_conversations_come_and_go(filled: Archive, order: str | None) -> None:
    before = await numbers(filled, order=order)
    seen: list[Any] = []
    cursor = None
    while True:
        page = await filled.list_conversations(cursor, Query(limit=2, order=order))
        seen += [conversation.metadata["number"] for conversation in page.items]
        await filled.create_conversation(Draft(title=None, metadata={"number": "new"}))
        await filled.delete_conversation(page.items[-1].id)
        cursor = page.next_cursor
        if cursor is None or len(seen) > 20:
            break

    assert [number for number in seen if number != "new"] == before


async def test_an_update_changes_only_what_is_given(archive: Archive) -> None:
    draft = Draft(title="Trip", instructions="Be brief.", model="fast", metadata={"a": 1, "_omnilogue": {"m": "x"}})
    before = await archive.create_conversation(draft)

    titled = await archive.update_conversation(before.id, Changes(title="Tour", pinned=True))
    emptied = await archive.update_conversation(before.id, Changes(title=None, metadata={"b": [2]}, pinned=False))
    same = await archive.update_conversation(before.id, Changes())

    later = {"updated_at": titled.updated_at}
    assert titled == before.model_copy(update={"title": "Tour", "pinned": True, **later})
    assert titled.updated_at is not None
    assert before.updated_at is not None
    assert titled.updated_at > before.updated_at
    assert emptied.metadata == {"b": [2]}
    assert (emptied.title, emptied.pinned, emptied.instructions, emptied.model) == (None, False, "Be brief.", "fast")
    assert same == emptied == await archive.get_conversation(before.id)


async def test_a_conversation_names_its_remote_its_times_and_its_head(archive: Archive) -> None:
    created = await archive.create_conversation(Draft(messages=(Message.user("a"), Message.user("b"))))

    page = await archive.list_messages(created.id, None, Query())

    assert created.remote == "backup"
    assert created.head_id == page.items[-1].id
    assert created.created_at is not None
    assert created.created_at.utcoffset() == timedelta(0)


async def test_a_deleted_conversation_is_gone_with_its_messages(archive: Archive) -> None:
    created = await archive.create_conversation(Draft(title="Trip", messages=(Message.user("a secret"),)))
    kept = await archive.create_conversation(Draft(title="Tour"))

    await archive.delete_conversation(created.id)

    assert await every_page(archive) == [kept]
    assert await every_page(archive, search="secret") == []
    for attempt in (
        archive.get_conversation(created.id),
        archive.delete_conversation(created.id),
        archive.update_conversation(created.id, Changes(title="x")),
        archive.update_conversation(created.id, Changes()),
    ):
        with pytest.raises(NotFoundError):
            await attempt
    with archive._store.read() as database:
        assert database is not None
        assert database.execute("SELECT count(*) FROM messages").fetchone()[0] == 0


@pytest.mark.parametrize("limit", [0, 1, 10**30])
async def test_any_limit_gives_a_page(filled: Archive, limit: int) -> None:
    page = await filled.list_conversations(None, Query(limit=limit))

    assert 1 <= len(page.items) <= 7
