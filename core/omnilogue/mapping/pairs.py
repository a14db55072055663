"""Metadata that a target takes: which pairs fit, and which do not."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

from pydantic import JsonValue

from ..errors import InvalidInputError
from ..http.call import encode_json
from ..model import Part, TextPart
from ..provider import Feature, Features
from ..provider.features import Limits
from .losses import LossItem
from .taking import has

MARKER_PAIRS = 1
"""Pairs that our own marker takes."""

WRAPPING = 8
"""Characters by which a provider may mark a value that was no text."""


def fitting(
    pairs: Mapping[str, JsonValue], added: Mapping[str, JsonValue], row: Feature, reserved: int = 0
) -> tuple[dict[str, JsonValue], list[LossItem]]:
    """Give the pairs that fit, the added ones first in line, and what is lost; `reserved` pairs are taken already."""
    limits, kept, losses = row.limits, dict[str, JsonValue](), list[LossItem]()
    room = math.inf if limits.metadata_pairs is None else limits.metadata_pairs - MARKER_PAIRS - reserved
    for key, value in {**added, **{key: value for key, value in pairs.items() if key not in added}}.items():
        if len(kept) < room and _fits(key, value, limits):
            kept[key] = value
        else:
            losses.append(LossItem("metadata", "dropped", key))
    return kept, losses


def dropped(pairs: Mapping[str, JsonValue], added: Mapping[str, JsonValue]) -> list[LossItem]:
    """Give what is lost where no metadata is kept."""
    return [LossItem("metadata", "dropped", key) for key in {**added, **pairs}]


def _fits(key: str, value: JsonValue, limits: Limits) -> bool:
    if not key or key.startswith("_omnilogue"):
        return False  # no verb takes such a key
    try:
        size = len(encode_json({key: value}).decode()) - len(key)
    except InvalidInputError:
        return False
    size = len(value) if isinstance(value, str) else size + WRAPPING
    return not _exceeds(len(key), limits.metadata_key_chars) and not _exceeds(size, limits.metadata_value_chars)


def _exceeds(size: int, limit: int | None) -> bool:
    return limit is not None and size > limit


def pairs_of_citations(parts: Iterable[Part], features: Features) -> int:
    """Give the number of pairs that citations take, where the target keeps them in a message's metadata."""
    width = features.citations.limits.metadata_value_chars
    found = [one for part in parts if isinstance(part, TextPart) for one in part.citations]
    if not found or width is None or not has(features, "citations"):
        return 0
    # Where texts are joined the offsets grow by some digits.
    size = sum([len(one.model_dump_json(exclude_none=True)) + 2 * WRAPPING for one in found])
    return math.ceil(size / width)


def without_citations(parts: Iterable[Part]) -> tuple[tuple[Part, ...], list[LossItem]]:
    """Give the parts without their citations, and what is lost."""
    kept: list[Part] = []
    losses: list[LossItem] = []
    for part in parts:
        if isinstance(part, TextPart) and part.citations:
            losses += [LossItem("citation", "dropped", one.title or one.url or "") for one in part.citations]
            kept.append(part.model_copy(update={"citations": ()}))
        else:
            kept.append(part)
    return tuple(kept), losses
