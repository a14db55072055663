"""What becomes of a message, case by case, and every loss that is explained does happen."""

from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, NamedTuple

import pytest

from omnilogue.mapping.expected import CopyOptions, expected
from omnilogue.mapping.explained import EXPLAINED
from omnilogue.mapping.losses import LossItem
from omnilogue.mapping.turns import turns
from omnilogue.migrate.digest import digest
from omnilogue.model import (
    LOSS_CLASSES,
    Citation,
    DataPart,
    FilePart,
    ImagePart,
    Message,
    Origin,
    Part,
    ReasoningPart,
    TextPart,
    ToolCallPart,
    ToolResultPart,
    Usage,
)
from omnilogue.provider import Features, lossy, native, unsupported

PLAIN = Features(
    append_user=native(parts=("text",), fields=("metadata",), text_bytes=60),
    append_assistant=native(parts=("text",), fields=("metadata",), text_bytes=60),
)
"""A target that stores plain text of two roles, and nothing else."""

WHOLE = Features(
    **dict.fromkeys(
        (
            *("append_user", "append_assistant", "append_system", "message_metadata", "attach_files"),
            *("send_images", "send_audio", "tool_calls", "citations"),
        ),
        native(roles=("developer", "tool", "other:*")),
    )
)
"""A target that stores everything."""

ANSWERING = Features(send=native(), edit_message=native())

MARKING = PLAIN.replace(message_metadata=native(metadata_pairs=3, metadata_key_chars=5, metadata_value_chars=10))
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
CITED = TextPart(text="Mild.", citations=(Citation(start=0, end=4, title="Lisbon"),))
EMOJI = "\U0001f9f3"


class Case(NamedTuple):
    kind: str
    action: str
    message: Message
    becomes: str | None
    features: Features = PLAIN
    role: str = "user"
    flags: Mapping[str, Any] = MappingProxyType({})


def user(*parts: Part, **more: Any) -> Message:
    return Message(role="user", parts=parts or (TextPart(text="hi"),), **more)


def said(text: str, role: str) -> Message:
    return Message(role=role, parts=(TextPart(text=text),))


