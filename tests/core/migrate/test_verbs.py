"""Migrations as they are told, and verbs that find nothing to do."""

from dataclasses import replace
from typing import Any

import pytest

from omnilogue.migrate import verbs
from omnilogue.migrate.pair import Pair
from omnilogue.provider import Transform

pytestmark = pytest.mark.anyio


def words(message: Any, _: Any) -> Any:
    return message.text


async def later(message: Any, _: Any) -> Any:
    return message


def state(both: Any) -> str:
    return verbs.migrations(both.state)[0].state


async def test_a_migration_tells_the_options_that_made_it(both: Any) -> None:
    await both.fill(2, 2)
    await both.copy(limit=1, role="user", max_loss="any")

    selection = verbs.migrations(both.state)[0].selection

    assert {name: value for name, value in selection.items() if value} == {"limit": 1, "role": ["user"]}
    assert selection["since"] is None


async def test_an_undo_that_was_done_finds_nothing_to_do(both: Any) -> None:
    await both.fill(1, 1)
    migration = (await both.copy()).migration
    first, second = await both.undo(migration), await both.undo(migration)

    assert (len(first.deleted), second.deleted, second.kept) == (1, (), ())
    assert state(both) == "undone"


@pytest.mark.parametrize("is_undone", [True, False])
async def test_a_retry_without_dead_letters_leaves_a_migration_as_it_is(both: Any, is_undone: bool) -> None:
    await both.fill(1, 1)
    migration = (await both.copy()).migration
    if is_undone:
        await both.undo(migration)
    before = state(both)

    report = await both.retry(migration)

    assert (report.migration, report.has_work) == (migration, False)
    assert state(both) == before


async def test_a_migration_whose_process_was_killed_is_interrupted(both_on_disk: Any) -> None:
    both = both_on_disk
    await both.fill(1, 1)
    migration = (await both.copy()).migration
    both.migrations.finish(migration, "running", None)

    assert state(both) == "interrupted"
    with Pair.of(both.here, both.there, both.state, both.clock).writing():
        assert state(both) == "running"


async def test_a_copy_that_a_transform_changed_is_equal_to_what_was_expected(both: Any) -> None:
    await both.fill(1, 2)
    await both.copy(transform="shout")

    found = (await both.check()).items

    assert [(each.symbol, each.reason) for each in found] == [("~", "transformed")]


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    ("function", "told"), [(words, "gave str for"), (later, "no Message: it must be a plain function, without async")]
)
async def test_a_transform_that_gives_no_message_makes_a_dead_letter(both: Any, function: Any, told: str) -> None:
    await both.fill(1, 2)
    broken = replace(both.verbs, transform=lambda name: Transform(name, function))

    report = await broken.copy(both.here, both.there, {"transform": "broken"})

    assert [dead.code for dead in report.dead] == ["verification"]
    assert "the transform 'broken' gave" in report.dead[0].message
    assert told in report.dead[0].message
