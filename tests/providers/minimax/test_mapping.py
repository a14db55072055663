from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omnilogue.errors import InvalidInputError, ProtocolError, UnsupportedOperationError
from omnilogue.model import AudioPart, Citation, DataPart, FilePart, ImagePart, TextPart
from omnilogue_minimax import metadata
from omnilogue_minimax.citations import citations_of, noted, read_note
from omnilogue_minimax.mapping import conversation_of, message_of, moment_of, role_of, text_of
from omnilogue_minimax.paging import following, in_order
from omnilogue_minimax.wire import MessageRow, Thread

VALUE = "\u660e\u5929\uff0c\u4e5f\u5c31\u662f12\u670823\u65e5\u3010" + "1\u2020source\u3011\u3002"
MARKER = "\u30101\u2020source\u3011"
START = VALUE.index(MARKER)


def row(**fields: Any) -> MessageRow:
    return MessageRow.model_validate({"id": "msg_1", **fields})


def annotation(start: Any, end: Any, **more: Any) -> dict[str, Any]:
    return {"type": "web_citation", "text": MARKER, "start_index": start, "end_index": end, **more}


# Times and roles


@pytest.mark.parametrize("stamp", [None, 0, -1, 10**18])
def test_what_is_no_time_is_none(stamp: int | None) -> None:
    assert moment_of(stamp) is None


def test_times_are_unix_seconds() -> None:
    assert moment_of(1703318047) == datetime(2023, 12, 23, 7, 54, 7, tzinfo=UTC)


@pytest.mark.parametrize(
    ("word", "role"),
    [
        ("user", "user"),
        ("ai", "assistant"),
        ("AI", "assistant"),
        ("assistant", "assistant"),
        ("narrator", "other:narrator"),
        (None, "other:unknown"),
    ],
)
def test_words_for_roles_are_understood_and_unknown_ones_kept(word: str | None, role: str) -> None:
    assert role_of(word) == role


# Metadata

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**9), 10**9) | st.text(max_size=20),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(st.text(max_size=5), children, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text(min_size=1, max_size=20), JSON, max_size=8), st.none() | st.text(min_size=1, max_size=9))
def test_metadata_and_title_come_back_exactly(kept: dict[str, Any], title: str | None) -> None:
    title = None if title == metadata.REMOVED else title
    stored = metadata.written_with_title(kept, title)

    assert all(isinstance(text, str) for text in stored.values())
    assert metadata.read_with_title(stored) == (kept, title)
    assert metadata.read(metadata.written(kept)) == kept


@pytest.mark.parametrize("text", ["json:", "json:1", "json: nothing", "json:NaN", "plain", ""])
def test_a_text_that_looks_like_json_stays_a_text(text: str) -> None:
    assert metadata.read(metadata.written({"a": text})) == {"a": text}


def test_metadata_is_readable_by_others() -> None:
    assert metadata.written({"color": "blue", "size": 3, "tags": ["a"]}) == {
        "color": "blue",
        "size": "json:3",
        "tags": 'json:["a"]',
    }


@pytest.mark.parametrize("text", ["json:{", "json:NaN", 'json:"\\ud800"', "json:" + "[" * 400])
def test_what_another_program_stored_comes_back_as_it_is(text: str) -> None:
    assert metadata.read({"a": text}) == {"a": text}


def test_a_callers_own_title_key_is_kept_apart_from_the_title() -> None:
    stored = metadata.written_with_title({"title": "mine", "_title": "too"}, "Trip")

    assert stored == {"_title": "mine", "__title": "too", "title": "Trip"}
    assert metadata.read_with_title(stored) == ({"title": "mine", "_title": "too"}, "Trip")


@pytest.mark.parametrize(
    "kept",
    [
        {str(number): "" for number in range(17)},
        {"k" * 65: ""},
        {"k": "v" * 513},
        {"k": ["v" * 505]},
        {"k": float("nan")},
    ],
)
def test_what_does_not_fit_is_refused_before_anything_is_sent(kept: dict[str, Any]) -> None:
    with pytest.raises(InvalidInputError) as caught:
        metadata.written(kept)

    assert caught.value.outcome == "not_sent"


def test_what_just_fits_is_taken() -> None:
    kept: dict[str, Any] = {f"{number:064}": "\u65c5" * 512 for number in range(16)}

    assert metadata.written(kept) == kept


# Citations


def test_offsets_that_fit_are_kept() -> None:
    (cited,) = citations_of(VALUE, [annotation(START, START + 10, web_citation={"quote": "q", "url": "https://a/"})])

    assert (cited.start, cited.end, cited.marker, cited.quote, cited.url) == (
        START,
        START + 10,
        MARKER,
        "q",
        "https://a/",
    )


def test_offsets_may_count_utf16_units() -> None:
    text = "\U0001f9f3\U0001f9f3" + VALUE

    (cited,) = citations_of(text, [annotation(START + 4, START + 14)])

    assert (cited.start, cited.end) == (START + 2, START + 12)


def test_wrong_offsets_are_replaced_by_those_of_the_nearest_marker() -> None:
    (cited,) = citations_of(VALUE * 3, [annotation(len(VALUE) + START + 2, None)])

    assert cited.start == len(VALUE) + START


@pytest.mark.parametrize(("start", "end"), [(0, 3), (None, None), (-5, 2), ("1", "2"), (True, False), (9, 10**9)])
def test_a_marker_that_is_not_there_has_no_place(start: Any, end: Any) -> None:
    (cited,) = citations_of("nothing here", [annotation(start, end)])

    assert (cited.start, cited.end, cited.marker) == (None, None, MARKER)


