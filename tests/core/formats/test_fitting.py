"""What a conversation and a message of a file become on a remote."""

from datetime import UTC, datetime
from typing import Any

import pytest

from omnilogue.errors import InvalidInputError
from omnilogue.formats.fitting import fit, fit_conversation
from omnilogue.model import (
    Citation,
    Conversation,
    DataPart,
    FilePart,
    Message,
    Part,
    ReasoningPart,
    TextPart,
    ToolCallPart,
    Usage,
)
from omnilogue.provider import Features, lossy, native, unsupported

AT = datetime(2026, 5, 1, 8, tzinfo=UTC)

WHOLE = Features(
    create_conversation=native(),
    update_conversation=native(),
    append_user=native(roles=("tool", "other:*")),
    append_assistant=native(),
    append_system=native(),
    conversation_metadata=native(),
    message_metadata=native(),
    choose_model=native(),
    attach_files=native(),
    tool_calls=native(),
    citations=native(),
)
TEXT_ONLY = native(fields=(), parts=("text",), roles=())
POOR = Features(
    create_conversation=native(fields=("title",)),
    append_user=TEXT_ONLY,
    append_assistant=TEXT_ONLY,
)

PARTS: tuple[Part, ...] = (
    TextPart(text="So.", citations=(Citation(), Citation())),
    ReasoningPart(text="Hm"),
    FilePart(name="a.pdf"),
    ToolCallPart(id="1", name="f"),
    DataPart(kind="odd"),
)
FULL = Message(
    id="m1",
    conversation_id="c1",
    role="assistant",
    parts=PARTS,
    created_at=AT,
    parent_id="m0",
    run_id="r1",
    model="fast",
    usage=Usage(input_tokens=1),
    status="partial",
    metadata={"a": 1},
    raw={"x": 1},
)


def kinds(losses: Any) -> list[str]:
    return [loss.kind for loss in losses]


def test_a_remote_that_takes_all_gets_all_but_the_place() -> None:
    stored, losses = fit(FULL, WHOLE)

    assert stored == FULL.model_copy(update={"id": None, "conversation_id": None, "parent_id": None})
    assert kinds(losses) == ["id"]


def test_what_a_remote_does_not_take_is_left_out_and_told() -> None:
    stored, losses = fit(FULL, POOR)

    assert stored is not None
    assert stored.parts == (TextPart(text="So."),)
    assert stored.metadata == {}
    assert kinds(losses) == [
        *("id", "time", "id", "model", "usage", "vendor_fields", "status"),
        *("citation", "citation", "reasoning", "attachment", "tool_call", "part"),
        "metadata",
    ]


@pytest.mark.parametrize("role", ["system", "developer", "tool", "other:boss"])
def test_a_role_that_nobody_stores_is_lost(role: str) -> None:
    assert fit(Message.of(role, "x"), POOR) == (None, [("role", "dropped")])
    stored, losses = fit(Message.of(role, "x"), WHOLE)
    assert (stored and stored.role, losses) == (role, [])


@pytest.mark.parametrize("parts", [(), (TextPart(text=" \n"),), (FilePart(name="a"),)])
def test_a_message_without_content_is_lost(parts: tuple[Part, ...]) -> None:
    stored, losses = fit(Message(role="user", parts=parts), POOR)

    assert stored is None
    assert kinds(losses)[-1] == "part"


def test_what_an_operation_loses_by_itself_is_told() -> None:
    features = WHOLE.replace(append_user=lossy("late", "order"))

    assert kinds(fit(Message.user("x"), features)[1]) == ["order"]


def test_text_that_is_too_long_is_refused() -> None:
    features = WHOLE.replace(append_user=native(text_bytes=3))

    with pytest.raises(InvalidInputError, match="the text has 4 bytes in UTF-8; this remote takes 3"):
        fit(Message.user("four"), features)


@pytest.mark.parametrize("key", ["", "_omnilogue"])
def test_metadata_that_no_remote_takes_is_refused(key: str) -> None:
    with pytest.raises(InvalidInputError, match="metadata keys"):
        fit(Message.user("x").model_copy(update={"metadata": {key: "1"}}), WHOLE)
    with pytest.raises(InvalidInputError, match="metadata keys"):
        fit_conversation(Conversation(id="c1", metadata={key: "1"}), WHOLE)


FULL_CONVERSATION = Conversation(
    id="c1",
    title="Trip",
    instructions="Be brief.",
    model="fast",
    created_at=AT,
    pinned=True,
    metadata={"a": 1},
    raw={"x": 1},
)


def test_a_conversation_is_created_with_what_the_remote_takes() -> None:
    fitted = fit_conversation(FULL_CONVERSATION, WHOLE)

    fields = {"title": "Trip", "instructions": "Be brief.", "model": "fast", "metadata": {"a": 1}}
    assert (fitted.fields, fitted.pinned) == (fields, True)
    assert kinds(fitted.losses) == ["id", "time", "vendor_fields"]


def test_what_a_conversation_cannot_be_created_with_is_told() -> None:
    fitted = fit_conversation(FULL_CONVERSATION, POOR)

    assert (fitted.fields, fitted.pinned) == ({"title": "Trip"}, False)
    assert kinds(fitted.losses) == ["id", "time", "instructions", "model", "metadata", "vendor_fields", "pinned"]


def test_what_a_later_version_adds_and_the_origin_are_told() -> None:
    message = Message.model_validate(
        {"role": "user", "parts": [{"type": "text", "text": "x"}], "origin": {"message": "1"}, "later": 1}
    )

    assert kinds(fit(message, POOR)[1]) == ["id", "vendor_fields"]
    assert kinds(fit(message, WHOLE)[1]) == []


def test_a_field_that_no_run_heeds_is_a_loss_of_its_name() -> None:
    features = WHOLE.replace(create_conversation=native(unheeded=("instructions",)), choose_model=unsupported())

    fitted = fit_conversation(FULL_CONVERSATION, features)

    assert fitted.fields["instructions"] == "Be brief."
    assert [kind for kind in kinds(fitted.losses) if kind in {"instructions", "model"}] == ["model", "instructions"]
