"""What a run tells while it goes on."""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest

from omnilogue import ContentFilteredError, CopyProgress, UnavailableError
from omnilogue.migrate.progress import Tally

pytestmark = pytest.mark.anyio

ANSWERING: dict[str, Any] = {"allow_generation": True, "max_loss": "any"}


def slowly(both: Any, seconds: float, slow: str = "append") -> Callable[[str, str], None]:
    """Let each call of the target last so long."""

    def trouble(call: str, what: str) -> None:
        both.clock.time += seconds if call == slow else 0.0

    return trouble


async def events_of(both: Any, **options: Any) -> tuple[list[CopyProgress], Any]:
    """Copy, and give the events of the copy and its report."""
    told: list[CopyProgress] = []
    report = await both.verbs_telling(told.append).copy(both.here, both.there, options)
    return [event for event in told if event.phase == "copy"], report


async def test_one_long_conversation_is_told_message_by_message(both: Any) -> None:
    both.there = both.remote("there", like="mindcraft")
    await both.fill(1, 100)
    both.there.vendor.trouble = slowly(both, 0.1)

    events, report = await events_of(both)

    under_way = [event for event in events if event.done == 0]
    assert len(under_way) > 10
    assert [event.messages for event in under_way] == sorted({event.messages for event in under_way})
    assert {event.expected for event in events} == {100}
    assert (events[-1].done, events[-1].messages, report.messages.copied) == (1, 100, 100)


async def test_messages_are_told_of_a_few_times_a_second_at_most(both: Any) -> None:
    both.there = both.remote("there", like="mindcraft")
    await both.fill(1, 400)
    both.there.vendor.trouble = slowly(both, 0.01)

    events, _ = await events_of(both)

    under_way = [event.seconds for event in events if event.done == 0]
    assert 10 <= len(under_way) <= 17
    assert all(later - earlier >= 0.25 for earlier, later in pairwise(under_way))


async def test_turns_of_a_target_that_answers_are_told_too(both: Any) -> None:
    both.there = both.remote("there", like="ichati")
    await both.fill(1, 40)
    both.there.vendor.trouble = slowly(both, 1.0, "edit_message")

    events, report = await events_of(both, **ANSWERING)

    assert len([event for event in events if event.done == 0]) > 10
    assert events[-1].messages == report.messages.copied == 40


async def test_counts_stay_exact_where_conversations_fail_or_wait(both: Any, raising: Callable[..., Any]) -> None:
    both.there = both.remote("there", like="mindcraft")
    await both.fill(3, 20)
    refused = ContentFilteredError("refused", code="content_filtered", outcome="rejected")
    lost = UnavailableError("down", code="server", outcome="rejected")
    poison, outage = raising(refused, about="text 1.10"), raising(lost, about="text 2.5", times=20)

    def trouble(call: str, what: str) -> None:
        slowly(both, 0.1)(call, what)
        poison(call, what)
        outage(call, what)

    both.there.vendor.trouble = trouble

    events, report = await events_of(both)

    stored = sum(map(len, (await both.texts()).values()))
    assert events[-1].messages == report.messages.copied == stored == 50
    assert "outage" in {event.what for event in events}


def test_a_tally_nobody_watches_only_counts(both: Any) -> None:
    tally = Tally(both.clock)
    both.clock.time += 5

    tally.add(2)
    tally.add(3)

    assert tally.copied == 5
