"""Turns sent while answers get lost: none is doubled, none is lost, each has its one reply, in order."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from omnilogue import AsyncClient, AsyncRemote, Conversation
from omnilogue.http import SystemClock
from omnilogue_ichati.emulator import IChatiEmulator

pytestmark = pytest.mark.anyio

CONVERSATIONS, TURNS = 3, 100
LATE_SECONDS = 0.02
SETTLE_SECONDS = 0.25

# Kind -> its details, every how many requests it hits, and how many turns are sent in each conversation.
FAULTS: dict[str, tuple[dict[str, Any], int, int]] = {
    "drop_after": ({}, 2, TURNS),
    "drop_before": ({}, 3, TURNS // 4),
    "status_after": ({"status": 502}, 3, TURNS // 4),
    "late": ({"seconds": LATE_SECONDS}, 7, TURNS // 10),
    "truncate": ({"sent": 3}, 3, TURNS // 4),
}


class ShortClock(SystemClock):
    """Gives the vendor the settle time where something lands late; all other time passes at once."""

    def __init__(self, *, settles: bool) -> None:
        self._settles = settles
        self._skipped = 0.0

    def monotonic(self) -> float:
        return super().monotonic() + self._skipped

    async def sleep(self, seconds: float) -> None:
        is_real = self._settles and seconds == SETTLE_SECONDS
        self._skipped += 0.0 if is_real else seconds
        await asyncio.sleep(seconds if is_real else 0)


async def sent(remote: AsyncRemote, conversation: Conversation, text: str) -> str:
    return (await remote.send(conversation, text)).text


async def streamed(remote: AsyncRemote, conversation: Conversation, text: str) -> str:
    async with remote.stream(conversation, text) as stream:
        said = [piece async for piece in stream.text()]
    assert "".join(said) == stream.reply.text
    return stream.reply.text


async def require_each_once(vendor: IChatiEmulator, kind: str, talk: Callable[..., Any], same: bool) -> None:
    details, every, turns = FAULTS[kind]
    settings = {"provider": "ichati", **vendor.settings, "settle": SETTLE_SECONDS}

    async with AsyncClient(False, remotes={"work": settings}, clock=ShortClock(settles=kind == "late")) as client:
        remote = client.remote()
        conversations = [await remote.create(title=f"trip {number}") for number in range(CONVERSATIONS)]
        vendor.fail_next(kind, every=every, method="POST", path="chat/topic/", **details)
        asked = ["again?" if same else f"turn {number}" for number in range(turns)]
        said = [[await talk(remote, conversation, text) for text in asked] for conversation in conversations]
        vendor.clear_faults()

        for conversation, replies in zip(conversations, said, strict=True):
            stored = [(message.role, message.text) async for message in remote.messages(conversation)]
            pairs = [(("user", text), ("assistant", reply)) for text, reply in zip(asked, replies, strict=True)]
            assert stored == [entry for pair in pairs for entry in pair]
        assert len({reply for replies in said for reply in replies}) == CONVERSATIONS * turns


@pytest.mark.parametrize("kind", [kind for kind in FAULTS if kind != "truncate"])
@pytest.mark.parametrize("talk", [sent, streamed])
async def test_no_turn_is_doubled_or_lost(vendor: IChatiEmulator, kind: str, talk: Callable[..., Any]) -> None:
    await require_each_once(vendor, kind, talk, same=False)


@pytest.mark.parametrize("kind", ["drop_after", "truncate"])
async def test_turns_that_say_the_same_are_told_apart(vendor: IChatiEmulator, kind: str) -> None:
    await require_each_once(vendor, kind, sent, same=True)


async def test_replies_without_a_tail_are_found(vendor: IChatiEmulator) -> None:
    vendor.configure(tail="none")

    for talk in (sent, streamed):
        await require_each_once(vendor, "drop_after", talk, same=True)


@pytest.mark.parametrize("talk", [sent, streamed])
@pytest.mark.parametrize("tail", ["other_topic", "none"])
async def test_a_reply_whose_tail_cannot_be_used_is_taken_from_the_topic(
    vendor: IChatiEmulator, talk: Callable[..., Any], tail: str
) -> None:
    vendor.configure(tail=tail)
    settings = {"provider": "ichati", **vendor.settings}

    async with AsyncClient(False, remotes={"work": settings}, clock=ShortClock(settles=False)) as client:
        remote = client.remote()
        conversation = await remote.create()
        said = await talk(remote, conversation, "hello")

        stored = [(message.role, message.text) async for message in remote.messages(conversation)]
        assert stored == [("user", "hello"), ("assistant", said)]
        assert len(vendor.journal.requests("chat/topic/", method="POST")) == 1


@pytest.mark.parametrize("after", [18, 19, 20, 40, 76])
async def test_a_stream_that_breaks_in_its_tail_is_whole(vendor: IChatiEmulator, after: int) -> None:
    vendor.configure(piece_bytes=1)
    settings = {"provider": "ichati", **vendor.settings}

    async with AsyncClient(False, remotes={"work": settings}, clock=ShortClock(settles=False)) as client:
        remote = client.remote()
        conversation = await remote.create()
        vendor.fail_next("stream_cut", after=after)

        assert await streamed(remote, conversation, "hello") == "Answer 1 to: hello"
        assert len(vendor.journal.requests("chat/topic/", method="POST")) == 1
