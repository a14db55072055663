"""Turns sent while answers get lost: none is doubled, none is lost, each has its one reply, in order."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from omnilogue import AsyncClient, AsyncRemote, Conversation, ConversationBusyError
from omnilogue.http import SystemClock
from omnilogue_minimax.emulator import MiniMaxEmulator

pytestmark = pytest.mark.anyio

TURNS = 10

# The calls of a turn whose answer is lost after they were done, and how a turn is sent.
PATHS = ("threads/messages/add", "threads/run/create", "threads/run/retrieve", "threads/messages/list")


class FastClock(SystemClock):
    """Lets all time pass at once."""

    def __init__(self) -> None:
        self._skipped = 0.0

    def monotonic(self) -> float:
        return super().monotonic() + self._skipped

    async def sleep(self, seconds: float) -> None:
        self._skipped += seconds
        await asyncio.sleep(0)


async def sent(remote: AsyncRemote, conversation: Conversation, text: str) -> str:
    return (await remote.send(conversation, text)).text


async def streamed(remote: AsyncRemote, conversation: Conversation, text: str) -> str:
    async with remote.stream(conversation, text) as stream:
        said = [piece async for piece in stream.text()]
    assert "".join(said) == stream.reply.text
    return stream.reply.text


def connected(vendor: MiniMaxEmulator, **changed: Any) -> AsyncClient:
    settings = {"provider": "minimax", **vendor.settings, "timeout": 10_000, **changed}
    return AsyncClient(False, remotes={"old": settings}, clock=FastClock())


async def assert_each_turn_has_one_reply(
    remote: AsyncRemote, conversation: Conversation, replies: list[str], before: int = 0
) -> None:
    stored = [(message.role, message.text) async for message in remote.messages(conversation)]
    pairs = [(("user", f"turn {number}"), ("assistant", text)) for number, text in enumerate(replies)]
    assert stored[before:] == [entry for pair in pairs for entry in pair]


@pytest.mark.parametrize("kind", ["drop_after", "status_after", "drop_before"])
@pytest.mark.parametrize("path", PATHS)
async def test_no_turn_is_doubled_or_lost(vendor: MiniMaxEmulator, kind: str, path: str) -> None:
    async with connected(vendor) as client:
        remote = client.remote()
        conversation = await remote.create()
        vendor.fail_next(kind, every=3, path=path)
        replies = [await sent(remote, conversation, f"turn {number}") for number in range(TURNS)]
        vendor.clear_faults()

        await assert_each_turn_has_one_reply(remote, conversation, replies)


@pytest.mark.parametrize("kind", ["drop_after", "status_after", "drop_before"])
async def test_no_streamed_turn_is_doubled_or_lost(vendor: MiniMaxEmulator, kind: str) -> None:
    async with connected(vendor) as client:
        remote = client.remote()
        conversation = await remote.create()
        vendor.fail_next(kind, every=3, path="threads/run/create_stream")
        replies = [await streamed(remote, conversation, f"turn {number}") for number in range(TURNS)]
        vendor.clear_faults()

        await assert_each_turn_has_one_reply(remote, conversation, replies)


@pytest.mark.parametrize("talk", ["send", "stream"])
@pytest.mark.parametrize("kind", ["drop_after", "status_after", "drop_before"])
@pytest.mark.parametrize("path", [*PATHS, "threads/run/create_stream", "threads/run/submit_tool_outputs"])
async def test_no_turn_is_doubled_and_no_tool_is_called_twice(
    vendor: MiniMaxEmulator, kind: str, path: str, talk: str
) -> None:
    called: list[int] = []

    def count(number: int) -> str:
        called.append(number)
        return f"counted {number}"

    async with connected(vendor) as client:
        remote = client.remote()
        conversation = await remote.create()
        vendor.fail_next(kind, every=2, path=path)
        replies = []
        for number in range(4):
            text = f'turn {number} [tool count {{"number": {number}}}]'
            if talk == "send":
                replies.append((await remote.send(conversation, text, tools=[count])).text)
            else:
                async with remote.stream(conversation, text, tools=[count]) as stream:
                    assert [event async for event in stream]
                replies.append(stream.reply.text)
        vendor.clear_faults()

        stored = [(message.role, message.text) async for message in remote.messages(conversation)]
    assert called == [0, 1, 2, 3]
    assert [role for role, _ in stored] == ["user", "assistant"] * 4
    assert [text for role, text in stored if role == "assistant"] == replies
    assert all(f"counted {number}" in text for number, text in enumerate(replies))


@pytest.mark.parametrize("talk", [sent, streamed])
@pytest.mark.parametrize("refusal", ["409", "2013"])
async def test_a_turn_waits_for_the_run_of_somebody_else_and_is_stored_once(
    vendor: MiniMaxEmulator, talk: Callable[..., Any], refusal: str
) -> None:
    vendor.configure(active_run=refusal, polls=4)
    async with connected(vendor) as client:
        remote = client.remote()
        conversation = await remote.create()
        vendor.store.add_message(conversation.id, "user", "of another program")
        vendor.store.add_run(conversation.id, vendor.store.add_assistant().id)

        await talk(remote, conversation, "turn 0")

        stored = [(row.role, row.text) for row in vendor.store.messages(conversation.id)]
        assert [text for role, text in stored if role == "user"] == ["of another program", "turn 0"]
        assert [role for role, _ in stored].count("assistant") == 2


async def test_who_does_not_wait_is_told_that_the_turn_is_stored(vendor: MiniMaxEmulator) -> None:
    vendor.configure(polls=4)
    async with connected(vendor) as client:
        remote = client.remote()
        conversation = await remote.create()
        vendor.store.add_run(conversation.id, vendor.store.add_assistant().id)

        with pytest.raises(ConversationBusyError) as caught:
            await remote.send(conversation, "hello", busy="reject")

        assert caught.value.outcome == "applied"
        assert [row.text for row in vendor.store.messages(conversation.id)] == ["hello"]


async def test_three_hundred_turns(vendor: MiniMaxEmulator) -> None:
    async with connected(vendor) as client:
        remote = client.remote()
        conversations = [await remote.create(title=f"trip {number}") for number in range(10)]
        for place, path in enumerate(PATHS[:2]):
            vendor.fail_next("drop_after", every=9 + place, path=path)

        async def talk(conversation: Conversation) -> list[str]:
            return [await sent(remote, conversation, f"turn {number}") for number in range(30)]

        said = await asyncio.gather(*map(talk, conversations))
        vendor.clear_faults()

        for conversation, replies in zip(conversations, said, strict=True):
            await assert_each_turn_has_one_reply(remote, conversation, replies)
