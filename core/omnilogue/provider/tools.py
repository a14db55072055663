"""Tools a model may call: functions with type hints, or schemas without one; and calling them.

A provider gets `Turn.tools`, tells its vendor name, description and parameters, and answers what the model asks for
with `answers`. What a tool says, an error too, is text that the model reads.
"""

from __future__ import annotations

import asyncio
import inspect
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Self, TypeAlias, get_type_hints

import pydantic_core
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    JsonValue,
    PrivateAttr,
    PydanticUserError,
    ValidationError,
    create_model,
)
from pydantic.json_schema import GenerateJsonSchema

from ..errors import InvalidInputError, RunFailedError
from ..log import printable, redact
from ..model import ToolCallPart, ToolResultPart
from ..model.values import Value
from .docstrings import told_by

Handler: TypeAlias = Callable[..., Any]
"""A function that does what a tool says, sync or async; it gets its arguments by name."""

ToolLike: TypeAlias = "Tool | Handler | Mapping[str, Any]"
"""A tool, a function with type hints, or a schema: name, description and parameters, alone or under `function`."""

SCHEMA_KEYS = frozenset({"name", "description", "parameters"})
LONGEST_ERROR = 1000
"""Characters of an error that a model reads; what went wrong stands at its beginning."""


def _no_parameters() -> dict[str, JsonValue]:
    return {"type": "object", "properties": {}}


class Tool(Value):
    """A tool a model may call. `parameters` is the JSON Schema of its arguments, an object.

    Without a `handler` the model may ask for it, and the run fails then. A handler with a schema that was written by
    hand gets what the model says, unchecked; `of` makes schema and check from a function's type hints.
    """

    name: str = Field(min_length=1)
    description: str = ""
    parameters: dict[str, JsonValue] = Field(default_factory=_no_parameters)
    handler: Handler | None = Field(default=None, exclude=True, repr=False)

    _arguments: type[BaseModel] | None = PrivateAttr(default=None)

    @classmethod
    def of(cls, given: ToolLike) -> Self:
        """Make a tool of a function or a schema; a tool is given back. Raises InvalidInputError."""
        if isinstance(given, cls):
            return given
        if isinstance(given, Mapping):
            return cls._of_schema(given)
        return cls._of_function(given)

    @classmethod
    def _of_schema(cls, given: Mapping[str, Any]) -> Self:
        fields = dict(given)
        if "function" in fields:
            kind, function = fields.pop("type", "function"), fields.pop("function")
            if kind != "function" or fields or not isinstance(function, Mapping):
                raise InvalidInputError('a tool is {"type": "function", "function": {...}}, and nothing beside')
            fields = dict(function)
        if unknown := sorted(str(key) for key in fields.keys() - SCHEMA_KEYS):
            raise InvalidInputError(f"a tool has no {unknown[0]!r}", hint="it has name, description and parameters")
        name = fields.get("name")
        if not isinstance(name, str) or not name.strip():
            raise InvalidInputError("a tool has no name")
        parameters = fields.get("parameters") or _no_parameters()
        if not isinstance(parameters, Mapping) or parameters.get("type", "object") != "object":
            raise InvalidInputError(f"tool {name}: parameters is no JSON Schema of an object")
        fields["parameters"] = {"type": "object", **parameters}
        try:
            return cls(**{key: value for key, value in fields.items() if value is not None})
        except ValidationError as error:
            raise InvalidInputError(f"tool {name}: {_what_is_wrong(error)}") from None

    @classmethod
    def _of_function(cls, function: Any) -> Self:
        if not (inspect.isfunction(function) or inspect.ismethod(function)):
            raise InvalidInputError(
                f"a tool of the type {type(function).__name__} is not known",
                hint="give functions with type hints, or mappings with name, description and parameters",
            )
        name = function.__name__
        if name == "<lambda>":
            raise InvalidInputError("a lambda has no name and no type hints; a tool is a function made with def")
        told = told_by(function)
        arguments = _arguments_model(name, function, told.parameters)
        try:
            schema = arguments.model_json_schema(schema_generator=_PlainSchema)
        except (PydanticUserError, RecursionError) as error:
            raise InvalidInputError(f"tool {name}: its type hints have no JSON Schema: {_first_line(error)}") from None
        schema.pop("title", None)
        tool = cls(name=name, description=told.description, parameters=schema, handler=function)
        tool._arguments = arguments
        return tool

    async def call(self, arguments: JsonValue, *, call_id: str = "") -> ToolResultPart:
        """Run the handler and give what it says: text as it is, anything else as JSON.

        `arguments` is JSON text or what it holds. Wrong arguments and a failure of the handler are results with
        `is_error`, in words for the model, never a traceback. A sync handler runs in a thread.
        Raises InvalidInputError where there is no handler.
        """
        if self.handler is None:
            raise InvalidInputError(f"tool {self.name} has no handler")
        try:
            text = _as_text(await self._run(self.handler, arguments))
        except _WrongArgumentsError as error:
            return _failed(call_id, f"wrong arguments: {error}")
        except Exception as error:  # whatever a caller's function raises is told to the model
            return _failed(call_id, f"{type(error).__name__}: {error}")
        return ToolResultPart(call_id=call_id, content=_sendable(text))

    async def _run(self, handler: Handler, arguments: JsonValue) -> Any:
        given = self._checked(arguments)
        positional = [] if self._arguments is None else _positional_only(handler)
        args = [given.pop(name) for name in positional]
        if inspect.iscoroutinefunction(handler):
            return await handler(*args, **given)
        result = await asyncio.to_thread(handler, *args, **given)
        return await result if inspect.isawaitable(result) else result

    def _checked(self, arguments: JsonValue) -> dict[str, Any]:
        """Give the arguments by name. Raises _WrongArgumentsError."""
        text = arguments if isinstance(arguments, str) else json.dumps(arguments)
        text = text.strip() or "{}"
        try:
            if self._arguments is None:
                plain = pydantic_core.from_json(text)
                if not isinstance(plain, dict):
                    raise _WrongArgumentsError("they are no JSON object")
                return plain
            checked = self._arguments.model_validate_json(text)
        except ValidationError as error:
            raise _WrongArgumentsError(_what_is_wrong(error)) from None
        except ValueError as error:
            raise _WrongArgumentsError(f"they are no JSON: {error}") from None
        fields = type(checked).model_fields
        return {field.alias or name: getattr(checked, name) for name, field in fields.items()}


