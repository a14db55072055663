"""The machine's own clock."""

from datetime import UTC, datetime, timedelta

import pytest

from omnilogue.http import SystemClock

pytestmark = pytest.mark.anyio


def test_the_wall_time_is_aware_and_in_utc() -> None:
    now = SystemClock().now()

    assert now.utcoffset() == timedelta(0)
    assert abs(now - datetime.now(UTC)) < timedelta(seconds=5)


async def test_a_sleep_lasts_as_long_as_asked() -> None:
    clock = SystemClock()
    started = clock.monotonic()

    await clock.sleep(0.05)

    assert 0.04 < clock.monotonic() - started < 2
