from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from omnilogue.model import DataPart, Message, Metadata, TextPart
from omnilogue_archive import mapping

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def test_ids_sort_by_time_and_do_not_repeat() -> None:
    ids = [mapping.new_id("m", NOON + timedelta(microseconds=number)) for number in range(100)]
    twins = {mapping.new_id("c", NOON) for _ in range(100)}

    assert ids == sorted(ids)
    assert len(twins) == 100
    assert all(twin.startswith("c_") and twin[2:].isalnum() for twin in twins)


def test_stamps_have_one_width_and_sort_like_the_times() -> None:
    east = timezone(timedelta(hours=8))
    times = [datetime(900, 1, 2, tzinfo=UTC), NOON.astimezone(east), NOON + timedelta(microseconds=1)]

    stamps = [mapping.stamp(time) for time in times]

    assert stamps == ["0900-01-02T00:00:00.000000Z", "2026-11-21T12:00:00.000000Z", "2026-11-21T12:00:00.000001Z"]
    assert stamps == sorted(stamps)
    assert [datetime.fromisoformat(stamp) for stamp in stamps] == times


def test_a_write_is_later_than_the_write_before_also_when_the_clock_went_back() -> None:
    before = mapping.stamp(NOON)

    assert mapping.later(before, NOON - timedelta(hours=1)) == "2026-11-21T12:00:00.000001Z"
    assert mapping.later(before, NOON + timedelta(hours=1)) == "2026-11-21T13:00:00.000000Z"


def test_a_body_leaves_out_the_place_and_what_is_empty() -> None:
    message = Message(id="1", conversation_id="c", parent_id="0", role="user", parts=(TextPart(text="Hi"),), model="")

    assert mapping.body(message) == (
        '{"role":"user","parts":[{"type":"text","text":"Hi","citations":[]}],"model":"","status":"complete"}'
    )


def test_an_edit_puts_one_text_where_the_first_was_and_keeps_other_parts() -> None:
    data = DataPart(kind="card", value=1)
    before = Message(role="user", parts=(data, TextPart(text="a"), data, TextPart(text="b")))
    silent = Message(role="user", parts=(data,))

    assert mapping.edited(before, "new").parts == (data, TextPart(text="new"), data)
    assert mapping.edited(silent, "new").parts == (data, TextPart(text="new"))


@pytest.mark.parametrize(
    ("wanted", "fits"),
    [
        ({}, True),
        ({"team": "red"}, True),
        ({"team": "red", "size": 3}, True),
        ({"size": "3"}, True),
        ({"done": "true"}, True),
        ({"gone": None}, True),
        ({"list": [1, {"a": 2}]}, True),
        ({"team": "Red"}, False),
        ({"team": None}, False),
        ({"other": "x"}, False),
        ({"size": 4}, False),
    ],
)
def test_metadata_fits_when_all_pairs_do(wanted: dict[str, Any], fits: bool) -> None:
    stored: Metadata = {"team": "red", "size": 3, "done": True, "list": [1, {"a": 2}]}

    assert mapping.has_metadata(mapping.metadata_text(stored), mapping.metadata_text(wanted)) is fits


def test_a_parent_may_be_named_by_the_id_it_was_given_with() -> None:
    root = Message.user("root").model_copy(update={"id": "1"})
    child = Message.user("child").model_copy(update={"id": "2", "parent_id": "1"})
    stranger = Message.user("stranger").model_copy(update={"parent_id": "m_7"})

    new = mapping.new_messages([root, child, stranger], NOON)

    assert [message.parent for message in new] == [None, new[0].id, "m_7"]
