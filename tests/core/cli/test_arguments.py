"""What is TEXT, and what is an option that was mistyped."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import pytest

Cli: TypeAlias = Callable[..., Any]


@pytest.mark.parametrize("command", [["append"], ["send"], ["edit", "1"]])
@pytest.mark.parametrize(
    ("slip", "meant"),
    [("--jsno", "--json"), ("--jsno=1", "--json"), ("--timout", "--timeout"), ("--alow-loss", "--allow-loss")],
)
def test_a_slip_is_no_text(cli: Cli, kept: str, command: list[str], slip: str, meant: str) -> None:
    name, *message = command

    alone = cli(name, kept, *message, slip)
    after = cli(name, kept, *message, "Hello", slip)
    before = cli(name, slip, kept, *message, "Hello")

    assert [found.code for found in (alone, after, before)] == [2, 2, 2]
    assert all(f"did you mean {meant}?" in found.err for found in (alone, after, before))
    assert "goes behind --, or - reads it" in alone.err
    assert cli("ls", kept).out == ""


@pytest.mark.parametrize(
    "words", [["--", "--jsno"], ["-vague"], ["--- what is this?"], ["--jsno is no option"], ["--zzzzzz"], ["-"]]
)
def test_what_is_meant_as_text_is_text(cli: Cli, kept: str, words: list[str]) -> None:
    assert cli("append", kept, *words, stdin=b"-").code == 0
    assert cli("show", kept).lines[-1] == words[-1]


def test_exactly_one_text_is_taken(cli: Cli, kept: str) -> None:
    assert cli("append", kept, "two", "words").code == 2
    assert cli("append", kept, "--", "-a", "-b").code == 2
    assert Path("kept.db").exists()
    assert cli("ls", kept).out == ""
