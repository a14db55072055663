"""Every remote is copied to every other: checked, found unchanged, copied again for nothing, and taken back."""

from collections.abc import Callable
from itertools import permutations
from typing import Any

import pytest

pytestmark = pytest.mark.anyio

STORING = ("archive", "memory", "mindcraft", "minimax")
ANSWERING = "ichati"
PAIRS = [
    *permutations(STORING, 2),
    *[("ichati", other) for other in STORING],
    *[(other, ANSWERING) for other in STORING],
]


@pytest.mark.parametrize(("source", "target"), PAIRS)
async def test_a_copy_arrives_once_and_is_taken_back(
    source: str, target: str, ends: Any, fill: Callable[..., Any], texts: Callable[..., Any]
) -> None:
    ends.add("here", source)
    ends.add("there", target)
    asked: Any = {"allow_generation": True, "max_loss": "any"} if target == ANSWERING else {}
    async with ends.client() as client:
        here, there = client.remote("here"), client.remote("there")
        await fill(here, 3, 4)
        await fill(there, 1, 2, first=9)
        held, before = await texts(here), await texts(there)
        for vendor in ends.vendors.values():
            vendor.journal.clear()

        copied = await client.copy("here:", "there:", **asked)
        found = await client.check("here:", "there:", one_way=True)
        assert (copied.messages.copied, copied.dead, copied.unknown) == (12, (), ())
        assert (found.is_clean, found.equal, found.messages.equal) == (True, 3, 12)
        assert await texts(there) == {**before, **held}

        for vendor in ends.vendors.values():
            vendor.journal.clear()
        planned = await client.plan("here:", "there:", **asked)
        again = await client.copy("here:", "there:", **asked)
        assert not planned.has_work
        assert (again.migration, again.messages.copied) == (None, 0)
        assert ends.writes("there") == []

        assert copied.migration is not None
        undone = await client.undo(copied.migration)
        assert len(undone.deleted) + len(undone.kept) == 3
        assert await texts(there) == before
        assert await texts(here) == held
        assert ends.writes("here") == []


@pytest.mark.parametrize("target", ["archive", "memory", "mindcraft"])
async def test_a_source_is_only_read(target: str, ends: Any, fill: Callable[..., Any]) -> None:
    ends.add("here", "minimax")
    ends.add("there", target)
    async with ends.client() as client:
        await fill(client.remote("here"), 2, 3)
        ends.vendors["here"].journal.clear()

        await client.plan("here:", "there:")
        await client.copy("here:", "there:")
        await client.check("here:", "there:")

        assert len(ends.vendors["here"].journal) > 6
        assert ends.writes("here") == []
