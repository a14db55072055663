"""What a vendor cannot keep is kept in the state, and no verb knows the difference."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from omnilogue import LossRefusedError, NotFoundError, StateError, UnavailableError, UnsupportedOperationError
from omnilogue.model import Grade
from omnilogue.provider import Features, native, unsupported
from omnilogue.remote.completing import needs_state, with_state
from omnilogue.state import State

pytestmark = pytest.mark.anyio

NO = unsupported("no")
TALKS = {"send": native(fields=("model", "instructions"), empty_turn=True), "stream": NO}


async def ids(remote: Any, **how: Any) -> list[str]:
    return [conversation.id async for conversation in remote.conversations(**how)]


def state_file(vendor: Any) -> Path:
    return Path(vendor.state.removeprefix("sqlite:///"))


def rows(**declared: Any) -> Features:
    basis = {"create_conversation": native(), "get_conversation": native(), "list_messages": native()}
    return with_state(Features(**{**basis, **declared}))


# What the rows say


def test_what_is_native_needs_no_state() -> None:
    every = dict.fromkeys(Features(), native())
    assert not needs_state(Features(**every))
    assert needs_state(Features(**{**every, "clear_messages": NO, "delete_message": NO}))


def test_without_a_create_or_a_read_nothing_is_made() -> None:
    assert not needs_state(Features(list_messages=native(), append_user=native(), append_assistant=native()))
    assert with_state(Features(create_conversation=native())).list_conversations.grade is Grade.UNSUPPORTED


def test_fields_in_the_state_are_named_and_taken() -> None:
    features = rows(create_conversation=native("slow", fields=("title",)), choose_model=native())

    row = features.create_conversation
    assert row.note == "slow; instructions, model, metadata: kept in this state, not at the vendor"
    assert row.limits.fields == ("title", "instructions", "model", "metadata")
    assert features.conversation_metadata.grade is Grade.EMULATED
    changed = features.update_conversation
    assert (changed.grade, changed.limits.fields) == (Grade.EMULATED, ("title", "instructions", "model", "metadata"))


def test_a_vendor_that_takes_every_field_still_does() -> None:
    features = rows(update_conversation=native(), choose_model=native())

    assert features.create_conversation.limits.fields is None
    assert features.update_conversation.limits.fields is None
    assert features.conversation_metadata.grade is Grade.EMULATED


def test_a_model_nobody_can_choose_is_not_kept() -> None:
    row = rows(create_conversation=native(fields=())).create_conversation
    assert row.limits.fields == ("title", "instructions", "metadata")


@pytest.mark.parametrize(
    ("send", "unheeded"),
    [
        (native(), None),
        (native(fields=("instructions", "model")), None),
        (native(fields=("model",)), ("instructions",)),
        (native(fields=()), ("instructions", "model")),
    ],
)
def test_fields_that_no_run_takes_are_named(send: Any, unheeded: Any) -> None:
    features = rows(create_conversation=native(fields=()), choose_model=native(), send=send)

    assert features.create_conversation.limits.unheeded == unheeded
    assert features.update_conversation.limits.unheeded == unheeded


def test_a_rebuild_needs_both_roles_and_a_clear_needs_none() -> None:
    both = {"append_user": native(text_bytes=100), "append_assistant": native()}
    assert rows(**both).edit_message.limits.text_bytes == 100
    assert rows(**both).delete_message.grade is Grade.LOSSY
    assert rows(append_user=native()).edit_message.grade is Grade.UNSUPPORTED
    assert rows(append_user=native()).clear_messages.grade is Grade.LOSSY
    assert rows(delete_message=native()).clear_messages.grade is Grade.UNSUPPORTED  # each is deleted by itself


ROW = st.sampled_from([NO, native(), native(fields=()), native(fields=("title", "metadata", "model"))])


@settings(max_examples=200)
@given(declared=st.fixed_dictionaries(dict.fromkeys(Features(), ROW)))
def test_completing_twice_is_completing_once_and_takes_nothing_away(declared: Any) -> None:
    features = with_state(Features(**declared))

    assert with_state(features) == features
    for name, row in features.items():
        assert row.grade is not Grade.UNSUPPORTED or declared[name].grade is Grade.UNSUPPORTED
        assert set(declared[name].limits.fields or ()) <= set(row.limits.fields or declared[name].limits.fields or ())


# When the state is opened


async def test_a_remote_that_needs_none_works_with_a_state_that_cannot_be_used(vendor_of: Any) -> None:
    vendor = vendor_of(edit_message=native(), delete_message=native(), clear_messages=native())
    remote = vendor.remote(state="sqlite:////proc/nowhere/state.db")

    conversation = await remote.create(title="T", metadata={"a": 1})
    await remote.send(conversation, "hello")
    await remote.clear(conversation)
    await remote.delete(conversation)

    assert await ids(remote) == []


async def test_reads_never_make_a_state(poor: Any) -> None:
    made = await poor.remote(state="memory:").create()
    remote = poor.remote()

    await remote.conversation(made)
    assert [message async for message in remote.messages(made)] == []
    with pytest.raises(NotFoundError):
        await remote.message(made, "m1")
    await remote.append(made, "hello")
    await remote.send(made, "hello")

    assert await ids(remote) == [made.id]  # read by its id, and known as long as this client lives
    assert not state_file(poor).exists()
    await remote.update(made, title="T")
    assert await ids(poor.remote()) == [made.id]


async def test_a_read_succeeds_where_the_state_takes_nothing(poor: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    remote = poor.remote()
    made = await remote.create(title="T")
    other = await poor.remote(state="memory:").create()

    def full(_: object) -> None:
        raise StateError("the disk is full", code="storage")

    monkeypatch.setattr(State, "write", full)
    assert (await remote.conversation(made)).title == "T"
    assert (await remote.conversation(other)).id == other.id


@pytest.mark.parametrize(
    "verb",
    [
        lambda remote, it: remote.create(),
        lambda remote, it: remote.create(title="T"),
        lambda remote, it: remote.update(it, title="T"),
        lambda remote, it: remote.delete(it),
        lambda remote, it: remote.edit(it, "m1", "x", allow_loss=True),
        lambda remote, it: remote.delete_message(it, "m1", allow_loss=True),
        lambda remote, it: remote.clear(it, allow_loss=True),
        lambda remote, it: remote.adopt([it]),
    ],
)
async def test_a_state_that_cannot_be_written_is_told_before_the_first_request(poor: Any, verb: Any) -> None:
    made = await poor.remote().create()
    poor.calls.clear()

    with pytest.raises(StateError, match="cannot be used"):
        await verb(poor.remote(state="sqlite:////proc/nowhere/state.db"), made.id)

    assert poor.calls == []


async def test_a_vendor_that_lists_opens_the_state_only_for_what_it_does_not_keep(vendor_of: Any) -> None:
    vendor = vendor_of(create_conversation=native(fields=("title", "metadata")))
    remote = vendor.remote()

    await remote.delete(await remote.create(title="T"))
    assert not state_file(vendor).exists()
    await remote.create(title="T", instructions="I")
    assert state_file(vendor).exists()


# Known conversations


async def test_only_known_conversations_are_listed(poor: Any) -> None:
    stranger = await poor.remote(state="memory:").create()
    remote = poor.remote()
    made = await remote.create()

    listing = remote.conversations()
    assert [item.id async for item in listing] == [made.id]
    assert listing.complete is False
    await remote.adopt([stranger.id])
    assert sorted(await ids(poor.remote())) == sorted([made.id, stranger.id])


async def test_many_known_conversations_come_in_pages(poor: Any) -> None:
    remote = poor.remote()
    made = [(await remote.create(title=f"T {number:02}")).id for number in range(45)]

    assert sorted(await ids(remote)) == sorted(made)
    poor.calls.clear()
    assert len(await ids(remote, limit=3)) == 3
    assert len(poor.calls) == 20
    assert await ids(remote, order="title") == made
    assert await ids(remote, order="-title", limit=2) == [made[44], made[43]]
    assert await ids(remote, title="T 0[12]", order="title") == made[1:3]


async def test_known_conversations_are_filtered_by_what_is_kept_of_them(poor: Any) -> None:
    remote = poor.remote()
    blue = await remote.create(metadata={"color": "blue"})
    await remote.create(metadata={"color": "red"})

    assert await ids(remote, metadata={"color": "blue"}) == [blue.id]
    with pytest.raises(UnsupportedOperationError, match="searched"):
        await ids(remote, search="blue")


async def test_what_the_vendor_no_longer_has_is_left_out(poor: Any) -> None:
    remote = poor.remote()
    made = [(await remote.create()).id for _ in range(30)]
    for gone in sorted(made)[:25]:
        del poor.conversations[gone]

    assert await ids(remote) == sorted(made)[25:]


async def test_accounts_know_their_own_and_a_rotated_key_or_name_changes_nothing(poor: Any) -> None:
    made = await poor.remote("work", account="acme").create(title="T")

    assert await ids(poor.remote("other")) == []
    renamed = poor.remote("renamed", account="acme")
    assert [str(item.ref) async for item in renamed.conversations()] == [f"renamed:{made.id}"]
    assert (await renamed.conversation(made.id)).title == "T"


# Deleting and adopting


async def test_what_cannot_be_deleted_is_hidden_until_it_is_adopted(poor: Any) -> None:
    remote = poor.remote()
    made = await remote.create(title="T")
    await remote.append(made, "hello")

    await remote.delete(made)

    assert await ids(remote) == []
    calls = len(poor.calls)
    uses: tuple[Any, ...] = (
        lambda: remote.conversation(made),
        lambda: remote.messages(made).next_page(),
        lambda: remote.send(made, "x"),
        lambda: remote.delete(made),
        lambda: remote.resolve(made),
    )
    for use in uses:
        with pytest.raises(NotFoundError, match=r"deleted here.*adopt it again"):
            await use()
    assert len(poor.calls) == calls
    adopted = await poor.remote().adopt([made.id])
    assert [item.title for item in adopted] == ["T"]
    assert await ids(remote) == [made.id]


async def test_adopting_what_nobody_has_remembers_those_before_it(poor: Any) -> None:
    stranger = await poor.remote(state="memory:").create()
    remote = poor.remote()

    with pytest.raises(NotFoundError):
        await remote.adopt([stranger.id, "c99"])

    assert await ids(remote) == [stranger.id]


async def test_adopting_where_the_vendor_lists_is_a_read(vendor: Any) -> None:
    remote = vendor.remote()
    made = await remote.create()

    assert [item.id for item in await remote.adopt([made.id])] == [made.id]
    assert [item.id for item in await remote.adopt(made.id)] == [made.id]
    assert not state_file(vendor).exists()


async def test_a_vendor_that_lists_and_cannot_delete_hides(vendor_of: Any) -> None:
    remote = vendor_of(delete_conversation=NO).remote()
    kept, gone = await remote.create(), await remote.create()

    await remote.delete(gone)

    assert remote.features.delete_conversation.grade is Grade.EMULATED
    assert await ids(remote) == [kept.id]
    await remote.adopt([gone.id])
    assert await ids(remote) == [kept.id, gone.id]


async def test_a_vendor_that_deletes_and_cannot_list_forgets(vendor_of: Any) -> None:
    vendor = vendor_of(list_conversations=NO)
    remote = vendor.remote()
    made = await remote.create()

    await remote.delete(made)

    assert (await ids(remote), vendor.conversations) == ([], {})
    with pytest.raises(NotFoundError):
        await remote.conversation(made)


# Fields


async def test_fields_live_in_the_state(poor: Any) -> None:
    remote = poor.remote()
    made = await remote.create(title="T", instructions="I", model="m", metadata={"a": [1], "b": 2})

    at_vendor = poor.conversations[made.id]
    assert (at_vendor.title, at_vendor.instructions, at_vendor.model, at_vendor.metadata) == (None, None, None, {})
    for found in (made, await poor.remote().conversation(made.id)):
        assert (found.title, found.instructions, found.model) == ("T", "I", "m")
        assert found.metadata == {"a": [1], "b": 2}
    changed = await remote.update(made, title=None, metadata={"a": None, "c": 3})
    assert (changed.title, changed.instructions, changed.metadata) == (None, "I", {"b": 2, "c": 3})
    with pytest.raises(UnsupportedOperationError, match="pinned"):
        await remote.update(made, pinned=True)


async def test_an_update_the_vendor_takes_wins_over_what_was_kept(vendor_of: Any) -> None:
    vendor = vendor_of(create_conversation=native(fields=()), update_conversation=native(fields=("title",)))
    remote = vendor.remote()
    made = await remote.create(title="T", instructions="I")

    changed = await remote.update(made, title="New", instructions="J")

    assert (changed.title, changed.instructions) == ("New", "J")
    assert vendor.conversations[made.id].title == "New"
    assert (await vendor.remote().conversation(made.id)).title == "New"


@pytest.mark.parametrize("verb", ["send", "stream", "regenerate"])
async def test_kept_instructions_and_model_go_with_each_run(vendor_of: Any, verb: str) -> None:
    vendor = vendor_of(create_conversation=native(fields=()), **(TALKS if verb != "stream" else {}))
    remote = vendor.remote()
    made = await remote.create(instructions="I", model="m")
    await remote.append(made, "hello")

    for options, expected in (({}, ("I", "m")), ({"instructions": "Mine", "model": "mine"}, ("Mine", "mine"))):
        if verb == "send":
            await remote.send(made, "hello", **options)
        elif verb == "regenerate":
            await remote.regenerate(made, **options)
        else:
            async with remote.stream(made, "hello", **options) as stream:
                assert [event async for event in stream]
        assert (vendor.turns[-1].instructions, vendor.turns[-1].model) == expected


async def test_instructions_that_no_run_takes_are_a_loss_of_their_name(vendor_of: Any) -> None:
    rows = dict.fromkeys(("create_conversation", "update_conversation"), native(fields=("title",)))
    vendor = vendor_of(**rows, send=native(fields=("model",)), stream=NO)
    remote = vendor.remote()

    with pytest.raises(LossRefusedError) as raised:
        await remote.create(title="T", instructions="I")
    assert (raised.value.losses, raised.value.outcome, vendor.calls) == (("instructions",), "not_sent", [])
    made = await remote.create(title="T", instructions="I", model="m", allow_loss="instructions")
    with pytest.raises(LossRefusedError, match="instructions"):
        await remote.update(made, instructions="J")
    assert (await remote.update(made, instructions=None)).instructions is None
    await remote.send(made, "hello")
    assert (vendor.turns[-1].instructions, vendor.turns[-1].model) == (None, "m")


async def test_a_create_that_is_found_after_a_lost_answer_keeps_its_fields(vendor_of: Any) -> None:
    vendor = vendor_of(create_conversation=native(fields=("title", "metadata")))
    lost = UnavailableError("gone", code="connection_lost", outcome="unknown")
    vendor.fail_at(1, lost, applied=True)

    made = await vendor.remote().create(title="T", instructions="I")

    assert (made.title, made.instructions, len(vendor.conversations)) == ("T", "I", 1)
    assert (await vendor.remote().conversation(made.id)).instructions == "I"


# Notes


async def test_a_provider_keeps_notes_by_account(poor: Any) -> None:
    notes = poor.remote("work", account="acme")._account.provider.context.state
    notes.set("sessions", {"a": 1})

    assert poor.remote("renamed", account="acme")._account.provider.context.state.get("sessions") == {"a": 1}
    assert poor.remote("work")._account.provider.context.state.get("sessions") is None


def test_a_lossy_list_needs_no_consent_and_is_not_complete() -> None:
    row = rows().list_conversations
    assert (row.grade, row.losses) == (Grade.LOSSY, ())
