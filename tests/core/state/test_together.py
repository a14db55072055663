"""Changes that are ready together share a commit, and are on the disk when they return."""

import asyncio
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from omnilogue import StateError
from omnilogue.state import State

pytestmark = pytest.mark.anyio


def noting(state: State, key: str) -> Callable[[], str]:
    def change() -> str:
        with state.write() as database:
            database.execute("INSERT INTO note VALUES ('a', ?, '1')", (key,))
        return key

    return change


@pytest.mark.parametrize(("quick_seconds", "least", "most"), [(0.0, 1, 4), (60.0, 20, 20)])
async def test_what_is_ready_in_one_turn_shares_a_commit_where_the_disk_is_not_quick(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, quick_seconds: float, least: int, most: int
) -> None:
    monkeypatch.setattr("omnilogue.state.store.QUICK_SECONDS", quick_seconds)
    state = State(f"sqlite:///{tmp_path / 'state.db'}")
    state.open_for_writing()
    before = commits(tmp_path)

    made = await asyncio.gather(*[state.together(noting(state, f"{number}")) for number in range(20)])

    assert made == [f"{number}" for number in range(20)]
    with closing(sqlite3.connect(tmp_path / "state.db")) as other:
        assert other.execute("SELECT count(*) FROM note").fetchone() == (20,)
    assert least <= commits(tmp_path) - before <= most
    state.close()


def commits(folder: Path) -> int:
    """Give about how many pages the log of the database holds; each commit adds at least one."""
    log = folder / "state.db-wal"
    return log.stat().st_size // 4096 if log.exists() else 0


async def test_where_one_fails_none_is_made_and_all_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("omnilogue.state.store.QUICK_SECONDS", 0.0)
    state = State("memory:")

    made = await asyncio.gather(
        *[state.together(noting(state, key)) for key in ("one", "other", "one")], return_exceptions=True
    )

    assert [type(error) for error in made] == [StateError] * 3
    assert state.read("SELECT * FROM note") == []
    assert await state.together(noting(state, "one")) == "one"
    assert len(state.read("SELECT * FROM note")) == 1
    state.close()


def test_a_change_inside_a_change_is_a_part_of_it() -> None:
    state = State("memory:")

    def change() -> None:
        with state.write() as database:
            noting(state, "one")()
            database.execute("INSERT INTO nowhere VALUES (1)")

    with pytest.raises(StateError):
        change()
    assert state.read("SELECT * FROM note") == []
    state.close()
