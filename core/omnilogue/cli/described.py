"""What a settings class says about its settings, as data."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin

if TYPE_CHECKING:
    from pydantic import BaseModel
    from pydantic.fields import FieldInfo

WORDS: Mapping[Any, str] = {str: "text", int: "whole number", float: "number", bool: "true or false", Path: "path"}


def describe_settings(kind: type[BaseModel], prefix: str = "") -> list[dict[str, Any]]:
    """Give name, type, whether required, default and description of each setting; tables with a dot in the name."""
    found: list[dict[str, Any]] = []
    for key, field in kind.model_fields.items():
        if inner := _table(field):
            found += describe_settings(inner, f"{prefix}{key}.")
        else:
            found.append(
                {
                    "name": f"{prefix}{key}",
                    "type": type_in_words(field.annotation),
                    "required": field.is_required(),
                    "default": _default(field),
                    "description": field.description or "",
                }
            )
    return sorted(found, key=lambda one: not one["required"]) if not prefix else found


def _table(field: FieldInfo) -> type[BaseModel] | None:
    from pydantic import BaseModel

    from ..config.fields import arms

    return next((arm for arm in arms(field.annotation) if isinstance(arm, type) and issubclass(arm, BaseModel)), None)


def type_in_words(annotation: Any) -> str:
    """Say what a value may be."""
    from ..config.fields import arms

    words: list[str] = []
    for arm in arms(annotation):
        words += [word for word in _words(arm) if word not in words]
    return " or ".join(words)


def _words(arm: Any) -> list[str]:
    from ..http import Secret

    if arm is type(None):
        return []
    if arm is Secret:
        return ["secret"]
    origin = get_origin(arm)
    if origin is Literal:
        return [str(value) for value in get_args(arm)]
    if origin in {list, tuple, set, frozenset}:
        return ["list"]
    if origin is dict or arm is dict:
        return ["table"]
    return [WORDS.get(arm, getattr(arm, "__name__", str(arm)))]


def _default(field: FieldInfo) -> Any:
    """Give the default as JSON can hold it; None where there is none."""
    from pydantic_core import to_jsonable_python

    if field.is_required():
        return None
    return to_jsonable_python(field.get_default(call_default_factory=True, validated_data={}), fallback=str)
