"""Appending and creating: a lost answer neither doubles nor loses anything."""

from typing import Any

import pytest

from omnilogue import BadRequestError, Message, NotFoundError, OutcomeUnknownError, UnavailableError
from omnilogue.provider import native, unsupported

pytestmark = pytest.mark.anyio

THREE = [Message.user("one"), Message.assistant("two"), Message.user("three")]
TOLD = ["u:one", "a:two", "u:three"]


@pytest.mark.parametrize("markers", [True, False])
@pytest.mark.parametrize("given", [{}, {"applied": True}, {"looks": 1}], ids=["absent", "stored", "late"])
async def test_a_batch_whose_answer_is_lost_is_stored_once(
    remote_of: Any, texts: Any, markers: bool, given: dict[str, Any]
) -> None:
    remote = remote_of(markers=markers)
    conversation = await remote.create()
    await remote.append(conversation, "before")
    remote.vendor.fail("append", **given)

    stored = await remote.append(conversation, THREE)

    assert [message.text for message in stored] == ["one", "two", "three"]
    assert all(message.id and not message.metadata for message in stored)
    assert await texts(remote, conversation) == ["u:before", *TOLD]


@pytest.mark.parametrize("markers", [True, False])
async def test_a_part_of_a_batch_is_never_stored_again(remote_of: Any, texts: Any, markers: bool) -> None:
    remote = remote_of(markers=markers)
    conversation = await remote.create()
    await remote.append(conversation, "before")
    remote.vendor.fail("append", applied=2)

    with pytest.raises(OutcomeUnknownError):
        await remote.append(conversation, THREE)

    assert await texts(remote, conversation) == ["u:before", *TOLD[:2]]


async def test_a_batch_in_another_order_is_not_taken_for_ours(remote_of: Any, texts: Any) -> None:
    remote = remote_of(markers=False)
    conversation = await remote.create()
    await remote.append(conversation, "before")
    vendor = remote.vendor
    vendor.fail("append")
    vendor.landing.append((0, lambda: vendor.store(conversation.id, *THREE[::-1])))

    with pytest.raises(OutcomeUnknownError):
        await remote.append(conversation, THREE)

    assert await texts(remote, conversation) == ["u:before", *TOLD[::-1]]


async def test_long_lists_go_in_the_vendors_batches(remote_of: Any, texts: Any) -> None:
    remote = remote_of(rows={"append_user": native(batch=2)})
    conversation = await remote.create()
    before = remote.vendor.calls.count("append")

    await remote.append(conversation, THREE)

    assert await texts(remote, conversation) == TOLD
    assert remote.vendor.calls.count("append") - before == 2


async def test_a_later_batch_that_fails_tells_what_is_stored(remote_of: Any, texts: Any) -> None:
    remote = remote_of(rows={"append_user": native(batch=1)})
    conversation = await remote.create()
    await remote.append(conversation, "one")
    remote.vendor.fail("append", applied=True)
    remote.vendor.fail("append", BadRequestError("too rude", outcome="rejected"))

    with pytest.raises(BadRequestError, match="1 of 3 messages were stored") as raised:
        await remote.append(conversation, THREE)

    assert raised.value.outcome == "applied"
    assert not raised.value.is_safe_to_retry
    assert await texts(remote, conversation) == ["u:one", "u:one"]


async def test_an_append_that_never_gets_through_was_not_sent(remote: Any, texts: Any) -> None:
    conversation = await remote.create()
    remote.vendor.fail("append", times=3)

    with pytest.raises(UnavailableError) as raised:
        await remote.append(conversation, "one")

    assert raised.value.outcome == "not_sent"
    assert await texts(remote, conversation) == []


async def test_the_same_words_twice_are_two_messages(remote: Any, texts: Any) -> None:
    conversation = await remote.create()
    await remote.append(conversation, "one")
    remote.vendor.fail("append")

    await remote.append(conversation, "one")

    assert await texts(remote, conversation) == ["u:one", "u:one"]


@pytest.mark.parametrize("count", [0, 120])
@pytest.mark.parametrize("applied", [True, False])
async def test_a_create_whose_answer_is_lost_happens_once(remote: Any, count: int, applied: bool) -> None:
    for _ in range(count):
        await remote.create()
    remote.vendor.fail("create_conversation", applied=applied)

    created = await remote.create(title="Trip", metadata={"team": "red"})

    assert (created.title, created.metadata) == ("Trip", {"team": "red"})
    listed = [item.id async for item in remote.conversations()]
    assert len(listed) == count + 1
    assert listed[-1] == created.id


@pytest.mark.parametrize(
    "given",
    [
        {"markers": False},
        {"rows": {"list_conversations": unsupported()}},
        {"rows": {"conversation_metadata": unsupported()}},
    ],
)
async def test_a_create_nobody_can_look_for_is_of_unknown_outcome(remote_of: Any, given: dict[str, Any]) -> None:
    remote = remote_of(**given)
    remote.vendor.fail("create_conversation", applied=True)

    with pytest.raises(OutcomeUnknownError, match="may have been created"):
        await remote.create(title="Trip")

    assert remote.vendor.calls.count("create_conversation") == 1


@pytest.mark.parametrize("call", ["delete_conversation", "delete_message"])
async def test_gone_after_a_lost_answer_is_done(remote: Any, call: str) -> None:
    conversation = await remote.create()
    message = await remote.append(conversation, "one")
    remote.vendor.fail(call, NotFoundError("gone", outcome="applied"), applied=True)

    if call == "delete_message":
        change = await remote.delete_message(conversation, message.id)
        assert change.id_map == {message.id: None}
    else:
        await remote.delete(conversation)
        assert [item async for item in remote.conversations()] == []
