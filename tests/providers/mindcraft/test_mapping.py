import json
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from omnilogue.errors import BY_CODE, InvalidInputError, NotFoundError, UnsupportedOperationError
from omnilogue.http import ErrorTable
from omnilogue.model import DataPart, ImagePart, Message, ReasoningPart, TextPart, Usage
from omnilogue.provider import Changes, Draft
from omnilogue_mindcraft import mapping, paging
from omnilogue_mindcraft.refusals import ERRORS, REFUSALS, refusal_in
from omnilogue_mindcraft.settings import NewSessions, RoleNames
from omnilogue_mindcraft.wire import MESSAGES, MessageList, MessageRow, SessionRow

CHINA = ZoneInfo("Asia/Shanghai")
NEW_YORK = ZoneInfo("America/New_York")
TOKEN = "5f0c0e0a-0000-4000-8000-000000000001"

texts = st.text(st.characters(exclude_categories=["Cs"]))
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)
metadata = st.dictionaries(texts.filter(lambda key: key != mapping.NOTE), json_values, max_size=4)


def message_row(**fields: Any) -> MessageRow:
    documented = {
        "message_id": 91,
        "session_id": 7,
        "message_category": "user",
        "message_content": "hello",
        "message_meta": {"data": {"lang": "en"}},
        "created_at": "2025-03-02 09:15:00",
    }
    return MessageRow.model_validate({**documented, **fields})


def session_row(**fields: Any) -> SessionRow:
    documented = {
        "session_id": 1,
        "api_id": 70,
        "device_id": None,
        "session_name": "test",
        "session_config": {
            "data": {"a": 1},
            "model": "deepseek-chat",
            "prompt": "Be brief.",
            "max_tokens": 4000,
            "temperature": 0.2,
            "history_length": 4,
        },
        "session_remark": '{"created_user":"lery","created_user_id":123}',
        "created_at": "2024-09-12 15:13:22",
        "updated_at": "2024-09-13 15:13:22",
    }
    return SessionRow.model_validate({**documented, **fields})


# Ids.


@pytest.mark.parametrize(
    "text", ["", "x", "07", "-1", "1.0", " 1", "1 ", "\u0661", "1" * 19, TOKEN, "1/2", "../1", "\x00"]
)
def test_what_is_no_number_is_not_found(text: str) -> None:
    with pytest.raises(NotFoundError) as caught:
        mapping.number_of(text, "message")

    assert caught.value.outcome == "not_sent"


@settings(deadline=None)
@given(st.integers(0, 10**18 - 1))
def test_a_number_is_read_from_its_own_text(number: int) -> None:
    assert mapping.number_of(str(number), "message") == number


@pytest.mark.parametrize(
    ("text", "expected"), [(TOKEN, True), (TOKEN.upper(), True), ("7", False), (TOKEN + "0", False)]
)
def test_a_token_is_told_by_its_form(text: str, expected: bool) -> None:
    assert mapping.is_token(text) is expected


# Times.


@settings(deadline=None)
@given(st.datetimes(datetime(1991, 12, 31), datetime(2100, 1, 1)), st.sampled_from([CHINA, NEW_YORK]))
def test_a_stamp_is_read_in_its_zone(moment: datetime, zone: ZoneInfo) -> None:
    local = moment.replace(microsecond=0)

    assert mapping.moment_of(local.isoformat(" "), zone) == local.replace(tzinfo=zone).astimezone(UTC)


def test_a_day_when_clocks_change_is_read_hour_by_hour() -> None:
    before = mapping.moment_of("2025-03-09 01:30:00", NEW_YORK)
    after = mapping.moment_of("2025-03-09 03:30:00", NEW_YORK)

    assert before is not None
    assert after is not None
    assert after - before == timedelta(hours=1)


