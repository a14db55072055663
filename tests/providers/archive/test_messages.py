from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from typing import Any

import anyio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from omnilogue.errors import BadRequestError, InvalidInputError, NotFoundError
from omnilogue.model import (
    AudioPart,
    Citation,
    DataPart,
    FilePart,
    ImagePart,
    Message,
    Origin,
    ReasoningPart,
    TextPart,
    ToolCallPart,
    ToolResultPart,
    Usage,
)
from omnilogue.provider import Changes, Draft, Query
from omnilogue_archive import tree
from omnilogue_archive.provider import PAGE_SIZE, Archive

pytestmark = pytest.mark.anyio

Fresh = Callable[[], AbstractContextManager[Archive]]

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
names = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8)
values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
objects = st.dictionaries(texts, values, max_size=3)
maybe_texts = st.none() | texts
counts = st.none() | st.integers(0, 10**9)
media: dict[str, st.SearchStrategy[Any]] = {
    "url": maybe_texts,
    "file_id": maybe_texts,
    "name": maybe_texts,
    "size": counts,
    "sha256": maybe_texts,
    "data": st.none() | st.binary(max_size=50),
}
citations = st.builds(Citation, start=counts, end=counts, quote=maybe_texts, url=maybe_texts)
parts = st.one_of(
    st.builds(TextPart, text=texts, citations=st.lists(citations, max_size=2).map(tuple)),
    st.builds(ReasoningPart, text=texts, data=values),
    *[st.builds(kind, **media) for kind in (ImagePart, AudioPart, FilePart)],
    st.builds(ToolCallPart, id=texts, name=texts, arguments=values),
    st.builds(ToolResultPart, call_id=texts, content=values, is_error=st.booleans()),
    st.builds(DataPart, kind=names, value=values),
)
moments = st.datetimes(timezones=st.just(UTC)) | st.datetimes(
    datetime(1900, 1, 1), datetime(2100, 1, 1), timezones=st.timezones()
)
messages = st.builds(
    Message,
    role=st.sampled_from(["system", "developer", "user", "assistant", "tool", "other:narrator"]),
    parts=st.lists(parts, max_size=4).map(tuple),
    created_at=moments,
    run_id=maybe_texts,
    model=maybe_texts,
    usage=st.none() | st.builds(Usage, input_tokens=counts, seconds=values),
    status=st.sampled_from(["complete", "partial", "failed"]),
    metadata=objects,
    origin=st.none() | st.builds(Origin, provider=maybe_texts, message=maybe_texts, time=st.none() | moments),
    raw=objects,
    colour=values,
)
drafts = st.builds(
    Draft,
    title=maybe_texts,
    instructions=maybe_texts,
    model=maybe_texts,
    metadata=objects,
    messages=st.lists(messages, max_size=3).map(tuple),
)


def without_place(message: Message) -> Message:
    return message.model_copy(update={"id": None, "conversation_id": None, "parent_id": None})


def texts_of(found: Any) -> list[str]:
    return [message.text for message in found]


@pytest.fixture
async def conversation_id(archive: Archive) -> str:
    return (await archive.create_conversation(Draft(title="Trip"))).id


async def every_page(archive: Archive, conversation_id: str, **query: Any) -> list[Message]:
    found: list[Message] = []
    cursor = None
    while True:
        page = await archive.list_messages(conversation_id, cursor, Query(**query))
        found += page.items
        cursor = page.next_cursor
        if cursor is None:
            return found


def test_what_is_appended_is_read_back_exactly(fresh_archive: Fresh) -> None:
    with fresh_archive() as archive:

        @settings(max_examples=120, deadline=None)
        @given(st.lists(messages, min_size=1, max_size=4))
        def read_back(given_messages: list[Message]) -> None:
            async def run() -> None:
                created = await archive.create_conversation(Draft())
                stored = await archive.append(created.id, given_messages)
                read = await every_page(archive, created.id)
                assert read == stored
                assert [without_place(message) for message in read] == given_messages
                assert await archive.get_message(created.id, stored[0].id or "") == stored[0]

            anyio.run(run)

        read_back()


@settings(max_examples=60, deadline=None)
@given(drafts)
def check_create(archive: Archive, draft: Draft) -> None:
    async def run() -> None:
        created = await archive.create_conversation(draft)
        read = await archive.get_conversation(created.id)
        assert read == created
        for name in ("title", "instructions", "model", "metadata"):
            assert getattr(read, name) == getattr(draft, name)
        assert [without_place(message) for message in await every_page(archive, created.id)] == list(draft.messages)

    anyio.run(run)


