"""`state` and its commands, and the option `--state`."""

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import pytest

Cli: TypeAlias = Callable[..., Any]

KEYS = ["url", "version", "size", "remotes", "known", "migrations"]


@pytest.fixture
def known(cli: Cli, threads: str) -> str:
    """The address of a conversation that only the state can list."""
    address: str = cli("new", threads, "--title", "Trip").out.strip()
    return address


def age(file: Path, version: int) -> None:
    """Let a state be of another version."""
    database = sqlite3.connect(file)
    if version == 1:  # the one that kept no ledger yet
        for table in ("migration", "item", "link", "message", "loss", "event", "reading"):
            database.execute(f"DROP TABLE {table}")
    database.execute(f"PRAGMA user_version = {version}")
    database.close()


def test_a_state_that_does_not_exist_is_told_and_not_made(cli: Cli, own_state: Path) -> None:
    told = cli("state")
    document = cli("state", "--json")

    assert told.code == document.code == 0
    assert "There is no state yet" in told.err
    assert "There is no state yet" in document.err
    assert "version\tnone yet" in told.lines
    assert list(document.document) == KEYS
    assert document.document["url"] == f"sqlite:///{own_state}"
    assert (document.document["size"], document.document["known"], document.document["remotes"]) == (0, 0, [])
    assert not own_state.exists()


def test_it_tells_what_is_kept(cli: Cli, own_state: Path, known: str) -> None:
    told = cli("state")
    document = cli("state", "--json").document

    assert known == "threads:c1"
    assert list(document) == KEYS
    assert document | {"size": 0} == {
        "url": f"sqlite:///{own_state}",
        "version": 2,
        "size": 0,
        "remotes": ["threads"],
        "known": 1,
        "migrations": 0,
    }
    assert document["size"] > 4096
    assert told.err == ""
    assert "remotes\tthreads" in told.lines
    assert "known\t1 conversation" in told.lines
    assert f"KiB ({document['size']} bytes)" in told.out


@pytest.mark.parametrize("place", ["before", "after"])
def test_the_option_chooses_the_state(cli: Cli, own_state: Path, threads: str, place: str) -> None:
    option = ["--state", "sqlite:///team.db"]
    words = [[*option, "new", threads], [*option, "ls", threads]]
    if place == "after":
        words = [["new", threads, *option], ["ls", threads, *option]]

    address = cli(*words[0]).out.strip()

    assert cli(*words[1]).lines[0].split("\t")[0] == address
    assert cli("ls", threads).out == ""
    assert cli("state", *option, "--json").document["known"] == 1
    assert Path("team.db").exists()
    assert not own_state.exists()


def test_the_option_wins_over_the_file(cli: Cli, own_state: Path, threads: str) -> None:
    Path("omnilogue.toml").write_text('[state]\nurl = "sqlite:///of-the-file.db"\n')

    cli("new", threads)
    cli("new", threads, "--state=sqlite:///said.db")

    assert cli("state", "--json").document["url"] == f"sqlite:///{Path('of-the-file.db').absolute()}"
    assert cli("state", "--state", "sqlite:///said.db", "--json").document["known"] == 1
    assert Path("of-the-file.db").exists()
    assert Path("said.db").exists()
    assert not own_state.exists()


def test_a_state_in_memory_keeps_nothing(cli: Cli, own_state: Path, threads: str) -> None:
    assert cli("new", threads, "--state", "memory:").code == 0
    assert "in memory only" in cli("state", "--state", "memory:").err
    assert cli("ls", threads, "--state", "memory:").out == ""
    assert not own_state.exists()


@pytest.mark.parametrize("url", ["", "state.db", "sqlite://x", "mysql://x", "postgresql://x"])
@pytest.mark.parametrize("words", [["state"], ["ls"], ["providers", "memory"]])
def test_a_url_that_is_no_state_is_a_usage_error(cli: Cli, url: str, words: list[str]) -> None:
    found = cli(*words, "--state", url, "--json")

    assert found.code == 2
    assert found.error["code"] == "config"


@pytest.mark.usefixtures("known")
def test_a_backup_is_a_state_of_its_own(cli: Cli, threads: str) -> None:
    document = cli("state", "backup", "kept.db", "--json").document
    told = cli("state", "backup", "other.db")

    assert document == {"ok": True, "file": str(Path("kept.db").absolute())}
    assert told.out.endswith(f"to {Path('other.db').absolute()}\n")
    assert Path("kept.db").stat().st_mode & 0o777 == 0o600
    assert "Trip" in cli("ls", threads, "--state", "sqlite:///kept.db").out


@pytest.mark.usefixtures("known")
def test_a_backup_that_cannot_be_made_does_not_blame_the_state(cli: Cli) -> None:
    found = cli("state", "backup", "nowhere/kept.db", "--json")

    assert (found.code, found.error["code"]) == (12, "storage")
    assert "nowhere/kept.db cannot be written: No such file or directory" in found.error["message"]


@pytest.mark.usefixtures("known")
def test_a_backup_replaces_nothing(cli: Cli) -> None:
    Path("there.db").write_text("mine")

    found = cli("state", "backup", "there.db", "--json")

    assert found.code == 12
    assert found.error["code"] == "storage"
    assert Path("there.db").read_text() == "mine"


