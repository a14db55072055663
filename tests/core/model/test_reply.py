"""Replies and changes."""

from omnilogue.model import Change, ConversationRef, Grade, Message, Reply


def test_the_text_is_that_of_the_assistants_messages() -> None:
    reply = Reply(
        messages=(Message.user("no "), Message.assistant("a "), Message.system("no "), Message.assistant("b"))
    )

    assert reply.text == "a b"
    assert Reply.model_validate_json(reply.model_dump_json()).text == "a b"


def test_a_text_of_its_own_wins() -> None:
    assert Reply(messages=(Message.assistant("a"),), text="spoken").text == "spoken"


def test_an_empty_reply_has_no_text() -> None:
    assert (Reply().text, Reply().effect, Reply().status) == ("", "new", "complete")


def test_a_change_is_native_unless_told_otherwise() -> None:
    change = Change(conversation=ConversationRef(remote="work", id="1"), id_map={"1": "2", "3": None})

    assert (change.grade, change.id_map) == (Grade.NATIVE, {"1": "2", "3": None})
