"""`new`, `update`, `append`, `edit`, `rm` and `clear`."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import pytest

Cli: TypeAlias = Callable[..., Any]


def texts(cli: Cli, address: str) -> list[str]:
    items = cli("ls", address, "--json").document["items"]
    return ["".join(part.get("text", "") for part in item["parts"]) for item in items]


def test_new_prints_the_address(cli: Cli, archive: str) -> None:
    found = cli("new", archive, "--title", "-dashed", "--model", "m1")

    assert found.out.startswith(f"{archive}:")
    assert cli("show", found.out.strip(), "--json").document["title"] == "-dashed"


def test_the_document_of_new_is_the_conversation(cli: Cli, archive: str) -> None:
    document = cli("new", archive, "--title", "T", "--meta", "a=1", "--meta", "b=", "--json").document

    assert (document["title"], document["metadata"]) == ("T", {"a": "1", "b": ""})


def test_update_changes_what_is_named(cli: Cli, kept: str) -> None:
    options = ["--title", "New", "--meta", "more=", "--unset", "team", "--pin", "--model", "m2"]

    document = cli("update", kept, *options, "--json").document

    assert document["title"] == "New"
    assert document["metadata"] == {"more": ""}
    assert document["pinned"] is True
    assert document["instructions"] == "Be brief."
    assert cli("update", kept, "--no-pin").out == f"{kept}\n"
    assert cli("show", kept, "--json").document["pinned"] is False


@pytest.mark.parametrize("options", [[], ["--meta", "a=1", "--unset", "a"], ["--meta", "a"], ["--unset"]])
def test_an_update_that_cannot_be_meant_is_refused(cli: Cli, kept: str, options: list[str]) -> None:
    assert cli("update", kept, *options).code == 2


def test_append_prints_the_id_of_what_was_stored(cli: Cli, kept: str) -> None:
    identifier = cli("append", kept, "Where to?").out.strip()

    document = cli("append", kept, "Lisbon.", "--role", "assistant", "--json").document

    assert cli("ls", kept).lines[0].startswith(f"{identifier}\t")
    assert document["role"] == "assistant"


@pytest.mark.parametrize(
    "text", ["-5 degrees", "-vague", "-yes please", "--dry", "--dry=1", "- item", "-q?", "--zzz5", "-é"]
)
def test_a_text_may_begin_with_a_hyphen(cli: Cli, kept: str, text: str) -> None:
    identifier = cli("append", kept, "x").out.strip()

    assert cli("append", kept, text).code == 0
    assert cli("append", "--role", "assistant", kept, text, "-q").code == 0
    assert cli("edit", kept, identifier, text).code == 0
    assert texts(cli, kept) == [text] * 3


@pytest.mark.parametrize("text", ["--json", "-v", "--help", "-", "--allow-loss"])
def test_behind_a_double_hyphen_everything_is_text(cli: Cli, kept: str, text: str) -> None:
    cli("append", kept, "--", text, stdin=b"-")

    assert texts(cli, kept) == [text]


def test_a_hyphen_alone_is_standard_input_to_its_end(cli: Cli, kept: str) -> None:
    cli("append", kept, "-", stdin="Grüße\nund mehr\n".encode())

    assert texts(cli, kept) == ["Grüße\nund mehr\n"]


@pytest.mark.parametrize("content", [b"", b" \n", b"\xff", b"\xed\xa0\x80"])
def test_standard_input_that_is_no_text_is_a_usage_error(cli: Cli, kept: str, content: bytes) -> None:
    assert cli("append", kept, "-", stdin=content).code == 2
    assert texts(cli, kept) == []


@pytest.mark.parametrize(
    "arguments",
    [
        ["append", "{kept}"],
        ["append", "{kept}", ""],
        ["append", "{kept}", " "],
        ["append", "{archive}", "text"],
        ["append", "{archive}:", "text"],
        ["append", "{archive}: ", "text"],
        ["append", "{kept}", "text", "more"],
        ["append", "{kept}", "text", "--rolle", "user"],
        ["append", "{kept}", "--rolle", "user", "text"],
        ["append", "{kept}", "text", "--role", "nobody"],
        ["append", "{kept}", "text", "--attach", "missing.png"],
        ["append", "", "text"],
        ["edit", "{kept}", "m"],
        ["edit", "{kept}", "", "text"],
        ["edit", "{kept}", "m", ""],
        ["edit", "{archive}", "m", "text"],
        ["rm"],
        ["rm", ""],
        ["rm", "{archive}"],
        ["rm", "{archive}:"],
        ["rm", "{kept}", ""],
        ["rm", "{kept}", " "],
        ["rm", "work:"],
        ["clear", "{archive}"],
        ["clear", "{archive}:"],
        ["clear", ""],
        ["show", "{archive}"],
        ["new", "{kept}"],
        ["new", ""],
        ["new", "{archive}", "--meta", "nothing"],
        ["new", "{archive}", "--timeout", "0"],
        ["new", "{archive}", "--timeout", "-1"],
        ["new", "{archive}", "--timeout", "nan"],
        ["new", "{archive}", "--timeout", "long"],
        ["new", "{archive}", "--allow-loss="],
        ["new", "{archive}", "--allow-loss=text,everything"],
        ["new", "{archive}", "--title", "a", "--title", "b"],
        ["new", "{archive}", "--config", "missing.toml"],
        ["nothing"],
        ["--nothing"],
    ],
)
def test_usage_errors_change_nothing(cli: Cli, archive: str, kept: str, arguments: list[str]) -> None:
    words = [word.format(archive=archive, kept=kept) for word in arguments]

    told = cli(*words)
    document = cli(*words, "--json") if "--" not in words else None

    assert told.code == 2
    assert told.out == ""
    assert told.err.startswith("omnilogue: ")
    assert told.err.count("\n") == 1
    if document:
        assert document.code == 2
        assert document.error["code"] in {"invalid_input", "config"}
    assert len(cli("ls", archive).lines) == 1
    assert texts(cli, kept) == []


def test_edit_replaces_a_text_and_prints_the_address(cli: Cli, kept: str) -> None:
    identifier = cli("append", kept, "Where?").out.strip()

    told = cli("edit", kept, identifier, "Where to?")
    document = cli("edit", kept, identifier, "-", "--json", stdin=b"Where to in May?").document

    assert told.out == f"{kept}\n"
    assert document["message"]["id"] == identifier
    assert document["grade"] == "native"
    assert texts(cli, kept) == ["Where to in May?"]


def test_rm_deletes_one_message(cli: Cli, kept: str) -> None:
    first = cli("append", kept, "one").out.strip()
    cli("append", kept, "two")

    document = cli("rm", kept, first, "--json").document

    assert document["id_map"] == {first: None}
    assert texts(cli, kept) == ["two"]


def test_rm_deletes_a_conversation_without_asking_where_nobody_could_answer(cli: Cli, archive: str, kept: str) -> None:
    assert cli("rm", kept, "--json").document == {"deleted": kept}
    assert cli("ls", archive).out == ""


@pytest.mark.parametrize(
    ("answer", "options", "left"),
    [
        (b"y\n", [], 0),
        (b"Yes\n", [], 0),
        (b"n\n", [], 1),
        (b"\n", [], 1),
        (b"", [], 1),
        (b"", ["--yes"], 0),
        (b"", ["-y"], 0),
    ],
)
def test_rm_asks_on_a_terminal(cli: Cli, kept: str, answer: bytes, options: list[str], left: int) -> None:
    found = cli("rm", kept, *options, stdin=answer, stdin_terminal=True, err_terminal=True)

    assert found.code == (2 if left else 0)
    assert (f"Delete {kept} at archive with all its messages? [y/N]" in found.err) is not bool(options)
    assert (cli("show", kept).code == 0) is bool(left)


def test_a_message_goes_without_a_question(cli: Cli, kept: str) -> None:
    identifier = cli("append", kept, "one").out.strip()

    assert cli("rm", kept, identifier, stdin_terminal=True).code == 0


def test_clear_removes_all_messages(cli: Cli, kept: str) -> None:
    cli("append", kept, "one")

    document = cli("clear", kept, "--json").document

    assert document["conversation"]["id"] == kept.rpartition(":")[2]
    assert texts(cli, kept) == []
    assert cli("clear", kept).out == f"{kept}\n"


def test_files_go_along_by_their_kind(cli: Cli, kept: str) -> None:
    for name in ("a.png", "b.mp3", "c.pdf"):
        Path(name).write_bytes(name.encode())

    with_text = cli("append", kept, "Look", "--attach", "a.png", "--attach", "b.mp3", "--attach", "c.pdf", "--json")
    without = cli("append", kept, "--attach", "a.png", "--json")

    assert [part["type"] for part in with_text.document["parts"]] == ["text", "image", "audio", "file"]
    assert [part["type"] for part in without.document["parts"]] == ["image"]


def test_common_options_may_stand_before_the_command(cli: Cli, archive: str) -> None:
    assert cli("--json", "-q", "--timeout", "5", "ls", archive).document["complete"] is True
    assert cli("--json", "--config=missing.toml", "ls", archive).error["code"] == "config"


def test_out_holds_the_result_and_nothing_else(cli: Cli, kept: str) -> None:
    cli("append", kept, "Grüße")

    found = cli("show", kept, "--out", "trip.txt")
    cli("ls", kept, "--json", "--out", "trip.json")

    assert (found.code, found.out) == (0, "")
    assert Path("trip.txt").read_text(encoding="utf-8").endswith("Grüße\n")
    assert Path("trip.json").read_text(encoding="utf-8").startswith("{")
    assert sorted(path.name for path in Path().glob("*trip*")) == ["trip.json", "trip.txt"]


def test_an_error_leaves_the_file_of_out_as_it_was(cli: Cli, work: str) -> None:
    Path("kept.json").write_text("before")

    found = cli("show", "work:424242", "--json", "--out", "kept.json")

    assert found.error["code"] == "not_found"
    assert Path("kept.json").read_text() == "before"
    assert [path.name for path in Path().iterdir() if "kept.json" in path.name] == ["kept.json"]


@pytest.mark.parametrize("path", ["missing/a.json", "."])
def test_a_file_that_cannot_be_written_is_a_usage_error(cli: Cli, archive: str, path: str) -> None:
    found = cli("ls", archive, "--json", "--out", path)

    assert found.code == 2
    assert "cannot be written" in found.error["message"]


def test_out_keeps_links_and_modes(cli: Cli, archive: str) -> None:
    Path("real.json").write_text("")
    Path("real.json").chmod(0o640)
    Path("link.json").symlink_to("real.json")

    cli("ls", archive, "--json", "--out", "link.json")

    assert Path("link.json").is_symlink()
    assert Path("real.json").read_text().startswith("{")
    assert Path("real.json").stat().st_mode & 0o777 == 0o640
