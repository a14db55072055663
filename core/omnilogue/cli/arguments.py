"""Bringing a command line into the order that the parser takes, before it is parsed."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..errors import InvalidInputError
from .session import ANY_LOSS

if TYPE_CHECKING:
    from cyclopts import App

END = "--"
LIKENESS = 0.7
"""From how like an option a word is taken for a slip: `--jsno` is one of `--json`, `--dry` of none."""

LOSS = "--allow-loss"

WITH_VALUE = ("--config", "--state", "--out", "--timeout")
WITHOUT_VALUE = ("--json", "--yes", "-y", "--verbose", "--quiet", "-q", "--no-plugins", LOSS)

_VERBOSE = re.compile(r"-v+")


def says_json(arguments: list[str]) -> bool:
    """Whether the result is asked for as JSON; known before parsing, because that may fail."""
    return "--json" in _before_end(arguments)


def command_word(arguments: list[str]) -> str | None:
    """Give the first word that is no common option: the command's name."""
    rest = list(arguments)
    while rest and (size := _common_option(rest)):
        rest = rest[size:]
    return rest[0] if rest else None


def arrange(app: App, arguments: list[str]) -> list[str]:
    """Move common options behind the command, give `--allow-loss` its value, and protect a TEXT with a hyphen."""
    words: list[str] = []
    moved: list[str] = []
    rest, current = list(arguments), app
    while rest:
        if size := _common_option(rest):
            moved, rest = [*moved, *rest[:size]], rest[size:]
        elif not rest[0].startswith("-") and rest[0] in current:
            words.append(rest.pop(0))
            current = current[words[-1]]
        else:
            break
    if not words:
        return arguments
    options = _before_end([*moved, *rest])
    tail = [*moved, *rest][len(options) :]
    options = [f"{LOSS}={ANY_LOSS}" if word == LOSS else word for word in options]
    return [*words, *(options + tail if tail else _protected(current, options))]


def _before_end(arguments: list[str]) -> list[str]:
    return arguments[: arguments.index(END)] if END in arguments else arguments


def _common_option(words: list[str]) -> int:
    """Give how many words the common option at the beginning takes, 0 where there is none."""
    name, equals, _ = words[0].partition("=")
    if name in WITH_VALUE:
        return 1 if equals else min(2, len(words))
    return int(name in WITHOUT_VALUE or bool(_VERBOSE.fullmatch(name)))


@dataclass(frozen=True)
class _Shape:
    """What a command's own signature takes."""

    flags: frozenset[str]
    valued: frozenset[str]
    positionals: int
    takes_text: bool


def _shape(command: App) -> _Shape:
    flags, valued = {"--help", "-h", "--version"}, set[str]()
    positionals, takes_text = 0, False
    for argument in command.assemble_argument_collection():
        if not argument.parse:
            continue
        if argument.field_info.kind is argument.field_info.POSITIONAL_ONLY:
            positionals += 1
            takes_text = takes_text or argument.parameter.allow_leading_hyphen
            continue
        takes_none = bool(argument.parameter.count) or argument.token_count()[0] == 0
        (flags if takes_none else valued).update(argument.names)
    return _Shape(frozenset(flags), frozenset(valued), positionals, takes_text)


def _protected(command: App, words: list[str]) -> list[str]:
    """Put a TEXT that begins with a hyphen where it cannot be taken for options: `-vague` is no `-v`.

    Raises InvalidInputError for what looks like an option and cannot be TEXT.
    """
    shape = _shape(command) if command.default_command else None
    if shape is None or not shape.takes_text:
        return words
    options: list[str] = []
    positionals: list[str] = []
    rest = list(words)
    while rest:
        word = rest.pop(0)
        name, equals, _ = word.partition("=")
        if name in shape.valued:
            options.append(word)
            if not equals and rest:
                options.append(rest.pop(0))
        elif name in shape.flags or re.fullmatch(r"-[hqvy]+", word):
            options.append(word)
        else:
            positionals.append(word)
    strange = [word for word in positionals[: shape.positionals - 1] if _looks_like_option(word)]
    if len(positionals) > shape.positionals:
        strange += [word for word in positionals[shape.positionals - 1 :] if _looks_like_option(word)]
    if strange:
        raise _unknown(strange[0], shape)
    if len(positionals) == shape.positionals and (near := _nearest_option(positionals[-1], shape)):
        raise InvalidInputError(
            f"{positionals[-1]} is no option",
            hint=f"did you mean {near}? A TEXT like this goes behind --, or - reads it",
        )
    return [*options, END, *positionals]


def _looks_like_option(word: str) -> bool:
    return word.startswith("-") and len(word) > 1


def _nearest_option(word: str, shape: _Shape) -> str | None:
    """Give the option that a word may be a slip of; a single hyphen, or a blank, makes it a text."""
    name = word.partition("=")[0]
    if not name.startswith("--") or len(name.split()) != 1:
        return None
    known = {option.lstrip("-"): option for option in (*shape.flags, *shape.valued)}
    near = difflib.get_close_matches(name.lstrip("-"), known, n=1, cutoff=LIKENESS)
    return known[near[0]] if near else None


def _unknown(word: str, shape: _Shape) -> InvalidInputError:
    near = _nearest_option(word, shape)
    return InvalidInputError(
        f"unknown option {word}", hint=f"did you mean {near}?" if near else "write -- before words with a hyphen"
    )
