"""What becomes of a conversation: its title, instructions, model, pin and metadata."""

from datetime import UTC, datetime
from typing import Any

import pytest

from omnilogue.mapping.expected import CopyOptions, expected_draft
from omnilogue.model import Conversation, Origin
from omnilogue.provider import Draft, Features, lossy, native, unsupported
from omnilogue.remote.grades import effective

NONE = CopyOptions()
FOREIGN = CopyOptions(source_provider="acme", target_provider="other")
WHOLE = Features(
    create_conversation=native(),
    update_conversation=native(),
    conversation_metadata=native(),
    choose_model=native(),
)
NARROW = Features(
    create_conversation=native(fields=("title",), title_chars=5), update_conversation=native(fields=("title",))
)
BARE = effective(
    Features(
        get_conversation=native(),
        create_conversation=native(fields=()),
        choose_model=native(),
        send=native(fields=("model", "instructions")),
    )
)
"""A vendor that keeps nothing of a conversation, completed by the state."""

HEEDLESS = effective(
    Features(get_conversation=native(), create_conversation=native(fields=("title",)), send=native(fields=("model",)))
)
"""A vendor whose runs take no instructions, completed by the state."""


def conversation(**fields: Any) -> Conversation:
    return Conversation(id="c1", **fields)


def losses(given: Conversation, features: Features, *, same: bool = True) -> list[tuple[str, str]]:
    becomes = expected_draft(given, features, NONE if same else FOREIGN)
    return [(item.kind, item.action) for item in becomes.losses if item.kind != "id"]


FULL = conversation(title="A title", instructions="Be brief.", model="m", pinned=True, metadata={"a": [1]})


def test_what_keeps_everything_gets_everything() -> None:
    becomes = expected_draft(FULL, WHOLE, NONE)

    assert becomes.draft == Draft(title="A title", instructions="Be brief.", model="m", metadata={"a": [1]})
    assert becomes.pinned is True
    assert [(item.kind, item.action) for item in becomes.losses] == [("id", "mapped")]


def test_the_model_of_another_provider_stays_behind() -> None:
    becomes = expected_draft(FULL, WHOLE.replace(send=native()), FOREIGN)

    assert becomes.draft.model is None
    assert (becomes.losses[0].kind, becomes.losses[0].action) == ("model", "dropped")


@pytest.mark.parametrize(("target", "model"), [("acme", "m"), ("other", None)])
def test_a_model_goes_back_to_the_provider_it_came_from(target: str, model: str | None) -> None:
    given = conversation(model="m", origin=Origin(provider="acme"))
    options = CopyOptions(source_provider="archive", target_provider=target)

    becomes = expected_draft(given, WHOLE.replace(send=native()), options)
    assert becomes.draft.model == model


def test_a_source_that_answers_names_models_of_its_own_wherever_a_conversation_came_from() -> None:
    given = conversation(model="m", origin=Origin(provider="acme"))
    options = CopyOptions(source_provider="other", target_provider="acme", source_answers=True)

    becomes = expected_draft(given, WHOLE.replace(send=native()), options)

    assert becomes.draft.model is None
    assert ("model", "dropped") in [(item.kind, item.action) for item in becomes.losses]


def test_the_marker_is_to_tell_where_a_conversation_came_from() -> None:
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    given = conversation(remote="work", created_at=moment)

    becomes = expected_draft(given, WHOLE, CopyOptions(source_provider="acme"))
    assert becomes.origin == Origin(provider="acme", remote="work", conversation="c1", time=moment)
    unmarked = CopyOptions(source_provider="acme", keeps_origin=False)
    assert expected_draft(given, WHOLE, unmarked).origin is None


def test_a_target_that_answers_nothing_keeps_any_model() -> None:
    becomes = expected_draft(FULL, WHOLE, FOREIGN)

    assert becomes.draft.model == "m"
    assert [item.kind for item in becomes.losses] == ["id"]


