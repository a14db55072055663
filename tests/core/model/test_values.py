"""Every value of the model goes to JSON and back unchanged, is frozen, and can be compared."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from omnilogue import model

TEXT = st.text(max_size=20)
MAYBE = st.none() | TEXT
SMALL = st.integers(0, 10**12)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**15), 10**15)
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
STATUS = st.sampled_from(["complete", "partial", "failed"])

CITATION = st.builds(model.Citation, start=st.none() | SMALL, end=st.none() | SMALL, quote=MAYBE, url=MAYBE)
MEDIA = {
    "url": MAYBE,
    "file_id": MAYBE,
    "name": MAYBE,
    "media_type": MAYBE,
    "size": st.none() | SMALL,
    "data": st.none() | st.binary(max_size=50),
}
CALL = st.builds(model.ToolCallPart, id=TEXT, name=TEXT, arguments=JSON)
PART = st.one_of(
    st.builds(model.TextPart, text=TEXT, citations=st.lists(CITATION, max_size=2).map(tuple)),
    st.builds(model.ReasoningPart, text=TEXT, data=JSON),
    st.builds(model.ImagePart, **MEDIA),
    st.builds(model.AudioPart, **MEDIA),
    st.builds(model.FilePart, **MEDIA),
    CALL,
    st.builds(model.ToolResultPart, call_id=TEXT, content=JSON, is_error=st.booleans()),
    st.builds(model.DataPart, kind=TEXT, value=JSON),
)
USAGE = st.none() | st.builds(model.Usage, input_tokens=st.none() | SMALL, total_tokens=st.none() | SMALL)
ORIGIN = st.none() | st.builds(model.Origin, provider=MAYBE, message=MAYBE, time=MOMENT)
MESSAGE = st.builds(
    model.Message,
    id=MAYBE,
    conversation_id=MAYBE,
    role=ROLE,
    parts=st.lists(PART, max_size=4).map(tuple),
    created_at=MOMENT,
    parent_id=MAYBE,
    usage=USAGE,
    status=STATUS,
    metadata=TABLE,
    origin=ORIGIN,
    raw=TABLE,
)
REF = st.builds(model.ConversationRef, remote=TEXT, id=TEXT)
CONVERSATION = st.builds(
    model.Conversation,
    id=TEXT,
    remote=TEXT,
    title=MAYBE,
    instructions=MAYBE,
    created_at=MOMENT,
    updated_at=MOMENT,
    pinned=st.booleans(),
    metadata=TABLE,
    raw=TABLE,
)
REPLY = st.builds(
    model.Reply,
    messages=st.lists(MESSAGE, max_size=2).map(tuple),
    status=STATUS,
    usage=USAGE,
    effect=st.sampled_from(["new", "replaced", "superseded", "added"]),
    audio=st.lists(st.builds(model.AudioPart, **MEDIA), max_size=1).map(tuple),
)
CHANGE = st.builds(
    model.Change,
    conversation=REF,
    message=st.none() | MESSAGE,
    id_map=st.dictionaries(TEXT, MAYBE, max_size=3),
    grade=st.sampled_from(list(model.Grade)),
)
RUN = {"run_id": MAYBE, "attempt": st.integers(1, 9)}
EVENT = st.one_of(
    st.builds(model.ReplyStarted, conversation=REF, **RUN),
    st.builds(model.TextDelta, text=TEXT, **RUN),
    st.builds(model.ReasoningDelta, text=TEXT, **RUN),
    st.builds(model.AudioDelta, data=st.none() | st.binary(max_size=50), url=MAYBE, seconds=st.none() | st.just(0.5)),
    st.builds(model.Transcript, text=TEXT, **RUN),
    st.builds(model.Emotion, label=TEXT, **RUN),
    st.builds(model.ToolCallRequested, call=CALL, **RUN),
    st.builds(model.CitationFound, citation=CITATION, **RUN),
    st.builds(model.ReplyCompleted, reply=REPLY, **RUN),
)


VALUES: dict[str, tuple[Any, st.SearchStrategy[Any]]] = {
    "citation": (model.Citation, CITATION),
    "part": (model.Part, PART),
    "message": (model.Message, MESSAGE),
    "reference": (model.ConversationRef, REF),
    "conversation": (model.Conversation, CONVERSATION),
    "reply": (model.Reply, REPLY),
    "change": (model.Change, CHANGE),
    "event": (model.Event, EVENT),
    "page": (
        model.Page[model.Message],
        st.builds(
            model.Page[model.Message],
            items=st.lists(MESSAGE, max_size=2).map(tuple),
            next_cursor=MAYBE,
            complete=st.booleans(),
        ),
    ),
}


@pytest.mark.parametrize("name", VALUES)
@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_value_goes_to_json_and_back_unchanged(name: str, data: st.DataObject) -> None:
    kind, strategy = VALUES[name]
    adapter = TypeAdapter[Any](kind)
    value = data.draw(strategy)

    arrived = adapter.validate_json(adapter.dump_json(value))

    assert arrived == value
    assert type(arrived) is type(value)
    assert adapter.dump_json(arrived) == adapter.dump_json(value)
    assert hash(arrived) == hash(value)


@pytest.mark.parametrize("name", VALUES)
@settings(max_examples=5, deadline=None)
@given(st.data())
def test_a_value_is_frozen(name: str, data: st.DataObject) -> None:
    value = data.draw(VALUES[name][1])
    field = next(iter(type(value).model_fields))

    with pytest.raises(ValidationError, match="frozen"):
        setattr(value, field, getattr(value, field))


@pytest.mark.parametrize(
    ("kind", "given_fields"),
    [
        (model.Message, {"role": "user"}),
        (model.Conversation, {"id": "1"}),
        (model.TextPart, {"text": "a"}),
        (model.Usage, {}),
        (model.Origin, {}),
        (model.Citation, {}),
        (model.Reply, {}),
    ],
)
def test_a_field_of_a_later_version_is_kept(kind: Any, given_fields: dict[str, Any]) -> None:
    value = kind.model_validate({**given_fields, "later": {"a": [1]}})

    assert value.later == {"a": [1]}
    assert kind.model_validate_json(value.model_dump_json()) == value
    assert b'"later":{"a":[1]}' in value.model_dump_json().encode()


@pytest.mark.parametrize(
    ("kind", "given_fields"),
    [
        (model.ConversationRef, {"remote": "work", "id": "1"}),
        (model.Page[model.Message], {}),
        (model.TextDelta, {"text": "a"}),
        (model.Change, {"conversation": {"remote": "work", "id": "1"}}),
    ],
)
def test_a_misspelt_name_is_refused_where_nothing_comes_from_outside(kind: Any, given_fields: dict[str, Any]) -> None:
    assert kind.model_validate(given_fields)

    with pytest.raises(ValidationError, match="misspelt"):
        kind.model_validate({**given_fields, "misspelt": 1})


class TestMoments:
    @pytest.mark.parametrize(
        "given_time", ["2026-11-21T12:00:00+02:00", "2026-11-21T10:00:00Z", "2026-11-21T05:00:00-05:00"]
    )
    def test_every_zone_becomes_utc(self, given_time: str) -> None:
        message = model.Message.model_validate({"role": "user", "created_at": given_time})

        assert message.created_at == datetime(2026, 11, 21, 10, tzinfo=UTC)
        assert message.created_at is not None
        assert message.created_at.tzinfo is UTC
        assert '"2026-11-21T10:00:00Z"' in message.model_dump_json()

    def test_a_time_without_a_zone_is_refused(self) -> None:
        with pytest.raises(ValidationError, match="timezone"):
            model.Message.model_validate({"role": "user", "created_at": "2026-11-21T10:00:00"})


def test_the_version_of_the_form_is_named() -> None:
    assert model.FORMAT == "omnilogue/1"


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
def test_a_number_json_has_no_word_for_is_refused_at_any_depth(number: float) -> None:
    with pytest.raises(ValidationError, match="finite"):
        model.Message(role="user", metadata={"a": [{"b": number}]})
