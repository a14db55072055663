"""The help of every command."""

import inspect
from collections.abc import Callable
from typing import Any, TypeAlias

import pytest

from omnilogue.cli.app import ROWS, build

Cli: TypeAlias = Callable[..., Any]

COMMANDS = [[name] for name, *_ in ROWS] + [["remotes", name] for name in ("add", "rm", "check")]
COMMANDS += [["state", name] for name in ("backup", "upgrade", "rename")]
PROMISED = {
    *("ls", "show", "new", "update", "append", "send", "chat", "regenerate", "edit", "rm", "clear"),
    *("plan", "copy", "check", "migrations", "retry", "undo"),
    *("adopt", "state", "remotes", "providers", "plugins", "emulate", "demo", "conform"),
    *("export", "import"),
}


def test_every_command_is_there(cli: Cli) -> None:
    found = cli("--help")

    assert found.code == 0
    assert {line.split()[1] for line in found.lines if line.startswith("│ ")} >= PROMISED
    assert cli().out == found.out


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_help_has_a_summary_and_examples_and_fits_a_terminal(cli: Cli, command: list[str]) -> None:
    found = cli(*command, "--help")

    examples = found.out.partition("\nExamples:\n")[2].splitlines()
    assert found.code == 0
    assert found.lines[0].startswith(f"Usage: omnilogue {' '.join(command)}")
    assert max(map(len, found.lines)) <= 80
    assert examples
    assert all(line.startswith("  ") and "omnilogue" in line for line in examples)
    assert ("--allow-loss [=KINDS]" in found.out) is (command[0] not in {"plan", "copy", "retry"})
    assert "--state URL" in found.out
    assert cli(*command, "-h").out == found.out


@pytest.mark.parametrize(("name", "summary"), [(name, summary) for name, _, _, summary in ROWS])
def test_the_summary_is_that_of_the_command(name: str, summary: str) -> None:
    command = build(name)[name].default_command

    assert inspect.cleandoc(command.__doc__ or "").splitlines()[0] == summary


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_argument_is_explained(command: list[str]) -> None:
    app = build(command[0])
    for word in command:
        app = app[word]

    for argument in app.assemble_argument_collection():
        if argument.show and argument.field_info.name != "session":
            assert argument.parameter.help, argument.name


@pytest.mark.parametrize("arguments", [["ls", "--nothing"], ["nothing"], ["send", "a:b"], ["remotes", "nothing"]])
def test_an_error_says_where_help_is(cli: Cli, arguments: list[str]) -> None:
    found = cli(*arguments)

    assert found.code == 2
    assert "--help` shows how" in found.err or "write it behind the address" in found.err
