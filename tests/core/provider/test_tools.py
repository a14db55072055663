"""Tools: schemas from functions, and calls that never raise what a handler raises."""

import asyncio
import enum
import functools
import json
import threading
from collections.abc import Callable
from typing import Annotated, Any, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, Field, create_model

from omnilogue.errors import InvalidInputError, RunFailedError
from omnilogue.log import forget_secret, remember_secret
from omnilogue.model import ToolCallPart
from omnilogue.provider import Tool, Turn, answers, arguments_of, tools_of

pytestmark = pytest.mark.anyio


class Place(BaseModel):
    city: str
    country: str | None = None


class Unit(enum.Enum):
    C = "celsius"
    F = "fahrenheit"


def weather(
    place: Place, unit: Unit = Unit.C, days: Annotated[int, Field(ge=1)] = 1, when: Literal["am", "pm"] = "am"
) -> dict[str, Any]:
    """Tell the weather of a place.

    It is a guess.

    Args:
        place: Where,
            by city.
        days (int): How many days ahead.

    Returns:
        What it will be.
    """
    return {"city": place.city, "unit": unit, "days": days, "when": when}


async def clock(zone: str = "UTC") -> str:
    """Tell the time.

    :param zone: The time zone.
    """
    await asyncio.sleep(0)
    return f"12:00 {zone}"


# Schemas


def test_a_function_tells_its_schema_by_its_type_hints_and_its_docstring() -> None:
    tool = Tool.of(weather)

    assert (tool.name, tool.description) == ("weather", "Tell the weather of a place.\n\nIt is a guess.")
    assert tool.parameters["type"] == "object"
    assert tool.parameters["required"] == ["place"]
    assert tool.parameters["additionalProperties"] is False
    properties: Any = tool.parameters["properties"]
    assert properties["place"] == {"$ref": "#/$defs/Place", "description": "Where, by city."}
    assert properties["days"] == {
        "default": 1,
        "description": "How many days ahead.",
        "minimum": 1,
        "type": "integer",
    }
    assert properties["when"]["enum"] == ["am", "pm"]
    assert json.loads(json.dumps(tool.parameters)) == tool.parameters


def test_the_other_form_of_docstring_is_read_too() -> None:
    tool = Tool.of(clock)

    assert tool.description == "Tell the time."
    assert tool.parameters["properties"] == {
        "zone": {"default": "UTC", "description": "The time zone.", "type": "string"}
    }


def test_parameters_may_have_any_name() -> None:
    def odd(schema: int, json: str = "", _hidden: int = 0, model_config: bool = False, copy: int = 1) -> int:
        return schema

    tool = Tool.of(odd)

    assert list(tool.parameters["properties"]) == ["schema", "json", "_hidden", "model_config", "copy"]  # type: ignore[arg-type]


def test_methods_and_wrapped_functions_are_functions() -> None:
    class House:
        def light(self, on: bool) -> str:
            return "on" if on else "off"

    @functools.wraps(clock)
    async def wrapped(*args: Any, **given: Any) -> str:
        return await clock(*args, **given)

    assert Tool.of(House().light).parameters["required"] == ["on"]
    assert Tool.of(wrapped).name == "clock"


SCHEMA: dict[str, Any] = {"type": "object", "properties": {"zone": {"type": "string"}}, "required": ["zone"]}


@pytest.mark.parametrize(
    "told",
    [
        {"name": "clock", "description": "Tell the time.", "parameters": SCHEMA},
        {"type": "function", "function": {"name": "clock", "description": "Tell the time.", "parameters": SCHEMA}},
    ],
)
def test_a_plain_schema_is_a_tool_without_a_handler(told: dict[str, Any]) -> None:
    tool = Tool.of(told)

    assert tool == Tool(name="clock", description="Tell the time.", parameters=SCHEMA)
    assert tool.handler is None


@pytest.mark.parametrize("told", [{"name": "clock"}, {"name": "clock", "parameters": None, "description": None}])
def test_a_schema_needs_a_name_and_no_more(told: dict[str, Any]) -> None:
    assert Tool.of(told).parameters == {"type": "object", "properties": {}}


def unhinted(zone) -> str:  # type: ignore[no-untyped-def]
    return str(zone)


def starred(*zones: str) -> str:
    return ""


def keyed(**zones: str) -> str:
    return ""


def foreign(lock: threading.Lock) -> str:
    return ""


def calling(function: Callable[[], int]) -> str:
    return ""