def test_a_stamp_that_names_a_zone_keeps_it() -> None:
    assert mapping.moment_of("2025-03-02T09:15:00+01:00", CHINA) == datetime(2025, 3, 2, 8, 15, tzinfo=UTC)
    assert mapping.moment_of("2025-03-02T09:15:00.5Z", CHINA) == datetime(2025, 3, 2, 9, 15, 0, 500_000, tzinfo=UTC)


@pytest.mark.parametrize("stamp", [None, "", "yesterday", "2025-13-02 09:15:00", "0001-01-01 00:00:00"])
def test_what_is_no_time_is_none(stamp: str | None) -> None:
    assert mapping.moment_of(stamp, CHINA) is None


# Conversations.


def test_a_conversation_is_read_whole() -> None:
    conversation = mapping.conversation_of(session_row(), remote="work", zone=CHINA)

    assert (conversation.id, conversation.remote, conversation.title) == ("1", "work", "test")
    assert (conversation.model, conversation.instructions) == ("deepseek-chat", "Be brief.")
    assert conversation.created_at == datetime(2024, 9, 12, 7, 13, 22, tzinfo=UTC)
    assert conversation.metadata == {"created_user": "lery", "created_user_id": 123}
    assert conversation.raw == {
        "created_at": "2024-09-12 15:13:22",
        "updated_at": "2024-09-13 15:13:22",
        "api_id": 70,
        "device_id": None,
        "session_config": {"data": {"a": 1}, "max_tokens": 4000, "temperature": 0.2, "history_length": 4},
    }


@pytest.mark.parametrize("remark", ["a note", "[1]", "7", "null", '{"a": NaN}', '{"a"', "[" * 100_000, 7, ["x"]])
def test_a_remark_that_is_no_object_is_kept_as_it_is(remark: Any) -> None:
    conversation = mapping.conversation_of(session_row(session_remark=remark), remote="work", zone=CHINA)

    assert conversation.metadata == {}
    assert conversation.raw["session_remark"] == remark


@pytest.mark.parametrize("remark", ["", "  ", None, "{}"])
def test_an_empty_remark_is_no_metadata(remark: str | None) -> None:
    conversation = mapping.conversation_of(session_row(session_remark=remark), remote="work", zone=CHINA)

    assert conversation.metadata == {}
    assert "session_remark" not in conversation.raw


@settings(deadline=None)
@given(metadata)
def test_metadata_comes_back_from_a_remark(given_metadata: dict[str, Any]) -> None:
    assert mapping.metadata_of(mapping.remark_of(given_metadata)) == given_metadata


def test_metadata_that_is_no_json_is_refused_before_it_leaves() -> None:
    with pytest.raises(InvalidInputError) as caught:
        mapping.remark_of({"a": float("nan")})

    assert caught.value.outcome == "not_sent"


def test_tokens_and_keys_never_stand_in_raw() -> None:
    row = session_row(session_token=TOKEN, api_key="MC-" + "A" * 32, shelf=3)
    message = message_row(session_token=TOKEN, token="t", mood="calm")

    conversation = mapping.conversation_of(row, remote="work", zone=CHINA)
    raw = mapping.message_of(message, CHINA).raw

    assert conversation.raw["shelf"] == 3
    assert raw == {"created_at": "2025-03-02 09:15:00", "mood": "calm"}
    assert TOKEN not in conversation.model_dump_json() + json.dumps(raw) + repr(row)
    assert "api_key" not in conversation.raw


def test_a_draft_becomes_flat_fields() -> None:
    draft = Draft(title="Trip", instructions="Be brief.", model="m", metadata={"k": ["v"]})

    assert mapping.session_fields(draft, NewSessions(history_length=0, temperature=0.0)) == {
        "session_name": "Trip",
        "prompt": "Be brief.",
        "model": "m",
        "session_remark": '{"k":["v"]}',
        "history_length": 0,
        "temperature": 0.0,
    }
    assert mapping.session_fields(Draft(), NewSessions()) == {}


