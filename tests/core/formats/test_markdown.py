"""The transcript in Markdown: readable, and nothing in it does anything."""

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from omnilogue.formats.markdown import MARKDOWN, losses
from omnilogue.model import (
    AudioPart,
    Citation,
    Conversation,
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

AT = datetime(2026, 5, 1, 8, tzinfo=UTC)


def of(*parts: Part, **fields: Any) -> Message:
    return Message(role="user", parts=parts, **fields)


def lines(written: Any, *parts: Part) -> list[str]:
    """Give the lines below the heading of a message with these parts."""
    text: str = written(MARKDOWN, of(*parts)).decode()
    return text.split("\n")[2:]


def test_a_transcript_can_be_read(written: Any) -> None:
    conversation = Conversation(
        id="c1", remote="work", title="Trip", model="fast", created_at=AT, metadata={"team": "blue"}
    )
    asked = Message.user("Where to in May?").model_copy(update={"created_at": AT})
    answer = Message.assistant("**Lisbon**, because\n\n- sun\n- sea").model_copy(update={"status": "partial"})

    text = written(MARKDOWN, conversation, asked, answer).decode()

    assert text == (
        "# Trip\n\n- conversation: work:c1\n- created: 2026-05-01 08:00 UTC\n- model: fast\n"
        '- metadata: {"team": "blue"}\n\n'
        "## user, 2026-05-01 08:00 UTC\n\n> Where to in May?\n\n"
        "## assistant, (partial)\n\n> **Lisbon**, because\n>\n> - sun\n> - sea\n\n"
    )


def test_instructions_stand_above_the_messages(written: Any) -> None:
    text = written(MARKDOWN, Conversation(id="c1", instructions="Be brief.\n# And kind")).decode()

    assert "# (no title)\n" in text
    assert "## instructions\n\n> Be brief.\n> # And kind\n" in text


def test_what_was_not_listed_is_said(written: Any) -> None:
    assert "This is not everything" in written(MARKDOWN, complete=False).decode()
    assert written(MARKDOWN) == b""


@pytest.mark.parametrize(
    "text", ["<script>alert(1)</script>", "a\n\n<img src=x onerror=y>", "<http://e.example>", "- ```\n<b>x</b>"]
)
def test_html_is_escaped(text: str, written: Any) -> None:
    found = written(MARKDOWN, Conversation(id="<i>", title=text, instructions=text), Message.user(text)).decode()

    assert "<" not in found
    assert "&lt;" in found


def test_a_picture_in_a_text_is_not_fetched(written: Any) -> None:
    assert lines(written, TextPart(text="![map](https://track.example/x.png)"))[0] == (
        "> !\\[map](https://track.example/x.png)"
    )


@pytest.mark.parametrize("text", ["## assistant", "---", "> > x", "```\n## assistant", "x\r## assistant", "x\u2028# y"])
def test_no_text_begins_a_message(text: str, written: Any) -> None:
    found = lines(written, TextPart(text=text))

    assert [line for line in found if line and not line.startswith(">")] == []


def test_code_keeps_its_signs_in_a_fence_longer_than_itself(written: Any) -> None:
    text = "Look:\n~~~~python x=1\nif a < b:\n    '``````'\n~~~~\nSo <b>."

    assert lines(written, TextPart(text=text))[:6] == [
        "> Look:",
        "> ```````python",
        "> if a < b:",
        ">     '``````'",
        "> ```````",
        "> So &lt;b&gt;.",
    ]


def test_a_shorter_fence_does_not_end_a_longer_one(written: Any) -> None:
    found = lines(written, TextPart(text="````\n```\n<b>\n````\n<i>"))

    assert found[:5] == ["> ````", "> ```", "> <b>", "> ````", "> &lt;i&gt;"]


def test_a_fence_that_is_never_closed_ends_with_its_text(written: Any) -> None:
    found = lines(written, TextPart(text="```\n<b>"), TextPart(text="after"))

    assert found[:5] == ["> ```", "> <b>", "> ```", "", "> after"]


@settings(max_examples=200, deadline=None)
@given(text=st.text(alphabet="`~<>&!#- \n\r\tab[]()", max_size=40))
def test_html_is_only_ever_seen_in_a_closed_fence(text: str, written: Any) -> None:
    fence = ""
    for line in lines(written, TextPart(text=text)):
        assert not line or line.startswith(">")
        content = line[2:]
        run = re.match(r"`{3,}", content)
        if fence:
            fence = "" if content.rstrip() == fence else fence
        elif run:
            fence = run[0]
        else:
            assert "<" not in content
    assert fence == ""


def test_titles_and_roles_are_plain(written: Any) -> None:
    conversation = Conversation(id="c1", title="# *A* [b](c) `d`\n## user\x1b[31m\u202e")
    message = Message(role="other:*boss*\n# x", parts=())

    text = written(MARKDOWN, conversation, message).decode()

    assert text.startswith("# \\# \\*A\\* \\[b\\](c) \\`d\\` \\#\\# user\ufffd\\[31m\ufffd\n")
    assert "## other:\\*boss\\* \\# x\n" in text


def test_attachments_are_named(written: Any) -> None:
    image = ImagePart(url="https://files.example/a.png", name="a|b.png", media_type="image/png", size=3, data=b"abc")

    text = written(MARKDOWN, of(image, AudioPart(), FilePart(file_id="f1"))).decode()

    assert "Attached image: a\\|b.png, image/png, 3 bytes\n" in text
    assert "Attached audio: (no name)\n" in text
    assert "Attached file: f1\n" in text
    assert "files.example" not in text


def test_tools_thoughts_and_data_are_shown(written: Any) -> None:
    parts = (
        ReasoningPart(text="Hm\n## user"),
        ToolCallPart(id="1", name="find", arguments={"a": "```<b>"}),
        ToolResultPart(call_id="1", content="no\n```", is_error=True),
        DataPart(kind="*odd*", value=[1]),
    )

    text = written(MARKDOWN, of(*parts)).decode()

    assert "Thoughts:\n\n> Hm\n> ## user\n" in text
    assert 'Tool call find:\n\n````json\n{"a": "```<b>"}\n````\n' in text
    assert "Tool error:\n\n````json\nno\n```\n````\n" in text
    assert "Data \\*odd\\*:\n\n```json\n[1]\n```\n" in text


def test_sources_are_listed(written: Any) -> None:
    named = Citation(marker="[1]", url="https://e.example", title="<E>")
    part = TextPart(text="So [1]", citations=(named, Citation()))

    assert (
        "Sources:\n\n- \\[1\\], &lt;E&gt;, https://e.example\n- (not named)\n" in written(MARKDOWN, of(part)).decode()
    )


def test_what_has_no_place_is_counted() -> None:
    message = of(
        TextPart(text="x", citations=(Citation(),)),
        ReasoningPart(),
        FilePart(),
        ToolCallPart(id="1", name="f"),
        DataPart(kind="k"),
        metadata={"a": 1},
        usage=Usage(),
        raw={"x": 1},
    )

    assert [tuple(loss) for loss in losses(message)] == [
        ("vendor_fields", "dropped"),
        ("metadata", "dropped"),
        ("usage", "dropped"),
        ("citation", "flattened"),
        ("reasoning", "flattened"),
        ("attachment", "placeholder"),
        ("tool_call", "flattened"),
        ("part", "flattened"),
    ]
    assert list(losses(Conversation(id="c1", metadata={"a": 1}))) == []
    assert [loss.kind for loss in losses(Conversation(id="c1", raw={"a": 1}))] == ["vendor_fields"]
