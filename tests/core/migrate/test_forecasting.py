"""When what a plan read is trusted by the next one, and what a copy does where it should not have been."""

from datetime import datetime
from typing import Any

import pytest

from omnilogue import CopyProgress, Message, Stop
from omnilogue.model import FilePart, TextPart
from omnilogue.provider import unsupported
from omnilogue_memory.provider import Memory

pytestmark = pytest.mark.anyio

HOUR = 3600.0


def dated(both: Any, conversation: str, updated_at: datetime | None) -> None:
    """Let the source tell another time of its last change."""
    rows = both.here.vendor._conversations
    rows[conversation] = rows[conversation].model_copy(update={"updated_at": updated_at})


def slipped(both: Any, conversation: str, **fields: Any) -> None:
    """Change the source's newest message, or add one under a new id, and let no time show it."""
    rows = both.here.vendor._messages[conversation]
    newest = list(rows.values())[-1].model_copy(update=fields)
    rows[newest.id] = newest


async def plans(both: Any) -> tuple[int, int]:
    """Plan twice, with a message that no time shows in between; gives the messages each foresees."""
    before = (await both.plan()).messages.new
    [conversation] = both.here.vendor._conversations
    slipped(both, conversation, id="late", parent_id=None)
    return before, (await both.plan()).messages.new


async def test_what_was_read_is_trusted_while_its_time_stays(both: Any) -> None:
    await both.fill(1, 2)
    both.clock.time += HOUR

    assert await plans(both) == (2, 2)


async def test_it_is_read_again_without_a_time(both: Any) -> None:
    [conversation] = await both.fill(1, 2)
    both.clock.time += HOUR
    dated(both, conversation, None)

    assert await plans(both) == (2, 3)


async def test_it_is_read_again_where_the_time_does_not_follow_messages(both: Any) -> None:
    [conversation] = await both.fill(1, 0)
    created = both.clock.now()
    both.clock.time += HOUR
    await both.here.append(conversation, "text")
    dated(both, conversation, created)
    both.clock.time += HOUR

    assert await plans(both) == (1, 2)


async def test_it_is_read_again_where_it_changed_just_before(both: Any) -> None:
    await both.fill(1, 2)
    both.clock.time += 60

    assert await plans(both) == (2, 3)


async def test_an_empty_conversation_is_read_again(both: Any) -> None:
    [conversation] = await both.fill(1, 0)
    both.clock.time += HOUR
    first = await both.plan()
    both.here.vendor._messages[conversation]["late"] = Message.user("late").model_copy(update={"id": "late"})

    assert (first.messages.new, (await both.plan()).messages.new) == (0, 1)


@pytest.mark.parametrize("options", [{}, {"max_loss": "any", "fail_on": "attachment"}], ids=["gate", "fail_on"])
async def test_a_loss_that_was_not_foreseen_is_refused_when_it_is_met(both: Any, options: dict[str, Any]) -> None:
    [conversation] = await both.fill(1, 2)
    both.clock.time += HOUR
    both.there.vendor.features = Memory.features.replace(attach_files=unsupported("no"))
    await both.plan()
    slipped(both, conversation, parts=(FilePart(name="notes.pdf"),))

    report = await both.copy(**options)

    assert [dead.code for dead in report.dead] == ["loss_refused"]
    assert await both.texts() == {}


async def test_branches_that_were_not_foreseen_are_not_copied_as_if_they_were_none(both: Any) -> None:
    [conversation] = await both.fill(1, 2)
    both.clock.time += HOUR
    await both.plan()
    first = next(iter(both.here.vendor._messages[conversation].values()))
    slipped(both, conversation, id="other", parent_id=first.id, parts=(TextPart(text="another answer"),))

    report = await both.copy()

    assert [dead.code for dead in report.dead] == ["source_changed"]
    assert await both.texts() == {}
    assert (await both.retry(report.migration)).dead == ()
    assert (await both.check()).is_clean


async def test_a_title_that_was_changed_is_not_the_one_that_was_read(both: Any) -> None:
    [conversation] = await both.fill(1, 2)
    both.clock.time += HOUR
    both.there.vendor.features = Memory.features.replace(
        create_conversation=Memory.features.create_conversation.model_copy(
            update={"limits": Memory.features.create_conversation.limits.model_copy(update={"fields": ("title",)})}
        )
    )
    before = await both.plan()
    rows = both.here.vendor._conversations
    rows[conversation] = rows[conversation].model_copy(update={"instructions": "Be brief."})
    after = await both.plan()

    assert not [loss for loss in before.losses if loss.kind == "instructions"]
    assert [loss for loss in after.losses if loss.kind == "instructions"]


async def stopped_after(both: Any, reads: int, verb: str) -> int:
    """Let a plan or a copy be stopped when so many conversations are known; gives how many it read."""
    stop = Stop(both.clock)

    def count(event: CopyProgress) -> None:
        if event.done == reads:
            stop.ask()

    both.here.vendor.calls.clear()
    await getattr(both.verbs_telling(count, stop), verb)(both.here, both.there, {"concurrency": 1})
    return int(both.here.vendor.calls["list_messages"])


@pytest.mark.parametrize("verb", ["plan", "copy"])
async def test_a_plan_that_was_stopped_goes_on_however_new_the_conversations_are(both: Any, verb: str) -> None:
    await both.fill(5, 2)

    assert await stopped_after(both, 3, verb) == 3
    assert await stopped_after(both, 4, verb) == 1
    assert (await both.plan()).messages.new == 10
    assert both.here.vendor.calls["list_messages"] == 2


async def test_what_is_copied_is_not_read_again_by_each_run_that_is_stopped_early(both: Any) -> None:
    await both.fill(6, 2)
    await both.copy(limit=4)

    assert [await stopped_after(both, reads, "copy") for reads in (2, 4, 5)] == [2, 2, 1]
    assert (await both.copy()).messages.copied == 4
    assert (await both.check()).is_clean


async def test_what_was_undone_meanwhile_is_new_again(both: Any) -> None:
    await both.fill(3, 2)
    migration = (await both.copy()).migration
    await stopped_after(both, 2, "copy")
    await both.undo(migration)

    assert (await both.plan()).conversations.new == 3


async def test_what_is_left_out_is_counted_by_its_loss_and_not_as_new(both: Any) -> None:
    await both.fill(2, 6)
    options = {"role": ["user"], "max_loss": "any"}

    planned = await both.plan(**options)
    copied = await both.copy(**options)
    again = await both.plan(**options)

    assert (planned.messages.new, copied.messages.new, copied.messages.copied) == (6, 6, 6)
    assert (again.messages.new, again.messages.unchanged, again.has_work) == (0, 6, False)
