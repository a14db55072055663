"""Changes that are ready together share a commit, and are on the disk when they return."""

import asyncio
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from omnilogue import StateError
from omnilogue.state import State

pytestmark = pytest.mark.anyio


def noting(key: str) -> Any:
    return lambda database: database.execute("INSERT INTO note VALUES ('a', ?, '1')", (key,))


@pytest.mark.parametrize(("quick_seconds", "most"), [(0.0, 4), (60.0, 20)])
async def test_what_is_ready_in_one_turn_shares_a_commit_where_the_disk_is_not_quick(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, quick_seconds: float, most: int
) -> None:
    monkeypatch.setattr("omnilogue.state.store.QUICK_SECONDS", quick_seconds)
    state = State(f"sqlite:///{tmp_path / 'state.db'}")
    state.open_for_writing()
    before = commits(tmp_path)

    await asyncio.gather(*[state.write_together(noting(f"{number}")) for number in range(20)])

    with sqlite3.connect(tmp_path / "state.db") as other:
        assert other.execute("SELECT count(*) FROM note").fetchone() == (20,)
    assert 1 <= commits(tmp_path) - before <= most
    assert (commits(tmp_path) - before >= 20) == (quick_seconds > 1)
    state.close()


def commits(folder: Path) -> int:
    """Give about how many pages the log of the database holds; each commit adds at least one."""
    log = folder / "state.db-wal"
    return log.stat().st_size // 4096 if log.exists() else 0


async def test_where_one_fails_none_is_made_and_all_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("omnilogue.state.store.QUICK_SECONDS", 0.0)
    state = State("memory:")

    made = await asyncio.gather(
        *[state.write_together(noting(key)) for key in ("one", "other", "one")], return_exceptions=True
    )

    assert [type(error) for error in made] == [StateError] * 3
    assert state.read("SELECT * FROM note") == []
    await state.write_together(noting("one"))
    assert len(state.read("SELECT * FROM note")) == 1
