"""Proving that a remote works."""

from typing import Any, ClassVar

import pytest

from omnilogue import AuthenticationError, Conversation, OmnilogueError
from omnilogue.provider import lossy, unsupported
from omnilogue_memory.provider import Memory

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


class Listless(Memory):
    """Memory whose list comes from elsewhere, so that reading it asks the vendor nothing."""

    refusal: ClassVar[OmnilogueError | None] = None

    async def get_conversation(self, conversation_id: str) -> Conversation:
        if self.refusal is not None:
            raise self.refusal
        return await super().get_conversation(conversation_id)


@pytest.mark.parametrize(("refusal", "result"), [(None, "not tried"), (refused(), "failed")])
async def test_an_empty_list_that_asked_the_vendor_nothing_proves_nothing(
    remote_of: Any, monkeypatch: pytest.MonkeyPatch, refusal: OmnilogueError | None, result: str
) -> None:
    monkeypatch.setattr(Listless, "refusal", refusal)

    check = await remote_of(Listless, {"list_conversations": lossy("those that are known")}).check()

    assert check.operations["list_conversations"] == "ok"
    assert check.operations["get_conversation"] == result
    assert check.ok == (refusal is None)
    assert refusal is None or check.error["code"] == "auth"