def unknown(zone: "NoSuchType") -> str:  # type: ignore[name-defined]  # noqa: F821
    return ""


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (unhinted, "'zone' has no type hint"),
        (starred, "zones"),
        (keyed, "zones"),
        (foreign, "foreign"),
        (calling, "calling"),
        (unknown, "NoSuchType"),
        (lambda: 1, "lambda"),
        (functools.partial(clock, zone="UTC"), "partial"),
        (Place, "is not known"),
        ("clock", "str"),
        (3, "int"),
        (None, "NoneType"),
        ({}, "no name"),
        ({"name": ""}, "no name"),
        ({"name": " "}, "no name"),
        ({"name": 3}, "no name"),
        ({"name": "clock", "strict": True}, "'strict'"),
        ({"name": "clock", "description": 3}, "clock"),
        ({"name": "clock", "parameters": []}, None),
        ({"name": "clock", "parameters": [1]}, "parameters"),
        ({"name": "clock", "parameters": {"type": "string"}}, "parameters"),
        ({"name": "clock", "parameters": {"properties": {3: 4}}}, "clock"),
        ({"name": "clock", "parameters": {"properties": {"a": object()}}}, "clock"),
        ({"type": "web_search", "function": {"name": "clock"}}, "function"),
        ({"type": "function", "function": "clock"}, "function"),
        ({"type": "function", "function": {"name": "clock"}, "strict": True}, "nothing beside"),
        ({"type": "web_search"}, "'type'"),
    ],
)
def test_what_is_no_tool_is_refused(wrong: Any, words: str | None) -> None:
    if words is None:
        assert Tool.of(wrong).parameters == {"type": "object", "properties": {}}
        return
    with pytest.raises(InvalidInputError, match=words):
        Tool.of(wrong)


def test_two_tools_of_one_name_are_refused() -> None:
    with pytest.raises(InvalidInputError, match="two tools have the name 'clock'"):
        tools_of([clock, {"name": "clock"}])


@pytest.mark.parametrize("wrong", ["clock", {"name": "clock"}, clock, 3])
def test_tools_are_a_list(wrong: Any) -> None:
    with pytest.raises(InvalidInputError, match="list"):
        tools_of(wrong)


def test_a_tool_is_a_value() -> None:
    tool = Tool.of(clock)

    assert Tool.of(tool) is tool
    assert tool.model_dump().keys() == {"name", "description", "parameters"}
    assert "handler" not in repr(tool)
    assert hash(tool) == hash(Tool.of(clock))
    with pytest.raises(ValueError, match="frozen"):
        tool.name = "other"  # type: ignore[misc]
    assert Turn(tools=(tool,)).tools[0].handler is clock


# Calls


async def test_a_call_gives_text_as_it_is_and_anything_else_as_json() -> None:
    result = await Tool.of(clock).call('{"zone": "CET"}', call_id="call_1")
    assert (result.call_id, result.content, result.is_error) == ("call_1", "12:00 CET", False)

    told = await Tool.of(weather).call('{"place": {"city": "Lisbon"}, "unit": "fahrenheit", "days": "2"}')
    assert json.loads(str(told.content)) == {"city": "Lisbon", "unit": "fahrenheit", "days": 2, "when": "am"}


@pytest.mark.parametrize("arguments", ["", "  ", "{}", {}])
async def test_no_arguments_are_an_empty_object(arguments: Any) -> None:
    assert (await Tool.of(clock).call(arguments)).content == "12:00 UTC"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("{", "wrong arguments"),
        ("[]", "wrong arguments"),
        ("nothing", "wrong arguments"),
        ("{}", "place: Field required"),
        ('{"place": {"city": "Lisbon"}, "days": 0}', "days: .*greater than or equal to 1"),
        ('{"place": {"city": 3}}', "place.city: .*valid string"),
        ('{"place": {"city": "Lisbon"}, "zone": 1}', "zone: Extra inputs"),
    ],
)
async def test_wrong_arguments_are_told_to_the_model(arguments: str, words: str) -> None:
    result = await Tool.of(weather).call(arguments)

    assert result.is_error
    assert pytest.raises(AssertionError, match=words).matches(AssertionError(result.content))


async def test_a_failure_is_told_without_a_traceback_and_without_secrets() -> None:
    def failing() -> str:
        raise LookupError("no such key MC-canary-0123456789 in\nvault")

    remember_secret("MC-canary-0123456789")
    try:
        result = await Tool.of(failing).call("{}")
    finally:
        forget_secret("MC-canary-0123456789")

    assert result.is_error
    assert str(result.content).startswith("LookupError: no such key")
    assert "canary" not in str(result.content)
    assert "\n" not in str(result.content)
    assert "Traceback" not in str(result.content)


async def test_a_result_that_is_no_json_is_a_failure() -> None:
    def odd() -> Any:
        return object()

    assert (await Tool.of(odd).call("{}")).is_error


async def test_a_cancellation_is_no_failure_of_the_tool() -> None:
    async def slow() -> str:
        await asyncio.sleep(3600)
        return ""

    task = asyncio.create_task(Tool.of(slow).call("{}"))
    await asyncio.sleep(0)
    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_sync_function_runs_in_a_thread_and_an_async_one_in_the_loop() -> None:
    def sync() -> bool:
        return threading.current_thread() is threading.main_thread()

    async def loop() -> bool:
        return threading.current_thread() is threading.main_thread()

    assert (await Tool.of(sync).call("{}")).content == "false"
    assert (await Tool.of(loop).call("{}")).content == "true"