def test_a_conversation_is_created_exactly_and_with_its_messages(fresh_archive: Fresh) -> None:
    with fresh_archive() as archive:
        check_create(archive)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\0",
        "a\0b",
        "\U0001f469\u200d\U0001f467 \U0001f44d\U0001f3fd",
        "\u05e9\u05dc\u05d5\u05dd \u202eabc\u202c",
        "e\u0301 é",
        "\u2028\u0085\r\n\t",
        "水" * 1_700_000,
    ],
    ids=["empty", "nul", "in the middle", "emoji", "right to left", "combining", "lines", "5 MB"],
)
async def test_text_is_kept_to_the_last_code_point(archive: Archive, conversation_id: str, text: str) -> None:
    stored = await archive.append(conversation_id, [Message.user(text)])
    edited = await archive.edit_message(conversation_id, stored[0].id or "", f"{text}.")

    read = await archive.get_message(conversation_id, stored[0].id or "")

    assert stored[0].text == text
    assert read == edited
    assert read.text == f"{text}."


async def test_a_message_without_a_time_gets_the_time_of_the_clock(archive: Archive, conversation_id: str) -> None:
    old = datetime(2001, 9, 9, tzinfo=UTC)

    stored = await archive.append(
        conversation_id, [Message.user("now"), Message.user("then").model_copy(update={"created_at": old})]
    )

    assert stored[0].created_at is not None
    assert stored[0].created_at.year == 2026
    assert stored[1].created_at == old
    assert texts_of(await every_page(archive, conversation_id)) == ["now", "then"]


async def test_a_batch_is_stored_whole_or_not_at_all(archive: Archive, conversation_id: str) -> None:
    orphan = Message.user("orphan").model_copy(update={"parent_id": "m_nobody"})

    with pytest.raises(BadRequestError, match="m_nobody") as refused:
        await archive.append(conversation_id, [Message.user("first"), orphan])

    assert refused.value.outcome == "rejected"
    assert await every_page(archive, conversation_id) == []
    with pytest.raises(BadRequestError):
        await archive.create_conversation(Draft(messages=(orphan,)))
    assert len((await archive.list_conversations(None, Query())).items) == 1


async def test_a_parent_in_another_conversation_is_none(archive: Archive, conversation_id: str) -> None:
    other = await archive.create_conversation(Draft(messages=(Message.user("elsewhere"),)))
    child = Message.user("child").model_copy(update={"parent_id": other.head_id})

    with pytest.raises(BadRequestError):
        await archive.append(conversation_id, [child])


async def test_messages_read_elsewhere_are_appended_with_their_tree(archive: Archive, conversation_id: str) -> None:
    source = await archive.create_conversation(Draft(messages=(Message.user("a"), Message.user("b"))))
    branch = Message.user("c").model_copy(update={"parent_id": (await every_page(archive, source.id))[0].id})
    await archive.append(source.id, [branch])
    read = await every_page(archive, source.id, branches=True)

    copied = await archive.append(conversation_id, read)

    assert texts_of(copied) == ["a", "b", "c"]
    assert [message.parent_id for message in copied] == [None, copied[0].id, copied[0].id]
    assert {message.id for message in copied}.isdisjoint({message.id for message in read})


async def test_an_edit_keeps_all_but_text_and_citations(archive: Archive, conversation_id: str) -> None:
    picture = ImagePart(url="https://pictures.example/1")
    before = Message(
        role="assistant",
        parts=(TextPart(text="old", citations=(Citation(start=0, end=1),)), picture, TextPart(text="er")),
        metadata={"k": 1},
        raw={"r": 2},
        usage=Usage(input_tokens=3),
        model="m",
    )
    stored = (await archive.append(conversation_id, [before, Message.user("later")]))[0]

    edited = await archive.edit_message(conversation_id, stored.id or "", "new")

    assert edited == stored.model_copy(update={"parts": (TextPart(text="new"), picture)})
    assert texts_of(await every_page(archive, conversation_id)) == ["new", "later"]


async def test_clearing_keeps_what_is_not_a_message(archive: Archive, conversation_id: str) -> None:
    before = await archive.update_conversation(
        conversation_id, Changes(instructions="Be brief.", metadata={"k": "v"}, pinned=True)
    )
    await archive.append(conversation_id, [Message.system("s"), Message.user("u")])

    await archive.clear_messages(conversation_id)

    after = await archive.get_conversation(conversation_id)
    assert await every_page(archive, conversation_id, branches=True) == []
    assert after.model_copy(update={"updated_at": before.updated_at}) == before


async def test_what_is_not_there_is_not_found(archive: Archive, conversation_id: str) -> None:
    other = await archive.create_conversation(Draft(messages=(Message.user("elsewhere"),)))
    foreign = other.head_id or ""

    for attempt in (
        archive.list_messages("c_none", None, Query()),
        archive.append("c_none", [Message.user("Hi")]),
        archive.clear_messages("c_none"),
        archive.get_message(conversation_id, foreign),
        archive.edit_message(conversation_id, foreign, "x"),
        archive.delete_message(conversation_id, foreign),
        archive.get_message(conversation_id, "a\0b"),
    ):
        with pytest.raises(NotFoundError):
            await attempt


