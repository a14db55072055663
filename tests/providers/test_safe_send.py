"""Turns sent while answers get lost: none is doubled, none is lost, each has its one reply, in order."""

import asyncio
from typing import Any

import pytest

from omnilogue import Conversation, OutcomeUnknownError

pytestmark = pytest.mark.anyio

CONVERSATIONS, TURNS = 40, 25

# Kind -> its details, every how many calls it hits, and how many turns are sent.
FAULTS: dict[str, tuple[dict[str, Any], int, int]] = {
    "drop_before": ({}, 3, 15),
    "status_after": ({"status": 502}, 3, 15),
    "late": ({"seconds": 0.02}, 7, 10),
}


async def test_a_thousand_turns(place: Any, both: Any, require_each_once: Any) -> None:
    async with place.connected() as client:
        remote = client.remote()
        conversations = [await remote.create(title=f"trip {number}") for number in range(CONVERSATIONS)]
        place.fail("drop_after", every=10)
        asked = [f"turn {number}" for number in range(TURNS)]

        async def talked(conversation: Conversation) -> list[str]:
            return [await both[number % 2](remote, conversation, text) for number, text in enumerate(asked)]

        said = await asyncio.gather(*map(talked, conversations))
        place.vendor.clear_faults()

        for conversation, replies in zip(conversations, said, strict=True):
            await require_each_once(remote, conversation, asked, replies)


@pytest.mark.parametrize("kind", FAULTS)
async def test_no_turn_is_doubled_or_lost(place: Any, talk: Any, kind: str, require_each_once: Any) -> None:
    details, every, turns = FAULTS[kind]
    async with place.connected(settles=kind == "late") as client:
        remote = client.remote()
        conversation = await remote.create()
        place.fail(kind, every, **details)
        asked = [f"turn {number}" for number in range(turns)]
        said = [await talk(remote, conversation, text) for text in asked]
        place.vendor.clear_faults()

        await require_each_once(remote, conversation, asked, said)


@pytest.mark.parametrize("name", ["mindcraft-client", "mindcraft-server", "minimax", "ichati"])
async def test_an_outcome_is_unknown_only_where_the_vendor_cannot_be_read(place_of: Any, talk: Any, name: str) -> None:
    place = place_of(name)
    async with place.connected(max_attempts=1) as client:
        remote = client.remote()
        conversation = await remote.create()
        await talk(remote, conversation, "before")
        before = len(place.written())
        place.fail("drop_after", every=1)
        looks = 2 if name.startswith("mindcraft") else 1  # it reads what it shows to the model, before it writes
        place.vendor.fail_next("status", every=looks, method="GET", path=place.reads)

        with pytest.raises(OutcomeUnknownError):
            await talk(remote, conversation, "hello")

        assert len(place.written()) == before + 1


@pytest.mark.parametrize("name", ["mindcraft-server", "mindcraft-auto", "minimax", "ichati"])
@pytest.mark.parametrize("after", [1, 2, 3, 4])
async def test_a_stream_that_breaks_is_completed_from_what_the_vendor_stored(
    place_of: Any, both: Any, name: str, after: int, require_each_once: Any
) -> None:
    place = place_of(name)
    if name != "minimax":  # whose runs go on by themselves
        place.vendor.configure(left_early="whole")
    async with place.connected(settles=True) as client:
        remote = client.remote()
        conversation = await remote.create()
        place.vendor.fail_next("stream_cut", after=after)

        said = await both[1](remote, conversation, "where to in May?")

        await require_each_once(remote, conversation, ["where to in May?"], [said])
