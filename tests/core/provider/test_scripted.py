"""Calls that a text spells out."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omnilogue.provider import scripted_calls, with_answers

NAMES = {"clock", "place", "a", "b", "t"}


@pytest.mark.parametrize(
    ("text", "calls"),
    [
        ("It is [tool clock].", [("clock", "")]),
        ('[tool clock {"zone": "UTC"}]', [("clock", '{"zone": "UTC"}')]),
        ('[tool a {"x": [{"y": "]"}]}] [tool b 3]', [("a", '{"x": [{"y": "]"}]}'), ("b", "3")]),
        ("[tool clock nonsense]", [("clock", "nonsense")]),
        ("[tool ]", []),
        ("[tool clock", []),
        ("[tool clock {", []),
        ("[tool clock [tool b]", [("clock", "[tool b")]),
        ("no tool", []),
        ("[tool other {}]", []),
    ],
)
def test_calls_are_found_where_they_are_spelled_out(text: str, calls: list[tuple[str, str]]) -> None:
    assert [(call.name, call.arguments) for call in scripted_calls(text, NAMES)] == calls


def test_what_tools_say_stands_in_their_places() -> None:
    text = "It is [tool clock] in [tool place {}]."

    assert with_answers(text, scripted_calls(text, NAMES), ["noon", "Lisbon"]) == "It is noon in Lisbon."


@given(
    st.text(alphabet=st.characters(exclude_characters="[")),
    st.dictionaries(st.text(), st.recursive(st.none() | st.integers() | st.text(), st.lists)),
    st.text(alphabet=st.characters(exclude_characters="[")),
)
def test_any_arguments_are_read_to_their_end(before: str, arguments: dict[str, Any], after: str) -> None:
    (call,) = scripted_calls(f"{before}[tool t {json.dumps(arguments)}]{after}", NAMES)

    assert json.loads(call.arguments) == arguments
    assert with_answers(f"{before}[tool t {json.dumps(arguments)}]{after}", [call], ["x"]) == f"{before}x{after}"


@given(st.text(alphabet='[]{}to l"\\1'))
def test_any_text_is_looked_through(text: str) -> None:
    for call in scripted_calls(text, {"", "t", "o", "l"}):
        assert text[call.start :].startswith("[tool ")
        assert text[call.end - 1] == "]"
