"""Waiting for an end that does not answer."""

import asyncio
import math
from datetime import UTC, datetime

import pytest

from omnilogue import AuthenticationError, OmnilogueError, Stop, UnavailableError
from omnilogue.migrate.outages import Outage

pytestmark = pytest.mark.anyio

DOWN = UnavailableError("refused", code="connect_failed")


class Time:
    """A clock that sleeps without waiting."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.seconds, UTC)

    def monotonic(self) -> float:
        return self.seconds

    async def sleep(self, seconds: float) -> None:
        self.seconds += seconds
        await asyncio.sleep(0)


class Scene:
    """An outage whose end answers after so many probes."""

    def __init__(self, *answers: OmnilogueError | None, longest: float = 900) -> None:
        self.clock, self.stop = Time(), Stop()
        self.probed: list[float] = []
        self.told: list[float] = []
        self.ask_after = math.inf
        self._answers = list(answers)
        self.outage = Outage(self.clock, longest, self.probe, self.stop, self.tell)

    def tell(self, seconds: float, _: OmnilogueError) -> None:
        self.told.append(seconds)
        if seconds >= self.ask_after:
            self.stop.ask()

    async def probe(self) -> None:
        self.probed.append(self.clock.seconds)
        answer = self._answers.pop(0) if self._answers else DOWN
        if answer is not None:
            raise answer


async def test_it_probes_every_30_seconds_until_an_end_answers() -> None:
    scene = Scene(DOWN, DOWN, None)

    await scene.outage.wait(DOWN)

    assert scene.probed == [30, 60, 90]


async def test_the_wait_is_told_second_by_second() -> None:
    scene = Scene(None)

    await scene.outage.wait(DOWN)

    assert scene.told == [float(second) for second in range(31)]


async def test_it_gives_up_after_the_longest_wait() -> None:
    scene = Scene(longest=70)

    with pytest.raises(UnavailableError, match="refused"):
        await scene.outage.wait(DOWN)

    assert scene.clock.seconds == 70


async def test_a_stop_ends_the_wait_within_a_second() -> None:
    scene = Scene()
    scene.ask_after = 5.0

    await scene.outage.wait(DOWN)

    assert scene.clock.seconds <= 6
    assert scene.probed == []


async def test_a_lost_account_is_no_outage() -> None:
    scene = Scene(AuthenticationError("no"))

    with pytest.raises(AuthenticationError):
        await scene.outage.wait(DOWN)
