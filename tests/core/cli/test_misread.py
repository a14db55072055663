"""What cannot be read is told in our own words, with what is allowed."""

from collections.abc import Callable
from typing import Any, TypeAlias, get_args

import pytest

Cli: TypeAlias = Callable[..., Any]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["ls", "a:", "--limit", "x"], "--limit 'x' is no whole number (`omnilogue ls --help` shows how)"),
        (["ls", "a:", "--timeout", "x"], "--timeout 'x' is no number ("),
        (["update", "a:b", "--pin=x"], "--pin 'x' is neither true nor false ("),
        (["show", "a:b", "c", "d"], "'c' is one word too many (a text with blanks goes in quotes; `omnilogue sho"),
        (["remotes", "set", "work"], "'set' is one word too many ("),
        (["completion", "klingon"], "SHELL 'klingon' is none of bash, fish, powershell, zsh ("),
        (["append", "a:b", "x", "--role", "bogus"], "--role 'bogus' is no role (write user, assistant, system,"),
        (["append", "a:b", "x", "--role", "other:"], "--role 'other:' is no role"),
        (["ls", ":archive:a.db", "--limit", "-1"], "limit: must be 0 or more"),
        (["emulate", "mindcraft", "--quirk", "max_size=many"], "--quirk: quirk 'max_size' must be a whole number"),
        (["remotes", "add", "ab", "memory", "timeout=x"], "remotes.ab.timeout: must be a number"),
    ],
)
def test_a_value_that_cannot_be_read_is_a_usage_error(cli: Cli, arguments: list[str], told: str) -> None:
    found = cli(*arguments)

    assert found.code == 2
    assert told in found.err
    assert "Input should" not in found.err


@pytest.mark.parametrize(
    ("option", "told"),
    [
        ("--sample", "Unknown option: --sample. (`"),
        ("--concurency", "Unknown option: --concurency. Did you mean --concurrency? (`"),
        ("--max-deads=3", "Unknown option: --max-deads. Did you mean --max-dead? (`"),
    ],
)
def test_only_an_option_that_is_like_it_is_guessed(cli: Cli, option: str, told: str) -> None:
    found = cli("copy", "a:", "b:", option, "3")

    assert found.code == 2
    assert told in found.err


@pytest.mark.parametrize("option", [["--max-output-tokens", "0"], ["--temperature", "-1"]])
def test_a_number_out_of_range_is_told_with_its_range(cli: Cli, talk: str, option: list[str]) -> None:
    assert "must be" in cli("send", talk, "x", *option).err


def test_the_roles_are_those_of_the_model() -> None:
    from omnilogue.cli.values import ROLES
    from omnilogue.model.values import Role

    assert set(get_args(get_args(Role)[0])) == set(ROLES)
