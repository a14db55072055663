"""Tools in MiniMax's words: what a run is told of them, what it asks for, what its steps tell of calls."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import JsonValue

from omnilogue.model import Message, Part, ToolCallPart, ToolResultPart
from omnilogue.provider import Tool, arguments_of

from .wire import Run, Step

FUNCTION = "function"


def tool_fields(tools: Sequence[Tool], vendor_tools: Sequence[str]) -> dict[str, Any]:
    """Give the field that tells a run of its tools; `parameters` is an object here, in the chat interface a text."""
    told: list[dict[str, Any]] = [{"type": name} for name in vendor_tools]
    for tool in tools:
        function = {"name": tool.name, "description": tool.description, "parameters": tool.parameters}
        told.append({"type": FUNCTION, FUNCTION: function})
    return {"tools": told} if told else {}


def asked_for(run: Run) -> tuple[ToolCallPart, ...]:
    """Give the calls a run waits for (known from public code); idle it has an empty word there, not null."""
    action = run.required_action if isinstance(run.required_action, Mapping) else {}
    waiting = action.get("submit_tool_outputs")
    calls = waiting.get("tool_calls") if isinstance(waiting, Mapping) else None
    found = [call for call in calls or () if isinstance(call, Mapping) and call.get("id")]
    return tuple(_asked(call) for call in found if isinstance(call.get(FUNCTION), Mapping))


def _asked(call: Mapping[str, Any]) -> ToolCallPart:
    function = call[FUNCTION]
    return ToolCallPart(id=str(call["id"]), name=str(function.get("name")), arguments=_read(function.get("arguments")))


def outputs_of(results: Sequence[ToolResultPart]) -> list[dict[str, str]]:
    """Give what the tools said, as it is submitted (api-138569449): text, also of a tool that failed."""
    return [{"tool_call_id": result.call_id, "output": _text(result.content)} for result in results]


def with_calls(
    messages: Sequence[Message], steps: Sequence[Step], known: Mapping[str, ToolResultPart]
) -> tuple[Message, ...]:
    """Put the calls that steps tell of before the text of the message that came after them.

    `known` are results that were made here, which tell more than a step: whether the tool failed.
    """
    waiting: list[Part] = []
    placed: dict[str, list[Part]] = {}
    for step in steps:
        waiting += parts_of_step(step, known)
        if waiting and (message_id := step.message_id):
            placed[message_id] = [*placed.get(message_id, ()), *waiting]
            waiting = []
    if waiting and messages:
        last = str(messages[-1].id)
        placed[last] = [*placed.get(last, ()), *waiting]
    return tuple(_before(message, placed.get(str(message.id), [])) for message in messages)


def before_all(
    messages: Sequence[Message], calls: Sequence[ToolCallPart], results: Mapping[str, ToolResultPart]
) -> Any:
    """Put calls and results before everything a run said, where no step tells better."""
    parts: list[Part] = []
    for call in calls:
        parts += [call, *([results[call.id]] if call.id in results else [])]
    return (_before(messages[0], parts), *messages[1:]) if messages else ()


def _before(message: Message, parts: Sequence[Part]) -> Message:
    return message.model_copy(update={"parts": (*parts, *message.parts)}) if parts else message


def parts_of_step(step: Step, known: Mapping[str, ToolResultPart]) -> list[Part]:
    """Give calls and results of a step; one that makes a message has none."""
    parts: list[Part] = []
    for place, call in enumerate(step.tool_calls):
        call_id = str(call.get("id") or f"{step.id}.{place}")
        part, result = _called(call, call_id)
        parts.append(part)
        if call_id in known:
            parts.append(known[call_id])
        elif result is not None:
            parts.append(ToolResultPart(call_id=call_id, content=result))
    return parts


def _called(call: Mapping[str, Any], call_id: str) -> tuple[ToolCallPart, JsonValue]:
    """Read one call of any kind; a web search is documented with two sets of fields, and both are read."""
    kind = str(call.get("type") or FUNCTION)
    body = call.get(kind) if isinstance(call.get(kind), Mapping) else {}
    assert isinstance(body, Mapping)  # noqa: S101  # said twice for the type checker
    arguments = next((_read(body[name]) for name in ("arguments",) if body.get(name) is not None), None)
    if arguments is None:
        arguments = {name: body[name] for name in ("query", "input") if body.get(name) is not None}
    said = next((body[name] for name in ("output", "outputs") if body.get(name) not in (None, "")), None)
    return ToolCallPart(id=call_id, name=str(body.get("name") or kind), arguments=arguments), said


def _read(arguments: Any) -> JsonValue:
    return arguments_of(arguments) if isinstance(arguments, str) else arguments


def _text(content: JsonValue) -> str:
    return content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)
