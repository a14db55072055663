"""What a verb learns about its writes, and how little time it leaves to the wire."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from omnilogue.errors import InvalidInputError, OmnilogueError
from omnilogue.http import SystemClock
from omnilogue.http.scope import CURRENT, Scope

if TYPE_CHECKING:
    from tests.core.http.conftest import Door, Vendor

pytestmark = pytest.mark.anyio


def test_the_time_left_is_never_negative() -> None:
    assert [Scope(10.0).left(now) for now in (4.0, 10.0, 12.0)] == [6.0, 0.0, 0.0]


def test_without_a_limit_there_is_no_time_left_to_tell() -> None:
    assert Scope().left(5.0) is None


@pytest.mark.parametrize(
    ("effect", "script", "outcome", "applied"),
    [
        ("read", [200], "not_sent", False),
        ("read", [0, 200], "not_sent", False),
        ("read", [500, 500, 500], "not_sent", False),
        ("add", [200], "applied", True),
        ("add", [429, 200], "applied", True),
        ("add", [400], "not_sent", False),
        ("add", [0], "unknown", False),
        ("add", [500], "unknown", False),
        ("replace", [0, 200], "applied", True),
        ("replace", [0, 400], "unknown", False),
        ("replace", [400], "not_sent", False),
    ],
)
async def test_the_outcome_of_a_write_is_known(  # noqa: PLR0917  # one column of the table each
    door: Door, vendor: Vendor, within: Any, effect: Any, script: list[int], outcome: str, applied: bool
) -> None:
    vendor.script = [vendor.answer(status) if status else b"" for status in script]

    with within(None) as scope:
        await asyncio.gather(door().request("POST", "x", effect=effect), return_exceptions=True)

    assert (scope.outcome, scope.applied) == (outcome, applied)


async def test_what_is_refused_before_it_leaves_was_not_sent(door: Door, within: Any) -> None:
    with within(None) as scope, pytest.raises(InvalidInputError):
        await door().request("POST", "x/{id}", values={"id": ".."})

    assert scope.outcome == "not_sent"


async def test_a_write_that_is_cancelled_is_unknown(door: Door, vendor: Vendor, within: Any) -> None:
    async def stall(_: asyncio.StreamWriter) -> None:
        await asyncio.sleep(30)

    vendor.usual = stall

    with within(None) as scope, pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await door().request("POST", "x")

    assert scope.outcome == "unknown"
    assert scope.endpoint == f"POST {vendor.url}x"


async def test_a_dripped_body_cannot_outlive_its_verb(door: Door, vendor: Vendor) -> None:
    async def drip(writer: asyncio.StreamWriter) -> None:
        writer.write(vendor.answer(200, b"", content_length="1000"))
        while True:
            writer.write(b" ")
            await writer.drain()
            await asyncio.sleep(0.02)

    vendor.usual = drip
    clock = SystemClock()
    token = CURRENT.set(Scope(clock.monotonic() + 0.2))

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await door({"clock": clock}).request("GET", "x")

    CURRENT.reset(token)
    async with asyncio.timeout(1):
        await vendor.gone.wait()


async def test_the_wire_waits_little_longer_than_the_verb(door: Door, vendor: Vendor) -> None:
    async def stall(_: asyncio.StreamWriter) -> None:
        await asyncio.sleep(30)

    vendor.usual = stall
    clock = SystemClock()
    token = CURRENT.set(Scope(clock.monotonic() - 0.9))
    started = clock.monotonic()

    with pytest.raises(OmnilogueError) as caught:
        await door({"clock": clock}, read_timeout=20).request("GET", "x")

    CURRENT.reset(token)
    assert caught.value.code == "timeout"
    assert clock.monotonic() - started < 3
