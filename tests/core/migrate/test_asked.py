"""The options of plan, copy, retry and check."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from omnilogue import BadRequestError, InvalidInputError, MigrationError, StateError, Stop
from omnilogue.migrate.asked import options_of
from omnilogue.migrate.progress import silent

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("verb", "name", "hint"),
    [
        ("copy", "sample", "it is one of plan, check"),
        ("copy", "max_losses", "did you mean 'max_loss'?"),
        ("retry", "since", "it is one of plan, copy, check"),
        ("retry", "max_dad", "did you mean 'max_dead'?"),
        ("check", "update", "it is one of plan, copy"),
        ("plan", "colour", "it takes role, transform"),
    ],
)
def test_an_option_that_a_verb_does_not_take_is_refused_with_the_nearest(verb: str, name: str, hint: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        options_of(verb, {name: 1}, "here")

    assert caught.value.message == f"{verb} knows no option {name!r}"
    assert caught.value.hint.startswith(hint)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"max_dead": -1}, "max_dead: must be 0 or more"),
        ({"since": "soon"}, "since: 'soon' is no time"),
        ({"rate": "fast"}, "rate: 'fast' is no rate"),
        ({"wait_outage": "a bit"}, "wait_outage: 'a bit' is no duration"),
        ({"fail_on": "colour"}, "fail_on: no loss is called 'colour'"),
    ],
)
def test_a_value_that_cannot_be_meant_is_told_with_its_option(given: dict[str, Any], told: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        options_of("copy", given, "here")

    assert str(caught.value).startswith(told)


async def test_a_retry_is_shaped_as_its_migration_was(both: Any) -> None:
    await both.fill(1, 2)
    migration = (await both.copy(role="user", max_loss="any")).migration

    assert (await both.retry(migration, role="user")).dead == ()
    with pytest.raises(StateError, match=f"{migration} was copied with another --role"):
        await both.retry(migration, role="assistant")


# Ids from a file


async def test_a_file_names_conversations_for_each_verb(both: Any, tmp_path: Path) -> None:
    first, second, _ = await both.fill(3, 1)
    names = tmp_path / "ids.txt"
    names.write_text(f"here:{first}\n\n{second}\n")

    plan = await both.plan(ids_from=names)
    report = await both.copy(ids_from=str(names))
    checked = await both.check(ids_from=names)

    assert (plan.conversations.new, report.conversations.new, checked.equal) == (2, 2, 2)
    assert list(await both.texts()) == ["Trip 0", "Trip 1"]


async def test_a_file_is_read_once_and_its_ids_are_what_a_plan_keeps(both: Any, tmp_path: Path) -> None:
    first, second = await both.fill(2, 1)
    names = tmp_path / "ids.txt"
    names.write_text(first)
    plan = await both.plan(ids_from=names, id=second)
    names.unlink()

    report = await both.copy(plan)

    assert plan.options["id"] == [second, first]
    assert report.conversations.new == 2


def test_a_file_given_again_takes_the_place_of_the_ids_of_a_plan(tmp_path: Path) -> None:
    names = tmp_path / "ids.txt"
    names.write_text("1")

    options = options_of("copy", {"ids_from": names}, "here", {"id": ["2"], "limit": 1})

    assert (options.id, options.limit) == (("1",), 1)


# Nothing to do


async def test_nothing_to_do_is_an_error_only_where_asked(both: Any) -> None:
    await both.fill(1, 1)
    report = await both.copy(error_on_no_change=True)

    assert report.messages.copied == 1
    assert (await both.copy()).messages.copied == 0
    for verb in (both.copy, both.plan):
        with pytest.raises(MigrationError, match="is unchanged") as caught:
            await verb(error_on_no_change=True)
        assert caught.value.code == "no_change"
    with pytest.raises(MigrationError, match="Nothing was to be copied"):
        await both.retry(report.migration, error_on_no_change=True)


async def test_what_could_not_be_copied_is_never_nothing_to_do(both: Any, raising: Callable[..., Any]) -> None:
    await both.fill(1, 1)
    both.there.vendor.trouble = raising(BadRequestError("refused"))
    first = await both.copy(error_on_no_change=True)

    again = await both.copy(error_on_no_change=True)

    assert (len(first.dead), len(again.dead)) == (1, 1)


async def test_a_stop_is_never_nothing_to_do(both: Any) -> None:
    await both.fill(1, 1)
    await both.copy()
    stop = Stop()
    stop.ask()

    verbs = both.verbs_telling(silent, stop)
    report = await verbs.copy(both.here, both.there, {"error_on_no_change": True})

    assert report.sentence == "Stopped; nothing was copied."
