"""`omnilogue/1` as a file: exact, whole, and read with care."""

import asyncio
import io
import json
import unicodedata
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from omnilogue import model
from omnilogue.errors import InvalidInputError
from omnilogue.formats import jsonl
from omnilogue.formats.jsonl import JSONL
from omnilogue.model import Conversation, Message
from omnilogue.provider import Entry

TEXT = st.text(max_size=20)
MAYBE = st.none() | TEXT
NUMBER = st.none() | st.integers(0, 10**12)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=5,
)
TABLE = st.dictionaries(TEXT, JSON, max_size=3)
MOMENT = st.none() | st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=st.just(UTC))
ROLE = st.sampled_from(["system", "developer", "user", "assistant", "tool"]) | st.text(min_size=1, max_size=9).map(
    "other:{}".format
)
LATER: st.SearchStrategy[dict[str, Any]] = st.just({}) | st.fixed_dictionaries({"later_field": JSON})
CITATION = st.builds(model.Citation, start=NUMBER, end=NUMBER, marker=MAYBE, quote=MAYBE, url=MAYBE, title=MAYBE)
MEDIA = {
    "url": MAYBE,
    "file_id": MAYBE,
    "name": MAYBE,
    "media_type": MAYBE,
    "size": NUMBER,
    "sha256": MAYBE,
    "data": st.none() | st.binary(max_size=50),
}
PART = st.one_of(
    st.builds(model.TextPart, text=TEXT, citations=st.lists(CITATION, max_size=2).map(tuple)),
    st.builds(model.ReasoningPart, text=TEXT, data=JSON),
    *(st.builds(kind, **MEDIA) for kind in (model.ImagePart, model.AudioPart, model.FilePart)),
    st.builds(model.ToolCallPart, id=TEXT, name=TEXT, arguments=JSON),
    st.builds(model.ToolResultPart, call_id=TEXT, content=JSON, is_error=st.booleans()),
    st.builds(model.DataPart, kind=TEXT, value=JSON),
)
USAGE = st.none() | st.builds(model.Usage, input_tokens=NUMBER, output_tokens=NUMBER, total_tokens=NUMBER)
ORIGIN = st.none() | st.builds(model.Origin, provider=MAYBE, remote=MAYBE, message=MAYBE, time=MOMENT)


def with_later(kind: Any, fields: dict[str, Any], later: dict[str, Any]) -> Any:
    return kind(**fields, **later)


MESSAGE = st.builds(
    with_later,
    st.just(Message),
    st.fixed_dictionaries(
        {
            "id": MAYBE,
            "conversation_id": MAYBE,
            "role": ROLE,
            "parts": st.lists(PART, max_size=3).map(tuple),
            "created_at": MOMENT,
            "parent_id": MAYBE,
            "run_id": MAYBE,
            "model": MAYBE,
            "usage": USAGE,
            "status": st.sampled_from(["complete", "partial", "failed"]),
            "metadata": TABLE,
            "origin": ORIGIN,
            "raw": TABLE,
        }
    ),
    LATER,
)
CONVERSATION = st.builds(
    with_later,
    st.just(Conversation),
    st.fixed_dictionaries(
        {
            "id": TEXT,
            "remote": TEXT,
            "title": MAYBE,
            "instructions": MAYBE,
            "model": MAYBE,
            "created_at": MOMENT,
            "updated_at": MOMENT,
            "pinned": st.booleans(),
            "metadata": TABLE,
            "head_id": MAYBE,
            "raw": TABLE,
        }
    ),
    LATER,
)
ENTRIES = st.lists(st.tuples(CONVERSATION, st.lists(MESSAGE, max_size=3)), max_size=3).map(
    lambda found: [entry for conversation, messages in found for entry in (conversation, *messages)]
)

HEAD = b'{"format":"omnilogue/1"}\n'
CONVERSATION_LINE = b'{"conversation":{"id":"c1"}}\n'
MESSAGE_LINE = b'{"message":{"role":"user"}}\n'


def end(conversations: int, messages: int) -> bytes:
    return json.dumps({"end": {"conversations": conversations, "messages": messages}}).encode() + b"\n"


@settings(max_examples=80, deadline=None)
@given(entries=ENTRIES)
def test_out_and_in_again_is_equal(entries: list[Entry], written: Any, read: Any) -> None:
    content = written(JSONL, *entries)

    assert read(JSONL, content) == entries
    assert written(JSONL, *read(JSONL, content)) == content


def test_the_lines_are_those_that_are_documented(written: Any) -> None:
    conversation, message = Conversation(id="c1", remote="work"), Message.user("Where to?")

    lines = written(JSONL, conversation, message, complete=False).splitlines()

    assert [json.loads(line) for line in lines] == [
        {"format": "omnilogue/1"},
        {"conversation": conversation.model_dump(mode="json")},
        {"message": message.model_dump(mode="json")},
        {"end": {"conversations": 1, "messages": 1, "complete": False}},
    ]


@pytest.mark.parametrize(
    "text",
    [
        "one\u2028two\u2029three\x85four\r\nfive\rsix",
        unicodedata.normalize("NFD", "é") + unicodedata.normalize("NFC", "é"),
        "\0\x1b[31m\x7f\u202e",
        "\ufeffmark",
        " trailing \t ",
        "👩‍👩‍👧",
    ],
    ids=["line ends", "forms", "control", "mark", "blanks", "joined"],
)
def test_text_is_kept_code_point_by_code_point(text: str, written: Any, read: Any) -> None:
    content = written(JSONL, Conversation(id="c1"), Message.user(text))

    assert read(JSONL, content)[1].text == text
    assert content.count(b"\n") == 4
    assert b"\r" not in content
    assert not content.startswith(b"\xef\xbb\xbf")


