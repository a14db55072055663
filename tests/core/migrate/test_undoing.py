"""Taking a migration back: how far it has come is told, and so is what stays."""

from typing import Any

import pytest

from omnilogue import CopyProgress, OmnilogueError

pytestmark = pytest.mark.anyio

EDITED = "edits were carried over to 1 message, and the text before is not known"


async def edit_first(both: Any, conversation: str, text: str) -> None:
    message = await anext(aiter(both.here.messages(conversation)))
    await both.here.edit(conversation, message.id, text)


async def test_it_tells_how_far_it_has_come(both: Any) -> None:
    await both.fill(1, 2)
    earlier = await both.copy()
    await both.fill(3, 2, first=1)
    migration = both.migrations.get((await both.copy()).migration)
    told: list[CopyProgress] = []

    report = await both.verbs_telling(told.append).undo(migration, both.here, both.there)

    assert len(report.deleted) == 3
    assert [(event.phase, event.done, event.total, event.messages) for event in told] == [
        ("undo", 0, 3, 0),
        ("undo", 1, 3, 2),
        ("undo", 2, 3, 4),
        ("undo", 3, 3, 6),
    ]
    assert both.migrations.get(earlier.migration).state == "done"


async def test_what_update_carried_over_stays_and_is_told(both: Any) -> None:
    first, second = await both.fill(2, 2)
    await both.copy()
    await edit_first(both, first, "edited")
    await edit_first(both, second, "edited too")
    await both.here.append(second, "more")
    migration = (await both.copy(update=True)).migration

    report = await both.undo(migration)

    assert sorted((kept.target, kept.reason) for kept in report.kept) == [
        ("there:c1", EDITED),
        ("there:c4", EDITED),
    ]
    assert report.deleted == ("there:c4",)
    assert await both.texts() == {"Trip 0": ["edited", "text 0.1"], "Trip 1": ["edited too", "text 1.1"]}
    assert not (await both.plan(update=True, id=first)).has_work


async def test_an_edit_that_was_carried_over_twice_after_a_failure_is_told_once(both: Any) -> None:
    [conversation] = await both.fill(1, 2)
    await both.copy()
    await edit_first(both, conversation, "edited")
    await both.here.append(conversation, "more")

    def trouble(call: str, what: str) -> None:
        if call == "append":
            raise OmnilogueError("ended here")

    both.there.vendor.trouble = trouble
    with pytest.raises(OmnilogueError):
        await both.copy(update=True)
    both.there.vendor.trouble = lambda call, what: None
    migration = (await both.copy(update=True)).migration

    report = await both.undo(migration)

    assert [kept.reason for kept in report.kept] == [EDITED]


async def test_a_copy_that_is_taken_back_whole_leaves_nothing_to_tell(both: Any) -> None:
    [conversation] = await both.fill(1, 2)
    made = (await both.copy()).migration
    await edit_first(both, conversation, "edited")
    await both.copy(update=True)

    report = await both.undo(made)

    assert (len(report.deleted), report.kept) == (1, ())
    assert await both.texts() == {}


async def test_a_plan_tells_that_edits_stay(both: Any) -> None:
    [conversation] = await both.fill(1, 2)
    await both.copy()
    await edit_first(both, conversation, "edited")

    with_edits, without = await both.plan(update=True), await both.plan()

    assert with_edits.undo.note.endswith("; edits that are carried over stay")
    assert "edits" not in without.undo.note