def test_what_does_not_exist_cannot_be_backed_up(cli: Cli, own_state: Path) -> None:
    found = cli("state", "backup", "kept.db")

    assert found.code == 12
    assert "there is no state" in found.err
    assert not own_state.exists()
    assert not Path("kept.db").exists()


def test_upgrade_has_nothing_to_do_where_the_version_is_right(cli: Cli, own_state: Path, known: str) -> None:
    assert cli("state", "upgrade", "--json").document == {"ok": True, "file": str(own_state)}
    assert cli("state", "upgrade").out == "there is nothing to upgrade\n"
    assert cli("show", known).code == 0


def test_upgrade_makes_no_state(cli: Cli, own_state: Path) -> None:
    found = cli("state", "upgrade")

    assert found.code == 0
    assert "There is no state yet" in found.err
    assert not own_state.exists()


def test_upgrade_brings_an_older_state_forward_and_keeps_the_old_file(
    cli: Cli, own_state: Path, threads: str, known: str
) -> None:
    age(own_state, 1)
    refused = cli("ls", threads)

    found = cli("state", "upgrade")

    assert refused.code == 12
    assert "omnilogue state upgrade" in refused.err
    assert found.code == 0
    assert found.out == f"upgraded sqlite:///{own_state}\n"
    before = Path(found.err.removeprefix("The state as it was is in ").strip().removesuffix("."))
    assert before.exists()
    assert before.parent == own_state.parent
    assert known in cli("ls", threads).out


@pytest.mark.usefixtures("known")
def test_a_newer_state_is_refused(cli: Cli, own_state: Path, threads: str) -> None:
    age(own_state, 99)

    for words in (["state"], ["ls", threads], ["state", "upgrade"]):
        found = cli(*words, "--json")
        assert (found.code, found.error["code"]) == (12, "ledger_version")


@pytest.mark.parametrize("content", [b"no database at all", b""])
def test_a_file_that_is_no_state_is_never_written_over(cli: Cli, threads: str, content: bytes) -> None:
    Path("strange.db").write_bytes(content)

    found = cli("new", threads, "--state", "sqlite:///strange.db", "--json")

    assert found.code == (12 if content else 0)
    assert Path("strange.db").read_bytes().startswith(content)


def test_a_state_that_cannot_be_made_ends_with_its_own_code(cli: Cli, threads: str) -> None:
    Path("file").write_text("")

    found = cli("new", threads, "--state", "sqlite:///file/state.db", "--json")

    assert (found.code, found.error["code"]) == (12, "storage")
    assert "--state" in found.error["hint"]


def test_what_needs_no_state_does_not_mind_a_broken_one(cli: Cli, archive: str, own_state: Path) -> None:
    own_state.parent.mkdir(exist_ok=True)
    own_state.write_text("no database at all")

    assert cli("ls", archive).code == 0
    assert cli("state").code == 12


def test_rename_gives_what_is_kept_to_another_name(
    cli: Cli, threads: str, own_state: Path, known: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = cli("state", "rename", "threads", "office", "--json").document

    assert document == {"ok": True, "file": str(own_state)}
    assert cli("ls", threads).out == ""
    assert cli("state", "--json").document["remotes"] == ["office"]
    monkeypatch.setenv("OMNILOGUE_REMOTES__THREADS__ACCOUNT", "office")
    assert known in cli("ls", threads).out
    assert cli("state", "rename", "office", "threads").out == "renamed office to threads\n"


@pytest.mark.parametrize(("old", "new"), [("nobody", "office"), ("threads", "threads")])
@pytest.mark.usefixtures("known")
def test_rename_of_the_unknown_or_onto_the_known_changes_nothing(cli: Cli, old: str, new: str) -> None:
    found = cli("state", "rename", old, new, "--json")

    assert (found.code, found.error["code"]) == (12, "storage")
    assert cli("state", "--json").document["remotes"] == ["threads"]


@pytest.mark.parametrize(
    "words",
    [
        ["backup"],
        ["backup", ""],
        ["backup", "a", "b"],
        ["rename"],
        ["rename", "threads"],
        ["rename", "threads", " "],
        ["rename", "", "x"],
        ["upgrade", "x"],
        ["nothing"],
    ],
)
@pytest.mark.usefixtures("known")
def test_usage_errors_change_nothing(cli: Cli, words: list[str], own_state: Path) -> None:
    before = sorted(own_state.parent.iterdir())

    assert cli("state", *words).code == 2
    assert sorted(own_state.parent.iterdir()) == before
    assert cli("state", "--json").document["remotes"] == ["threads"]


@pytest.mark.parametrize("verb", ["undo", "retry"])
def test_a_renamed_remote_is_found_again_by_its_migrations(
    cli: Cli, threads: str, known: str, monkeypatch: pytest.MonkeyPatch, verb: str
) -> None:
    migration = cli("copy", threads, ":archive:new.db", "--json").document["migration"]
    cli("state", "rename", "threads", "office")
    lost = cli(verb, migration)
    monkeypatch.setenv("OMNILOGUE_REMOTES__OFFICE__PROVIDER", "threads")

    found = cli(verb, migration)

    assert lost.code == 2
    assert "no remote is the account 'office'" in lost.err
    assert (found.code, len(cli("ls", ":archive:new.db").lines)) == (0, 0 if verb == "undo" else 1)