def test_a_change_has_only_what_was_given() -> None:
    assert mapping.changed_fields(Changes(title="T")) == {"session_name": "T"}
    assert mapping.changed_fields(Changes(instructions=None)) == {"prompt": ""}
    assert mapping.changed_fields(Changes(metadata={})) == {"session_remark": "{}"}
    assert mapping.changed_fields(Changes()) == {}


def test_a_pin_is_refused() -> None:
    with pytest.raises(UnsupportedOperationError, match="pin"):
        mapping.changed_fields(Changes(pinned=False))


def test_what_an_answer_leaves_out_is_filled_with_what_was_sent() -> None:
    row = SessionRow(session_id=7, session_name="as stored")
    sent = {"session_name": "as sent", "prompt": "Be brief.", "session_remark": '{"a":1}'}

    conversation = mapping.conversation_of(mapping.completed(row, mapping.row_of(sent)), remote="work", zone=CHINA)

    assert (conversation.title, conversation.instructions) == ("as stored", "Be brief.")
    assert conversation.metadata == {"a": 1}


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({"session_name": "Trip", "session_remark": '{ "m": 1 }'}, True),
        ({"session_name": "Trip", "session_remark": '{"m":2}'}, False),
        ({"session_name": "Other", "session_remark": '{"m":1}'}, False),
        ({"session_name": "Other", "session_token": TOKEN}, True),
        ({"session_name": "Trip", "session_remark": '{"m":1}', "session_token": TOKEN[:-1] + "9"}, False),
    ],
)
def test_a_created_conversation_is_known_by_its_token_or_its_name_and_metadata(
    row: dict[str, Any], expected: bool
) -> None:
    fields = {"session_name": "Trip", "session_remark": '{"m":1}'}

    assert mapping.is_same_session(session_row(**row), fields, TOKEN) is expected


# Messages.


def test_a_message_is_read_whole() -> None:
    message = mapping.message_of(message_row(), CHINA)

    assert (message.id, message.conversation_id, message.role, message.text) == ("91", "7", "user", "hello")
    assert message.created_at == datetime(2025, 3, 2, 1, 15, tzinfo=UTC)
    assert message.metadata == {"lang": "en"}
    assert message.raw == {"created_at": "2025-03-02 09:15:00"}


@pytest.mark.parametrize(
    ("word", "role"),
    [
        *[(word, "user") for word in ("user", "human", "User")],
        *[(word, "assistant") for word in ("assistant", "ai", "bot", "agent", "model", "AI")],
        *[(word, "tool") for word in ("tool", "function")],
        ("system", "system"),
        ("narrator", "other:narrator"),
        ("", "other:unknown"),
        (None, "other:unknown"),
    ],
)
def test_a_word_for_a_role_is_read(word: str | None, role: str) -> None:
    message = mapping.message_of(message_row(message_category=word), CHINA)

    assert message.role == role
    assert message.raw.get("message_category", role) == word or word == role


@pytest.mark.parametrize(
    ("meta", "expected", "raw"),
    [
        (None, {}, None),
        ({}, {}, None),
        ({"data": {}}, {}, None),
        ({"data": {"a": 1}, "source": "api"}, {"a": 1}, {"source": "api"}),
        ({"data": "text"}, {}, {"data": "text"}),
        ("text", {}, "text"),
        ([1], {}, [1]),
    ],
)
def test_metadata_is_read_from_its_data(meta: Any, expected: dict[str, Any], raw: Any) -> None:
    message = mapping.message_of(message_row(message_meta=meta), CHINA)

    assert message.metadata == expected
    assert message.raw.get("message_meta") == raw


def test_a_message_without_a_content_has_no_parts() -> None:
    assert mapping.message_of(message_row(message_content=None), CHINA).parts == ()
    assert mapping.message_of(message_row(message_content=""), CHINA).parts == (TextPart(text=""),)


