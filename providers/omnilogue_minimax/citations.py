"""Citations in a text: the vendor's offsets, checked against the marker they point at.

The documented sample (api-138565496) fits code points as well as UTF-16 units, so that both are tried.
Only the vendor's own answers have annotations: those of a message stored here are noted in its metadata.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import count, takewhile
from typing import Any

from pydantic import TypeAdapter

from omnilogue.model import Citation, Part, TextPart

from .metadata import LONGEST_VALUE

NOTE = "_citations"
"""The metadata key of the note, JSON text; what does not fit into one value goes on under `_citations_2` and so on."""

_CITATIONS: TypeAdapter[tuple[Citation, ...]] = TypeAdapter(tuple[Citation, ...])


def citations_of(value: str, annotations: Any) -> tuple[Citation, ...]:
    """Give the citations of a text; what is no annotation is left in `raw` and nowhere else."""
    found = annotations if isinstance(annotations, list) else []
    return tuple(_citation(value, item) for item in found if isinstance(item, Mapping))


def _citation(value: str, annotation: Mapping[str, Any]) -> Citation:
    marker = _text(annotation.get("text"))
    source = _source(annotation)
    start, end = _place(value, marker, annotation.get("start_index"), annotation.get("end_index"))
    return Citation(
        start=start,
        end=end,
        marker=marker,
        quote=_text(source.get("quote")),
        url=_text(source.get("url")),
        title=_text(source.get("title")),
        file_id=None if source.get("file_id") in {None, ""} else str(source["file_id"]),
    )


def _source(annotation: Mapping[str, Any]) -> Mapping[str, Any]:
    """Find what the citation names: `web_citation`, `file_citation`, or a later kind of the same form."""
    named = annotation.get(str(annotation.get("type")))
    others: Iterable[Any] = (value for key, value in annotation.items() if key.endswith("_citation"))
    return next((item for item in (named, *others) if isinstance(item, Mapping)), {})


def _place(value: str, marker: str | None, start: Any, end: Any) -> tuple[int | None, int | None]:
    """Give offsets in code points where they hold; else those of the marker nearest to them, else none."""
    is_range = type(start) is int and type(end) is int and 0 <= start <= end
    if marker is None:
        return (start, end) if is_range and end <= len(value) else (None, None)
    if is_range:
        if value[start:end] == marker:
            return start, end
        units = value.encode("utf-16-le", "surrogatepass")
        before = units[: 2 * start].decode("utf-16-le", "replace")
        if units[2 * start : 2 * end] == marker.encode("utf-16-le", "surrogatepass"):
            return len(before), len(before) + len(marker)
    places = [found.start() for found in re.finditer(re.escape(marker), value)]
    if not places:
        return None, None
    nearest = min(places, key=lambda place: abs(place - start)) if type(start) is int else places[0]
    return nearest, nearest + len(marker)


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


# The note


def has_citations(parts: Sequence[Part]) -> bool:
    """Whether any text names a source."""
    return any(isinstance(part, TextPart) and part.citations for part in parts)


def noted(parts: Sequence[Part]) -> dict[str, str]:
    """Give the note of the citations; parts are stored as one text, so later ones move back by what stands before."""
    found: list[Citation] = []
    offset = 0
    for part in parts:
        if isinstance(part, TextPart):
            found += [_moved(citation, offset) for citation in part.citations]
            offset += len(part.text)
    text = _CITATIONS.dump_json(tuple(found), exclude_none=True).decode("utf-8") if found else ""
    pieces = [text[start : start + LONGEST_VALUE] for start in range(0, len(text), LONGEST_VALUE)]
    return dict(zip(_keys(), pieces, strict=False))


def read_note(stored: Mapping[str, Any]) -> tuple[dict[str, Any], tuple[Citation, ...]]:
    """Give stored metadata without the note, and what it tells; what is no note of ours stays where it is."""
    keys = list(takewhile(lambda key: isinstance(stored.get(key), str), _keys())) if NOTE in stored else []
    try:
        citations = _CITATIONS.validate_json("".join(stored[key] for key in keys)) if keys else ()
    except ValueError:
        return dict(stored), ()
    return {key: value for key, value in stored.items() if key not in keys}, citations


def _keys() -> Iterator[str]:
    return (NOTE if number == 1 else f"{NOTE}_{number}" for number in count(1))


def _moved(citation: Citation, by: int) -> Citation:
    place = {"start": citation.start, "end": citation.end}
    return citation.model_copy(update={name: None if at is None else at + by for name, at in place.items()})
