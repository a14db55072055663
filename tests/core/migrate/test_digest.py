"""Two messages have one digest exactly where they say the same."""

from datetime import UTC, datetime

import pytest

from omnilogue.migrate.digest import digest, normalised, told_like
from omnilogue.model import (
    AudioPart,
    Citation,
    DataPart,
    FilePart,
    ImagePart,
    Message,
    Part,
    ReasoningPart,
    TextPart,
    ToolCallPart,
    ToolResultPart,
    Usage,
)

HI = TextPart(text="hi")
SHA = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"


def of(*parts: Part, role: str = "user") -> str:
    return digest(Message(role=role, parts=parts))


def call(arguments: object) -> ToolCallPart:
    return ToolCallPart.model_validate({"id": "c1", "name": "clock", "arguments": arguments})


def test_what_surrounds_a_message_does_not_count() -> None:
    full = Message(
        id="m1",
        conversation_id="c1",
        role="user",
        parts=(TextPart(text="hi", citations=(Citation(url="u"),)), ReasoningPart(text="hm")),
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
        parent_id="m0",
        run_id="r1",
        model="m",
        usage=Usage(total_tokens=1),
        status="failed",
        metadata={"a": 1},
        raw={"b": 2},
    )

    assert digest(full) == digest(Message.user("hi"))


SAME: dict[str, tuple[str, str]] = {
    "developer is system": (of(HI, role="developer"), of(HI, role="system")),
    "texts beside each other are one": (of(TextPart(text="h"), TextPart(text="i")), of(HI)),
    "thoughts between texts": (of(TextPart(text="h"), ReasoningPart(text="x"), TextPart(text="i")), of(HI)),
    "a text without characters": (of(HI, TextPart(text="")), of(HI)),
    "the order of arguments": (of(call({"a": 1, "b": [2]})), of(call({"b": [2], "a": 1}))),
    "ids of calls": (
        of(ToolResultPart(call_id="c1", content="x")),
        of(ToolResultPart(call_id="c2", content="x")),
    ),
    "the name of a file whose bytes are known": (
        of(FilePart(name="a", sha256=SHA)),
        of(FilePart(name="b", sha256=SHA.upper(), url="u", size=5)),
    ),
    "bytes and their hash": (of(FilePart(data=b"hello")), of(FilePart(sha256=SHA))),
    "where a file lies": (of(FilePart(name="a", size=1, url="u")), of(FilePart(name="a", size=1, file_id="f"))),
}
OTHER: dict[str, tuple[str, str]] = {
    "role": (of(HI), of(HI, role="assistant")),
    "a blank": (of(HI), of(TextPart(text="hi "))),
    "the form of a character": (of(TextPart(text="\u00e9")), of(TextPart(text="e\u0301"))),
    "halves of a pair and the pair": (of(TextPart(text="\ud83d\ude00")), of(TextPart(text="\U0001f600"))),
    "the place of a file": (of(HI, ImagePart(name="a")), of(ImagePart(name="a"), HI)),
    "a file's size": (of(AudioPart(name="a", size=1)), of(AudioPart(name="a", size=2))),
    "arguments": (of(call({"a": 1})), of(call({"a": 2}))),
    "a result": (of(ToolResultPart(call_id="c", content=1)), of(ToolResultPart(call_id="c", content=2))),
    "a failure": (of(ToolResultPart(call_id="c")), of(ToolResultPart(call_id="c", is_error=True))),
    "an unknown part": (of(DataPart(kind="k", value=1)), of(DataPart(kind="k", value=2))),
    "text and the part it stands for": (of(TextPart(text="[file: a]")), of(FilePart(name="a"))),
}


@pytest.mark.parametrize("what", SAME)
def test_it_does_not_count(what: str) -> None:
    assert SAME[what][0] == SAME[what][1]


@pytest.mark.parametrize("what", OTHER)
def test_it_counts(what: str) -> None:
    assert OTHER[what][0] != OTHER[what][1]


def test_an_integer_of_thousands_of_digits_has_a_digest() -> None:
    assert of(call({"a": [10**5000]})) != of(call({"a": [10**5000 + 1]}))


@pytest.mark.parametrize("text", ["h\u00e9 \n", "he\u0301", "\r\nh\u00e9"])
def test_the_normalised_form_has_one_digest(text: str) -> None:
    assert normalised(Message.user(text)) == normalised(Message.user("h\u00e9"))
    assert digest(Message.user(text)) != digest(Message.user("h\u00e9"))


def test_line_ends_are_normalised_and_lines_are_not() -> None:
    assert normalised(Message.user("a\r\nb")) == normalised(Message.user("a\nb")) != normalised(Message.user("a b"))


def test_the_digest_is_the_same_in_every_version() -> None:
    # Ledgers keep digests: changing this value makes every copied message look edited.
    message = Message(role="assistant", parts=(TextPart(text="h\u00e9"), call({"b": 1, "a": None})))

    assert digest(message) == "b10737ddc99288723b7066d6d816ac289b702274a2caf82ce603c2bcfbe8647a"


NAMED = Message(role="user", parts=(HI, FilePart(file_id="f"), FilePart(name="b", sha256=SHA)))
STORED = {
    "files that came along": (True, (HI, FilePart(data=b"1", name="a", size=1), FilePart(data=b"hello"))),
    "a file that is only named there too": (True, (HI, FilePart(file_id="g"), FilePart(data=b"hello"))),
    "another file where its bytes are known": (False, (HI, FilePart(data=b"1"), FilePart(data=b"2"))),
    "one file less": (False, (HI, FilePart(data=b"1"))),
    "another text": (False, (TextPart(text="ho"), FilePart(data=b"1"), FilePart(data=b"hello"))),
}


@pytest.mark.parametrize("what", STORED)
def test_of_a_file_that_was_only_named_nothing_else_is_compared(what: str) -> None:
    is_same, parts = STORED[what]

    assert (digest(told_like(Message(role="user", parts=parts), NAMED)) == digest(NAMED)) == is_same
