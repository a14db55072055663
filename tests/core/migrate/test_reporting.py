"""What reports count, and what they tell besides."""

from typing import Any

import pytest

from omnilogue import BadRequestError
from omnilogue.provider import unsupported
from omnilogue_memory.provider import Memory

pytestmark = pytest.mark.anyio


async def test_a_dead_letter_counts_as_failed_and_not_as_new(both: Any, raising: Any) -> None:
    await both.fill(3, 2)
    both.there.vendor.trouble = raising(BadRequestError("no", code="bad_request"), about="text 1.")

    report = await both.copy()

    assert (report.conversations.new, report.conversations.failed, len(report.dead)) == (2, 1, 1)


async def test_a_plan_foresees_that_dead_letters_wait_for_retry(both: Any, raising: Any) -> None:
    await both.fill(3, 2)
    both.there.vendor.trouble = raising(BadRequestError("no", code="bad_request"), about="text 1.")
    copied = await both.copy()

    planned, again = await both.plan(), await both.copy()

    assert (planned.migration, planned.has_work, planned.messages.new) == (copied.migration, False, 0)
    assert planned.conversations == again.conversations
    assert planned.dead == again.dead == copied.dead
    assert f"1 could not be copied: `omnilogue retry {copied.migration}`" in planned.sentence


async def test_what_was_edited_or_deleted_at_the_source_is_told(both: Any) -> None:
    first, second = await both.fill(2, 3)
    await both.copy()
    messages = [message async for message in both.here.messages(first)]
    await both.here.edit(first, messages[1].id, "other words")
    messages = [message async for message in both.here.messages(second)]
    await both.here.delete_message(second, messages[2].id)

    planned, copied = await both.plan(), await both.copy()

    assert (planned.edited, planned.gone, planned.has_work) == (1, 1, False)
    for report in (planned, copied):
        assert "1 message edited at the source since: --update carries edits over" in report.sentence
        assert "1 message deleted at the source since, and left on the target" in report.sentence
    assert "edited" not in (await both.plan(update=True)).sentence
    assert not {"edited", "gone", "diverged"} & planned.document().keys()


async def test_no_update_is_promised_where_the_target_takes_no_edits(both: Any) -> None:
    [conversation] = await both.fill(1, 1)
    both.there.vendor.features = Memory.features.replace(edit_message=unsupported("no"))
    await both.copy()
    message = await anext(aiter(both.here.messages(conversation)))
    await both.here.edit(conversation, message.id, "other words")

    assert "edited at the source since: the target takes no edits" in (await both.plan(update=True)).sentence


async def test_what_changed_on_both_ends_is_listed(both: Any) -> None:
    first, _ = await both.fill(2, 2)
    await both.copy()
    await both.here.append(first, "here")
    copies = {copy.title: copy.id async for copy in both.there.conversations()}
    await both.there.append(copies["Trip 0"], "there")

    assert (await both.plan()).diverged == (await both.copy()).diverged == (f"here:{first}",)


async def test_a_plan_takes_as_long_as_the_pace_makes_it(both: Any) -> None:
    await both.fill(4, 5)

    free, slow, slower = await both.plan(), await both.plan(rate="1/s"), await both.plan(rate="30/min")
    read_slowly = await both.plan(source_rate="1/s")

    assert free.seconds < slow.seconds < slower.seconds
    assert slow.seconds + read_slowly.seconds == free.calls


async def test_a_plan_takes_as_long_as_before_where_what_was_read_was_kept(both: Any) -> None:
    await both.fill(4, 5)

    def slow(call: str, what: str) -> None:
        both.clock.time += 2.0 if call == "list_messages" else 0.0

    both.here.vendor.trouble = slow

    first, second = await both.plan(), await both.plan()

    assert first.seconds == second.seconds > 10
