"""Telling of the beginning of a text whether it is, or can still become, one JSON object and nothing else."""

from __future__ import annotations

import re
from typing import Literal, TypeAlias

Progress: TypeAlias = Literal["dead", "open", "closed"]

DEEPEST = 64
"""Objects and lists inside each other; what is deeper is given up."""

_INSIDE = r'(?:[^"\\\x00-\x1f]|\\["\\/bfnrt]|\\u[0-9a-fA-F]{4})*'
_TOKEN = re.compile(
    rf'[ \t\r\n]*(?:(?P<string>"{_INSIDE}")'
    r"|(?P<plain>true|false|null|-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)"
    r"|(?P<mark>[{}\[\]:,]))"
)
_BEGUN = re.compile(
    rf'[ \t\r\n]*(?:(?P<string>"{_INSIDE}(?:\\(?:u[0-9a-fA-F]{{0,3}})?)?)'
    r"|(?P<plain>t(?:ru?)?|f(?:a(?:ls?)?)?|n(?:ul?)?|-|-?(?:0|[1-9][0-9]*)(?:\.[0-9]*|(?:\.[0-9]+)?[eE][+-]?[0-9]*)?)"
    r")?\Z"
)
"""A string, a word or a number that the end of the text cuts, or nothing but spaces."""

# What may come next, and what it leads to; "value" stands for a string, a word, a number and all that opens.
_AFTER_OPENING = {"{": ("string", "}"), "[": ("value", "]")}
_AFTER_MARK = {":": ("value",), ",{": ("string",), ",[": ("value",)}


def progress_of(text: str) -> Progress:
    """Tell how far a text is that should be one object: `dead` will never be one, `closed` is one."""
    around: list[str] = []
    wanted: tuple[str, ...] = ("{",)
    place = 0
    while True:
        if begun := _BEGUN.match(text, place):
            return "open" if begun.lastgroup is None or _fits(begun.lastgroup, wanted) else "dead"
        token = _TOKEN.match(text, place)
        if token is None or len(around) > DEEPEST:
            return "dead"
        kind = token[token.lastgroup] if token.lastgroup == "mark" else str(token.lastgroup)
        if not _fits(kind, wanted):
            return "dead"
        place = token.end()
        if kind in "{[":
            around.append(kind)
        elif kind in "}]":
            around.pop()
            if not around:
                return "closed" if not text[place:].strip() else "dead"
        wanted = _wanted_after(kind, wanted, around[-1])


def _fits(kind: str, wanted: tuple[str, ...]) -> bool:
    is_value = kind in {"string", "plain", "{", "["}
    return kind in wanted or (is_value and "value" in wanted)


def _wanted_after(kind: str, before: tuple[str, ...], inside: str) -> tuple[str, ...]:
    if kind in _AFTER_OPENING:
        return _AFTER_OPENING[kind]
    if kind in ":,":
        return _AFTER_MARK[kind if kind == ":" else kind + inside]
    if kind == "string" and "value" not in before:
        return (":",)
    return (",", "}" if inside == "{" else "]")