def test_what_the_target_does_not_keep_is_dropped() -> None:
    becomes = expected_draft(FULL, NARROW, NONE)

    assert becomes.draft == Draft(title="A ti…")
    assert becomes.pinned is None
    assert [(item.kind, item.action) for item in becomes.losses] == [
        ("title", "flattened"),
        ("instructions", "dropped"),
        ("model", "dropped"),
        ("metadata", "dropped"),
        ("pinned", "dropped"),
        ("id", "dropped"),
    ]


def test_what_the_state_keeps_is_mapped() -> None:
    becomes = expected_draft(FULL, BARE, NONE)

    assert becomes.draft == Draft(title="A title", instructions="Be brief.", model="m", metadata={"a": [1]})
    assert [(item.kind, item.action) for item in becomes.losses] == [
        ("title", "mapped"),
        ("instructions", "mapped"),
        ("model", "mapped"),
        ("metadata", "mapped"),
        ("pinned", "dropped"),
        ("id", "dropped"),
    ]


def test_instructions_that_no_run_heeds_are_stored_and_lost() -> None:
    becomes = expected_draft(conversation(instructions="Be brief."), HEEDLESS, NONE)

    assert becomes.draft.instructions == "Be brief."
    assert ("instructions", "dropped") in {(item.kind, item.action) for item in becomes.losses}


def test_a_title_may_not_be_kept_at_all() -> None:
    assert losses(conversation(title="T"), Features(create_conversation=native(fields=()))) == [("title", "dropped")]


@pytest.mark.parametrize("name", ["title", "instructions"])
def test_half_of_a_surrogate_pair_is_replaced(name: str) -> None:
    given = conversation(**{name: "a\ud83d"})

    becomes = expected_draft(given, WHOLE, NONE)
    assert getattr(becomes.draft, name) == "a\ufffd"
    assert losses(given, WHOLE) == [(name, "placeholder")]


def test_times_and_vendor_fields_are_told() -> None:
    moment = datetime(2026, 1, 1, tzinfo=UTC)

    assert losses(conversation(created_at=moment, raw={"series": 1}), WHOLE) == [
        ("time", "mapped"),
        ("vendor_fields", "dropped"),
    ]
    assert losses(conversation(updated_at=moment), NARROW) == [("time", "dropped")]


def test_what_a_vendor_told_besides_is_kept_where_the_target_names_it() -> None:
    keeping = WHOLE.replace(create_conversation=native(fields=("title", "raw")))
    given = Conversation.model_validate({"id": "c1", "raw": {"series": 1}, "of_later": 2})

    becomes = expected_draft(given, keeping, FOREIGN)
    assert becomes.draft == Draft(raw={"series": 1})
    assert [(item.kind, item.example) for item in becomes.losses] == [("id", "c1"), ("vendor_fields", "of_later")]


def test_what_has_no_json_form_is_kept_nowhere() -> None:
    keeping = WHOLE.replace(create_conversation=native(fields=("raw",)))

    assert losses(conversation(raw={"odd": "\ud83d"}), keeping) == [("vendor_fields", "dropped")]


def test_what_operations_are_declared_to_lose_is_told() -> None:
    names = ("create_conversation", "choose_model", "conversation_metadata", "update_conversation")
    features = WHOLE.replace(**{name: lossy(name, "metadata") for name in names})

    told = [item.example for item in expected_draft(FULL, features, NONE).losses]
    assert sorted(told) == sorted([*names, "c1"])
    assert losses(conversation(), features) == [("metadata", "flattened")]


def test_metadata_is_added_within_the_limits() -> None:
    features = WHOLE.replace(conversation_metadata=native(metadata_pairs=3))
    options = CopyOptions(add_metadata={"batch": "7"})

    becomes = expected_draft(conversation(metadata={"a": 1, "b": 2}), features, options)
    assert becomes.draft.metadata == {"batch": "7", "a": 1}
    assert [item.example for item in becomes.losses if item.kind == "metadata"] == ["b"]


def test_a_conversation_that_is_not_pinned_is_left_alone() -> None:
    assert expected_draft(conversation(), WHOLE, NONE).pinned is None


def test_a_target_that_changes_nothing_pins_nothing() -> None:
    features = WHOLE.replace(update_conversation=unsupported())

    assert losses(conversation(pinned=True), features) == [("pinned", "dropped")]
