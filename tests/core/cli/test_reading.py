"""`ls` and `show`."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from omnilogue_mindcraft.emulator import MindCraftEmulator

Cli: TypeAlias = Callable[..., Any]


def test_ls_alone_lists_the_remotes(cli: Cli, work: str) -> None:
    document = cli("ls", "--json").document

    assert document["complete"] is True
    assert [(item["name"], item["provider"]) for item in document["items"]] == [("work", "mindcraft")]
    assert cli("ls").lines[0].startswith("work:\tmindcraft\t")
    assert json.loads(cli("ls", "--jsonl").out)["name"] == "work"


def test_ls_lists_conversations_by_address(cli: Cli, archive: str) -> None:
    address, time, title = cli("ls", archive).lines[0].split("\t")

    assert address.startswith(f"{archive}:")
    assert len(time) == len("2026-11-21 12:00")
    assert title == "Trip"


def test_the_document_has_the_fields_of_the_model(cli: Cli, archive: str) -> None:
    (item,) = cli("ls", archive, "--json").document["items"]

    assert item["title"] == "Trip"
    assert item["metadata"] == {"team": "blue"}
    assert item["instructions"] == "Be brief."
    assert item["created_at"].endswith("Z")


def test_jsonl_prints_an_item_a_line(cli: Cli, archive: str) -> None:
    cli("new", archive, "--title", "Two\nlines")

    titles = {json.loads(line)["title"] for line in cli("ls", archive, "--jsonl").lines}

    assert titles == {"Trip", "Two\nlines"}


def test_ls_of_a_conversation_lists_its_messages(cli: Cli, kept: str) -> None:
    cli("append", kept, "Where to\nin May?")
    cli("append", kept, "Lisbon.", "--role", "assistant")

    rows = [line.split("\t") for line in cli("ls", kept).lines]
    newest = cli("ls", kept, "--order", "desc", "--limit", "1", "--json").document["items"]

    assert [(row[2], row[3]) for row in rows] == [("user", "Where to in May?"), ("assistant", "Lisbon.")]
    assert [item["parts"][0]["text"] for item in newest] == ["Lisbon."]


@pytest.mark.parametrize(
    ("options", "titles"),
    [
        ([], ["Trip", "Work"]),
        (["--title", "T*"], ["Trip"]),
        (["--meta", "team=blue"], ["Trip"]),
        (["--meta", "team=blue", "--meta", "other="], []),
        (["--since", "1h"], ["Trip", "Work"]),
        (["--until", "1h"], []),
        (["--since", "2001-01-01", "--until", "2002-01-01T00:00Z"], []),
        (["--order", "-title"], ["Work", "Trip"]),
        (["--order=-title", "--limit", "1"], ["Work"]),
        (["--limit", "0"], []),
        (["--search", "trip"], ["Trip"]),
    ],
)
def test_ls_chooses_and_orders(cli: Cli, archive: str, options: list[str], titles: list[str]) -> None:
    cli("new", archive, "--title", "Work")

    found = [line.split("\t")[2] for line in cli("ls", archive, *options).lines]

    assert (found if "--order" in " ".join(options) else sorted(found)) == titles


@pytest.mark.parametrize(
    ("address", "options"),
    [
        ("", ["--since", "3d"]),
        ("", ["--limit", "3"]),
        (":archive:kept.db", ["--branches"]),
        (":archive:kept.db:x", ["--title", "T"]),
        (":archive:kept.db:x", ["--meta", "a=b"]),
        (":archive:kept.db:x", ["--order", "title"]),
        (":archive:kept.db", ["--ids-from", "ids", "--search", "x"]),
        (":archive:kept.db", ["--json", "--jsonl"]),
        (":archive:kept.db", ["--since", "yesterday"]),
        (":archive:kept.db", ["--limit", "-1"]),
        (":archive:kept.db", ["--limit", "many"]),
        (":archive:kept.db", ["--order", "size"]),
        ("kept.db", []),
        (":archive:kept.db:", []),
    ],
)
def test_what_would_be_ignored_is_refused(cli: Cli, archive: str, address: str, options: list[str]) -> None:
    Path("ids").write_text("x\n")

    found = cli("ls", *([address] if address else []), *options)

    assert found.code == 2


@pytest.mark.parametrize("form", ["{id}", "{address}"])
def test_ids_come_from_a_file_or_standard_input(cli: Cli, archive: str, kept: str, form: str) -> None:
    line = form.format(id=kept.removeprefix(f"{archive}:"), address=kept)
    Path("ids.txt").write_text(f"{line}\n\n")

    from_file = cli("ls", archive, "--ids-from", "ids.txt")
    from_input = cli("ls", archive, "--ids-from", "-", "--json", stdin=f"{line}\n".encode())

    assert from_file.lines[0].split("\t")[0] == kept
    assert from_input.document["complete"] is True
    assert [item["title"] for item in from_input.document["items"]] == ["Trip"]


@pytest.mark.parametrize(("content", "code"), [(b"\xff\xfe", 2), (b"unknown\n", 4)])
def test_ids_that_cannot_be_shown_are_an_error(cli: Cli, archive: str, content: bytes, code: int) -> None:
    assert cli("ls", archive, "--ids-from", "-", stdin=content).code == code
    assert cli("ls", archive, "--ids-from", "missing.txt").code == 2


def test_rows_are_aligned_on_a_terminal_and_cut_at_its_width(cli: Cli, archive: str, kept: str) -> None:
    cli("append", kept, "短い")
    cli("append", kept, "long " * 50, "--role", "assistant")

    short, long = cli("ls", kept, out_terminal=True).lines

    assert short.index("user") == long.index("assistant")
    assert "\t" not in short
    assert len(long) == 80
    assert long.endswith("…")


def test_a_list_that_is_not_complete_says_so_in_words(cli: Cli, talk: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from omnilogue.remote.reading import Listing

    note = Listing._note
    monkeypatch.setattr(Listing, "_note", lambda self, *, complete: note(self, complete=False))

    listed = cli("ls", talk)
    document = cli("ls", talk, "--json")
    shown = cli("show", talk, "--json")
    quiet = cli("ls", talk, "-q")

    assert "This list is not complete" in listed.err
    assert "list_incomplete" not in listed.err
    assert document.document["complete"] is False
    assert "This list is not complete" in document.err
    assert "This list is not complete" in shown.err
    assert quiet.err == ""


def test_show_prints_a_transcript(cli: Cli, kept: str) -> None:
    cli("append", kept, "Where to?")
    cli("append", kept, "Lisbon.\nOr Porto.", "--role", "assistant")

    lines = cli("show", kept).lines

    assert lines[:2] == ["Trip", kept]
    assert "instructions: Be brief." in lines
    assert "metadata: team=blue" in lines
    assert lines[-2:] == ["Lisbon.", "Or Porto."]
    assert any(line.startswith("--- assistant  ") for line in lines)


def test_show_tells_of_what_is_no_text(cli: Cli, kept: str) -> None:
    Path("map.png").write_bytes(b"12345")
    cli("append", kept, "The map", "--attach", "map.png")

    assert "[image: map.png, image/png, 5 bytes]" in cli("show", kept).lines


def test_the_document_of_show_is_the_conversation_with_its_messages(cli: Cli, kept: str) -> None:
    cli("append", kept, "Where to?")

    document = cli("show", kept, "--json").document

    assert document["title"] == "Trip"
    assert [message["role"] for message in document["messages"]] == ["user"]


@pytest.mark.parametrize("command", [["show"], ["ls"]])
def test_text_of_others_does_not_control_the_terminal(cli: Cli, archive: str, command: list[str]) -> None:
    hostile = "\x1b[2J\x9b\x07[b]\u202egnp"
    address = cli("new", archive, "--title", hostile).out.strip()
    cli("append", address, hostile)

    out = "".join(
        cli(*command, address, *flags, out_terminal=terminal).out
        for flags, terminal in [([], True), ([], False), (["--json"], True)]
    )
    titles = cli("ls", archive, out_terminal=True).out

    for seen in (out, titles):
        assert not set(seen) & {"\x1b", "\x9b", "\x07", "\u202e"}
        assert "[2J[b]" in seen
        assert "\\u202e" in seen


def test_an_unknown_remote_is_a_configuration_error(cli: Cli) -> None:
    found = cli("ls", "nothing:", "--json")

    assert found.code == 2
    assert found.error["code"] == "config"


@pytest.mark.parametrize("command", [["ls"], ["show"]])
def test_what_is_not_there_is_not_found(cli: Cli, work: str, command: list[str]) -> None:
    found = cli(*command, "work:424242", "--json")

    assert found.code == 4
    assert found.error["code"] == "not_found"


def test_progress_is_shown_on_a_terminal_only(cli: Cli, kept: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("omnilogue.cli.progress.EVERY", 0.0)
    cli("append", kept, "Where to?")

    assert "1 read" in cli("ls", kept, "--json", err_terminal=True).err
    assert cli("ls", kept, "--json", "-q", err_terminal=True).err == ""
    assert cli("ls", kept, "--json").err == ""
    assert cli("ls", kept, out_terminal=True, err_terminal=True).err == ""


def test_an_outage_is_temporary(
    cli: Cli, work: str, vendor: MindCraftEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMNILOGUE_REMOTES__WORK__MAX_ATTEMPTS", "1")
    vendor.fail_next("status", status=503)

    found = cli("ls", work, "--json")

    assert found.code == 5
    assert found.error["code"] == "server"
    assert cli("ls", work, "--json").code == 0