CASES: Mapping[str, Case] = {
    "an id, with a marker": Case("id", "mapped", user(id="m1"), "hi", MARKING),
    "an id, without one": Case("id", "dropped", user(id="m1"), "hi"),
    "an id, no origin asked for": Case(
        "id", "dropped", user(id="m1"), "hi", MARKING, flags={"options": CopyOptions(keeps_origin=False)}
    ),
    "a time, with a marker": Case("time", "mapped", user(created_at=NOON), "hi", MARKING),
    "a time, without one": Case("time", "dropped", user(created_at=NOON), "hi"),
    "tokens": Case("usage", "dropped", user(usage=Usage(total_tokens=1)), "hi"),
    "metadata": Case("metadata", "dropped", user(metadata={"a": 1}), "hi"),
    "too many pairs": Case("metadata", "dropped", user(metadata={"a": "1", "b": "2", "c": "3"}), "hi", MARKING),
    "a long key": Case("metadata", "dropped", user(metadata={"abcdef": "1"}), "hi", MARKING),
    "a long value": Case("metadata", "dropped", user(metadata={"a": "12345678901"}), "hi", MARKING),
    "a reserved key": Case("metadata", "dropped", user(metadata={"_omnilogue": "1"}), "hi", WHOLE),
    "a pair JSON cannot hold": Case("metadata", "dropped", user(metadata={"a": "\ud800"}), "hi", WHOLE),
    "a model": Case("model", "dropped", user(model="m"), "hi"),
    "a status": Case("status", "dropped", user(status="failed"), "hi"),
    "vendor fields": Case("vendor_fields", "dropped", user(raw={"mood": 1}), "hi"),
    "fields of a later version": Case("vendor_fields", "dropped", user(later=1), "hi"),
    "thoughts": Case("reasoning", "dropped", user(ReasoningPart(text="hm"), TextPart(text="hi")), "hi"),
    "a citation": Case("citation", "dropped", user(CITED), "Mild."),
    "a citation of what is cut": Case(
        "citation",
        "dropped",
        user(TextPart(text="x" * 70, citations=(Citation(start=60, end=65),))),
        "x" * 37 + "\n[33 bytes are missing]",
        PLAIN.replace(citations=native()),
    ),
    "no text": Case("text", "placeholder", Message(role="user"), "[no text]"),
    "only blanks": Case("text", "placeholder", user(TextPart(text=" \n")), "[no text]", WHOLE),
    "half of a pair": Case("text", "placeholder", user(TextPart(text="a\ud83d")), "a\ufffd"),
    "a long text": Case("text", "dropped", user(TextPart(text=EMOJI * 20)), EMOJI * 9 + "\n[44 bytes are missing]"),
    "a developer where system is taken": Case(
        "role", "mapped", said("hi", "developer"), "hi", PLAIN.replace(append_system=native()), role="system"
    ),
    "a developer": Case("role", "flattened", said("hi", "developer"), "hi"),
    "a system message": Case("role", "flattened", said("hi", "system"), "hi"),
    "a word of a vendor": Case("role", "flattened", said("hi", "other:narrator"), "hi"),
    "a tool": Case("role", "flattened", said("hi", "tool"), "hi", role="assistant"),
    "an assistant where only users are": Case(
        "role", "flattened", said("hi", "assistant"), "hi", PLAIN.replace(append_assistant=unsupported())
    ),
    "a part nobody knows": Case("part", "placeholder", user(DataPart(kind="poll", value=[1])), "[poll]"),
    "a file": Case("attachment", "placeholder", user(FilePart(name="a b.pdf", data=b"secret")), "[file: a b.pdf]"),
    "an image that lies somewhere": Case(
        "attachment",
        "placeholder",
        user(ImagePart(url="https://example.com/a.png")),
        "[image: https://example.com/a.png]",
    ),
    "an image inside its address": Case(
        "attachment", "placeholder", user(ImagePart(url="data:image/png;base64,AAAA")), "[image]"
    ),
    "an image between lines": Case(
        "attachment",
        "placeholder",
        user(TextPart(text="Look:"), ImagePart(name="a"), ImagePart(name="b"), TextPart(text="Nice.")),
        "Look:\n[image: a]\n[image: b]\nNice.",
    ),
    "a file where only images are kept": Case(
        "attachment", "placeholder", user(FilePart(name="a")), "[file: a]", WHOLE.replace(attach_files=unsupported())
    ),
    "a call": Case(
        "tool_call",
        "flattened",
        user(ToolCallPart(id="c", name="clock", arguments={"at": "Lisbon"})),
        '[tool call clock: {"at":"Lisbon"}]',
    ),
    "a result": Case(
        "tool_call", "flattened", user(ToolResultPart(call_id="c", content="12:00")), "[tool result: 12:00]"
    ),
    "a failed call": Case(
        "tool_call", "flattened", user(ToolResultPart(call_id="c", content=[1], is_error=True)), "[tool error: [1]]"
    ),
    "another branch": Case("branch", "dropped", user(id="m1"), None, flags={"on_branch": False}),
    "another order": Case("order", "flattened", user(id="m1"), "hi", WHOLE, flags={"in_order": False}),
    "a role not asked for": Case(
        "filtered", "dropped", user(), None, WHOLE, flags={"options": CopyOptions(roles=frozenset({"assistant"}))}
    ),
    "what an operation is declared to lose": Case(
        "order", "flattened", user(), "hi", PLAIN.replace(append_user=lossy("somewhere", "order"))
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_loss_is_told_and_something_is_left_in_its_place(case: Case) -> None:
    becomes = expected(case.message, case.features, **case.flags)

    assert (case.kind, case.action) in {(item.kind, item.action) for item in becomes.losses}
    if case.becomes is None:
        assert becomes.message is None
    else:
        assert becomes.message is not None
        assert (becomes.message.role, becomes.message.text) == (case.role, case.becomes)


CONVERSATIONS = {
    *(("metadata", "mapped"), ("model", "mapped"), ("pinned", "dropped")),
    *(("title", action) for action in ("mapped", "flattened", "placeholder", "dropped")),
    *(("instructions", action) for action in ("mapped", "placeholder", "dropped")),
}
"""Losses of conversations, which test_drafts.py has."""


def test_every_loss_that_is_explained_happens_and_no_other() -> None:
    pairs = turns([said("a", "assistant"), user(), user(), said("b", "assistant"), user()], ANSWERING)
    of_turns = {(item.kind, item.action) for turn in pairs for item in turn.losses}
    of_messages = {(case.kind, case.action) for case in CASES.values()}

    explained = {(kind, action) for kind, actions in EXPLAINED.items() for action in actions}
    assert of_turns | of_messages | CONVERSATIONS == explained
    assert list(EXPLAINED) == list(LOSS_CLASSES)


def test_a_target_that_keeps_everything_loses_nothing_but_the_id() -> None:
    full = Message(
        id="m1",
        conversation_id="c1",
        role="developer",
        parts=(CITED, ReasoningPart(text="hm"), FilePart(file_id="f"), DataPart(kind="poll")),
        created_at=NOON,
        parent_id="m0",
        run_id="r1",
        model="m",
        usage=Usage(total_tokens=1),
        status="partial",
        metadata={"a": [1]},
        raw={"mood": 1},
    ).model_copy(update={"later": 2})

    becomes = expected(full, WHOLE, on_branch=False)
    assert becomes.losses == (LossItem("id", "mapped", "m1"),)
    assert becomes.message == full.model_copy(update={"id": None, "conversation_id": None})


def test_a_loss_that_a_plugin_invents_needs_consent() -> None:
    becomes = expected(user(), PLAIN.replace(append_user=lossy("somewhere", "sparkle")))

    assert LossItem("part", "flattened", "somewhere") in becomes.losses


def test_what_metadata_is_declared_to_lose_is_told_where_there_is_some() -> None:
    features = PLAIN.replace(message_metadata=lossy("in lower case", "metadata"))

    found = [expected(user(metadata=metadata), features).losses for metadata in ({}, {"a": "1"})]
    assert found == [(), (LossItem("metadata", "flattened", "in lower case"),)]


@pytest.mark.parametrize("is_compared", [True, False])
def test_a_file_that_could_not_be_compared_is_stored_where_nothing_is(is_compared: bool) -> None:
    features = WHOLE.replace(attach_files=native(bare_files=True))

    becomes = expected(user(FilePart(data=b"x")), features, CopyOptions(is_compared=is_compared)).message
    assert becomes is not None
    assert [part.type for part in becomes.parts] == ["text" if is_compared else "file"]


def test_the_run_of_a_message_is_kept_or_told() -> None:
    message = user().model_copy(update={"run_id": "r1"})

    assert LossItem("id", "dropped", "r1") in expected(message, PLAIN).losses
    becomes = expected(message, WHOLE)
    assert becomes.message is not None
    assert (becomes.message.run_id, becomes.losses) == ("r1", ())


@pytest.mark.parametrize(
    ("features", "is_lost"), [(PLAIN, True), (MARKING, False), (WHOLE, False)], ids=["plain", "marking", "whole"]
)
def test_an_origin_of_an_earlier_copy_is_kept_or_told(features: Features, is_lost: bool) -> None:
    message = user().model_copy(update={"origin": Origin(message="m0")})

    losses = expected(message, features, CopyOptions(keeps_origin=False)).losses
    assert (LossItem("id", "dropped", "m0") in losses) is is_lost


def test_without_an_origin_of_its_own_ids_and_times_are_dropped() -> None:
    losses = expected(user(id="m1", created_at=NOON), MARKING, CopyOptions(keeps_origin=False)).losses

    assert {(item.kind, item.action) for item in losses} == {("id", "dropped"), ("time", "dropped")}


def test_the_bytes_of_a_file_never_become_text() -> None:
    becomes = expected(user(FilePart(data=b"secret", url="data:text/plain,secret")), PLAIN)

    assert "secret" not in str(becomes)


def test_metadata_that_is_added_comes_before_what_there_was() -> None:
    options = CopyOptions(add_metadata={"b": "new", "c": "3"})

    becomes = expected(user(metadata={"a": "1", "b": "old"}), MARKING, options)
    assert becomes.message is not None
    assert becomes.message.metadata == {"b": "new", "c": "3"}
    assert [item.example for item in becomes.losses if item.kind == "metadata"] == ["a"]


def test_citations_share_the_room_of_the_metadata() -> None:
    features = MARKING.replace(citations=native(metadata_value_chars=60))

    becomes = expected(user(CITED, metadata={"a": "1", "b": "2"}), features)
    assert becomes.message is not None
    assert becomes.message.parts == (CITED,)
    assert becomes.message.metadata == {"a": "1"}


def test_citations_that_have_no_room_are_dropped_before_metadata_is() -> None:
    features = MARKING.replace(citations=native(metadata_value_chars=5))

    becomes = expected(user(CITED, metadata={"a": "1", "b": "2"}), features)
    assert becomes.message is not None
    assert becomes.message.parts == (TextPart(text="Mild."),)
    assert becomes.message.metadata == {"a": "1", "b": "2"}
    assert [item.kind for item in becomes.losses] == ["citation"]


def test_a_cut_text_fits_and_is_forecast_with_its_digest() -> None:
    long = user(TextPart(text="a" * 30), TextPart(text="b" * 50))

    becomes = expected(long, PLAIN)
    assert becomes.message is not None
    assert becomes.message.text == "a" * 30 + "b" * 7 + "\n[43 bytes are missing]"
    assert len(becomes.message.text.encode()) <= 60
    assert digest(becomes.message) != digest(long)


def test_the_origin_stays() -> None:
    origin = {"provider": "p", "message": "m1"}

    becomes = expected(user(origin=origin), PLAIN)
    assert becomes.message is not None
    assert becomes.message.origin is not None
    assert becomes.message.origin.message == "m1"
