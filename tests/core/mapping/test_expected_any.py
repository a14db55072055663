"""Whatever a message holds, and whatever a target takes: it becomes something the target takes, and losses are told."""

from datetime import UTC, datetime
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from omnilogue.mapping.expected import CopyOptions, expected
from omnilogue.mapping.losses import Losses
from omnilogue.mapping.turns import turns
from omnilogue.migrate.digest import digest, normalised
from omnilogue.model import (
    LOSS_CLASSES,
    AudioPart,
    Citation,
    DataPart,
    FilePart,
    ImagePart,
    Message,
    ReasoningPart,
    TextPart,
    ToolCallPart,
    ToolResultPart,
    Usage,
)
from omnilogue.provider import Features, native, unsupported
from omnilogue.remote import grades, options

TEXT = st.text(st.characters(), max_size=40) | st.sampled_from(["a\ud83d", "\U0001f9f3" * 30, " \n", "\0", "data:x"])
MAYBE = st.none() | TEXT
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=5,
)
TABLE = st.dictionaries(TEXT, JSON, max_size=4)
PLACE = st.none() | st.integers(0, 50)
CITATION = st.builds(Citation, start=PLACE, end=PLACE, marker=MAYBE, url=MAYBE, title=MAYBE)
MEDIA: dict[str, Any] = {
    "url": MAYBE,
    "file_id": MAYBE,
    "name": MAYBE,
    "size": st.none() | st.integers(0, 99),
    "sha256": st.none() | st.sampled_from(["ab", "AB"]),
    "data": st.none() | st.binary(max_size=9),
}
PART = st.one_of(
    st.builds(TextPart, text=TEXT, citations=st.lists(CITATION, max_size=2).map(tuple)),
    st.builds(ReasoningPart, text=TEXT, data=JSON),
    *(st.builds(kind, **MEDIA) for kind in (ImagePart, AudioPart, FilePart)),
    st.builds(ToolCallPart, id=TEXT, name=TEXT, arguments=JSON),
    st.builds(ToolResultPart, call_id=TEXT, content=JSON, is_error=st.booleans()),
    st.builds(DataPart, kind=TEXT, value=JSON),
)
ROLES = ["system", "developer", "user", "assistant", "tool", "other:narrator"]
MESSAGE = st.builds(
    Message,
    id=MAYBE,
    role=st.sampled_from(ROLES),
    parts=st.lists(PART, max_size=5).map(tuple),
    created_at=st.none() | st.datetimes(timezones=st.just(UTC), min_value=datetime(1, 1, 2)),
    parent_id=st.none() | st.just("m0"),
    run_id=MAYBE,
    model=MAYBE,
    usage=st.none() | st.just(Usage(total_tokens=3)),
    status=st.sampled_from(["complete", "partial", "failed"]),
    metadata=TABLE,
    raw=TABLE,
    extra_of_later=MAYBE,
)

KINDS = ("text", "reasoning", "image", "audio", "file", "tool_call", "tool_result", "data")
FIELDS = ("metadata", "run_id", "model", "status", "usage", "created_at", "parent_id", "raw")


def some(names: tuple[str, ...]) -> st.SearchStrategy[Any]:
    return st.none() | st.sets(st.sampled_from(names)).map(lambda found: tuple(sorted(found)))


APPEND = st.builds(
    native,
    text_bytes=st.none() | st.integers(40, 200),
    parts=some(KINDS).map(lambda found: None if found is None else ("text", *found)),
    fields=some(FIELDS),
    roles=some(("developer", "tool", "other:*", "other:narrator")),
)
PAIRS = st.builds(
    native,
    metadata_pairs=st.none() | st.integers(1, 5),
    metadata_key_chars=st.none() | st.integers(1, 10),
    metadata_value_chars=st.none() | st.integers(1, 30),
)
NO = st.just(unsupported())
YES = st.just(native())
STORING = st.builds(
    Features,
    append_user=APPEND,
    append_assistant=APPEND | NO,
    append_system=APPEND | NO,
    message_metadata=PAIRS | NO,
    attach_files=YES | NO,
    send_images=YES | NO,
    send_audio=YES | NO,
    tool_calls=YES | NO,
    citations=YES | NO | st.builds(native, metadata_value_chars=st.just(30)),
)
ANSWERING = st.builds(Features, send=APPEND, edit_message=APPEND, message_metadata=PAIRS | NO)
OPTIONS = st.builds(CopyOptions, add_metadata=st.dictionaries(TEXT, JSON, max_size=2))


