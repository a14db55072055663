"""`export`: conversations into a file."""

import json
import os
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from omnilogue_mindcraft.emulator import MindCraftEmulator

Cli: TypeAlias = Callable[..., Any]


@pytest.fixture
def said(cli: Cli, kept: str) -> str:
    """The address of the archive's conversation, with two messages."""
    cli("append", kept, "Where <b>to</b>?\x1b[31m")
    cli("append", kept, "Lisbon.", "--role", "assistant")
    return kept


def kinds(path: Path) -> list[str]:
    return [next(iter(json.loads(line))) for line in path.read_text(encoding="utf-8").splitlines()]


def test_one_conversation_goes_into_a_file(cli: Cli, said: str, tmp_path: Path) -> None:
    found = cli("export", said, "trip.jsonl")

    assert (found.code, found.out, found.err) == (0, "1 conversation with 2 messages -> trip.jsonl\n", "")
    assert kinds(tmp_path / "trip.jsonl") == ["format", "conversation", "message", "message", "end"]
    assert stat.S_IMODE((tmp_path / "trip.jsonl").stat().st_mode) == 0o600


def test_a_whole_remote_goes_into_a_file(cli: Cli, archive: str, said: str, tmp_path: Path) -> None:
    cli("new", archive, "--title", "Other")

    found = cli("export", archive, "all.jsonl", "--json")

    assert found.document == {
        "conversations": 2,
        "messages": 2,
        "losses": [],
        "file": "all.jsonl",
        "complete": True,
    }
    assert kinds(tmp_path / "all.jsonl").count("conversation") == 2


def test_a_transcript_is_for_reading(cli: Cli, said: str, tmp_path: Path) -> None:
    found = cli("export", said, "trip.md")

    assert found.code == 0
    text = (tmp_path / "trip.md").read_text(encoding="utf-8")
    assert text.startswith("# Trip\n")
    assert "> Where &lt;b&gt;to&lt;/b&gt;?\ufffd[31m\n" in text


def test_what_a_format_does_not_keep_is_told(cli: Cli, kept: str, tmp_path: Path) -> None:
    (tmp_path / "map.png").write_bytes(b"x")
    cli("append", kept, "See", "--attach", "map.png")

    words, document = cli("export", kept, "a.md"), cli("export", kept, "b.md", "--json")

    [loss] = document.document["losses"]
    assert (loss["kind"], loss["class"], loss["action"], loss["count"]) == ("attachment", "content", "placeholder", 1)
    assert "  1 x attachment placeholder, first at :archive:kept.db:" in words.out


def test_standard_output_gets_the_file_alone(cli: Cli, said: str) -> None:
    for place in ("-", "/dev/stdout"):
        found = cli("export", said, place, "--format", "jsonl")

        assert [next(iter(json.loads(line))) for line in found.out.splitlines()][0::4] == ["format", "end"]
        assert found.err == f"1 conversation with 2 messages -> {place}\n"
    assert cli("export", said, "-", "--format", "md", "-q").err == ""


def test_a_terminal_is_not_controlled(cli: Cli, said: str) -> None:
    cli("append", said, "\x9b31m\u202e")

    found = cli("export", said, "-", "--format", "omnilogue/1", out_terminal=True)

    assert not {"\x1b", "\x9b", "\u202e"} & set(found.out)


def test_two_results_do_not_share_standard_output(cli: Cli, said: str, tmp_path: Path) -> None:
    refused = cli("export", said, "-", "--format", "jsonl", "--json")
    beside = cli("export", said, "-", "--format", "jsonl", "--json", "--out", "told.json")

    assert (refused.code, refused.error["code"]) == (2, "invalid_input")
    assert beside.out.startswith('{"format"')
    assert json.loads((tmp_path / "told.json").read_text())["file"] == "-"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["x.txt"], "the format of x.txt is not known: its suffix names none (say it with --format: omnilogue/1, mark"),
        (["-"], "the format of - is not known"),
        (["x.md", "--format", "markdwon"], "there is no format 'markdwon' (did you mean markdown?)"),
        (["none/x.md"], "none/x.md cannot be written: No such file or directory"),
        (["."], "the format of . is not known"),
    ],
)
def test_what_cannot_be_meant_is_a_usage_error(cli: Cli, said: str, arguments: list[str], told: str) -> None:
    found = cli("export", said, *arguments)

    assert found.code == 2
    assert told in found.err
    assert cli("export", said).code == 2


def test_a_link_is_not_followed(cli: Cli, said: str, tmp_path: Path) -> None:
    (tmp_path / "link.md").symlink_to(tmp_path / "target.md")

    found = cli("export", said, "link.md")

    assert (found.code, (tmp_path / "target.md").exists()) == (2, False)
    assert "link.md is a symbolic link" in found.err


def test_a_failure_leaves_the_old_file(cli: Cli, work: str, vendor: MindCraftEmulator, tmp_path: Path) -> None:
    (tmp_path / "all.jsonl").write_text("old")

    found = cli("export", ":archive:kept.db:nothing", "all.jsonl")

    assert found.code == 4
    assert (tmp_path / "all.jsonl").read_text() == "old"
    assert sorted(os.listdir(tmp_path)) == ["all.jsonl", "home"]


def test_what_cannot_be_listed_is_said(cli: Cli, threads: str, tmp_path: Path) -> None:
    cli("new", threads)

    words, document = cli("export", threads, "a.jsonl"), cli("export", threads, "b.jsonl", "--json")

    assert words.out.startswith("1 known conversation with 0 messages -> a.jsonl\n")
    assert "This is not everything" in words.err
    assert document.document["complete"] is False
    assert json.loads((tmp_path / "a.jsonl").read_text().splitlines()[-1])["end"]["complete"] is False


def test_progress_is_for_those_who_look(cli: Cli, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("omnilogue.cli.progress.EVERY", 0)

    assert "read, " in cli("export", said, "a.jsonl", err_terminal=True, out_terminal=True).err
    assert "read, " not in cli("export", said, "a.jsonl").err
    assert "read, " not in cli("export", said, "a.jsonl", "-q", err_terminal=True).err
    assert "read, " not in cli("export", said, "-", "--format", "md", err_terminal=True, out_terminal=True).err


def test_a_reader_that_has_enough_ends_it(cli: Cli, kept: str) -> None:
    for _ in range(3):
        cli("append", kept, "x" * 100_000)
    script = f"{sys.executable} -m omnilogue export {kept} - --format jsonl -q | head -c 10"

    found = subprocess.run(["sh", "-c", script], capture_output=True, timeout=30, check=False)

    assert (found.stdout, found.stderr) == (b'{"format":', b"")
