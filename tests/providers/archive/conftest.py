"""An archive as the core would make it, in a folder of the test's own."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from omnilogue.http import Clock
from omnilogue.log import logger
from omnilogue.provider import Context
from omnilogue.remote.account import MemoryNotes
from omnilogue_archive.provider import Archive
from omnilogue_archive.settings import ArchiveSettings

START = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


class StepClock:
    """A clock that goes on one second each time it is asked; `step` may stop it or turn it back."""

    def __init__(self) -> None:
        self.time = START
        self.step = timedelta(seconds=1)

    def now(self) -> datetime:
        self.time += self.step
        return self.time

    def monotonic(self) -> float:
        return self.time.timestamp()

    async def sleep(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)


def make(path: Path, clock: Clock) -> Archive:
    return Archive(
        ArchiveSettings(path=path), Context(remote="backup", http=None, clock=clock, state=MemoryNotes(), log=logger())
    )


@pytest.fixture
def clock() -> StepClock:
    return StepClock()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "conversations.db"


@pytest.fixture
async def open_archive(path: Path, clock: StepClock) -> AsyncIterator[Callable[..., Archive]]:
    opened: list[Archive] = []

    def open_archive(other: Path | None = None) -> Archive:
        opened.append(make(other or path, clock))
        return opened[-1]

    yield open_archive
    for archive in opened:
        await archive.aclose()


@pytest.fixture
def archive(open_archive: Callable[..., Archive]) -> Archive:
    return open_archive()


@pytest.fixture
def fresh_archive(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], AbstractContextManager[Archive]]:
    """Archives for properties: each example has its own."""

    @contextmanager
    def fresh_archive() -> Iterator[Archive]:
        archive = make(tmp_path_factory.mktemp("archive") / "a.db", StepClock())
        try:
            yield archive
        finally:
            archive._store.close()

    return fresh_archive
