"""What a failure means for the others: one dead conversation stops none, an outage waits, a lost account ends it."""

from collections.abc import Callable
from typing import Any

import pytest

from omnilogue import (
    AuthenticationError,
    BadRequestError,
    ContentFilteredError,
    Message,
    MigrationError,
    NotFoundError,
    OmnilogueError,
    QuotaExceededError,
    Stop,
    UnavailableError,
)
from omnilogue.migrate.digest import digest
from omnilogue.migrate.progress import silent
from omnilogue.state import Ledger

pytestmark = pytest.mark.anyio

DOWN = UnavailableError("the vendor is down", code="connect_failed", outcome="not_sent")

POISON = [
    ContentFilteredError("refused", code="content_filtered", outcome="rejected"),
    BadRequestError("too large", code="content_too_large", outcome="rejected"),
    NotFoundError("gone", code="not_found", outcome="rejected"),
]


@pytest.mark.parametrize("error", POISON, ids=lambda error: error.code)
async def test_a_poison_conversation_is_dead_until_its_cause_is_gone(
    error: OmnilogueError, both: Any, raising: Callable[..., Any]
) -> None:
    await both.fill(4, 3)
    both.there.vendor.trouble = raising(error, about="text 2.1")

    first = await both.copy()
    again = await both.copy()
    assert [dead.code for dead in first.dead] == [error.code]
    assert (first.messages.copied, again.messages.copied, again.migration) == (9, 0, first.migration)
    assert both.states(first.migration) == {"done": 3, "dead": 1}

    both.there.vendor.trouble = lambda call, what: None
    retried = await both.retry(first.migration)
    assert (retried.dead, retried.messages.copied) == ((), 3)
    assert both.states(first.migration) == {"done": 4}
    assert (await both.check()).is_clean


async def test_a_dead_letter_is_not_tried_again_before_it_is_asked_for(both: Any, raising: Callable[..., Any]) -> None:
    await both.fill(2, 2)
    both.there.vendor.trouble = raising(POISON[0], about="text 1.0")
    await both.copy()
    both.there.vendor.calls.clear()

    again = await both.copy()

    assert len(again.dead) == 1
    assert both.there.vendor.calls["append"] == 0


async def test_a_dead_letter_whose_source_is_gone_stays_dead(both: Any, raising: Callable[..., Any]) -> None:
    ids = await both.fill(2, 2)
    both.there.vendor.trouble = raising(POISON[0])
    first = await both.copy()
    both.there.vendor.trouble = lambda call, what: None
    await both.here.delete(ids[0])

    retried = await both.retry(first.migration)

    assert [dead.code for dead in retried.dead] == ["not_found"]
    assert retried.messages.copied == 2


async def test_an_outage_makes_no_dead_letters_and_ends_after_the_longest_wait(
    both: Any, raising: Callable[..., Any]
) -> None:
    await both.fill(3, 2)
    both.there.vendor.trouble = raising(DOWN)

    with pytest.raises(UnavailableError) as caught:
        await both.copy(wait_outage="15m")
    [migration] = both.migrations.all()
    assert f"goes on with {migration.id}" in caught.value.hint
    assert 900 <= both.clock.time <= 1800
    assert (migration.state, both.states(migration.id)) == ("interrupted", {"pending": 3})

    both.there.vendor.trouble = lambda call, what: None
    report = await both.copy()
    assert (report.migration, report.messages.copied, report.dead) == (migration.id, 6, ())
    assert (await both.check()).is_clean


async def test_a_short_outage_is_survived(both: Any, raising: Callable[..., Any]) -> None:
    await both.fill(3, 2)
    both.there.vendor.trouble = raising(DOWN)
    both.clock.at[100.0] = lambda: setattr(both.there.vendor, "trouble", lambda call, what: None)

    report = await both.copy()

    assert (report.messages.copied, report.dead) == (6, ())
    assert both.clock.time < 900
    assert (await both.check()).is_clean


async def test_workers_wait_together_for_the_end_of_an_outage(both: Any, raising: Callable[..., Any]) -> None:
    await both.fill(8, 2)
    began = both.clock.time
    both.there.vendor.trouble = raising(DOWN)
    both.clock.at[began + 10] = lambda: setattr(both.there.vendor, "trouble", lambda call, what: None)

    report = await both.copy(concurrency=8)

    assert report.messages.copied == 16
    assert both.clock.time - began < 90