async def test_parameters_by_position_only_are_given_by_position() -> None:
    def add(a: int, /, b: int = 2, *, c: int = 3) -> int:
        return a + b + c

    assert (await Tool.of(add).call('{"a": 1, "c": 10}')).content == "13"


async def test_a_handler_beside_a_schema_gets_what_the_model_says() -> None:
    tool = Tool(name="clock", parameters=SCHEMA, handler=clock)

    assert (await tool.call('{"zone": "CET"}')).content == "12:00 CET"
    assert (await tool.call('{"place": 1}')).is_error
    assert (await tool.call("[1]")).content == "wrong arguments: they are no JSON object"


async def test_half_a_surrogate_pair_is_no_text_for_a_vendor() -> None:
    def odd() -> str:
        return "a\ud800b"

    assert (await Tool.of(odd).call("{}")).content == "a?b"


async def test_calls_are_answered_in_their_order() -> None:
    calls = [ToolCallPart(id=f"call_{at}", name="clock", arguments={"zone": str(at)}) for at in range(3)]

    results = await answers(tools_of([clock]), calls)

    assert [(one.call_id, one.content) for one in results] == [(f"call_{at}", f"12:00 {at}") for at in range(3)]


@pytest.mark.parametrize("given", [(), ({"name": "other"},)])
async def test_a_tool_nobody_can_call_fails_the_run_before_any_other_is_called(given: Any) -> None:
    called = []

    def note() -> str:
        called.append(1)
        return ""

    calls = [ToolCallPart(id="1", name="note"), ToolCallPart(id="2", name="other")]
    with pytest.raises(RunFailedError, match="'other'") as caught:
        await answers(tools_of([note, *given]), calls)

    assert (caught.value.outcome, called) == ("applied", [])
    assert "tools=" in caught.value.hint


@pytest.mark.parametrize(
    ("text", "value"), [('{"a": [1]}', {"a": [1]}), ("", {}), ("nothing", "nothing"), ("NaN", "NaN")]
)
def test_arguments_are_what_json_holds_else_text(text: str, value: Any) -> None:
    assert arguments_of(text) == value


# Any signature

HINTS: dict[Any, st.SearchStrategy[Any]] = {
    int: st.integers(-(2**70), 2**70),
    str: st.text(),
    bool: st.booleans(),
    float: st.floats(allow_nan=False, allow_infinity=False),
    list[int]: st.lists(st.integers(-9, 9)),
    dict[str, int]: st.dictionaries(st.text(), st.integers(-9, 9)),
    str | None: st.none() | st.text(),
    Literal["a", 1]: st.sampled_from(["a", 1]),
}
NAMES = st.from_regex(r"[a-z_][a-z0-9_]{0,8}", fullmatch=True).filter(lambda name: name.isidentifier())


@settings(deadline=None, max_examples=60)
@given(
    st.dictionaries(NAMES, st.sampled_from(list(HINTS)), max_size=6).filter(lambda named: "self" not in named),
    st.data(),
)
def test_any_arguments_that_fit_arrive_as_they_were(named: dict[str, Any], data: st.DataObject) -> None:
    import keyword

    named = {name: hint for name, hint in named.items() if not keyword.iskeyword(name)}
    scope: dict[str, Any] = {}
    exec(f"def tool({', '.join(named)}):\n    return dict(locals())", scope)
    function = scope["tool"]
    function.__annotations__ = dict(named)
    tool = Tool.of(function)
    arguments = {name: data.draw(HINTS[hint]) for name, hint in named.items()}

    assert set(tool.parameters["properties"]) == set(named)  # type: ignore[arg-type]
    result = asyncio.run(tool.call(json.dumps(arguments)))
    assert not result.is_error
    if not any("\ud800" <= char <= "\udfff" for char in json.dumps(arguments, ensure_ascii=False)):
        assert json.loads(str(result.content)) == arguments


@settings(deadline=None, max_examples=100)
@given(st.text() | st.recursive(st.none() | st.integers() | st.text(), st.lists).map(json.dumps))
def test_any_text_of_a_model_is_an_answer(text: str) -> None:
    result = asyncio.run(Tool.of(weather).call(text))

    assert result.is_error
    assert isinstance(result.content, str)


def test_models_made_on_the_fly_are_hints_too() -> None:
    made = create_model("Made", size=(int, 3))

    def resize(what: Any) -> str:
        return str(what.size)

    resize.__annotations__["what"] = made
    assert asyncio.run(Tool.of(resize).call('{"what": {"size": 4}}')).content == "4"