@settings(deadline=None)
@given(
    st.sampled_from(["user", "assistant", "system"]),
    texts,
    metadata,
    st.none() | texts.filter(bool),
    st.none() | st.builds(Usage, input_tokens=st.integers(0, 10**6), total_tokens=st.none() | st.integers(1, 10**6)),
    st.sampled_from(["complete", "partial", "failed"]),
)
def test_a_message_comes_back_as_it_was_written(  # noqa: PLR0917  # what hypothesis draws
    role: str, text: str, given_metadata: dict[str, Any], model: str | None, usage: Usage | None, status: str
) -> None:
    message = Message.model_validate(
        {
            "role": role,
            "parts": [{"type": "text", "text": text}],
            "metadata": given_metadata,
            "model": model,
            "usage": usage,
            "status": status,
        }
    )
    sent = json.loads(json.dumps(mapping.message_fields(message, RoleNames())))
    row = MessageRow(
        message_id=1,
        message_category=sent["message_category"],
        message_content=sent["message_content"],
        message_meta={"data": sent["meta_data"]},
    )

    read = mapping.message_of(row, CHINA)

    assert read.model_copy(update={"id": None, "raw": {}}) == message


@pytest.mark.parametrize(
    "note",
    [
        "text",
        {},
        {"model": 7},
        {"run_id": ["x"]},
        {"status": "odd"},
        {"usage": {"input_tokens": "many"}},
        {"usage": {"words": 1}},
        {"usage": 3},
        {"model": "m", "more": 1},
    ],
)
def test_what_is_no_note_of_ours_stays_metadata(note: Any) -> None:
    message = mapping.message_of(message_row(message_meta={"data": {mapping.NOTE: note}}), CHINA)

    assert message.metadata == {mapping.NOTE: note}
    assert message.model is None


def test_roles_are_written_in_the_words_of_the_settings() -> None:
    names = RoleNames(assistant="ai")

    assert mapping.word_of("assistant", names) == "ai"
    assert mapping.word_of("developer", names) == "system"


@pytest.mark.parametrize("role", ["tool", "other:narrator"])
def test_other_roles_are_not_written(role: str) -> None:
    with pytest.raises(UnsupportedOperationError, match=role):
        mapping.word_of(role, RoleNames())


def test_text_parts_are_joined_and_thoughts_left_out() -> None:
    assert mapping.text_of([ReasoningPart(text="hm"), TextPart(text="a"), TextPart(text="b")]) == "ab"


@pytest.mark.parametrize("part", [ImagePart(url="https://example.com/a.png"), DataPart(kind="x")])
def test_a_part_that_is_more_than_text_is_never_dropped_silently(part: Any) -> None:
    with pytest.raises(UnsupportedOperationError, match=part.type):
        mapping.text_of([TextPart(text="a"), part])


def test_a_page_with_odd_rows_is_still_read() -> None:
    page = {
        "message": "",
        "status": "ok",
        "results": [{"message_id": "91", "message_category": "ai", "message_content": None, "message_meta": "x"}],
    }

    (message,) = mapping.messages_of(MESSAGES.validate_json(json.dumps(page)).results, CHINA)

    assert (message.id, message.role, message.conversation_id) == ("91", "assistant", None)


# Pages.


@pytest.mark.parametrize(("cursor", "page"), [(None, 1), ("2", 2), ("123", 123)])
def test_a_cursor_is_the_number_of_a_page(cursor: str | None, page: int) -> None:
    assert paging.page_of(cursor) == page


@pytest.mark.parametrize("cursor", ["", "0", "1", "-2", "x", "2 ", "9" * 10])
def test_what_is_no_cursor_is_refused(cursor: str) -> None:
    with pytest.raises(InvalidInputError):
        paging.page_of(cursor)