async def test_each_write_is_in_the_ledger_before_it_is_sent(both: Any) -> None:
    await both.fill(3, 60)
    ledger = Ledger(both.state, "here", "there")
    seen = []

    def trouble(call: str, what: str) -> None:
        if call == "append":
            wanted = {digest(Message.of(role, what)) for role in ("user", "assistant")}
            rows = [(link, row) for link in ledger.links() for row in ledger.rows(link) if row.digest in wanted]
            seen.append([(row.state, link.target is not None or row.ordinal < 50) for link, row in rows])

    both.there.vendor.trouble = trouble
    await both.copy()

    assert len(seen) == 180
    assert seen == [[("intent", True)]] * 180


@pytest.mark.parametrize(
    "error", [AuthenticationError("no", code="auth"), QuotaExceededError("empty", code="quota")], ids=["auth", "quota"]
)
async def test_a_lost_account_ends_the_run_at_once(
    error: OmnilogueError, both: Any, raising: Callable[..., Any]
) -> None:
    error.outcome = "rejected"
    await both.fill(5, 2)
    both.there.vendor.trouble = raising(error, about="text 2.")

    with pytest.raises(type(error)):
        await both.copy(concurrency=1)

    [migration] = both.migrations.all()
    assert both.clock.time < 10
    assert both.states(migration.id) == {"done": 2, "pending": 3}


@pytest.mark.parametrize("verb", ["plan", "copy", "check"])
async def test_what_ends_a_reading_is_the_error_itself(verb: str, both: Any, raising: Callable[..., Any]) -> None:
    await both.fill(3, 2)
    await both.copy(limit=1)
    both.here.vendor.trouble = raising(AuthenticationError("no", code="auth"), call="list_messages")

    with pytest.raises(AuthenticationError):
        await getattr(both, verb)()


async def test_a_wrong_setting_stops_at_the_most_dead_letters(both: Any, raising: Callable[..., Any]) -> None:
    await both.fill(10, 1)
    both.there.vendor.trouble = raising(POISON[1])

    with pytest.raises(MigrationError) as caught:
        await both.copy(max_dead=3, concurrency=1)

    [migration] = both.migrations.all()
    assert caught.value.code == "partial"
    assert both.states(migration.id) == {"dead": 4, "pending": 6}


async def test_a_target_that_stores_less_than_it_was_given_is_no_success(both: Any) -> None:
    await both.fill(1, 4)
    both.there.vendor.keeps_all = False

    report = await both.copy()

    assert [dead.code for dead in report.dead] == ["verification"]


async def test_what_was_never_read_back_is_not_done(both: Any, raising: Callable[..., Any]) -> None:
    await both.fill(1, 2)
    await both.here.update((await anext(aiter(both.here.conversations()))), pinned=True)
    both.there.vendor.trouble = raising(AuthenticationError("no", code="auth"), call="update_conversation")
    with pytest.raises(AuthenticationError):
        await both.copy()
    both.there.vendor.trouble = lambda call, what: None

    assert (await both.plan()).has_work
    report = await both.copy()

    assert both.states(report.migration) == {"done": 1}
    assert (await anext(aiter(both.there.conversations()))).pinned
    assert not (await both.plan()).has_work


async def test_what_a_stopped_run_never_tried_is_not_meant(both: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("omnilogue.migrate.arriving.AHEAD", 200)
    await both.fill(1, 160)
    stop, ledger = Stop(), Ledger(both.state, "here", "there")
    both.there.vendor.trouble = lambda call, what: stop.ask() if what == "text 0.60" else None

    stopped = await both.verbs_telling(silent, stop).copy(both.here, both.there, {})

    [link] = ledger.links()
    assert {row.state for row in ledger.rows(link)} == {"done"}
    assert 60 < stopped.messages.copied < 160
    assert (await both.copy()).messages.copied == 160 - stopped.messages.copied
    assert await both.texts() == {"Trip 0": [f"text 0.{place}" for place in range(160)]}


async def test_messages_left_out_are_noted_in_their_place_when_a_run_is_ended_before_them(
    both: Any, raising: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("omnilogue.migrate.arriving.AHEAD", 200)
    await both.fill(1, 160)
    options = {"role": ["user"], "max_loss": "any"}
    both.there.vendor.trouble = raising(POISON[0], about="text 0.110")
    first = await both.copy(**options)
    both.there.vendor.trouble = lambda call, what: None

    retried = await both.retry(first.migration, **options)

    assert retried.messages.copied < 80
    assert "order" not in {loss.kind for loss in retried.losses}
    assert await both.texts() == {"Trip 0": [f"text 0.{place}" for place in range(0, 160, 2)]}
