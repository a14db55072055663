"""Migrations over one pair: a pilot, the whole, what came later; sources and targets that change in between."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from omnilogue import AuthenticationError, Message, StateError
from omnilogue.migrate.pair import Pair

pytestmark = pytest.mark.anyio


async def first(remote: Any) -> Any:
    return await anext(aiter(remote.conversations(limit=1)))


async def test_pilot_whole_and_incremental_copies_bring_each_message_once_and_are_undone_apart(both: Any) -> None:
    ids = await both.fill(8, 2)
    pilot = await both.copy(limit=5)
    whole = await both.copy()
    await both.here.append(ids[0], "text 0.2")
    await both.fill(1, 2, first=8)
    later = await both.copy()
    complete = {f"Trip {number}": [f"text {number}.{place}" for place in range(2)] for number in range(9)}
    complete["Trip 0"].append("text 0.2")

    assert [pilot.messages.copied, whole.messages.copied, later.messages.copied] == [10, 6, 3]
    assert len({pilot.migration, whole.migration, later.migration}) == 3
    assert await both.texts() == complete

    await both.undo(later.migration)
    assert await both.texts() == {title: texts[:2] for title, texts in complete.items() if title != "Trip 8"}
    await both.undo(pilot.migration)
    assert sorted(await both.texts()) == ["Trip 5", "Trip 6", "Trip 7"]
    await both.undo(whole.migration)
    assert await both.texts() == {}
    assert (await both.copy()).messages.copied == 19


async def test_what_is_said_while_a_conversation_is_copied_comes_along(both: Any) -> None:
    await both.fill(1, 60)
    conversation = await first(both.here)
    news = ["news"]

    def trouble(call: str, what: str) -> None:
        if what == "text 0.55" and news:
            both.here.vendor._messages[conversation.id]["late"] = Message.user(news.pop()).model_copy(
                update={"id": "late", "parent_id": conversation.head_id}
            )

    both.there.vendor.trouble = trouble
    report = await both.copy()

    assert report.messages.copied == 61
    assert (await both.texts())["Trip 0"][-1] == "news"
    assert (await both.check()).is_clean


async def test_a_source_that_goes_on_changing_waits_for_another_time(both: Any) -> None:
    await both.fill(1, 2)
    conversation = await first(both.here)
    numbers = iter(range(100))

    def trouble(call: str, what: str) -> None:
        if call == "append":
            name = f"late{next(numbers)}"
            said = Message.user(name).model_copy(update={"id": name})
            both.here.vendor._messages[conversation.id][name] = said

    both.there.vendor.trouble = trouble
    report = await both.copy()
    assert [dead.code for dead in report.dead] == ["source_changed"]

    both.there.vendor.trouble = lambda call, what: None
    assert (await both.retry(report.migration)).dead == ()
    assert (await both.check()).is_clean


async def test_an_edit_at_the_source_is_told_and_carried_over_only_where_asked_for(both: Any) -> None:
    await both.fill(1, 3)
    await both.copy()
    conversation = await first(both.here)
    messages = [message async for message in both.here.messages(conversation)]
    await both.here.edit(conversation, messages[1].id, "edited")

    assert (await both.copy()).messages.copied == 0
    assert (await both.check()).different == 1
    updated = await both.copy(update=True)

    assert updated.messages.copied == 1
    assert (await both.texts())["Trip 0"] == ["text 0.0", "edited", "text 0.2"]
    assert (await both.check()).is_clean
    assert not (await both.plan(update=True)).has_work


async def test_what_changed_on_both_ends_is_left_alone(both: Any) -> None:
    await both.fill(2, 2)
    await both.copy()
    await both.there.append(await first(both.there), "mine")
    await both.here.append(await first(both.here), "yours")
    before = await both.texts()

    report = await both.copy()

    assert report.conversations.diverged == 1
    assert both.states(report.migration) == {"diverged": 1, "done": 1}
    assert await both.texts() == before


async def test_a_deleted_copy_is_missing_and_is_not_made_again_by_itself(both: Any) -> None:
    await both.fill(2, 2)
    await both.copy()
    await both.there.delete(await first(both.there))

    assert (await both.check()).missing_on_target == 1
    await both.here.append(await first(both.here), "more")
    report = await both.copy()
    assert report.conversations.diverged == 1
    assert len(await both.texts()) == 1


@pytest.mark.parametrize("verb", ["plan", "copy"])
@pytest.mark.parametrize(("options", "named"), [({"role": "user"}, "--role"), ({"transform": "shout"}, "--transform")])
async def test_another_option_that_changes_content_is_refused_by_name(
    options: dict[str, Any], named: str, verb: str, both: Any
) -> None:
    await both.fill(1, 2)
    await both.copy()

    with pytest.raises(StateError, match=named) as caught:
        await getattr(both, verb)(**options)

    assert caught.value.code == "ledger_mismatch"


async def test_one_process_at_a_time_copies_over_a_pair(both_on_disk: Any) -> None:
    both = both_on_disk
    await both.fill(1, 1)

    with Pair.of(both.here, both.there, both.state, both.clock).writing(), pytest.raises(StateError) as caught:
        await both.copy()

    assert caught.value.code == "ledger_locked"
    assert (await both.copy()).messages.copied == 1


async def test_a_state_that_was_carried_elsewhere_goes_on(
    both_on_disk: Any, raising: Callable[..., Any], tmp_path: Path
) -> None:
    both = both_on_disk
    await both.fill(4, 3)
    both.there.vendor.trouble = raising(AuthenticationError("no", code="auth", outcome="rejected"), about="text 2.1")
    with pytest.raises(AuthenticationError):
        await both.copy(concurrency=1)
    both.state.backup(tmp_path / "carried.db")
    both.close()
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    shutil.move(tmp_path / "carried.db", elsewhere / "state.db")

    both.there.vendor.trouble = lambda call, what: None
    both.go_on_with(elsewhere / "state.db")
    report = await both.copy()

    assert report.messages.copied == 6
    assert (await both.check()).is_clean
    assert report.migration == both.migrations.all()[0].id
    assert len(both.migrations.all()) == 1


async def test_a_plan_of_a_sample_can_be_carried_out(both: Any) -> None:
    await both.fill(5, 2)
    planned = await both.plan(sample=2)

    report = await both.copy(planned)

    assert planned.sampled
    assert report.messages.copied == 10


async def test_a_plan_is_refused_once_an_end_has_changed(both: Any) -> None:
    await both.fill(2, 2)
    planned = await both.plan()
    both.clock.time += 1
    await both.here.append(await first(both.here), "more")

    with pytest.raises(StateError) as caught:
        await both.copy(planned)

    assert caught.value.code == "ledger_mismatch"
    assert await both.texts() == {}


async def test_the_same_plan_goes_on_where_it_was_stopped_and_then_finds_nothing_to_do(
    both: Any, raising: Callable[..., Any]
) -> None:
    await both.fill(3, 2)
    planned = await both.plan()
    both.there.vendor.trouble = raising(AuthenticationError("no", code="auth", outcome="rejected"), about="text 2.")
    with pytest.raises(AuthenticationError):
        await both.copy(planned, concurrency=1)
    both.there.vendor.trouble = lambda call, what: None

    first, second = await both.copy(planned), await both.copy(planned)

    assert (first.messages.copied, second.migration, second.messages.copied) == (2, None, 0)
    assert (await both.check()).is_clean


async def test_a_plan_that_was_begun_is_refused_once_its_source_has_changed(both: Any) -> None:
    await both.fill(2, 2)
    planned = await both.plan()
    await both.copy(planned)
    both.clock.time += 1
    await both.here.append(await first(both.here), "more")

    with pytest.raises(StateError, match="changed since this was planned"):
        await both.copy(planned)
