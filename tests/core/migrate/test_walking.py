"""Messages that were put between others since the last copy: their copies come last, which is told exactly once."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from omnilogue import AuthenticationError, Message
from omnilogue.provider import native
from omnilogue_memory.provider import Memory

pytestmark = pytest.mark.anyio

INSERTED = 4


async def put_between(both: Any, conversation: str) -> None:
    """Put two messages before the first one of the source and two before the last one, and one after it."""
    rows = both.here.vendor._messages[conversation]
    old = list(rows.values())
    new = [Message.user(f"new {number}").model_copy(update={"id": f"n{number}"}) for number in range(5)]
    rows.clear()
    parent = None
    for place, message in enumerate([*new[:2], *old[:-1], *new[2:4], old[-1], new[4]]):
        time = both.clock.now() + timedelta(seconds=place)
        rows[message.id] = message.model_copy(update={"created_at": time, "parent_id": parent})
        parent = message.id
    both.here.vendor._touch(conversation, head_id=parent)


def one_by_one(both: Any) -> None:
    """Let the target store one message per request."""
    row = native(batch=1, roles=("developer", "tool", "other:*"), fields=Memory.features.append_user.limits.fields)
    both.there.vendor.features = Memory.features.replace(append_user=row, append_assistant=row, append_system=row)


def of_order(both: Any, migration: str | None) -> int:
    return sum(row.count for row in both.migrations.losses(migration) if row.kind == "order")


def ending(both: Any, call: str, number: int, before: Callable[[], object]) -> None:
    """End what runs in the call of this name and number, counted from 1."""
    calls = [0]

    def trouble(name: str, what: str) -> None:
        calls[0] += name == call
        if name == call and calls[0] == number:
            before()
            raise AuthenticationError("ended here", code="auth", outcome="not_sent")

    both.there.vendor.trouble = trouble


async def test_an_insertion_is_told_with_its_count(both: Any) -> None:
    [conversation] = await both.fill(1, 4)
    await both.copy()
    await put_between(both, conversation)
    planned = await both.plan(max_loss="any")

    report = await both.copy(max_loss="any")

    for told in (planned, report):
        assert [loss.count for loss in told.losses if loss.kind == "order"] == [INSERTED]
    assert of_order(both, report.migration) == INSERTED


@pytest.mark.parametrize("number", range(1, 6))
@pytest.mark.parametrize("is_killed", [False, True], ids=["stopped", "killed"])
async def test_it_is_told_once_wherever_the_copy_was_ended(
    both_on_disk: Any, tmp_path: Path, number: int, is_killed: bool
) -> None:
    both = both_on_disk
    one_by_one(both)
    [conversation] = await both.fill(1, 4)
    await both.copy()
    await put_between(both, conversation)
    noted = tmp_path / "noted.db"
    ending(both, "append", number, lambda: both.state.backup(noted))
    with pytest.raises(AuthenticationError):
        await both.copy(max_loss="any")
    both.there.vendor.trouble = lambda call, what: None

    if is_killed:  # only what was noted before is left
        both.go_on_with(noted)
    report = await both.copy(max_loss="any")

    assert of_order(both, report.migration) == INSERTED
    assert len((await both.texts())["Trip 0"]) == 9


@pytest.mark.parametrize("is_killed", [False, True], ids=["stopped", "killed"])
async def test_it_is_not_told_again_where_only_the_verification_was_missing(
    both_on_disk: Any, tmp_path: Path, is_killed: bool
) -> None:
    both = both_on_disk
    [conversation] = await both.fill(1, 4)
    await both.copy()
    await put_between(both, conversation)
    noted = tmp_path / "noted.db"
    ending(both, "list_messages", 2, lambda: both.state.backup(noted))  # the first tells that nobody wrote to the copy
    with pytest.raises(AuthenticationError):
        await both.copy(max_loss="any")
    both.there.vendor.trouble = lambda call, what: None

    if is_killed:
        both.go_on_with(noted)
    report = await both.copy(max_loss="any")

    assert of_order(both, report.migration) == INSERTED
    assert len((await both.texts())["Trip 0"]) == 9


async def test_a_later_migration_does_not_tell_it_again(both: Any) -> None:
    [conversation] = await both.fill(1, 4)
    await both.copy()
    await put_between(both, conversation)
    first = await both.copy(max_loss="any")
    both.clock.time += 60
    await both.here.append(conversation, "at the end")

    later = await both.copy(max_loss="any")

    assert (of_order(both, first.migration), of_order(both, later.migration)) == (INSERTED, 0)


async def test_a_target_that_answers_tells_it_as_it_was_foreseen(both: Any) -> None:
    both.there = both.remote("there", like="ichati")
    asked: dict[str, Any] = {"allow_generation": True, "max_loss": "any"}
    [conversation] = await both.fill(1, 4)
    await both.copy(**asked)
    await put_between(both, conversation)
    planned = await both.plan(**asked)

    report = await both.copy(**asked)

    assert [loss.count for loss in planned.losses if loss.kind == "order"] == [
        loss.count for loss in report.losses if loss.kind == "order"
    ]
    assert of_order(both, report.migration) == INSERTED
