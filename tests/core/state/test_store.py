"""The state file: made when something is kept, private, shared, and never anybody else's."""

import os
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from omnilogue import ConfigurationError, StateError
from omnilogue.state import Kept, State, default_url, path_of, schema, store


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "some" / "folder" / "state.db"


@pytest.fixture
def state(path: Path) -> Iterator[State]:
    with closing(State(f"sqlite:///{path}")) as state:
        yield state


NOW = schema.VERSION


def made(path: Path, version: int, *, application: int = schema.APPLICATION_ID) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(path)) as database:
        for statement in schema.TABLES:
            database.execute(statement)
        database.execute(f"PRAGMA application_id = {application}")
        database.execute(f"PRAGMA user_version = {version}")
        database.commit()


def journal_of(path: Path) -> str:
    with closing(sqlite3.connect(path)) as database:
        mode: str = database.execute("PRAGMA journal_mode").fetchone()[0]
        return mode


def test_the_default_is_in_the_users_data_folder(user_data: Path) -> None:
    assert default_url() == f"sqlite:///{user_data / 'state.db'}"
    assert State().path == user_data / "state.db"


def test_reading_makes_nothing(state: State, path: Path) -> None:
    kept = Kept(state, "work")

    assert (kept.known(None, 9), kept.fields("c1"), kept.now("c1"), kept.get("a")) == ([], {}, "c1", None)
    assert not kept.is_hidden("c1")
    assert (state.summary().known, state.summary().size, state.exists) == (0, 0, False)
    assert not path.parent.exists()


def test_what_is_made_is_private_and_in_wal_mode(state: State, path: Path) -> None:
    state.open_for_writing()

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert journal_of(path) == "wal"
    assert state.exists


def test_an_empty_file_is_a_state_that_was_never_written(state: State, path: Path) -> None:
    path.parent.mkdir(parents=True)
    path.touch()

    assert not state.exists
    Kept(state, "work").know("c1")
    assert Kept(state, "work").known(None, 9) == ["c1"]


def test_a_failed_change_changes_nothing_and_the_next_one_works(state: State) -> None:
    def fail() -> None:
        with state.write() as database:
            database.execute("INSERT INTO note VALUES ('work', 'a', '1')")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()

    Kept(state, "work").set("b", 2)
    assert state.read("SELECT key FROM note") == [("b",)]


def test_a_full_disk_is_told_and_leaves_a_state_that_works(state: State) -> None:
    state.open_for_writing()
    with state.write() as database:
        pages = database.execute("PRAGMA page_count").fetchone()[0]
        database.execute(f"PRAGMA max_page_count = {pages}")

    with pytest.raises(StateError, match="full") as raised:
        Kept(state, "work").set("big", "x" * 100_000)

    assert raised.value.code == "storage"
    Kept(state, "work").set("small", 1)
    assert Kept(state, "work").get("small") == 1


@pytest.mark.parametrize("wrong", ["folder", "below a file", "a folder in its place"])
def test_a_place_that_cannot_be_written_is_told(tmp_path: Path, wrong: str) -> None:
    places = {"folder": "/proc/nowhere/state.db", "below a file": "file/state.db", "a folder in its place": "folder"}
    (tmp_path / "file").touch()
    (tmp_path / "folder").mkdir()

    with pytest.raises(StateError, match="cannot be used") as raised:
        State(f"sqlite:///{tmp_path / places[wrong]}").open_for_writing()

    assert raised.value.code == "storage"


@pytest.mark.parametrize("content", [b"not a database at all, but long enough" * 20, b"SQLite format 3\0" + bytes(500)])
def test_a_corrupt_file_is_told_and_left_as_it_is(state: State, path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True)
    path.write_bytes(content)

    with pytest.raises(StateError):
        state.read("SELECT 1")
    with pytest.raises(StateError):
        state.open_for_writing()
    assert path.read_bytes() == content


def test_a_database_of_somebody_else_is_refused_and_left_as_it_is(state: State, path: Path) -> None:
    made(path, 1, application=7)

    for use in (state.open_for_writing, state.upgrade, state.summary):
        with pytest.raises(StateError, match="is no state of Omnilogue"):
            use()
    assert journal_of(path) == "delete"


def test_a_newer_file_is_refused_and_not_touched(state: State, path: Path) -> None:
    made(path, schema.VERSION + 1)

    for use in (state.open_for_writing, state.upgrade, state.summary):
        with pytest.raises(StateError, match="newer version") as raised:
            use()
        assert raised.value.code == "ledger_version"
    assert journal_of(path) == "delete"


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> None:
    """The next version of Omnilogue, which has a table more."""
    monkeypatch.setattr("omnilogue.state.store.VERSION", NOW + 1)
    monkeypatch.setattr("omnilogue.state.store.UPGRADES", {NOW: ("CREATE TABLE more (x)",)})


@pytest.mark.usefixtures("later")
def test_an_older_file_is_brought_forward_only_when_asked(state: State, path: Path) -> None:
    made(path, NOW)
    with pytest.raises(StateError, match=r"older version.*omnilogue state upgrade") as raised:
        state.open_for_writing()
    assert raised.value.code == "ledger_version"

    backup = state.upgrade()

    assert backup == path.with_name(f"state-v{NOW}.db")
    assert stat.S_IMODE(backup.stat().st_mode) == 0o600
    with closing(sqlite3.connect(backup)) as database:
        assert database.execute("PRAGMA user_version").fetchone() == (NOW,)
    assert state.read("SELECT * FROM more") == []
    assert state.upgrade() is None


