"""Turns sent while answers get lost: none is doubled, none is lost, each has its one reply, in order."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from omnilogue import AsyncClient, AsyncRemote, Conversation, OmnilogueError
from omnilogue.http import SystemClock
from omnilogue_mindcraft.emulator import MindCraftEmulator

pytestmark = pytest.mark.anyio

CONVERSATIONS, TURNS = 2, 20
LATE_SECONDS = 0.02

SETTLE_SECONDS = 0.25

# Kind -> its details, and every how many requests it hits.
FAULTS: dict[str, tuple[dict[str, Any], int]] = {
    "drop_after": ({}, 3),
    "drop_before": ({}, 3),
    "status_after": ({"status": 502}, 3),
    "late": ({"seconds": LATE_SECONDS}, 7),
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


@pytest.mark.parametrize("kind", FAULTS)
@pytest.mark.parametrize("talk", [sent, streamed])
@pytest.mark.parametrize("persist", ["client", "server", "auto"])
async def test_no_turn_is_doubled_or_lost(
    vendor: MindCraftEmulator, kind: str, talk: Callable[..., Any], persist: str
) -> None:
    details, every = FAULTS[kind]
    settings = {"provider": "mindcraft", **vendor.settings, "persist": persist, "settle": SETTLE_SECONDS}

    async with AsyncClient(False, remotes={"work": settings}, clock=ShortClock(settles=kind == "late")) as client:
        remote = client.remote()
        conversations = [await remote.create(title=f"trip {number}") for number in range(CONVERSATIONS)]
        for path in ("message/", "chat/completions"):
            vendor.fail_next(kind, every=every, method="POST", path=path, **details)
        said = [
            [await talk(remote, conversation, f"turn {number}") for number in range(TURNS)]
            for conversation in conversations
        ]
        vendor.clear_faults()

        for conversation, replies in zip(conversations, said, strict=True):
            stored = [(message.role, message.text) async for message in remote.messages(conversation)]
            pairs = [(("user", f"turn {number}"), ("assistant", text)) for number, text in enumerate(replies)]
            assert stored == [entry for pair in pairs for entry in pair]


@pytest.mark.parametrize(("kind", "outcome"), [("drop_before", "applied"), ("drop_after", None)])
async def test_a_reply_that_was_shown_and_not_stored_is_told_and_never_made_again(
    vendor: MindCraftEmulator, kind: str, outcome: str | None
) -> None:
    settings = {"provider": "mindcraft", **vendor.settings, "settle": SETTLE_SECONDS}

    async with AsyncClient(False, remotes={"work": settings}, clock=ShortClock(settles=False)) as client:
        remote = client.remote()
        conversation = await remote.create()
        vendor.fail_next(kind, every=2, method="POST", path="message/")  # the turn is stored, its answer is the second
        failure: OmnilogueError | None = None
        try:
            said = await streamed(remote, conversation, "hello")
        except OmnilogueError as error:
            failure, said = error, error.partial.text if error.partial else ""
        vendor.clear_faults()

        assert (failure and failure.outcome) == outcome
        assert said
        assert len(vendor.journal.requests("chat/completions")) == 1
        stored = [(message.role, message.text) async for message in remote.messages(conversation)]
        assert stored == [("user", "hello"), *([] if failure else [("assistant", said)])]
