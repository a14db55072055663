"""Quirks: documented switches of an emulator, checked when they are turned."""

import dataclasses
from collections.abc import Mapping
from typing import Any

from pydantic import TypeAdapter, ValidationError

from ..model.wording import words_of


@dataclasses.dataclass(frozen=True)
class NoQuirks:
    """The quirks of a vendor that has none."""


def turned(kind: type[Any], current: Any, changes: Mapping[str, Any]) -> Any:
    """Give the quirks with some of them changed; `ValueError` names what is wrong and what there is."""
    known = [field.name for field in dataclasses.fields(kind)]
    if unknown := sorted(changes.keys() - set(known)):
        raise ValueError(f"unknown quirk {unknown[0]!r}; known: {', '.join(known) or 'none'}")
    values = {name: getattr(current, name) for name in known} | dict(changes)
    try:
        return TypeAdapter(kind).validate_python(values)
    except ValidationError as error:
        first = error.errors()[0]
        name = first["loc"][0] if first["loc"] else "?"
        raise ValueError(f"quirk {name!r} {words_of(first)}") from None
