"""What the vendor sends, and what it becomes."""

from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import JsonValue

from omnilogue.errors import InvalidInputError, NotFoundError, UnsupportedOperationError
from omnilogue.model import DataPart, ImagePart, Message, TextPart, ToolCallPart
from omnilogue.provider import Changes
from omnilogue_ichati.mapping import (
    conversation_of,
    in_order,
    message_of,
    messages_in_order,
    model_number,
    moment_of,
    number_of,
    role_of,
    spoken,
    text_of,
    topic_changes,
)
from omnilogue_ichati.refusals import error_in, may_be_error
from omnilogue_ichati.tail import Tail
from omnilogue_ichati.wire import MESSAGES, TOPIC, TOPICS, MessageRow, TopicRow

TOPIC_BODY = b"""{"id": 31, "userId": 4, "name": "trip plan", "seriesId": 2, "favorite": true,
 "createdAt": "2024-05-01T08:00:00.000Z", "updatedAt": "2024-05-01T08:00:00.250Z"}"""

MESSAGE_BODY = """[{"id": 1, "userId": 1, "topicId": 430, "type": 0, "message": "你好。", "seriesId": 1, "images": [],
 "createdAt": "2023-04-03T06:07:55.371Z", "updatedAt": "2023-04-03T06:07:55.371Z"}]""".encode()


def row(**given: Any) -> MessageRow:
    return MessageRow.model_validate({"id": 1, "type": 0, "message": "hi", **given})


def test_a_topic_becomes_a_conversation() -> None:
    conversation = conversation_of(TOPIC.validate_json(TOPIC_BODY), "work")

    assert (conversation.id, conversation.remote, conversation.title, conversation.pinned) == (
        "31",
        "work",
        "trip plan",
        True,
    )
    assert conversation.created_at == datetime(2024, 5, 1, 8, tzinfo=UTC)
    assert conversation.updated_at == datetime(2024, 5, 1, 8, 0, 0, 250_000, tzinfo=UTC)
    assert conversation.raw == {
        "userId": 4,
        "seriesId": 2,
        "createdAt": "2024-05-01T08:00:00.000Z",
        "updatedAt": "2024-05-01T08:00:00.250Z",
    }


def test_the_documented_message_is_read_whole() -> None:
    (only,) = MESSAGES.validate_json(MESSAGE_BODY)
    message = message_of(only, "430")

    assert (message.id, message.conversation_id, message.role, message.text) == ("1", "430", "user", "你好。")
    assert message.created_at == datetime(2023, 4, 3, 6, 7, 55, 371_000, tzinfo=UTC)
    assert message.raw["seriesId"] == 1
    assert "images" not in message.raw


def test_a_topic_that_only_has_an_id_is_one() -> None:
    conversation = conversation_of(TOPIC.validate_json(b'{"id": "31"}'), "work")

    assert (conversation.id, conversation.title, conversation.pinned, conversation.raw) == ("31", None, False, {})


def test_unknown_fields_are_kept() -> None:
    assert conversation_of(TOPIC.validate_json(b'{"id": 1, "avatar": "x"}'), "w").raw == {"avatar": "x"}
    assert message_of(row(rating=5), "1").raw == {"rating": 5}


def test_existing_messages_are_never_split() -> None:
    text = 'a\u00a6{"userMsgId":1,"assistantMsgId":2,"topicId":430}'

    assert message_of(row(message=text), "430").text == text


@pytest.mark.parametrize(
    ("kind", "role"), [(0, "user"), (1, "assistant"), (2, "other:2"), (-1, "other:-1"), (None, "other:unknown")]
)
def test_roles(kind: int | None, role: str) -> None:
    assert role_of(kind) == role
    assert message_of(row(type=kind), "1").role == role


def test_pictures_are_kept_whatever_their_form() -> None:
    thing: dict[str, JsonValue] = {"id": 7, "url": "https://img.example.com/1.png"}
    message = message_of(row(images=["https://img.example.com/2.png", thing, 3]), "1")

    assert message.parts == (
        TextPart(text="hi"),
        ImagePart(url="https://img.example.com/2.png"),
        DataPart(kind="image", value=thing),
        DataPart(kind="image", value=3),
    )
    assert message_of(row(images={"odd": 1}), "1").parts[1:] == (DataPart(kind="image", value={"odd": 1}),)
    assert message_of(row(images=None, message=None), "1").parts == ()


@pytest.mark.parametrize(
    ("stamp", "moment"),
    [
        ("2024-05-01T08:00:00.123Z", datetime(2024, 5, 1, 8, 0, 0, 123_000, tzinfo=UTC)),
        ("2024-05-01T08:00:00", datetime(2024, 5, 1, 8, tzinfo=UTC)),
        ("2024-05-01T16:00:00+08:00", datetime(2024, 5, 1, 8, tzinfo=UTC)),
        ("yesterday", None),
        ("", None),
        (None, None),
        ("0001-01-01T00:00:00+14:00", None),
    ],
)
def test_times(stamp: str | None, moment: datetime | None) -> None:
    assert moment_of(stamp) == moment