def test_a_citation_of_a_file_names_it_as_text() -> None:
    told = {"type": "file_citation", "text": MARKER, "file_citation": {"file_id": 2**60, "quote": "q"}}

    (cited,) = citations_of(VALUE, [told])

    assert (cited.file_id, cited.quote, cited.start) == (str(2**60), "q", START)


@pytest.mark.parametrize("annotations", [None, [], "x", [3, None]])
def test_no_annotations_are_no_citations(annotations: Any) -> None:
    assert citations_of(VALUE, annotations) == ()


def test_citations_that_are_noted_come_back_with_the_joined_text() -> None:
    parts = [TextPart(text="One. "), TextPart(text="Two.", citations=(Citation(start=0, end=3, title="T" * 600),))]
    stored = {"a": "b", **noted(parts)}

    assert sorted(stored) == ["_citations", "_citations_2", "a"]
    assert max(map(len, stored.values())) <= 512
    assert read_note(stored) == ({"a": "b"}, (Citation(start=5, end=8, title="T" * 600),))


@pytest.mark.parametrize("text", ["mine", "[3]", "{}"])
def test_a_key_of_that_name_that_is_no_note_stays(text: str) -> None:
    assert read_note({"_citations": text}) == ({"_citations": text}, ())


# Messages and conversations


def test_a_message_of_the_documented_list_is_understood() -> None:
    part = {"type": "text", "text": {"value": VALUE, "annotations": [annotation(START, START + 10)]}}
    told = row(
        thread_id="thread_1",
        created_at=1703318063,
        role="ai",
        content=[part],
        file_ids=None,
        assistant_id="asst_1",
        run_id="run_1",
        metadata=None,
    )

    message = message_of(told, "thread_1")

    assert (message.id, message.conversation_id, message.role, message.run_id) == (
        "msg_1",
        "thread_1",
        "assistant",
        "run_1",
    )
    assert message.text == VALUE
    assert message.metadata == {}
    assert message.raw == {"role": "ai", "assistant_id": "asst_1", "content": [part]}


def test_parts_of_other_kinds_are_kept() -> None:
    content = [
        {"type": "image_file", "image_file": {"file_id": 12}},
        {"type": "audio_file", "audio_file": {"value": "0g"}, "id": "p"},
        {"type": "text", "text": "odd"},
        {},
    ]

    message = message_of(row(role="user", content=content), "t")

    assert message.parts[0] == ImagePart(file_id="12")
    assert [part.kind for part in message.parts if isinstance(part, DataPart)] == ["audio_file", "text", "unknown"]
    assert [part.value for part in message.parts if isinstance(part, DataPart)] == content[1:]


def test_recordings_are_hexadecimal_or_a_file() -> None:
    content = [
        {"type": "audio_file", "audio_file": {"value": "00ff"}, "id": "p"},
        {"type": "audio_file", "audio_file": {"file_id": 2**62}},
    ]

    message = message_of(row(role="ai", content=content), "t")

    assert message.parts == (AudioPart(data=b"\x00\xff", size=2), AudioPart(file_id=str(2**62)))


def test_empty_links_are_no_links() -> None:
    message = message_of(row(role="user", content="hi", run_id="", assistant_id="", file_ids=[]), "t")

    assert (message.text, message.run_id, message.raw) == ("hi", None, {})


def test_ids_of_files_are_text() -> None:
    message = message_of(row(role="user", file_ids=[2**62, "f"]), "t")

    assert [part.file_id for part in message.parts if isinstance(part, FilePart)] == [str(2**62), "f"]


def test_a_thread_without_anything_is_a_conversation() -> None:
    found = conversation_of(Thread(id="thread_1", created_at=0, metadata=None), remote="old")

    assert (found.id, found.title, found.metadata, found.created_at, found.raw) == ("thread_1", None, {}, None, {})


def test_only_text_can_be_written() -> None:
    assert text_of([TextPart(text="a"), TextPart(text="b")]) == "ab"
    assert text_of([FilePart(file_id="1"), TextPart(text="a")]) == "a"
    with pytest.raises(UnsupportedOperationError, match="image"):
        text_of([ImagePart(file_id="1")])


# Pages


def rows(*ids: str) -> list[MessageRow]:
    return [row(id=each) for each in ids]


@pytest.mark.parametrize(
    ("ids", "cursor", "limit", "after"),
    [
        ((), None, 2, None),
        (("a",), None, 2, None),
        (("a", "b"), None, 2, "b"),
        (("b",), "b", 2, None),
        (("b", "b"), "a", 2, "b"),
        (tuple(map(str, range(19))), None, 50, None),
        (tuple(map(str, range(20))), None, 50, "19"),
    ],
)
def test_the_end_of_a_list_is_told_by_its_last_page(
    ids: tuple[str, ...], cursor: str | None, limit: int, after: str | None
) -> None:
    assert following(rows(*ids), cursor, limit) == after


def test_a_cursor_that_is_ignored_is_no_end() -> None:
    with pytest.raises(ProtocolError, match="again"):
        following(rows("a", "b"), "b", 2)


def test_messages_of_one_second_stay_as_they_came() -> None:
    told = [row(id=each, created_at=stamp) for each, stamp in (("a", 1), ("b", 2), ("c", 2), ("d", 3))]

    def ids(given: list[MessageRow], *, descending: bool) -> str:
        return "".join(each.id for each in in_order(given, descending=descending, is_all=True))

    assert ids(told, descending=False) == "abcd"
    assert ids(told[::-1], descending=True) == "dcba"
    assert ids(told, descending=True) == "dcba"
    assert ids(told[::-1], descending=False) == "abcd"


def test_another_order_over_many_pages_is_refused() -> None:
    told = [row(id="a", created_at=1), row(id="b", created_at=2)]

    with pytest.raises(ProtocolError, match="order"):
        in_order(told, descending=True, is_all=False)
