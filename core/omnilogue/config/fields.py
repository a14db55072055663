"""Reading what a settings class says about its fields."""

from __future__ import annotations

import types
from collections.abc import Iterable, Iterator
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel


def arms(annotation: Any) -> Iterator[Any]:
    """Give each type that an annotation accepts."""
    origin = get_origin(annotation)
    if origin is Annotated:
        yield from arms(get_args(annotation)[0])
    elif origin in {Union, types.UnionType}:
        for arm in get_args(annotation):
            yield from arms(arm)
    else:
        yield annotation


def class_at(kind: type[BaseModel], steps: Iterable[str]) -> type[BaseModel] | None:
    """Give the class of the table at the end of `steps`; None where that is no class, or open to any name."""
    found: type[BaseModel] | None = kind
    for step in steps:
        field = found.model_fields.get(step) if found else None
        inner = (
            (arm for arm in arms(field.annotation) if isinstance(arm, type) and issubclass(arm, BaseModel))
            if field
            else ()
        )
        found = next(iter(inner), None)
    return found
