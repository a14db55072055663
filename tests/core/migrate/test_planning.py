"""Reading both ends before a copy: an end that does not answer is waited for, and what was read is kept."""

from collections.abc import Callable
from typing import Any

import pytest

from omnilogue import CopyProgress, RequestTimeoutError, Stop, UnavailableError

pytestmark = pytest.mark.anyio


def down() -> UnavailableError:
    return UnavailableError("the vendor is down", code="connect_failed", outcome="not_sent")


def well(call: str, what: str) -> None:
    """No trouble."""


@pytest.mark.parametrize("call", ["list_conversations", "list_messages"])
@pytest.mark.parametrize("verb", ["plan", "copy", "check"])
async def test_a_short_outage_is_waited_for(verb: str, call: str, both: Any, raising: Callable[..., Any]) -> None:
    await both.fill(3, 2)
    await both.copy(limit=1)
    began = both.clock.time
    both.here.vendor.trouble = raising(down(), call=call)
    both.clock.at[began + 100] = lambda: setattr(both.here.vendor, "trouble", well)

    await getattr(both, verb)()

    assert 100 <= both.clock.time - began < 200


@pytest.mark.parametrize("call", ["list_conversations", "list_messages"])
@pytest.mark.parametrize("verb", ["plan", "copy", "check"])
async def test_an_outage_that_lasts_ends_it_with_the_error_itself(
    verb: str, call: str, both: Any, raising: Callable[..., Any]
) -> None:
    await both.fill(3, 2)
    await both.copy(limit=1)
    began, before = both.clock.time, both.there.vendor.calls["append"]
    both.here.vendor.trouble = raising(down(), call=call)

    with pytest.raises(UnavailableError, match="is down"):
        await getattr(both, verb)()

    assert 900 <= both.clock.time - began < 1000
    assert both.there.vendor.calls["append"] == before


async def test_how_long_is_waited_is_an_option(both: Any, raising: Callable[..., Any]) -> None:
    await both.fill(1, 1)
    began = both.clock.time
    both.here.vendor.trouble = raising(down(), call="list_messages")

    with pytest.raises(UnavailableError) as caught:
        await both.plan(wait_outage="0s")

    assert both.clock.time == began
    assert "the same command goes on; what was read is kept" in caught.value.hint


async def test_what_was_read_before_an_outage_is_not_read_again(both: Any, raising: Callable[..., Any]) -> None:
    first, _, last = await both.fill(3, 2)
    both.clock.time += 3600
    both.here.vendor.trouble = raising(down(), call="list_messages", about=last)
    with pytest.raises(UnavailableError):
        await both.plan(wait_outage="60s", concurrency=1)
    read: list[str] = []
    both.here.vendor.trouble = lambda call, what: read.append(what)

    report = await both.plan()

    assert (report.conversations.new, report.messages.new) == (3, 6)
    assert (first in read, last in read) == (False, True)


async def test_an_outage_is_told_to_whoever_watches(both: Any, raising: Callable[..., Any]) -> None:
    await both.fill(2, 1)
    both.here.vendor.trouble = raising(down(), call="list_messages", times=1)
    told: list[CopyProgress] = []

    await both.verbs_telling(told.append).plan(both.here, both.there, {"concurrency": 1})

    waiting = [event for event in told if event.what == "outage"]
    assert (waiting[0].phase, waiting[0].total, waiting[0].seconds) == ("plan", 2, 0.0)
    assert "is down" in waiting[0].message
    assert (told[-1].what, told[-1].done) == ("progress", 2)


@pytest.mark.parametrize("call", ["list_conversations", "list_messages"])
async def test_a_copy_that_waits_before_its_first_write_can_be_stopped(
    call: str, both: Any, raising: Callable[..., Any]
) -> None:
    await both.fill(2, 1)
    both.here.vendor.trouble = raising(down(), call=call)
    stop, began = Stop(), both.clock.time
    both.clock.at[began + 45] = stop.ask

    report = await both.verbs_telling(lambda event: None, stop).copy(both.here, both.there, {})

    assert (report.migration, report.sentence) == (None, "Stopped; nothing was copied.")
    assert both.clock.time - began < 60


async def test_the_longest_duration_counts_while_it_waits(both: Any, raising: Callable[..., Any]) -> None:
    await both.fill(2, 1)
    both.here.vendor.trouble = raising(down(), call="list_conversations")
    began = both.clock.time

    with pytest.raises(RequestTimeoutError, match="longest duration"):
        await both.plan(max_duration="2m")

    assert both.clock.time - began < 180


async def test_the_time_of_a_copy_is_not_foretold_by_an_outage(both: Any, raising: Callable[..., Any]) -> None:
    await both.fill(2, 1)
    both.here.vendor.trouble = raising(down(), call="list_messages", times=1)
    interrupted = await both.plan()

    assert interrupted.seconds == (await both.plan()).seconds
