"""Turns asked over the agent's socket while connections break: none is doubled, none is lost, each has its reply."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from omnilogue import AsyncClient, AsyncRemote, AudioPart, Conversation, StreamInterruptedError
from omnilogue.http import SystemClock
from omnilogue_mindcraft.emulator import MindCraftEmulator

pytestmark = pytest.mark.anyio

TURNS = 12
SOCKET = "/socket-v1/"

# What breaks every second or third connection: with `after=1` the question is stored and no word of the answer came.
FAULTS: dict[str, tuple[dict[str, Any], int]] = {
    "stream_cut": ({"after": 1}, 2),
    "socket_close": ({"after": 1, "code": 1011}, 3),
    "drop_before": ({}, 3),
}


class ShortClock(SystemClock):
    """Lets no time pass but a blink, so that a vendor that goes on without its listener can end."""

    def __init__(self) -> None:
        self._skipped = 0.0

    def monotonic(self) -> float:
        return super().monotonic() + self._skipped

    async def sleep(self, seconds: float) -> None:
        self._skipped += seconds
        await asyncio.sleep(min(seconds, 0.02))


@pytest.fixture
async def remote(anyio_backend: str, vendor: MindCraftEmulator) -> AsyncIterator[AsyncRemote]:
    settings = {
        "provider": "mindcraft",
        **vendor.settings,
        "generation": "agent",
        "settle": 0.5,
        "defaults": {"model": "abab6.5s-chat"},
    }
    async with AsyncClient(False, remotes={"work": settings}, state="memory:", clock=ShortClock()) as client:
        yield client.remote()


async def sent(remote: AsyncRemote, conversation: Conversation, content: Any) -> str:
    return (await remote.send(conversation, content)).text


async def streamed(remote: AsyncRemote, conversation: Conversation, content: Any) -> str:
    async with remote.stream(conversation, content) as stream:
        said = [piece async for piece in stream.text()]
    assert "".join(said) == stream.reply.text
    return stream.reply.text


async def stored(remote: AsyncRemote, conversation: Conversation) -> list[tuple[str, str]]:
    return [(message.role, message.text) async for message in remote.messages(conversation)]


@pytest.mark.parametrize("kind", FAULTS)
@pytest.mark.parametrize("talk", [sent, streamed])
async def test_no_turn_is_doubled_or_lost(
    vendor: MindCraftEmulator, remote: AsyncRemote, kind: str, talk: Callable[..., Any]
) -> None:
    details, every = FAULTS[kind]
    conversation = await remote.create()
    vendor.fail_next(kind, every=every, path=SOCKET, method="GET", **details)

    replies = [await talk(remote, conversation, f"turn {number}") for number in range(TURNS)]

    assert sum(entry.fault == kind for entry in vendor.journal) >= TURNS // every
    pairs = [(("user", f"turn {number}"), ("assistant", text)) for number, text in enumerate(replies)]
    assert await stored(remote, conversation) == [entry for pair in pairs for entry in pair]


async def test_a_recording_that_was_heard_is_not_asked_again(vendor: MindCraftEmulator, remote: AsyncRemote) -> None:
    conversation = await remote.create()
    vendor.fail_next("stream_cut", path=SOCKET, after=2)  # behind the first word of what is recognised

    text = await sent(remote, conversation, AudioPart(name="a.pcm", data=bytes(2048)))

    found = await stored(remote, conversation)
    assert [role for role, _ in found] == ["user", "assistant"]
    assert found[0][1].startswith("Heard 2048 bytes")
    assert found[1][1] == text


async def test_a_token_that_expires_before_the_question_is_stored_asks_again(
    vendor: MindCraftEmulator, remote: AsyncRemote
) -> None:
    conversation = await remote.create()
    refusal = '{"socket_status": 2004, "socket_data": {"message": "expired"}}'
    vendor.configure(agent_stores="none")
    vendor.fail_next("socket_message", path=SOCKET, after=1, data=refusal)

    assert await sent(remote, conversation, "turn") == "Answer 2 to: turn"
    assert len(vendor.journal.requests(SOCKET, method="GET")) == 2


async def test_a_reply_that_broke_in_the_middle_is_never_mixed_with_another(
    vendor: MindCraftEmulator, remote: AsyncRemote
) -> None:
    conversation = await remote.create()
    vendor.configure(agent_stores="user")
    vendor.fail_next("stream_cut", path=SOCKET, after=4)

    with pytest.raises(StreamInterruptedError) as caught:
        await streamed(remote, conversation, "tell me of Lisbon")

    assert caught.value.outcome == "applied"
    assert caught.value.partial
    assert "Answer 1 to: tell me of Lisbon".startswith(caught.value.partial.text)
    assert await stored(remote, conversation) == [("user", "tell me of Lisbon")]
