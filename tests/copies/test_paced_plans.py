"""The time that a plan tells where one end is slowed down: waiting for that end's pace says nothing of the other."""

from collections.abc import Callable
from typing import Any

import pytest

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("concurrency", [1, 3])
async def test_the_pace_of_the_source_slows_down_only_the_source(
    concurrency: int, ends: Any, fill: Callable[..., Any]
) -> None:
    ends.add("old", "mindcraft")
    ends.add("new", "archive")
    async with ends.client() as client:
        await fill(client.remote("old"), 3, 2)

        paced = await client.plan("old:", "new:", source_rate="1/s", concurrency=concurrency)

    asked_of_the_source = 3 * 3  # each is read for the plan, for the copy and once more after it
    assert (paced.calls, paced.seconds) == (18, asked_of_the_source)
