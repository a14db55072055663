from pathlib import Path
from typing import Any

import pytest

from omnilogue.errors import NotFoundError
from omnilogue.model import Message, TextPart
from omnilogue.provider import Changes, Draft, Query
from omnilogue_archive import schema, search, store
from omnilogue_archive.provider import Archive

pytestmark = pytest.mark.anyio

STORED = {
    "chinese": "我们五月去里斯本旅行吧",
    "english": 'He said "Go NEAR Lisbon*" AND (left) -- col:umn',
    "emoji": "family: \U0001f469\u200d\U0001f467 and \U0001f600!",
    "nul": "before\0after the end",
    "percent": "100% sure_thing \\ 'quoted'",
    "accents": "Café À la carte",
}


@pytest.fixture(params=["index", "no index", "long texts", "index lost"])
async def filled(request: pytest.FixtureRequest, archive: Archive, monkeypatch: pytest.MonkeyPatch) -> Archive:
    """One archive in four ways: with an index, without FTS5, with texts beyond the index, opened without FTS5 later."""
    if request.param == "no index":
        monkeypatch.setattr(store, "SEARCH_INDEX", schema.SEARCH_INDEX.replace("trigram", "no_such_tokenizer"))
    if request.param == "long texts":
        monkeypatch.setattr(search, "LONGEST_INDEXED", 2)
    for title, text in STORED.items():
        await archive.create_conversation(Draft(title=f"title of {title}", messages=(Message.user(text),)))
    if request.param == "index lost":
        await archive.aclose()
        monkeypatch.setattr(store, "_can_search", lambda _: False)
    return archive


async def found(archive: Archive, wanted: str, **query: Any) -> list[str]:
    page = await archive.list_conversations(None, Query(search=wanted, **query))
    return [(conversation.title or "").removeprefix("title of ") for conversation in page.items]


@pytest.mark.parametrize(
    ("wanted", "where"),
    [
        ("里斯本", "chinese"),
        ("旅行", "chinese"),
        ("吧", "chinese"),
        ("我们五月去里斯本旅行吧", "chinese"),
        ("lisbon*", "english"),
        ('"go near', "english"),
        ('"', "english"),
        ("(left) --", "english"),
        ("col:umn", "english"),
        ("LISBON", "english"),
        ("\U0001f600", "emoji"),
        ("\U0001f469\u200d\U0001f467", "emoji"),
        ("fter the e", "nul"),
        ("before\0after", "nul"),
        ("\0", "nul"),
        ("100% sure_thing \\ 'q", "percent"),
        ("Café À", "accents"),
        ("é", "accents"),
        ("TITLE of acc", "accents"),
    ],
)
async def test_a_text_is_found_whatever_it_is_made_of(filled: Archive, wanted: str, where: str) -> None:
    assert await found(filled, wanted) == [where]


@pytest.mark.parametrize("wanted", ["里斯旅", "行旅", "ab", "Lisbon* OR", "lis*", "%sure", "beforeafter", "je", "''"])
async def test_what_is_not_there_is_not_found(filled: Archive, wanted: str) -> None:
    assert await found(filled, wanted) == []


async def test_no_text_finds_all(filled: Archive) -> None:
    assert await found(filled, "") == list(STORED)
    assert await found(filled, "title of", order="-title") == sorted(STORED, reverse=True)


async def test_a_long_query_is_compared_to_its_end(filled: Archive) -> None:
    words = "so many words that no index would look at all of them " * 40
    await filled.create_conversation(Draft(title="long", messages=(Message.user(words),)))

    assert await found(filled, words[:-1]) == ["long"]
    assert await found(filled, words + "x") == []


async def test_edits_and_deletions_are_seen_at_once(filled: Archive) -> None:
    page = await filled.list_conversations(None, Query(search="里斯本"))
    conversation = page.items[0]
    message_id = conversation.head_id or ""

    await filled.edit_message(conversation.id, message_id, "改去巴黎三天\0好")
    assert [await found(filled, wanted) for wanted in ("里斯本", "巴黎三", "巴黎", "\0好")] == [
        [],
        ["chinese"],
        ["chinese"],
        ["chinese"],
    ]

    await filled.delete_message(conversation.id, message_id)
    assert [await found(filled, wanted) for wanted in ("巴黎三", "巴黎")] == [[], []]

    await filled.append(conversation.id, [Message.user("第三次")])
    await filled.clear_messages(conversation.id)
    assert await found(filled, "第三次") == []

    await filled.update_conversation(conversation.id, Changes(title="新的标题"))
    assert await found(filled, "的标题") == ["新的标题"]


async def test_all_branches_and_all_text_parts_are_searched(filled: Archive) -> None:
    root = Message(role="user", id="1", parts=(TextPart(text="Wol"), TextPart(text="ken")))
    one = Message.user("Himmel").model_copy(update={"parent_id": "1"})
    other = Message.user("Erde").model_copy(update={"parent_id": "1"})
    await filled.create_conversation(Draft(title="tree", messages=(root, one, other)))

    assert [await found(filled, wanted) for wanted in ("wolken", "himmel", "erde")] == [["tree"]] * 3


async def test_search_goes_with_filters_and_pages(filled: Archive) -> None:
    seen = []
    cursor = None
    while True:
        page = await filled.list_conversations(cursor, Query(search="title of", limit=1, order="title"))
        seen += [conversation.title for conversation in page.items]
        cursor = page.next_cursor
        if cursor is None:
            break

    assert seen == [f"title of {name}" for name in sorted(STORED)]
    assert await found(filled, "title of", title="title of nul") == ["nul"]


async def test_a_deleted_text_leaves_nothing_in_the_index(archive: Archive) -> None:
    created = await archive.create_conversation(Draft(messages=(Message.user("a\0bcdef"), Message.user("ghi"))))
    await archive.edit_message(created.id, created.head_id or "", "jkl")

    await archive.delete_conversation(created.id)

    with archive._store.read() as database:
        assert database is not None
        assert database.execute('SELECT rowid FROM search_index(\'"bcd" OR "ghi" OR "jkl"\')').fetchall() == []


def test_trigrams_are_few_and_each_comes_once() -> None:
    assert search.trigrams("ab") == []
    assert search.trigrams("abab") == ["aba", "bab"]
    assert len(search.trigrams("".join(map(chr, range(0x4E00, 0x4F00))))) == search.MOST_TRIGRAMS


async def test_an_archive_that_does_not_exist_has_nothing_to_find(archive: Archive, path: Path) -> None:
    assert await found(archive, "x") == []
    assert not list(path.parent.iterdir())
    with pytest.raises(NotFoundError):
        await archive.delete_conversation("c_1")
