"""Messages: roles, text, and what is not stored yet."""

from typing import Any

import pytest
from pydantic import ValidationError

from omnilogue.model import DataPart, ImagePart, Message, ReasoningPart, TextPart


@pytest.mark.parametrize("role", ["system", "developer", "user", "assistant", "tool", "other:critic", "other:a\nb"])
def test_known_roles_and_the_vendors_own_words_are_kept(role: str) -> None:
    assert Message.model_validate({"role": role}).role == role


@pytest.mark.parametrize("role", ["critic", "", "other:", "User", "other", 5, None])
def test_any_other_role_is_refused(role: Any) -> None:
    with pytest.raises(ValidationError):
        Message.model_validate({"role": role})


@pytest.mark.parametrize(
    ("made", "role"),
    [(Message.user("hi"), "user"), (Message.assistant("hi"), "assistant"), (Message.system("hi"), "system")],
)
def test_a_new_message_is_not_stored_yet(made: Message, role: str) -> None:
    assert (made.role, made.parts, made.text) == (role, (TextPart(text="hi"),), "hi")
    assert (made.id, made.conversation_id, made.created_at, made.status) == (None, None, None, "complete")


def test_the_text_is_that_of_the_text_parts_alone() -> None:
    parts = (TextPart(text="a "), ReasoningPart(text="no"), ImagePart(url="x"), DataPart(kind="k"), TextPart(text="b"))

    assert Message(role="assistant", parts=parts).text == "a b"


def test_no_part_is_no_text() -> None:
    assert Message(role="user").text == ""


@pytest.mark.parametrize(
    "text", ["", " ", "\x00", "e\u0301", "\u00e9", "\U0001f468\u200d\U0001f469", "\u202eabc", "\u00a6"]
)
def test_text_is_kept_to_the_last_code_point(text: str) -> None:
    assert Message.model_validate_json(Message.user(text).model_dump_json()).text == text


def test_values_can_be_members_of_sets() -> None:
    assert len({Message.user("a"), Message.user("a"), Message.user("b"), Message(role="user", metadata={"a": []})}) == 3
