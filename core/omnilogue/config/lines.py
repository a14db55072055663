"""Finding the line of a TOML text on which a key stands, and taking a table out by its lines."""

from __future__ import annotations

import re
from collections.abc import Iterator

_KEY = r"(?:[A-Za-z0-9_-]+|\"(?:[^\"\\]|\\.)*\"|'[^']*')"
_PATH = rf"{_KEY}(?:\s*\.\s*{_KEY})*"
_HEADER = re.compile(rf"\s*\[\[?\s*({_PATH})\s*\]\]?\s*(?:#.*)?$")
_ASSIGNMENT = re.compile(rf"\s*({_PATH})\s*=")
_LONG_QUOTES = re.compile(r'"""|\'\'\'')


def line_of(text: str, steps: tuple[str, ...]) -> int | None:
    """Give the line, counted from 1, of the key at the end of `steps`, or of the nearest table around it.

    A key inside an inline table stands on the line of that table, so it needs no search of its own.
    A table that holds only what is beside the key's own second step does not count: another remote is no place.
    """
    best, found = (0, False), None
    for number, path, is_value in _definitions(text):
        depth = _common(path, steps)
        is_around = path == steps[:depth]
        if depth < min(2, len(steps)) and not (is_around and is_value):
            continue
        if (depth, is_around) > best:
            best, found = (depth, is_around), number
    return found


def without_table(text: str, steps: tuple[str, ...]) -> str:
    """Give the text without a table and those below it; comments above the next table stay.

    It goes by the headers alone: whoever uses it reads the result again.
    """
    lines = text.splitlines(keepends=True)
    headers = [(number - 1, path) for number, path, is_value in _definitions(text) if not is_value]
    kept, is_ours, begin = list[str](), False, 0
    for index, path in [*headers, (len(lines), ())]:
        is_next_ours = path[: len(steps)] == steps
        block, begin = lines[begin:index], index
        if not is_ours:
            kept += block
        elif not is_next_ours:
            kept += _above_next(block, after_blank=not kept or not kept[-1].strip())
        is_ours = is_next_ours
    return "".join(kept)


def _above_next(block: list[str], *, after_blank: bool) -> list[str]:
    """Give the comments at the end of a block; those that follow its last value at once are its own."""
    start = len(block)
    while start and (not block[start - 1].strip() or block[start - 1].lstrip().startswith("#")):
        start -= 1
    tail = block[start:]
    if blank := next((place for place, line in enumerate(tail) if not line.strip()), 0):
        tail = tail[blank:]
    while after_blank and tail and not tail[0].strip():
        tail = tail[1:]
    return tail


def _definitions(text: str) -> Iterator[tuple[int, tuple[str, ...], bool]]:
    """Give each line that begins a table or a value, the full way to it, and whether it is a value."""
    table: tuple[str, ...] = ()
    closing = ""
    for number, line in enumerate(text.splitlines(), start=1):
        inside, closing = bool(closing), _open_quotes(line, closing)
        if inside:
            continue
        if header := _HEADER.match(line):
            table = _steps(header[1])
            yield number, table, False
        elif assignment := _ASSIGNMENT.match(line):
            yield number, table + _steps(assignment[1]), True


def _open_quotes(line: str, closing: str) -> str:
    """Tell which long quotes are still open at the end of a line; empty for none."""
    for found in _LONG_QUOTES.finditer(line):
        if not closing:
            closing = found.group()
        elif found.group() == closing:
            closing = ""
    return closing


def _steps(path: str) -> tuple[str, ...]:
    return tuple(step.strip("\"'") for step in re.findall(_KEY, path))


def _common(path: tuple[str, ...], steps: tuple[str, ...]) -> int:
    depth = 0
    while depth < min(len(path), len(steps)) and path[depth] == steps[depth]:
        depth += 1
    return depth