def storable(features: Features, message: Message) -> bool:
    """Whether a remote with these features would append it; raises what the remote would raise."""
    (checked,) = options.messages_of(message, "user")
    rows = grades.rows_for_message(features, "target", checked)
    grades.require(features, "target", rows, False)
    options.require_text(checked.parts, grades.text_limit(features[rows[0]]))
    return len(checked.model_dump_json()) > 0


@given(MESSAGE, STORING, OPTIONS)
@settings(max_examples=300)
def test_it_becomes_a_message_that_the_target_appends(message: Message, features: Features, asked: CopyOptions) -> None:
    becomes = expected(message, features, asked).message

    assert becomes is not None
    assert (becomes.id, becomes.conversation_id) == (None, None)
    assert storable(features, becomes)
    fields = features[grades.ROLE_ROWS.get(becomes.role, "append_user")].limits.fields
    for name in set(FIELDS) - set(FIELDS if fields is None else fields):
        assert getattr(becomes, name) == Message.model_fields[name].get_default(call_default_factory=True)


@given(MESSAGE, STORING, OPTIONS)
@settings(max_examples=300)
def test_what_it_has_become_it_stays(message: Message, features: Features, asked: CopyOptions) -> None:
    becomes = expected(message, features, asked).message
    assert becomes is not None

    assert expected(becomes, features, asked).message == becomes


@given(MESSAGE, STORING)
@settings(max_examples=300)
def test_content_is_lost_exactly_where_the_digest_changes(message: Message, features: Features) -> None:
    becomes = expected(message, features)
    assert becomes.message is not None

    lost = {item.kind for item in becomes.losses if item.is_lost and LOSS_CLASSES[item.kind] == "content"}
    assert (digest(becomes.message) != digest(message)) == bool(lost)


@given(MESSAGE, STORING)
@settings(max_examples=300)
def test_what_surrounds_the_content_is_kept_or_told(message: Message, features: Features) -> None:
    becomes = expected(message, features)
    assert becomes.message is not None

    told = {item.kind for item in becomes.losses if item.is_lost}
    for name, kind in (("metadata", "metadata"), ("model", "model"), ("status", "status"), ("raw", "vendor_fields")):
        assert (getattr(becomes.message, name) or None) == (getattr(message, name) or None) or kind in told
    assert becomes.message.usage == message.usage or "usage" in told
    assert thoughts(becomes.message) == thoughts(message) or "reasoning" in told
    assert citations(becomes.message) == citations(message) or "citation" in told


def thoughts(message: Message) -> list[ReasoningPart]:
    return [part for part in message.parts if isinstance(part, ReasoningPart)]


def citations(message: Message) -> list[Citation]:
    return [one for part in message.parts if isinstance(part, TextPart) for one in part.citations]


@given(MESSAGE, ANSWERING, OPTIONS)
@settings(max_examples=200)
def test_a_target_that_answers_gets_plain_text(message: Message, features: Features, asked: CopyOptions) -> None:
    becomes = expected(message, features, asked).message

    assert becomes is not None
    assert becomes.role in {"user", "assistant"}
    assert {part.type for part in becomes.parts} == {"text"}
    assert becomes.text.strip()
    limit = min(grades.text_limit(features.send), grades.text_limit(features.edit_message))
    assert len(becomes.text.encode()) <= limit
    assert expected(becomes, features, asked).message == becomes


@given(st.lists(MESSAGE, max_size=6), ANSWERING)
@settings(max_examples=150)
def test_turns_hold_each_message_once_and_in_order(messages: list[Message], features: Features) -> None:
    made = list(turns(messages, features))

    assert [source for turn in made for source in (*turn.user_sources, *turn.assistant_sources)] == list(
        range(len(messages))
    )
    assert all(turn.user.text.strip() and turn.assistant.text.strip() for turn in made)
    assert sum(item.kind == "generation" for turn in made for item in turn.losses) == len(made)


@given(MESSAGE, st.builds(Features))
@settings(max_examples=50)
def test_a_target_that_takes_nothing_still_gets_a_forecast(message: Message, features: Features) -> None:
    assert expected(message, features).message is not None


@given(MESSAGE)
@settings(max_examples=200)
def test_every_message_has_a_digest(message: Message) -> None:
    assert len(digest(message)) == len(normalised(message)) == 64


@given(st.lists(MESSAGE, max_size=3), STORING)
@settings(max_examples=50)
def test_counted_losses_go_to_json_and_back(messages: list[Message], features: Features) -> None:
    losses = Losses(item for message in messages for item in expected(message, features).losses)

    assert Losses.from_json(losses.to_json()) == losses
    assert all(len(row.example) <= 80 for row in losses.rows())
