"""Changing what is stored: by the vendor's own call, by a fallback, or by a rebuild; `Change` tells which."""

from typing import Any

import pytest

from omnilogue import NotFoundError
from omnilogue.model import Grade
from omnilogue.provider import native, unsupported

pytestmark = pytest.mark.anyio

NO = unsupported("no")


@pytest.fixture
def able(vendor_of: Any) -> Any:
    return vendor_of(edit_message=native(), delete_message=native(), clear_messages=native())


async def test_the_vendors_own_call_keeps_every_id(able: Any) -> None:
    remote = able.remote()
    made = await remote.create()
    first, second = [await remote.append(made, text) for text in ("one", "two")]

    change = await remote.edit(made, first.id, "eins")
    assert (change.conversation, change.grade, change.id_map) == (made.ref, Grade.NATIVE, {})
    assert (change.message.id, change.message.text) == (first.id, "eins")
    change = await remote.delete_message(made, second.id)
    assert (change.conversation, change.id_map, change.message) == (made.ref, {second.id: None}, None)
    change = await remote.clear(made)
    assert (change.conversation, change.grade) == (made.ref, Grade.NATIVE)
    assert able.messages[made.id] == {}


async def test_a_clear_by_deletes_is_no_rebuild_though_the_state_is_there(vendor_of: Any) -> None:
    vendor = vendor_of(delete_message=native(), create_conversation=native(fields=()))
    remote = vendor.remote()
    made = await remote.create(title="T")
    await remote.append(made, "one")

    change = await remote.clear(made)

    assert (change.conversation, change.grade) == (made.ref, Grade.EMULATED)
    assert "delete_message" in vendor.calls
    assert list(vendor.conversations) == [made.id]


async def test_a_rebuild_that_only_an_edit_needs_leaves_the_others_native(vendor_of: Any) -> None:
    vendor = vendor_of(delete_message=native(), clear_messages=native())
    remote = vendor.remote()
    made = await remote.create()
    first = await remote.append(made, "one")

    change = await remote.edit(made, first.id, "eins", allow_loss=True)
    assert (change.grade, change.conversation.id == made.id) == (Grade.LOSSY, False)
    cleared = await remote.clear(made)
    assert (cleared.grade, cleared.conversation) == (Grade.NATIVE, change.conversation)


@pytest.mark.parametrize("verb", ["edit", "delete_message"])
async def test_a_message_that_is_not_there_changes_nothing(vendor: Any, verb: str) -> None:
    remote = vendor.remote()
    made = await remote.create()
    await remote.append(made, "one")
    text = ("x",) if verb == "edit" else ()

    with pytest.raises(NotFoundError) as raised:
        await getattr(remote, verb)(made, "m999", *text, allow_loss=True)

    assert raised.value.outcome == "not_sent"
    assert "create_conversation" not in vendor.calls[2:]
    assert list(vendor.conversations) == [made.id]


@pytest.mark.parametrize("verb", ["edit", "delete_message", "clear"])
async def test_a_conversation_that_is_not_there_is_not_made(vendor: Any, verb: str) -> None:
    given = {"edit": ("m1", "x"), "delete_message": ("m1",), "clear": ()}[verb]

    with pytest.raises(NotFoundError):
        await getattr(vendor.remote(), verb)("c999", *given, allow_loss=True)

    assert vendor.conversations == {}


async def test_a_rebuild_finds_a_conversation_by_the_list_where_no_call_gives_one(vendor_of: Any) -> None:
    vendor = vendor_of(get_conversation=NO)
    remote = vendor.remote()
    made = await remote.create(title="T")
    first = await remote.append(made, "one")

    change = await remote.edit(made, first.id, "eins", allow_loss=True)

    assert (await remote.conversation(made)).ref == change.conversation
    assert (await remote.adopt([made.id]))[0].title == "T"


async def test_a_check_follows_the_rebuilds_it_makes(vendor: Any, poor: Any) -> None:
    for behind in (vendor, poor):
        remote = behind.remote()
        found = await remote.check(write=True)

        assert found.ok, found.error
        assert {found.operations[name] for name in ("edit_message", "delete_message", "clear_messages")} == {"ok"}
        assert [item async for item in remote.conversations()] == []