def test_fields_of_a_later_version_are_kept(written: Any, read: Any) -> None:
    entries = [Conversation(id="c1"), Message.model_validate({"role": "user", "parts": [{"type": "hologram", "x": 1}]})]
    content = HEAD + b'{"conversation":{"id":"c1","mood":{"a":[1]}}}\n' + MESSAGE_LINE + end(1, 1)

    assert read(JSONL, content)[0].model_extra == {"mood": {"a": [1]}}
    assert b'"mood":{"a":[1]}' in written(JSONL, *read(JSONL, content))
    assert read(JSONL, written(JSONL, *entries))[1] == entries[1]


def test_a_header_and_an_end_may_tell_more(read: Any) -> None:
    content = b'{"format": "omnilogue/1", "by": "hand"}\r\n\r\n{"end": {"conversations": 0, "messages": 0, "x": 1}}'

    assert read(JSONL, content) == []


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "line 1: this is no omnilogue/1 file"),
        (b"\xef\xbb\xbf" + HEAD, "line 1: this is no omnilogue/1 file"),
        (b"[1]\n", "line 1: this is no omnilogue/1 file"),
        (CONVERSATION_LINE, "line 1: this is no omnilogue/1 file"),
        (b'{"format":"other/1"}\n', "line 1: the format 'other/1' is not known"),
        (b'{"format":"omnilogue/1.5"}\n', "line 1: the format 'omnilogue/1.5' is not known"),
        (HEAD + MESSAGE_LINE + end(0, 1), "line 2: a message stands before any conversation"),
        (HEAD + CONVERSATION_LINE + b'{"message":{}}\n', "line 3: message.role: Field required"),
        (HEAD + CONVERSATION_LINE + b'{"message":{"role"\n', "line 3: Invalid JSON"),
        (HEAD + CONVERSATION_LINE + b'{"message":{"role":"\xff"}}\n', "line 3: Invalid JSON"),
        (HEAD + b'{"conversation":{"id":"c1","metadata":{"a":NaN}}}\n', "line 2: "),
        (HEAD + b'{"conversation":{"id":"c1","x":-Infinity}}\n', "line 2: "),
        (HEAD + b'{"conversation":{"id":"c1","x":' + b"[" * 999 + b"]" * 999 + b"}}\n", "line 2: Invalid JSON"),
        (HEAD + b'{"folder":{}}\n', "line 2: folder: Extra inputs are not permitted"),
        (HEAD + b"{}\n", "line 2: it must hold one of conversation, message, end"),
        (HEAD + b'{"conversation":{"id":"c1"},"message":{"role":"user"}}\n', "line 2: it must hold one of"),
        (HEAD + b'{"end":null}\n', "line 2: it holds nothing"),
        (HEAD + b"\n\n" + CONVERSATION_LINE, "after line 4 the last line is missing: the file was cut off"),
        (HEAD + CONVERSATION_LINE + MESSAGE_LINE + end(1, 2), "line 4: it counts 1 conversations and 2 messages"),
        (HEAD + end(0, 0) + CONVERSATION_LINE, "line 3: it stands behind the last line"),
    ],
)
def test_a_line_that_does_not_fit_is_named(content: bytes, told: str, read: Any) -> None:
    with pytest.raises(InvalidInputError) as caught:
        read(JSONL, content)

    assert caught.value.message.startswith(told)


def test_a_newer_version_is_told_as_one(read: Any) -> None:
    with pytest.raises(InvalidInputError) as caught:
        read(JSONL, b'{"format":"omnilogue/2","shape":"unknown"}\n' + b"\x00 whatever\n")

    assert str(caught.value) == "this file is omnilogue/2, and this version reads omnilogue/1 (use a newer Omnilogue)"


def test_an_error_does_not_repeat_what_is_in_the_file(read: Any) -> None:
    with pytest.raises(InvalidInputError) as caught:
        read(JSONL, HEAD + b'{"conversation":{"id":["private words"]}}\n')

    assert "private" not in f"{caught.value!r} {caught.value.to_dict()}"


def test_a_line_without_an_end_is_not_read_for_ever(monkeypatch: pytest.MonkeyPatch, read: Any) -> None:
    monkeypatch.setattr(jsonl, "LONGEST_LINE", 100)

    with pytest.raises(InvalidInputError, match="line 2: it is longer than 100 bytes"):
        read(JSONL, HEAD + b" " * 101)


def test_what_json_cannot_hold_is_refused(written: Any) -> None:
    with pytest.raises(InvalidInputError, match="a conversation cannot be written as JSON"):
        written(JSONL, Conversation.model_validate({"id": "c1", "later": "\ud800"}))


def test_entries_are_written_and_read_one_by_one() -> None:
    file = io.BytesIO()
    sizes: list[int] = []

    class Slow:
        complete: bool | None = True

        async def __aiter__(self) -> AsyncIterator[Entry]:
            yield Conversation(id="c1")
            for _ in range(3):
                yield Message.user("x")
                sizes.append(len(file.getvalue()))

    async def run() -> None:
        await jsonl.write(Slow(), file)
        file.seek(0)
        entries = jsonl.read(file)
        await anext(entries)
        places = [file.tell()]
        async for _ in entries:
            places.append(file.tell())  # noqa: PERF401  # the place is what counts
        assert places == sorted(set(places))

    asyncio.run(run())

    assert sizes == sorted(set(sizes))
    assert sizes[0] > 0
