"""Text that others wrote, made harmless for a terminal."""

from __future__ import annotations

import re

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_INVISIBLE = re.compile("[\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_UNSAFE_IN_JSON = re.compile("[\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def _escape(found: re.Match[str]) -> str:
    return f"\\u{ord(found.group()):04x}"


def clean(text: str) -> str:
    """Drop control characters except line end and tab, and show what turns or hides text as an escape.

    It works character by character, so that pieces of a stream can be cleaned one at a time.
    """
    return _INVISIBLE.sub(_escape, _CONTROL.sub("", text))


def one_line(text: str) -> str:
    """Give the text on one line, cleaned, with single blanks."""
    return clean(" ".join(text.split()))


def escape_json(text: str) -> str:
    """Escape in JSON text what JSON allows and a terminal may obey."""
    return _UNSAFE_IN_JSON.sub(_escape, text)
