"""The walk of docs/copying.md, command by command, between two vendors on loopback."""

import re
import shlex
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from omnilogue import CheckReport, Client, CopyReport, MigrationReport, UndoReport
from omnilogue.mapping.losses import Loss
from omnilogue.migrate.reports import (
    CheckedMessages,
    ConversationCounts,
    Failure,
    Finding,
    Kept,
    MessageCounts,
    MigrationItem,
)
from omnilogue.model.values import Value
from omnilogue_ichati.emulator import IChatiEmulator
from omnilogue_mindcraft.emulator import MindCraftEmulator

Cli: TypeAlias = Callable[..., Any]

PAGE = Path(__file__).parents[3] / "docs" / "copying.md"
MIGRATION = re.compile(r"m-[0-9a-f]{4}")
WALK = ["remotes", "plan", "copy", "check", "undo", "copy", "state", "copy", "check", "migrations", "migrations"]


def walk() -> list[tuple[str, list[str]]]:
    """Give each command of the page with the lines that it shows."""
    blocks = re.findall(r"```console\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    commands = [part.splitlines() for block in blocks for part in block.split("$ ")[1:]]
    return [(lines[0], lines[1:]) for lines in commands]


def preparations() -> list[list[str]]:
    """Give the lines before the walk, as words: vendors that are served, what is exported, remotes that are added."""
    block = re.findall(r"```sh\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)[0]
    return [shlex.split(line) for line in block.splitlines()]


@pytest.fixture
def vendors(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The accounts that the page speaks of, made as it says; ports are free ones."""
    with IChatiEmulator() as old, MindCraftEmulator() as new:
        places = {"base_url=http://127.0.0.1:8801/api/": old.url, "base_url=http://127.0.0.1:8802/v1/": new.url}
        for words in preparations():
            if words[0] == "export":
                for name, value in (word.split("=") for word in words[1:]):
                    monkeypatch.setenv(name, value)
            if words[:3] == ["omnilogue", "remotes", "add"]:
                here = [f"base_url={places[word]}" if word in places else word for word in words[1:]]
                assert cli(*here, "settle=0").code == 0
        yield


def talk(*numbers: int) -> None:
    """Let somebody use the old vendor."""
    with Client() as client:
        remote = client.remote("old")
        for number in numbers:
            conversation = remote.create(title=f"Trip {number}")
            remote.send(conversation, "Where to in May?")
            remote.send(conversation, "And in June?")


def pattern(shown: str) -> str:
    """Give what a line must look like where the page shows this one: `...` stands for anything.

    Which of several copies gets which id depends on who is served first.
    """
    line = ".*".join(re.sub(r"m\\-[0-9a-f]{4}", "m-[0-9a-f]{4}", re.escape(part)) for part in shown.split("..."))
    return re.sub(r"new:\d+", r"new:\\d+", line)


def test_the_page_walks_all_the_way() -> None:
    assert [command.split()[1] for command, _ in walk()] == WALK


def test_the_page_serves_the_vendors_it_names() -> None:
    served = [words[2:5] for words in preparations() if words[1:2] == ["emulate"]]

    assert served == [["ichati", "--port", "8801"], ["mindcraft", "--port", "8802"]]


def test_each_command_of_the_page_shows_what_the_page_shows(cli: Cli, vendors: None) -> None:
    talk(*range(1, 13))
    known: dict[str, str] = {}

    for command, shown in walk():
        words = [known.get(word, word) for word in shlex.split(command)[1:]]
        found = cli(*words)

        assert found.code == 0, (command, found.err)
        lines = iter(line.rstrip() for line in found.lines)
        for line in shown:
            wanted = re.compile(pattern(line))
            assert line == "..." or any(wanted.fullmatch(one) for one in lines), (command, line, found.out)
        if command.startswith("omnilogue copy"):
            known[MIGRATION.findall(shown[-1])[0]] = MIGRATION.findall(found.lines[-1])[0]
        if command.startswith("omnilogue state"):
            talk(13, 14)


@pytest.mark.parametrize("kind", [CopyReport, CheckReport, UndoReport, MigrationReport])
def test_the_page_names_every_field_of_a_report(kind: type[Value]) -> None:
    [row] = [
        line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith(f"| `{kind.__name__}` |")
    ]

    assert set(re.findall(r"\w+", row)) >= kind.model_fields.keys()


@pytest.mark.parametrize(
    "kind", [ConversationCounts, MessageCounts, CheckedMessages, Failure, Finding, Kept, MigrationItem, Loss]
)
def test_the_page_names_every_field_of_what_a_report_holds(kind: type[Value]) -> None:
    told = set(re.findall(r"\w+", PAGE.read_text(encoding="utf-8").partition("### What reports tell")[2]))

    assert told >= kind.model_fields.keys()
