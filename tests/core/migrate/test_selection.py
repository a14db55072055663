"""Which conversations are meant."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from omnilogue import InvalidInputError
from omnilogue.migrate.selection import moment

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("30d", NOW - timedelta(days=30)),
        ("12h", NOW - timedelta(hours=12)),
        ("2026-04-01", datetime(2026, 4, 1, tzinfo=UTC)),
        ("2026-04-01T10:00", datetime(2026, 4, 1, 10, tzinfo=UTC)),
        ("2026-04-01T10:00+02:00", datetime(2026, 4, 1, 8, tzinfo=UTC)),
        ("2026-04-01T10:00Z", datetime(2026, 4, 1, 10, tzinfo=UTC)),
    ],
)
def test_a_time_is_a_date_a_moment_or_an_age(given: str, meant: datetime) -> None:
    assert moment(given, NOW) == meant


@pytest.mark.parametrize("given", ["", "yesterday", "30", "2026-13-01", "999999w", "-1d"])
def test_what_is_no_time_is_refused(given: str) -> None:
    with pytest.raises(InvalidInputError, match="is no time"):
        moment(given, NOW)


@pytest.mark.anyio
@pytest.mark.parametrize("options", [{"since": "yesterday"}, {"until": "999999w"}, {"role": ["asistant"]}])
async def test_a_filter_that_cannot_be_meant_is_refused_before_anything_is_read(
    both: Any, options: dict[str, Any]
) -> None:
    with pytest.raises(InvalidInputError):
        await both.plan(**options)

    assert both.here.vendor.calls.total() == 0


@pytest.mark.anyio
@pytest.mark.parametrize("since", [date(2026, 1, 1), datetime(2026, 1, 1, 0, 0, 1), datetime(2026, 1, 1, tzinfo=UTC)])
async def test_a_time_without_a_zone_is_utc(both: Any, since: date) -> None:
    await both.fill(2, 1)

    assert (await both.plan(since=since)).conversations.new == 2
    assert (await both.plan(until=since)).conversations.new == 0
