"""Proving that a remote works."""

from typing import Any

import pytest

from omnilogue import AuthenticationError
from omnilogue.provider import unsupported

pytestmark = pytest.mark.anyio


def refused() -> AuthenticationError:
    return AuthenticationError("who are you", outcome="rejected")


async def test_a_check_only_reads(remote: Any) -> None:
    conversation = await remote.create()
    await remote.append(conversation, "hello")
    before = remote.vendor.calls.copy()

    check = await remote.check()

    assert (check.ok, check.error) == (True, None)
    read = {name for name, result in check.operations.items() if result == "ok"}
    assert read == {"list_conversations", "get_conversation", "list_messages", "get_message"}
    assert set(remote.vendor.calls[len(before) :]) == {"list_messages"}


async def test_a_check_that_writes_uses_a_scratch_conversation_and_deletes_it(remote: Any, texts: Any) -> None:
    conversation = await remote.create(title="mine")
    await remote.append(conversation, "hello")

    check = await remote.check(write=True)

    assert check.ok
    assert {"edit_message", "clear_messages", "send", "regenerate", "delete_conversation"} <= {
        name for name, result in check.operations.items() if result == "ok"
    }
    assert [item.id async for item in remote.conversations()] == [conversation.id]
    assert await texts(remote, conversation) == ["u:hello"]


async def test_what_is_unsupported_is_not_tried(remote_of: Any) -> None:
    remote = remote_of(rows={"edit_message": unsupported(), "append_assistant": unsupported()})

    check = await remote.check(write=True)

    assert check.ok
    assert check.operations["edit_message"] == "unsupported"
    assert "edit_message" not in remote.vendor.calls


@pytest.mark.parametrize(
    "call", ["list_messages", "send", "edit_message", "create_conversation", "delete_conversation"]
)
async def test_a_failure_is_told_and_leaves_no_scratch_conversation(remote: Any, call: str) -> None:
    remote.vendor.fail(call, refused(), times=9)

    check = await remote.check(write=True)

    assert not check.ok
    assert check.error["code"] == "auth"
    assert "failed" in check.operations.values()
    assert len([item async for item in remote.conversations()]) == (1 if call == "delete_conversation" else 0)