@pytest.mark.usefixtures("later")
def test_an_upgrade_that_fails_changes_nothing(state: State, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made(path, NOW)
    monkeypatch.setattr("omnilogue.state.store.UPGRADES", {NOW: ("CREATE TABLE more (x)",) * 2})

    with pytest.raises(StateError, match="already exists"):
        state.upgrade()

    with closing(sqlite3.connect(path)) as database:
        assert database.execute("PRAGMA user_version").fetchone() == (NOW,)
        assert not database.execute("SELECT 1 FROM sqlite_master WHERE name = 'more'").fetchall()


@pytest.mark.usefixtures("later")
def test_an_upgrade_overwrites_no_backup(state: State, path: Path) -> None:
    made(path, NOW)
    path.with_name(f"state-v{NOW}.db").write_text("mine")

    with pytest.raises(StateError, match="exists already"):
        state.upgrade()
    assert path.with_name(f"state-v{NOW}.db").read_text() == "mine"


def test_there_is_nothing_to_upgrade_where_there_is_nothing(state: State) -> None:
    assert state.upgrade() is None
    assert State("memory:").upgrade() is None


def test_memory_keeps_until_it_is_closed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    state = State("memory:")
    Kept(state, "work").know("c1")

    assert Kept(state, "work").known(None, 9) == ["c1"]
    state.close()
    assert Kept(state, "work").known(None, 9) == []
    assert list(tmp_path.iterdir()) == []


def test_a_relative_path_is_relative_to_its_base_else_to_the_folder_of_that_moment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    state = State("sqlite:///own.db")
    monkeypatch.chdir("/")

    assert state.path == tmp_path / "own.db"
    assert path_of("sqlite:///own.db", Path("/etc")) == Path("/etc/own.db")
    assert path_of("sqlite:////var/own.db", Path("/etc")) == Path("/var/own.db")
    assert path_of("sqlite:///~/own.db") == Path.home() / "own.db"


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("postgresql://user:hush@host/x", "PostgreSQL.*sqlite:///PATH"),
        ("postgres://user:hush@host/x", "PostgreSQL.*sqlite:///PATH"),
        ("mysql://user:hush@host/x", "mysql.*sqlite:///PATH or memory:"),
        ("sqlite:///", "sqlite"),
        ("sqlite://state.db", "sqlite:///PATH"),
        ("state.db", "sqlite:///PATH"),
        ("memory", "memory:"),
    ],
)
def test_what_is_no_state_url_is_refused_with_a_hint(url: str, words: str) -> None:
    with pytest.raises(ConfigurationError, match=words) as raised:
        State(url)
    assert "hush" not in str(raised.value)


def test_a_backup_is_a_whole_new_private_file(state: State, tmp_path: Path) -> None:
    with pytest.raises(StateError, match="no state at"):
        state.backup(tmp_path / "none.db")
    Kept(state, "work").know("c1")

    state.backup(tmp_path / "copy.db")

    assert stat.S_IMODE((tmp_path / "copy.db").stat().st_mode) == 0o600
    with closing(State(f"sqlite:///{tmp_path / 'copy.db'}")) as copy:
        assert Kept(copy, "work").known(None, 9) == ["c1"]
    with pytest.raises(StateError, match="exists already"):
        state.backup(tmp_path / "copy.db")


def test_a_summary_counts(state: State, path: Path) -> None:
    Kept(state, "work").know("c1")
    Kept(state, "work").know("c2")
    Kept(state, "work").hide("c2")
    Kept(state, "home").set("note", 1)

    summary = state.summary()

    assert (summary.version, summary.remotes, summary.known) == (schema.VERSION, ("home", "work"), 1)
    assert summary.size == path.stat().st_size


def test_a_remote_can_be_renamed_once(state: State) -> None:
    kept = Kept(state, "old")
    kept.begin("c1", {"title": "T"}, listed=True)
    kept.begin("c2", {}, listed=True)
    kept.redirect("c1", "c2", {"m1": "m2"})
    kept.set("note", 1)

    assert state.rename("old", "new") == 4
    assert Kept(state, "new").now("c1") == "c2"
    assert Kept(state, "new").get("note") == 1
    with pytest.raises(StateError, match="keeps nothing of 'old'"):
        state.rename("old", "newer")
    Kept(state, "home").set("note", 1)
    with pytest.raises(StateError, match="keeps something of 'home' already"):
        state.rename("new", "home")


WRITE = """
import sys
from omnilogue.state import Kept, State
kept = Kept(State(sys.argv[1]), "work")
for number in range(50):
    kept.know(f"{sys.argv[2]}{number:03}")
"""


def test_processes_write_to_one_state_at_once(state: State) -> None:
    command = [sys.executable, "-c", WRITE, state.url]
    processes = [subprocess.Popen([*command, name], env=dict(os.environ)) for name in "abc"]

    assert [process.wait(60) for process in processes] == [0, 0, 0]
    assert len(Kept(state, "work").known(None, 1000)) == 150


def test_a_state_that_stays_locked_is_told(state: State, monkeypatch: pytest.MonkeyPatch) -> None:
    state.open_for_writing()
    monkeypatch.setattr(store, "BUSY_SECONDS", 0.05)
    with closing(State(state.url)) as other, state.write(), pytest.raises(StateError, match="locked"):
        Kept(other, "work").know("c1")


def test_closing_twice_is_harmless(state: State) -> None:
    state.open_for_writing()
    state.close()
    state.close()
    assert state.exists
