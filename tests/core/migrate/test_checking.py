"""Comparing two remotes while an end does not answer, for one conversation or for all."""

from collections.abc import Callable
from typing import Any

import pytest

from omnilogue import UnavailableError

pytestmark = pytest.mark.anyio

BROKEN = UnavailableError("cannot be shown", code="server")


async def test_a_conversation_that_alone_cannot_be_read_is_told_and_the_others_are_compared(
    both: Any, raising: Callable[..., Any]
) -> None:
    _, broken, _ = await both.fill(3, 2)
    await both.copy()
    began = both.clock.time
    both.here.vendor.trouble = raising(BROKEN, call="list_messages", about=broken)

    report = await both.check()

    assert (report.equal, report.failed) == (2, 1)
    [finding] = [item for item in report.items if item.symbol == "!"]
    assert (finding.source, "cannot be shown" in finding.reason) == (f"here:{broken}", True)
    assert both.clock.time - began < 120


@pytest.mark.parametrize("call", ["list_conversations", "list_messages"])
async def test_strangers_are_matched_once_the_target_answers_again(
    call: str, both: Any, raising: Callable[..., Any]
) -> None:
    await both.fill(3, 2)
    await both.copy()
    for link in (ledger := both.ledger).links():
        ledger.forget(link)
    both.there.vendor.trouble = raising(BROKEN, call=call, times=4)

    report = await both.check()

    assert report.is_clean
    assert report.equal == 3


async def test_what_is_gone_is_counted_once_after_an_outage(both: Any, raising: Callable[..., Any]) -> None:
    gone, *_ = await both.fill(3, 1)
    migration = (await both.copy()).migration
    await both.here.delete(gone)
    both.here.vendor.trouble = raising(BROKEN, call="get_conversation", times=2)

    report = await both.check(migration=migration)

    assert (report.missing_on_source, report.equal) == (1, 2)


@pytest.mark.parametrize("end", ["here", "there"])
async def test_what_an_outage_stopped_is_compared_after_it(end: str, both: Any, raising: Callable[..., Any]) -> None:
    await both.fill(12, 2)
    await both.copy()
    getattr(both, end).vendor.trouble = raising(BROKEN, call="list_messages", times=8)

    report = await both.check(concurrency=8)

    assert report.is_clean
    assert (report.equal, report.messages.equal) == (12, 24)
