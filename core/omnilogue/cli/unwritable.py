"""The end of a command whose result cannot be written."""

from __future__ import annotations

import contextlib
import os
import sys
from typing import TextIO


def give_up(error: OSError) -> int:
    """Tell why, and give the exit code; a reader who has had enough, as with `| head`, is no error."""
    for stream in (sys.stdout, sys.stderr):
        _let_go(stream)
    if isinstance(error, BrokenPipeError):
        return 0
    with contextlib.suppress(OSError):
        sys.stderr.write(f"omnilogue: the result cannot be written: {error.strerror}\n")
    return 1


def _let_go(stream: TextIO) -> None:
    """Let vanish what can be written no more, so that the interpreter does not complain at its end."""
    try:
        stream.flush()
    except OSError:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
