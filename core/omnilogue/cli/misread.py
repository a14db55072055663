"""Telling what the parser could not read, in our own words, with what is allowed."""

from __future__ import annotations

import difflib
import re
from typing import Any, Literal, get_args, get_origin

from cyclopts import CoercionError, CycloptsError, UnusedCliTokensError

from ..errors import InvalidInputError
from .arguments import LIKENESS
from .described import WORDS


def explained(error: CycloptsError, help_line: str) -> InvalidInputError:
    """Make the error for a command line that cannot be read; `help_line` says where help is."""
    if isinstance(error, CoercionError) and error.token is not None and error.msg is None:
        name = error.token.keyword or (error.argument.name if error.argument else "an argument")
        return InvalidInputError(f"{name} {error.token.value!r} is {_kind(error.target_type)}", hint=help_line)
    if isinstance(error, UnusedCliTokensError) and error.unused_tokens:
        problem = f"{error.unused_tokens[0]!r} is one word too many"
        return InvalidInputError(problem, hint=f"a text with blanks goes in quotes; {help_line}")
    return InvalidInputError(_without_far_guess(str(error).replace("\n", " ")), hint=help_line)


def _without_far_guess(text: str) -> str:
    """Take away what the parser guesses for an unknown option, unless it is like it: hyphens make no likeness."""
    found = re.fullmatch(r"(Unknown option: --([\w-]+)\.) Did you mean --([\w-]+)\?", text)
    is_far = found is not None and not difflib.get_close_matches(found[2], [found[3]], cutoff=LIKENESS)
    return found[1] if found is not None and is_far else text


def _kind(wanted: Any) -> str:
    """Say what a value is not."""
    if get_origin(wanted) is Literal:
        return f"none of {', '.join(sorted(map(str, get_args(wanted))))}"
    if wanted is bool:
        return "neither true nor false"
    return f"no {WORDS[wanted]}" if wanted in WORDS else "not understood"
