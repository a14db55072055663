"""Text that may not control a terminal."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omnilogue.cli.output import as_json
from omnilogue.cli.terminal import clean, one_line


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("plain\n\ttext", "plain\n\ttext"),
        ("\x1b[31mred\x1b[0m", "[31mred[0m"),
        ("\x1b]0;title\x07", "]0;title"),
        ("back\x08\x7f", "back"),
        ("over\rwritten", "overwritten"),
        ("\x9b31m", "31m"),
        ("nul\x00", "nul"),
        ("\u202egnp.exe", "\\u202egnp.exe"),
        ("a\u2066b\u2069c\u200f\u061c", "a\\u2066b\\u2069c\\u200f\\u061c"),
        ("half \ud800", "half \\ud800"),
        ("旅行 👩‍👩‍👧", "旅行 👩‍👩‍👧"),
    ],
)
def test_control_characters_go_and_bidi_is_shown(said: str, shown: str) -> None:
    assert clean(said) == shown


@given(st.text(), st.integers(min_value=0))
def test_pieces_are_cleaned_like_the_whole(text: str, at: int) -> None:
    cut = at % (len(text) + 1)

    assert clean(text[:cut]) + clean(text[cut:]) == clean(text)


def test_one_line_has_no_line_end() -> None:
    assert one_line(" a\r\n\tb\u2028c\x1b ") == "a b c"


@given(st.recursive(st.text() | st.integers() | st.booleans() | st.none(), st.lists))
def test_json_text_is_harmless_and_says_the_same(value: object) -> None:
    text = as_json(value)

    assert clean(text) == text
    assert json.loads(text) == value


def test_json_keeps_letters_and_escapes_what_turns_text() -> None:
    assert as_json({"title": "旅行\u202e\x7f\x9b\x1b\ud800"}) == '{"title": "旅行\\u202e\\u007f\\u009b\\u001b\\ud800"}'


def test_what_is_no_number_in_json_becomes_null() -> None:
    assert as_json([float("nan"), float("inf"), 1.5]) == "[null, null, 1.5]"