async def test_a_long_conversation_comes_in_pages_both_ways(archive: Archive, conversation_id: str) -> None:
    count = 2 * PAGE_SIZE + 1
    await archive.append(conversation_id, [Message.user(str(number)) for number in range(count)])

    first = await archive.list_messages(conversation_id, None, Query())
    forth = texts_of(await every_page(archive, conversation_id))
    back = texts_of(await every_page(archive, conversation_id, order="desc"))

    assert len(first.items) == PAGE_SIZE
    assert forth == [str(number) for number in range(count)]
    assert back == forth[::-1]
    assert texts_of((await archive.list_messages(conversation_id, None, Query(limit=2, order="desc"))).items) == [
        str(count - 1),
        str(count - 2),
    ]


async def test_a_page_is_the_last_when_nothing_follows(archive: Archive, conversation_id: str) -> None:
    await archive.append(conversation_id, [Message.user("x")] * PAGE_SIZE)

    page = await archive.list_messages(conversation_id, None, Query())

    assert len(page.items) == PAGE_SIZE
    assert page.next_cursor is None


async def test_large_messages_make_short_pages(
    archive: Archive, conversation_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tree, "PAGE_CHARACTERS", 1000)
    await archive.append(conversation_id, [Message.user(str(number) * 600) for number in range(5)])

    page = await archive.list_messages(conversation_id, None, Query())

    assert len(page.items) == 2
    assert len(await every_page(archive, conversation_id)) == 5


async def test_pages_neither_double_nor_lose_what_was_there_when_others_write(
    archive: Archive, conversation_id: str
) -> None:
    stored = await archive.append(conversation_id, [Message.user(str(number)) for number in range(9)])
    seen: list[str] = []
    cursor = None

    for step in range(9):
        page = await archive.list_messages(conversation_id, cursor, Query(limit=1))
        seen += texts_of(page.items)
        cursor = page.next_cursor
        if step == 2:
            await archive.append(conversation_id, [Message.user("late")])
            await archive.delete_message(conversation_id, stored[1].id or "")
        if step == 4:
            branch = Message.user("branch").model_copy(update={"parent_id": stored[0].id})
            await archive.append(conversation_id, [branch])

    assert seen == [str(number) for number in range(9)]
    assert cursor is None
    assert texts_of(await every_page(archive, conversation_id)) == ["0", "branch"]


async def test_a_list_goes_on_when_its_last_message_is_deleted_meanwhile(
    archive: Archive, conversation_id: str
) -> None:
    stored = await archive.append(conversation_id, [Message.user(str(number)) for number in range(4)])
    page = await archive.list_messages(conversation_id, None, Query(limit=2))

    await archive.delete_message(conversation_id, stored[3].id or "")
    rest = await archive.list_messages(conversation_id, page.next_cursor, Query())

    assert texts_of([*page.items, *rest.items]) == ["0", "1", "2"]


@pytest.mark.parametrize("cursor", ["", "x", "é", "eyJ9", "bnVsbA==", "\ud800", "e30="])
async def test_a_malformed_cursor_is_refused(archive: Archive, conversation_id: str, cursor: str) -> None:
    with pytest.raises(InvalidInputError):
        await archive.list_messages(conversation_id, cursor, Query())
    with pytest.raises(InvalidInputError):
        await archive.list_conversations(cursor, Query())


async def test_a_cursor_belongs_to_its_order_and_an_unknown_order_is_refused(
    archive: Archive, conversation_id: str
) -> None:
    await archive.append(conversation_id, [Message.user("x")] * 3)
    cursor = (await archive.list_messages(conversation_id, None, Query(limit=1))).next_cursor

    with pytest.raises(InvalidInputError):
        await archive.list_messages(conversation_id, cursor, Query(order="desc"))
    with pytest.raises(InvalidInputError):
        await archive.list_messages(conversation_id, None, Query(order="updated_at"))


async def test_every_write_moves_the_time_of_the_last_change(archive: Archive, conversation_id: str) -> None:
    clock: Any = archive.context.clock
    clock.step = timedelta(0)
    times = [(await archive.get_conversation(conversation_id)).updated_at]

    async def note() -> None:
        times.append((await archive.get_conversation(conversation_id)).updated_at)

    message = (await archive.append(conversation_id, [Message.user("x")]))[0]
    await note()
    await archive.edit_message(conversation_id, message.id or "", "y")
    await note()
    clock.time -= timedelta(days=1)
    await archive.delete_message(conversation_id, message.id or "")
    await note()
    await archive.clear_messages(conversation_id)
    await note()

    assert times == sorted(set(times), key=str)
    assert len(times) == 5
