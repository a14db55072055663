"""Turns sent while answers get lost, where only this vendor is like that: no metadata, and ids in a tail."""

from typing import Any

import pytest

pytestmark = pytest.mark.anyio

TURNS = 30


@pytest.fixture
def place(place_of: Any) -> Any:
    return place_of("ichati")


async def require_each_is_told_apart(place: Any, talk: Any, require_each_once: Any, kind: str, **details: Any) -> None:
    async with place.connected() as client:
        remote = client.remote()
        conversation = await remote.create()
        place.fail(kind, 3, **details)
        asked = ["again?"] * TURNS
        said = [await talk(remote, conversation, text) for text in asked]
        place.vendor.clear_faults()

        await require_each_once(remote, conversation, asked, said)
        assert len(set(said)) == TURNS


@pytest.mark.parametrize(("kind", "details"), [("drop_after", {}), ("truncate", {"sent": 3})])
async def test_turns_that_say_the_same_are_told_apart(
    place: Any, both: Any, kind: str, details: dict[str, Any], require_each_once: Any
) -> None:
    await require_each_is_told_apart(place, both[0], require_each_once, kind, **details)


async def test_replies_without_a_tail_are_found(place: Any, talk: Any, require_each_once: Any) -> None:
    place.vendor.configure(tail="none")

    await require_each_is_told_apart(place, talk, require_each_once, "drop_after")


@pytest.mark.parametrize("tail", ["other_topic", "none"])
async def test_a_reply_whose_tail_cannot_be_used_is_taken_from_the_topic(
    place: Any, talk: Any, tail: str, require_each_once: Any
) -> None:
    place.vendor.configure(tail=tail)

    async with place.connected() as client:
        remote = client.remote()
        conversation = await remote.create()
        said = await talk(remote, conversation, "hello")

        await require_each_once(remote, conversation, ["hello"], [said])
        assert len(place.written()) == 1


@pytest.mark.parametrize("after", [18, 19, 20, 40, 76])
async def test_a_stream_that_breaks_in_its_tail_is_whole(place: Any, both: Any, after: int) -> None:
    place.vendor.configure(piece_bytes=1)

    async with place.connected() as client:
        remote = client.remote()
        conversation = await remote.create()
        place.vendor.fail_next("stream_cut", after=after)

        assert await both[1](remote, conversation, "hello") == "Answer 1 to: hello"
        assert len(place.written()) == 1
