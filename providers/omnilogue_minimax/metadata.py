"""Metadata in the form MiniMax keeps: few pairs of short texts, in a way that can be read back exactly.

Text stands as it is. Any other JSON value, and a text that would be taken for one, is written as `json:` and its
JSON text. A conversation has no title at the vendor, so that goes into the key `title`; a caller's own key of that
name gets an underscore before it. The limits are inferred from the service this one resembles; no page states any.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

import pydantic_core
from pydantic import JsonValue

from omnilogue.errors import InvalidInputError

MOST_PAIRS = 16
LONGEST_KEY = 64
LONGEST_VALUE = 512

TITLE = "title"
MARK = "json:"
REMOVED = MARK
"""What a key holds that is gone, at a vendor that adds to stored metadata instead of replacing it."""

_TITLE_LIKE = re.compile(rf"_*{TITLE}")


def written(metadata: Mapping[str, JsonValue], note: Mapping[str, str] | None = None) -> dict[str, str]:
    """Give metadata as it is stored, with a note of our own. Raises InvalidInputError for what does not fit."""
    note = note or {}
    if taken := sorted(metadata.keys() & note.keys()):
        raise _too_much(f"metadata: the key {taken[0]!r} is taken by what is kept beside it")
    return _checked({**{key: _text_of(value) for key, value in metadata.items()}, **note})


def read(stored: Mapping[str, Any] | None) -> dict[str, JsonValue]:
    """Give stored metadata as it was given; what another program stored comes back as it is."""
    pairs = (stored or {}).items()
    return {key: _value_of(text) for key, text in pairs if text != REMOVED}


def written_with_title(metadata: Mapping[str, JsonValue], title: str | None) -> dict[str, str]:
    """Give a conversation's metadata and title as they are stored together. Raises InvalidInputError."""
    renamed = {f"_{key}" if _TITLE_LIKE.fullmatch(key) else key: value for key, value in metadata.items()}
    stored = {key: _text_of(value) for key, value in renamed.items()}
    return _checked({**stored, **({TITLE: title} if title else {})})


def read_with_title(stored: Mapping[str, Any] | None) -> tuple[dict[str, JsonValue], str | None]:
    """Give a conversation's metadata and title."""
    title = (stored or {}).get(TITLE)
    rest = {key: value for key, value in read(stored).items() if key != TITLE}
    renamed = {key[1:] if _TITLE_LIKE.fullmatch(key) else key: value for key, value in rest.items()}
    return renamed, title if isinstance(title, str) and title not in {"", REMOVED} else None


def left_over(stored: Mapping[str, Any] | None, wanted: Mapping[str, str]) -> dict[str, str]:
    """Give what has to be written over the keys that should be gone and are not."""
    return {key: REMOVED for key, text in (stored or {}).items() if key not in wanted and text != REMOVED}


def _text_of(value: JsonValue) -> str:
    if isinstance(value, str) and not value.startswith(MARK):
        return value
    try:
        return MARK + json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    except (ValueError, TypeError, RecursionError) as error:
        raise InvalidInputError(f"metadata cannot be written as JSON: {error}", outcome="not_sent") from None


def _value_of(text: Any) -> JsonValue:
    if not isinstance(text, str) or not text.startswith(MARK):
        return text  # type: ignore[no-any-return]  # it came out of JSON
    try:
        value: JsonValue = pydantic_core.from_json(text.removeprefix(MARK))
        json.dumps(value, allow_nan=False)
    except (ValueError, RecursionError):
        return text
    return value


def _checked(stored: dict[str, str]) -> dict[str, str]:
    if len(stored) > MOST_PAIRS:
        raise _too_much(f"metadata has {len(stored)} pairs with what is kept beside it; MiniMax takes {MOST_PAIRS}")
    for key, text in stored.items():
        if len(key) > LONGEST_KEY:
            raise _too_much(f"metadata: the key {key[:LONGEST_KEY]!r} is longer than {LONGEST_KEY} characters")
        if len(text) > LONGEST_VALUE:
            raise _too_much(f"metadata: {key!r} needs {len(text)} characters; MiniMax takes {LONGEST_VALUE}")
    return stored


def _too_much(what: str) -> InvalidInputError:
    return InvalidInputError(what, outcome="not_sent")
