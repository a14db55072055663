"""The marker: one reserved metadata key by which a write whose answer was lost is found again.

The core puts it in and takes it out: it is never in a caller's `.metadata`.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from contextlib import suppress
from typing import TypeVar

from pydantic import JsonValue, ValidationError

from ..model import Conversation, Message, Origin

KEY = "_omnilogue"
LONGEST = 512
"""Characters of the whole marker text."""

T = TypeVar("T", Conversation, Message)

_ENCODER = json.JSONEncoder(separators=(",", ":"))


def new() -> str:
    """Make a marker nobody else has."""
    return secrets.token_hex(8)


def put(metadata: Mapping[str, JsonValue], marker: str, origin: Origin | None = None) -> dict[str, JsonValue]:
    """Add the marker to metadata that goes to a vendor, beside the origin, or what an earlier one told of it.

    Of an origin that is too long for a marker only the ids stay, or nothing.
    """
    told = {**_told(metadata), "m": marker}
    if origin is None:
        return {**metadata, KEY: _written(told)}
    ids = {"conversation", "message"}
    known = (origin.model_dump(mode="json", exclude_none=True, include=fields) for fields in (None, ids))
    texts = (_written({**told, "o": each}) for each in known)
    return {**metadata, KEY: next((text for text in texts if len(text) <= LONGEST), _written(told))}


def _written(told: Mapping[str, JsonValue]) -> str:
    return _ENCODER.encode(told)


def of(value: Conversation | Message) -> str | None:
    """Give the marker of what a vendor stored, None where there is none."""
    marker = _told(value.metadata).get("m")
    return marker if isinstance(marker, str) else None


def strip(value: T) -> T:
    """Give what a caller may see: without the marker, with the origin it told."""
    if KEY not in value.metadata:
        return value
    told = _told(value.metadata)
    update: dict[str, object] = {"metadata": {key: item for key, item in value.metadata.items() if key != KEY}}
    if isinstance(value, Message) and isinstance(told.get("o"), dict):
        with suppress(ValidationError):
            update["origin"] = Origin.model_validate(told["o"])
    return value.model_copy(update=update)


def _told(metadata: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """Read the marker text; a forged or broken one counts as none."""
    text = metadata.get(KEY)
    if not isinstance(text, str) or len(text) > LONGEST:
        return {}
    try:
        told = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return told if isinstance(told, dict) else {}
