"""Parts that a target takes, and the text that stands for the others."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import cast

from pydantic import JsonValue

from ..errors import InvalidInputError
from ..http.call import encode_json
from ..model import (
    LOSS_CLASSES,
    DataPart,
    Grade,
    LossKind,
    MediaPart,
    Part,
    ReasoningPart,
    TextPart,
    ToolCallPart,
    ToolResultPart,
)
from ..provider import Feature, Features
from ..remote.grades import PART_ROWS
from .losses import LossItem
from .taking import CopyOptions, has, keeps
from .texts import is_json, mended, on_lines_of_their_own

_KINDS = {str(kind): cast(LossKind, kind) for kind in LOSS_CLASSES}

LONGEST_NAME = 500
"""Code points of a name or an address in a text that stands for a file."""


def taken_parts(
    parts: Iterable[Part], row: Feature, features: Features, options: CopyOptions
) -> tuple[tuple[Part, ...], list[LossItem]]:
    """Give the parts a target stores by this row, and what is lost.

    To a foreign target an id of a file means nothing; only one that keeps vendors' own fields keeps it as it is.
    """
    pieces: list[tuple[Part, bool]] = []
    losses: list[LossItem] = []
    for part in parts:
        if isinstance(part, TextPart):
            pieces.append((_text(part, features, losses), False))
        elif _is_taken(part, row, features, options):
            pieces.append((part, False))
            losses += by_grade(features[PART_ROWS[part.type]]) if part.type in PART_ROWS else []
        else:
            loss, text = _replaced(part)
            losses.append(loss)
            pieces += [(TextPart(text=text), True)] if text else []
    return on_lines_of_their_own(pieces), losses


def by_grade(row: Feature) -> list[LossItem]:
    """Give what an operation is declared to lose each time; a word that is no kind counts as `part`, the strictest."""
    kinds = row.losses if row.grade is Grade.LOSSY else ()
    return [LossItem(_KINDS.get(kind, "part"), "flattened", row.note) for kind in kinds]


def _text(part: TextPart, features: Features, losses: list[LossItem]) -> TextPart:
    """Give a text as it is stored: mended, and with its citations only where those are kept."""
    text = mended(part.text)
    if text != part.text:
        losses.append(LossItem("text", "placeholder", "half of a surrogate pair"))
    citations = part.citations
    if citations and not (has(features, "citations") and is_storable(part.model_copy(update={"text": ""}))):
        losses += [LossItem("citation", "dropped", one.title or one.url or one.marker or "") for one in citations]
        citations = ()
    elif citations:
        losses += by_grade(features.citations)
    if text == part.text and citations is part.citations:
        return part
    return part.model_copy(update={"text": text, "citations": citations})


def _is_taken(part: Part, row: Feature, features: Features, options: CopyOptions) -> bool:
    kinds = row.limits.parts
    if kinds is not None and part.type not in kinds:
        return False
    if part.type in PART_ROWS and not has(features, PART_ROWS[part.type]):
        return False
    if isinstance(part, MediaPart):
        is_shown = not features[PART_ROWS[part.type]].limits.bare_files
        return (is_shown or not options.is_compared) and _is_known(part, row, options) and is_storable(part)
    return is_storable(part)


def _is_known(part: MediaPart, row: Feature, options: CopyOptions) -> bool:
    """Whether a file is more than an id that only another vendor knows, or is kept as it is."""
    return part.data is not None or part.url is not None or not options.is_foreign or keeps(row, "raw")


def is_storable(part: Part) -> bool:
    """Whether the part has a JSON form in UTF-8; a vendor may have sent half of a surrogate pair."""
    if not isinstance(part, MediaPart):
        return is_json(part.model_dump())
    try:
        part.model_dump_json()
    except ValueError:
        return False
    return True


def _replaced(part: Part) -> tuple[LossItem, str]:
    """Give what is lost with a part, and the text that stands for it, empty where none does."""
    if isinstance(part, ReasoningPart):
        return LossItem("reasoning", "dropped", part.text), ""
    if isinstance(part, ToolCallPart):
        call = f"{_named(part.name)}: {_json(part.arguments)}"
        return LossItem("tool_call", "flattened", part.name), f"[tool call {call}]"
    if isinstance(part, ToolResultPart):
        word = "tool error" if part.is_error else "tool result"
        return LossItem("tool_call", "flattened", part.call_id), f"[{word}: {_json(part.content)}]"
    if isinstance(part, MediaPart):
        name = _name(part)
        label = f"{part.type}: {name}" if name else part.type
        return LossItem("attachment", "placeholder", label), f"[{label}]"
    assert isinstance(part, DataPart)  # noqa: S101 - the last kind there is
    return LossItem("part", "placeholder", part.kind), f"[{_named(part.kind)}]"


def _name(part: MediaPart) -> str:
    """Give what a file is known by, never its content: an address may hold that too."""
    url = None if part.url and part.url.lstrip()[:5].lower() == "data:" else part.url
    return _named(part.name or url or part.file_id or part.media_type or "")


def _named(text: str) -> str:
    return mended(" ".join(text.split()))[:LONGEST_NAME]


def _json(value: JsonValue) -> str:
    """Give a value as a reader sees it: text as it is, anything else as JSON."""
    if isinstance(value, str):
        return mended(value)
    try:
        return encode_json(value).decode()
    except InvalidInputError:
        return mended(repr_of(value))


def repr_of(value: JsonValue) -> str:
    """Give some text for a value that has no JSON form."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {repr_of(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(repr_of(item) for item in value) + "]"
    return hex(value) if type(value) is int else str(value)
