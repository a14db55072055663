"""A remote's own pace and its connections at once."""

from __future__ import annotations

import asyncio
import time
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omnilogue.http import SystemClock
from omnilogue.http.rate import Pace, parse_rate

if TYPE_CHECKING:
    from tests.core.http.conftest import Door, FakeClock, Vendor

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("text", "rate"),
    [("8/s", (8, 1.0)), ("500/min", (500, 60.0)), (" 3 / hour ", (3, 3600.0)), ("10/m", (10, 60.0))],
)
def test_a_rate_is_a_count_in_a_span(text: str, rate: tuple[int, float]) -> None:
    assert parse_rate(text) == rate


@pytest.mark.parametrize("text", ["", "8", "0/s", "-1/s", "8/day", "8/", "/s", "1.5/s", "8/s/s", "8/S"])
def test_anything_else_is_told(text: str) -> None:
    with pytest.raises(ValueError, match="is no rate"):
        parse_rate(text)


@given(st.integers(1, 5), st.lists(st.floats(0, 0.5), min_size=1, max_size=30))
def test_no_span_ever_sees_more_starts_than_allowed(count: int, waits: list[float]) -> None:
    class Standing:
        time = 0.0

        def now(self) -> Any: ...

        def monotonic(self) -> float:
            return self.time

        async def sleep(self, seconds: float) -> None: ...

    clock = Standing()
    pace = Pace(f"{count}/s", clock)
    starts = []
    for wait in waits:
        clock.time += wait
        starts.append(clock.time + pace.delay())

    assert all(later - earlier > -1e-9 for earlier, later in pairwise(starts))
    assert all(later - earlier > 1 - 1e-9 for earlier, later in zip(starts, starts[count:], strict=False))


async def test_requests_keep_to_the_pace_also_while_slots_are_taken(door: Door, vendor: Vendor) -> None:
    arrived: list[float] = []

    async def slow(writer: asyncio.StreamWriter) -> None:
        arrived.append(time.monotonic())
        await asyncio.sleep(0.2 if len(arrived) <= 2 else 0)
        writer.write(vendor.answer(200))
        await writer.drain()

    vendor.usual = slow
    slowed = door({"clock": SystemClock()}, rate="4/s", max_connections=2)

    await asyncio.gather(*(slowed.request("GET", "x") for _ in range(9)))

    arrived.sort()
    assert all(later - earlier > 0.95 for earlier, later in zip(arrived, arrived[4:], strict=False))


async def test_a_retry_counts_as_a_request(door: Door, vendor: Vendor, clock: FakeClock) -> None:
    vendor.then(429, b"", retry_after="0")

    await door(rate="1/min").request("GET", "x")

    assert clock.slept == [0.0, 60.0]


@pytest.mark.parametrize("most", [1, 3])
async def test_no_more_connections_than_allowed_are_used_at_once(door: Door, vendor: Vendor, most: int) -> None:
    at_once: list[int] = []

    async def note(writer: asyncio.StreamWriter) -> None:
        at_once.append(vendor.live)
        await asyncio.sleep(0.01)
        writer.write(vendor.answer(200, b"", connection="close"))
        await writer.drain()

    vendor.usual = note
    narrow = door(max_connections=most)

    await asyncio.gather(*(narrow.request("GET", "x") for _ in range(12)))

    assert len(vendor.asked) == 12
    assert max(at_once) <= most + 1  # one that is just being closed


async def test_connections_are_used_again(door: Door, vendor: Vendor) -> None:
    steady = door()

    for _ in range(5):
        await steady.request("GET", "x")

    assert (len(vendor.asked), vendor.live) == (5, 1)


async def test_a_slot_is_given_back_after_every_kind_of_end(door: Door, vendor: Vendor) -> None:
    narrow = door(max_connections=1, max_attempts=1)
    vendor.then(500)
    vendor.then_drop()

    async def stall(_: asyncio.StreamWriter) -> None:
        await asyncio.sleep(30)

    vendor.script.append(stall)

    for _ in range(2):
        await asyncio.gather(narrow.request("GET", "x"), return_exceptions=True)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await narrow.request("GET", "x")

    async with asyncio.timeout(2):
        assert (await narrow.request("GET", "x")).status == 200
