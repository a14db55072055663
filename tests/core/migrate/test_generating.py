"""Copying to a target that answers whatever it stores: what is left out is told once, as it was foreseen."""

from pathlib import Path
from typing import Any

import pytest

from omnilogue import AuthenticationError

pytestmark = pytest.mark.anyio

ASKED: dict[str, Any] = {
    "allow_generation": True,
    "max_loss": "any",
    "transform": "hush",
    "role": ("user", "assistant"),
}


async def fill(both: Any) -> None:
    """Two turns, with messages between them and after them that are left out."""
    made = await both.here.create(title="Trip 0")
    for role, text in [
        ("user", "a"),
        ("assistant", "b"),
        ("user", "hush 1"),
        ("system", "be brief"),
        ("user", "c"),
        ("assistant", "d"),
        ("user", "hush 2"),
    ]:
        await both.here.append(made, text, role=role)


def filtered(losses: Any) -> list[int]:
    return [loss.count for loss in losses if loss.kind == "filtered"]


async def test_what_a_transform_leaves_out_is_told_as_it_was_foreseen(both: Any) -> None:
    both.there = both.remote("there", like="ichati")
    await fill(both)
    planned = await both.plan(**ASKED)

    report = await both.copy(**ASKED)

    assert filtered(planned.losses) == filtered(report.losses) == [3]
    assert filtered(both.migrations.losses(report.migration)) == [3]
    assert await both.texts() == {"Trip 0": ["a", "b", "c", "d"]}


@pytest.mark.parametrize(
    ("call", "number"), [("append", 1), ("append", 3), ("edit_message", 1), ("edit_message", 2), ("list_messages", 3)]
)
async def test_it_is_told_once_where_the_copy_was_killed(
    both_on_disk: Any, tmp_path: Path, call: str, number: int
) -> None:
    both = both_on_disk
    both.there = both.remote("there", like="ichati")
    await fill(both)
    noted, calls = tmp_path / "noted.db", [0]

    def trouble(name: str, what: str) -> None:
        calls[0] += name == call
        if name == call and calls[0] == number:
            both.state.backup(noted)
            raise AuthenticationError("killed here", code="auth", outcome="not_sent")

    both.there.vendor.trouble = trouble
    with pytest.raises(AuthenticationError):
        await both.copy(**ASKED)
    both.there.vendor.trouble = lambda call, what: None
    both.go_on_with(noted)
    report = await both.copy(**ASKED)

    assert filtered(both.migrations.losses(report.migration)) == [3]
    assert await both.texts() == {"Trip 0": ["a", "b", "c", "d"]}