@pytest.mark.parametrize("text", ["", "x", "007", "-1", "1.5", "\uff11", "9" * 19, "../x"])
def test_what_is_no_id_is_not_found(text: str) -> None:
    with pytest.raises(NotFoundError):
        number_of(text, "conversation")


@pytest.mark.parametrize("word", ["gpt", "", "1.5", "-1", "\u0663"])
def test_a_model_is_a_number(word: str) -> None:
    assert model_number("12") == 12
    with pytest.raises(InvalidInputError) as caught:
        model_number(word)

    assert "models" in caught.value.hint


def test_only_what_was_given_is_changed() -> None:
    assert topic_changes(Changes(title="New")) == {"name": "New"}
    assert topic_changes(Changes(title=None)) == {"name": ""}
    assert topic_changes(Changes(pinned=False)) == {"favorite": False}
    assert topic_changes(Changes(title="New", pinned=True)) == {"name": "New", "favorite": True}
    with pytest.raises(UnsupportedOperationError, match="metadata"):
        topic_changes(Changes(metadata={"a": 1}))


def test_topics_are_ordered_by_time_and_number_each_once() -> None:
    rows = TOPICS.validate_json(
        b"""[{"id": 10, "createdAt": "2024-05-01T08:00:00.000Z"}, {"id": 9, "createdAt": "2024-05-01T08:00:00.000Z"},
        {"id": 11, "createdAt": "2024-04-01T08:00:00.000Z"}, {"id": 10, "createdAt": "2024-05-01T08:00:00.000Z"}]"""
    )

    assert [one.id for one in in_order(rows)] == ["11", "9", "10"]


def test_messages_of_one_time_are_ordered_by_number() -> None:
    stamp = "2023-04-03T06:07:55.371Z"
    rows = [row(id=number, createdAt=stamp) for number in (10, 9, 2)]

    assert [one.id for one in messages_in_order([*rows, row(id=1)])] == ["1", "2", "9", "10"]


@pytest.mark.parametrize("body", [b"{}", b'{"id": null}', b'{"id": true}', b"[]", b'{"id": ""}', b'{"id": 1.5}'])
def test_what_has_no_id_is_no_topic(body: bytes) -> None:
    with pytest.raises(ValueError, match=r"id|object|dictionary"):
        TOPIC.validate_json(body)


def test_a_reply_has_the_ids_of_its_tail_and_the_model_that_was_asked() -> None:
    members: dict[str, JsonValue] = {"userMsgId": 501, "assistantMsgId": "502", "topicId": 31, "x": 1}
    message = spoken("Paris", Tail("501", "502", "31", members), "31", "7")

    assert message == Message(
        id="502",
        conversation_id="31",
        role="assistant",
        parts=(TextPart(text="Paris"),),
        model="7",
        raw=members | {"userMsgId": 501},
    )


def test_a_turn_is_text_only() -> None:
    assert text_of([TextPart(text="a "), TextPart(text="b")]) == "a b"
    with pytest.raises(UnsupportedOperationError, match="tool_call"):
        text_of([ToolCallPart(id="1", name="clock")])


# Errors told with a success status.


@pytest.mark.parametrize(
    ("body", "code", "outcome"),
    [
        ('{"statusCode": 400, "message": ["bad", "worse"], "error": "Bad Request"}', "bad_request", "rejected"),
        ('{"statusCode": 401, "message": "who"}', "auth", "rejected"),
        ('{"code": 429, "message": "slow down"}', "rate_limit", "rejected"),
        ('{"code": 500, "message": "sorry"}', "server", "unknown"),
        ('{"code": 20013, "message": "sorry"}', "run_failed", "unknown"),
        ('{"error": {"message": "no", "code": 403}}', "forbidden", "rejected"),
        ('{"error": "boom"}', "run_failed", "unknown"),
        ('{"code": 20013, "message": "您的余额不足"}', "quota", "unknown"),
        ('{"statusCode": 400, "message": "内容敏感"}', "content_filtered", "rejected"),
    ],
)
def test_an_object_of_the_shape_of_an_error_is_one(body: str, code: str, outcome: str) -> None:
    for is_json in (False, True):
        error = error_in(body, is_json=is_json)
        assert error is not None
        assert (error.code, error.outcome) == (code, outcome)


@pytest.mark.parametrize("body", ["", "Paris", '{"message": "hi"}', '{"code": 3}', "[1]", '{"a": 1', '{"error": null}'])
def test_other_text_is_a_reply_unless_it_calls_itself_json(body: str) -> None:
    assert error_in(body, is_json=False) is None
    assert error_in(body, is_json=True) is not None


def test_only_what_begins_like_an_object_is_held_back() -> None:
    assert may_be_error(' \n{"')
    assert may_be_error("  ")
    assert not may_be_error("a {")
    assert not may_be_error("{" + "x" * 5000)


def test_rows_have_the_vendors_names() -> None:
    topic = TopicRow.model_validate({"id": 1, "seriesId": 2, "updatedAt": "x"})

    assert (topic.series_id, topic.updated_at) == (2, "x")
