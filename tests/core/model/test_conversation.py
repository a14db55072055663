"""Conversations and the references that name them."""

import pytest
from pydantic import ValidationError

from omnilogue.model import Conversation, ConversationRef


@pytest.mark.parametrize("given_id", ["1", "a:b", "", "\u00fc"])
def test_a_reference_in_words_is_the_address(given_id: str) -> None:
    assert str(ConversationRef(remote="work", id=given_id)) == f"work:{given_id}"


def test_a_conversation_knows_its_reference() -> None:
    assert Conversation(id="1", remote="work").ref == ConversationRef(remote="work", id="1")


def test_an_id_is_text() -> None:
    with pytest.raises(ValidationError):
        Conversation.model_validate({"id": 5})