@pytest.mark.parametrize(
    ("rows", "max_pages", "page", "expected"),
    [(1, 3, 1, 2), (1, 3, 3, None), (1, 3, 4, None), (0, 3, 1, None), (1, None, 1, 2), (0, None, 2, None)],
)
def test_pages_end_with_the_last_or_an_empty_one(
    rows: int, max_pages: int | None, page: int, expected: int | None
) -> None:
    results = [message_row()] * rows

    assert paging.following(MessageList(results=results, max_pages=max_pages), results, page) == expected


@pytest.mark.parametrize(
    ("title", "name"), [(None, None), ("", None), ("Trip", "Trip"), ("Tr*", None), ("Tr?p", None), ("[T]", None)]
)
def test_only_a_plain_title_filters_names_at_the_vendor(title: str | None, name: str | None) -> None:
    assert paging.name_filter(title) == name


@pytest.mark.parametrize(
    ("key", "descending", "expected"),
    [("message_id", False, "message_id"), ("created_at", True, "-created_at"), ("", False, None), ("", True, None)],
)
def test_the_ordering_of_messages_follows_the_settings(key: str, descending: bool, expected: str | None) -> None:
    assert paging.message_ordering(key, descending=descending) == expected


@pytest.mark.parametrize(
    ("numbers", "ordering", "expected"),
    [
        ([1, 2], "message_id", True),
        ([2, 1], "message_id", False),
        ([2, 1], "-message_id", True),
        ([1, 2], "-message_id", False),
        ([2, 1], None, True),
        ([2, 1], "unknown", True),
        ([2], "message_id", True),
    ],
)
def test_rows_tell_whether_the_order_was_obeyed(numbers: list[int], ordering: str | None, expected: bool) -> None:
    assert paging.obeys([message_row(message_id=number) for number in numbers], ordering) is expected


def test_rows_are_sorted_by_time_and_number_and_each_is_taken_once() -> None:
    late = message_row(message_id=1, created_at="2025-03-02 09:15:01")
    rows = [message_row(message_id=3), late, message_row(message_id=2), message_row(message_id=3)]

    assert [row.message_id for row in paging.in_order(rows)] == [2, 3, 1]


# Refusals.

SAID = {
    "积分不[足够]": "您的积分不足",
    "余额不[足够]": "账户余额不足",
    r"\bpoints\b": "You have no points left",
    r"(?<!load )\bbalance\b": "Insufficient balance",
    "敏感": "内容包含敏感词",
    "违规": "内容违规",
    r"(?<!case[ -])\bsensitive\b": "Sensitive content",
}


@pytest.mark.parametrize(("pattern", "code"), REFUSALS.items())
def test_words_of_a_refusal_tell_its_code(pattern: str, code: str) -> None:
    assert ErrorTable(texts={pattern: code}).by_text(SAID[pattern]) == code
    assert ERRORS.by_text(SAID[pattern]) == code
    assert code in BY_CODE


@pytest.mark.parametrize("text", ["", "no such endpoints", "load balance failed", "names are case sensitive", "积分"])
def test_other_words_tell_nothing(text: str) -> None:
    assert ERRORS.by_text(text) is None


@pytest.mark.parametrize(
    ("error", "code"),
    [
        ({"message": "stopped", "code": 500}, "run_failed"),
        ({"message": "slow down", "code": "429"}, "rate_limit"),
        ({"message": "余额不足", "code": 500}, "quota"),
        ({"error": {"message": "敏感"}}, "content_filtered"),
        ({"message": "x", "code": "invalid_api_key", "status": 401}, "run_failed"),
        ({"detail": "x", "status": 401}, "auth"),
        ("text", "run_failed"),
        ({}, "run_failed"),
        ([1], "run_failed"),
    ],
)
def test_an_error_inside_an_answer_becomes_an_error_of_the_tree(error: Any, code: str) -> None:
    made = refusal_in(error, "applied")

    assert (made.code, made.outcome) == (code, "applied")
    assert isinstance(made, BY_CODE[code])