class _WrongArgumentsError(Exception):
    """What the model said is not what the tool takes."""


class _PlainSchema(GenerateJsonSchema):
    """A schema without titles, which tell a model nothing; a default that is no JSON is left out."""

    ignored_warning_kinds = {"skipped-choice", "non-serializable-default"}  # noqa: RUF012  # pydantic's own form

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False


def tools_of(given: Sequence[ToolLike]) -> tuple[Tool, ...]:
    """Make the tools of a turn. Raises InvalidInputError for what is no tool, and for two of one name."""
    if isinstance(given, (str, Mapping)) or not isinstance(given, Sequence):
        raise InvalidInputError("tools is a list of functions or schemas")
    tools = tuple(Tool.of(one) for one in given)
    names = [tool.name for tool in tools]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise InvalidInputError(f"two tools have the name {twice[0]!r}")
    return tools


def arguments_of(text: str) -> JsonValue:
    """Give what JSON text holds as `ToolCallPart.arguments`; what is no JSON stays text, for the tool to refuse."""
    try:
        value: JsonValue = pydantic_core.from_json(text.strip() or "{}", allow_inf_nan=False)
    except ValueError:
        return text
    return value


async def answers(tools: Sequence[Tool], calls: Sequence[ToolCallPart]) -> tuple[ToolResultPart, ...]:
    """Give what the tools say to the calls of a model, one after the other, because handlers may change things.

    Raises RunFailedError, before any of them runs, for a call of a tool that is not given or has no handler.
    """
    known = {tool.name: tool for tool in tools if tool.handler is not None}
    for call in calls:
        if call.name not in known:
            has_schema = any(tool.name == call.name for tool in tools)
            raise RunFailedError(
                f"the model asks for the tool {call.name!r}, which "
                + ("has no handler" if has_schema else "is not among the tools of this turn"),
                outcome="applied",
                hint="give tools= a function of this name",
            )
    return tuple([await known[call.name].call(call.arguments, call_id=call.id) for call in calls])


def _arguments_model(name: str, function: Handler, told: Mapping[str, str]) -> type[BaseModel]:
    """Make the class that checks the arguments; fields have names of our own, because a parameter may have any."""
    try:
        hints = get_type_hints(function, include_extras=True)
    except Exception as error:  # a hint is any expression
        raise InvalidInputError(f"tool {name}: its type hints cannot be read: {_first_line(error)}") from None
    fields: dict[str, Any] = {}
    for place, parameter in enumerate(inspect.signature(function).parameters.values()):
        if parameter.kind in {parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD}:
            raise InvalidInputError(f"tool {name}: a schema cannot say *{parameter.name}; name each parameter")
        if parameter.name not in hints:
            raise InvalidInputError(f"tool {name}: the parameter {parameter.name!r} has no type hint")
        default = ... if parameter.default is parameter.empty else parameter.default
        about: dict[str, Any] = {"description": told[parameter.name]} if parameter.name in told else {}
        fields[f"parameter_{place}"] = (hints[parameter.name], Field(default, alias=parameter.name, **about))
    try:
        return create_model("Arguments", __config__=ConfigDict(extra="forbid", arbitrary_types_allowed=False), **fields)
    except Exception as error:  # pydantic raises many kinds for a hint it cannot use
        raise InvalidInputError(f"tool {name}: its type hints cannot be used: {_first_line(error)}") from None


def _positional_only(handler: Handler) -> list[str]:
    parameters = inspect.signature(handler).parameters.values()
    return [parameter.name for parameter in parameters if parameter.kind is parameter.POSITIONAL_ONLY]


def _as_text(result: Any) -> str:
    return result if isinstance(result, str) else pydantic_core.to_json(result, inf_nan_mode="null").decode("utf-8")


def _sendable(text: str) -> str:
    """Give text that UTF-8 can hold: half of a surrogate pair becomes a question mark."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _failed(call_id: str, words: str) -> ToolResultPart:
    return ToolResultPart(call_id=call_id, content=_sendable(printable(redact(words)))[:LONGEST_ERROR], is_error=True)


def _what_is_wrong(error: ValidationError) -> str:
    """Tell each fault with its place, without the values."""
    faults = error.errors(include_input=False, include_url=False, include_context=False)
    told = [(".".join(str(step) for step in fault["loc"]), fault["msg"]) for fault in faults]
    return "; ".join(f"{place}: {words}" if place else words for place, words in told)


def _first_line(error: BaseException) -> str:
    return str(error).partition("\n")[0]


__all__ = ["Handler", "Tool", "ToolLike", "answers", "arguments_of", "tools_of"]
