"""Tools in the MiniMax emulator: what a text spells out is called, by the vendor itself or by whoever runs it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from omnilogue.provider import scripted_calls, with_answers

FUNCTION = "function"
OWN = ("code_interpreter", "retrieval", "web_search")
# Idle is an empty word here, not null.
NO_ACTION: Mapping[str, Any] = {"type": "", "submit_tool_outputs": None}


@dataclass(frozen=True)
class ToolCall:
    """One call; the vendor's own tools have their output at once, a function's comes from outside."""

    id: str
    kind: str
    name: str
    arguments: str
    output: str | None = None


@dataclass(frozen=True)
class Round:
    """The calls a run makes together, which are one of its steps."""

    id: str
    created_at: int
    calls: tuple[ToolCall, ...]

    @property
    def waits(self) -> bool:
        """Whether a function has not been answered yet."""
        return any(call.output is None for call in self.calls)


def names_of(tools: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Give the kind of each tool by its name."""
    return {str(tool[FUNCTION]["name"]) if tool["type"] == FUNCTION else tool["type"]: tool["type"] for tool in tools}


def calls_left(asked: str, tools: Sequence[Mapping[str, Any]], made: int) -> list[ToolCall]:
    """Give the calls a text spells out after so many that were made; they have no ids yet."""
    kinds = names_of(tools)
    left = scripted_calls(asked, kinds)[made:]
    return [_called(ToolCall("", kinds[call.name], call.name, call.arguments)) for call in left]


def _called(call: ToolCall) -> ToolCall:
    return call if call.kind == FUNCTION else replace(call, output=f"what {call.name} found")


def told(text: str, tools: Sequence[Mapping[str, Any]], rounds: Sequence[Round]) -> str:
    """Put what was found into an answer that repeats the question."""
    outputs = [call.output or "" for made in rounds for call in made.calls]
    return with_answers(text, scripted_calls(text, names_of(tools)), outputs)


def action(rounds: Sequence[Round]) -> dict[str, Any]:
    """Show what a run requires."""
    waiting = [call for made in rounds for call in made.calls if call.output is None]
    if not waiting:
        return dict(NO_ACTION)
    calls = [
        {"id": call.id, "type": FUNCTION, "function": {"name": call.name, "arguments": call.arguments}}
        for call in waiting
    ]
    return {"type": "submit_tool_outputs", "submit_tool_outputs": {"tool_calls": calls}}


def call_item(call: ToolCall, search_fields: Literal["query_outputs", "name_arguments_output"]) -> dict[str, Any]:
    """Show a call in a step."""
    named = {"name": call.name, "arguments": call.arguments, "output": call.output}
    if call.kind == FUNCTION or (call.kind == "web_search" and search_fields == "name_arguments_output"):
        body: dict[str, Any] = named
    elif call.kind == "code_interpreter":
        body = {"input": _member(call, "input"), "outputs": [{"type": "logs", "logs": call.output}]}
    else:
        body = {"query": _member(call, "query"), "outputs": call.output}
    return {"id": call.id, "type": call.kind, call.kind: body}


def _member(call: ToolCall, name: str) -> str:
    try:
        return str(json.loads(call.arguments).get(name, ""))
    except (ValueError, AttributeError):
        return call.arguments
