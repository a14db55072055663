"""`import`: the conversations of a file, stored as new ones."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import pytest

Cli: TypeAlias = Callable[..., Any]


@pytest.fixture
def file(cli: Cli, kept: str, tmp_path: Path) -> Path:
    """A file with one conversation of two messages."""
    cli("append", kept, "Where to?")
    cli("append", kept, "Lisbon.", "--role", "assistant")
    cli("export", kept, "trip.jsonl")
    return tmp_path / "trip.jsonl"


def titles(cli: Cli, address: str) -> list[str]:
    return [line.split("\t")[2] for line in cli("ls", address).lines]


def test_a_file_is_stored_as_new_conversations(cli: Cli, file: Path, kept: str) -> None:
    found = cli("import", "trip.jsonl", ":archive:new.db")

    assert found.code == 0
    assert found.lines[0] == "1 conversation with 2 messages -> :archive:new.db"
    assert found.lines[1].startswith("  3 x id dropped, first at conversation 1, c_")
    [address] = [line.split("\t")[0] for line in cli("ls", ":archive:new.db").lines]
    here, there = cli("show", kept, "--json").document, cli("show", address, "--json").document
    assert [one["parts"] for one in there["messages"]] == [one["parts"] for one in here["messages"]]
    assert (there["title"], there["instructions"], there["metadata"]) == ("Trip", "Be brief.", {"team": "blue"})


def test_the_document_counts(cli: Cli, file: Path) -> None:
    document = cli("import", "trip.jsonl", ":archive:new.db", "--json").document

    assert {name: document[name] for name in ("conversations", "messages", "file")} == {
        "conversations": 1,
        "messages": 2,
        "file": "trip.jsonl",
    }
    assert {loss["kind"] for loss in document["losses"]} == {"id", "time"}


def test_again_makes_a_second_copy(cli: Cli, file: Path) -> None:
    for _ in range(2):
        cli("import", "trip.jsonl", ":archive:new.db")

    assert titles(cli, ":archive:new.db") == ["Trip", "Trip"]


def test_a_pipe_can_be_imported(cli: Cli, file: Path) -> None:
    found = cli("import", "-", ":archive:new.db", "--format", "jsonl", stdin=file.read_bytes())

    assert (found.code, titles(cli, ":archive:new.db")) == (0, ["Trip"])
    assert cli("import", "-", ":archive:new.db", stdin=file.read_bytes()).code == 2


def test_a_bad_line_is_named_and_nothing_is_written(cli: Cli, file: Path) -> None:
    lines = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(b"".join([*lines[:3], b'{"message":{"role":7}}\n', *lines[4:]]))

    found = cli("import", "trip.jsonl", ":archive:new.db", "--json")

    assert found.code == 2
    assert found.error["message"].startswith("line 4: message.role")
    assert titles(cli, ":archive:new.db") == []


def test_losses_need_consent(cli: Cli, file: Path, threads: str) -> None:
    content = file.read_text().replace('"role":"user"', '"role":"system"')
    file.write_text(content)

    refused = cli("import", "trip.jsonl", threads)
    allowed = cli("import", "trip.jsonl", threads, "--allow-loss=role")

    assert refused.code == 10
    assert "the import would lose role (1) (allow it with --allow-loss=role)" in refused.err
    assert allowed.code == 0
    assert allowed.lines[0] == "1 conversation with 2 messages -> threads:"
    assert "  1 x role flattened, first at conversation 1" in allowed.out


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["none.jsonl", ":archive:new.db"], "none.jsonl cannot be read: No such file or directory"),
        (["trip.md", ":archive:new.db"], "markdown cannot be read (formats that can: omnilogue/1)"),
        (["trip", ":archive:new.db"], "the format of trip is not known"),
        (["trip.jsonl", ":archive:new.db:ID"], "is a conversation"),
    ],
)
def test_what_cannot_be_meant_is_a_usage_error(cli: Cli, arguments: list[str], told: str) -> None:
    found = cli("import", *arguments)

    assert found.code == 2
    assert told in found.err


def test_progress_tells_how_much_is_left(cli: Cli, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("omnilogue.cli.progress.EVERY", 0)

    seen = cli("import", "trip.jsonl", ":archive:new.db", err_terminal=True).err

    assert " of 3 stored, " in seen
    assert " s left" in seen
