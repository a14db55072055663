"""However a reply is cut, its text and its tail are the same; the last tail counts, and all else is text."""

import json
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from omnilogue_ichati.objects import progress_of
from omnilogue_ichati.tail import BAR, LONGEST_TAIL, Splitter, Tail

IDS: dict[str, Any] = {"userMsgId": 501, "assistantMsgId": 502, "topicId": 31}
FAKE: dict[str, Any] = {"userMsgId": 1, "assistantMsgId": 2, "topicId": 3}


def written(members: dict[str, Any], **how: Any) -> str:
    return BAR + json.dumps(members, ensure_ascii=False, **how)


TAIL, LOOK_ALIKE = written(IDS), written(FAKE)

CASES = {
    "plain": ("Paris is the capital.", TAIL),
    "bars in the text": (f"a{BAR}b{BAR}", TAIL),
    "nothing said": ("", TAIL),
    "text that ends in a bar": (f"a{BAR}", TAIL),
    "a look-alike in the middle": (f"say {LOOK_ALIKE} and more", TAIL),
    "a look-alike as the last words": (f"say {LOOK_ALIKE}", TAIL),
    "a look-alike in another topic as the last words": (f"say {written(IDS | {'topicId': 32})}", TAIL),
    "two look-alikes": (LOOK_ALIKE * 2, TAIL),
    "a line end behind the tail": ("a", TAIL + "\r\n"),
    "spaces around the tail": ("a", f"{BAR} \n{TAIL[1:]} \t"),
    "a tail over lines": ("a", written(IDS, indent=2)),
    "ids as digits": ("a", written({name: str(value) for name, value in IDS.items()})),
    "more members": ("a", written({"x": {"y": [f"{BAR}}}", None]}, **IDS, "z": -1.5e3})),
    "a bar in a member": ("a", written({"x": f'{BAR}{{"userMsgId":1', **IDS})),
    "JSON that is no tail": (f'see {BAR}{{"a": 1}}', TAIL),
    "JSON without an end": (f'see {BAR}{{"a": "', TAIL),
    "an object that is open before the tail": (f'{BAR}{{"a":{{"b":[1,', TAIL),
    "many bars": (BAR * 50, TAIL),
    "scripts and emoji": ("你好 👩\u200d👧 \u2028", TAIL),
}

NO_TAIL = {
    "nothing": "",
    "text": "Paris",
    "a bar": BAR,
    "a look-alike with words behind it": f"{LOOK_ALIKE} so it goes",
    "half a tail": TAIL[:-5],
    "a member is missing": written({"userMsgId": 1, "assistantMsgId": 2}),
    "an id that is no number": written(IDS | {"topicId": "x"}),
    "an id that is true": written(IDS | {"topicId": True}),
    "an id that is a fraction": written(IDS | {"topicId": 1.5}),
    "an id below zero": written(IDS | {"topicId": -1}),
    "a list": f"{BAR}[{TAIL[1:]}]",
    "two objects": f"{TAIL}{TAIL[1:]}",
    "too much for a tail": written({"x": "y" * LONGEST_TAIL, **IDS}),
    "too much space behind it": TAIL + " " * LONGEST_TAIL,
    "too deep": written({"x": "[" * 300}).replace('"' + "[" * 300 + '"', "[" * 300),
    "another bar": "|" + TAIL[1:],
}


def split(pieces: list[str]) -> tuple[str, Tail | None]:
    splitter = Splitter()
    text = "".join([splitter.feed(piece) for piece in pieces])
    rest, tail = splitter.end()
    return text + rest, tail


def ids(tail: Tail | None) -> tuple[str, str, str] | None:
    return (tail.user_id, tail.assistant_id, tail.topic_id) if tail else None


@pytest.mark.parametrize("name", CASES)
def test_text_and_ids_are_the_same_at_every_split_point(name: str) -> None:
    text, tail = CASES[name]
    body = text + tail

    cuts = [[body], list(body), *([body[:at], body[at:]] for at in range(len(body)))]
    found = [split(cut) for cut in cuts]

    assert {said for said, _ in found} == {text}
    assert {ids(tail) for _, tail in found} == {("501", "502", "31")}


@pytest.mark.parametrize("name", NO_TAIL)
def test_what_is_no_tail_is_text(name: str) -> None:
    body = NO_TAIL[name]

    assert split([body]) == split(list(body)) == (body, None)


def test_text_is_given_as_soon_as_it_is_surely_text() -> None:
    splitter = Splitter()

    assert splitter.feed("Hello ") == "Hello "
    assert splitter.feed(f"a{BAR}") == "a"
    assert splitter.feed(" ") == ""
    assert splitter.feed("b") == f"{BAR} b"
    assert splitter.feed(f'{BAR}{{"userMsgId":1') == ""
    assert splitter.feed(BAR) == f'{BAR}{{"userMsgId":1'
    assert splitter.feed(TAIL[1:]) == ""
    assert splitter.feed(" but no") == f"{TAIL} but no"
    assert splitter.end() == ("", None)


def test_a_candidate_that_goes_on_for_too_long_is_given_up() -> None:
    splitter = Splitter()

    held = splitter.feed(f'{BAR}{{"x":"' + "y" * (LONGEST_TAIL - 6))
    given = splitter.feed("y")

    assert (held, len(given)) == ("", LONGEST_TAIL + 2)


def test_members_are_kept_as_they_were_sent() -> None:
    _, tail = split([written({**IDS, "model": "m"})])

    assert tail is not None
    assert tail.members == {**IDS, "model": "m"}


def reference(body: str) -> tuple[str, tuple[str, str, str] | None]:
    """Split a whole body by the letter of the rules."""
    for bar in reversed([place for place, char in enumerate(body) if char == BAR]):
        rest = body[bar + 1 :]
        try:
            found = json.loads(rest.strip())
        except ValueError:
            continue
        if len(rest) <= LONGEST_TAIL and isinstance(found, dict) and IDS.keys() <= found.keys():
            return body[:bar], (str(found["userMsgId"]), str(found["assistantMsgId"]), str(found["topicId"]))
    return body, None


@settings(deadline=None)
@given(
    st.lists(
        st.sampled_from(
            ["{", "}", "[", "]", ":", ",", '"a"', '"', "1", "-0", ".5", "e1", " ", "true", "nu", "\\u00", "\\"]
        )
    )
)
def test_an_object_is_closed_exactly_where_json_is(pieces: list[str]) -> None:
    text = "".join(["{", *pieces])
    try:
        is_object = isinstance(json.loads(text), dict)
    except ValueError:
        is_object = False

    assert (progress_of(text) == "closed") is is_object
    if is_object:
        assert all(progress_of(text[:end]) != "dead" for end in range(len(text)))


@pytest.mark.parametrize(
    "text",
    [
        "x",
        "[",
        '"',
        '{"a" 1',
        '{"a":1x',
        '{"a":1 "b"',
        '{"a":01',
        '{"a":tr1',
        '{"a":1,}',
        "{,",
        '{"a":[1 x',
        '{"a":"\\x',
        '{"a":1}}',
        '{"a":1.e',
        '{"a":--',
        '{"a":}',
        '{"a":NaN',
        '{"a":[}',
    ],
)
def test_what_can_be_no_object_is_given_up_at_once(text: str) -> None:
    assert progress_of(text) == "dead"


FRAGMENTS = ["a", " ", "\n", BAR, "{", "}", '"', ":", ",", "[", "]", "1", "-", "\\", "tru", '"userMsgId":', '"x":"']
bodies = st.lists(st.sampled_from([*FRAGMENTS, TAIL, LOOK_ALIKE, TAIL[:20], TAIL[20:]]), max_size=12).map("".join)


@settings(deadline=None)
@given(bodies, st.data())
def test_any_cut_of_any_body_follows_the_rules(body: str, data: st.DataObject) -> None:
    places = sorted(data.draw(st.sets(st.integers(0, len(body)), max_size=6)) | {0, len(body)})
    pieces = [body[start:end] for start, end in pairwise(places)]

    text, tail = split(pieces)

    assert (text, ids(tail)) == reference(body)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)


@settings(deadline=None)
@given(st.text(max_size=20), st.dictionaries(st.text(max_size=5), json_values, max_size=4), st.booleans())
def test_a_tail_with_any_members_is_never_given_up(text: str, members: dict[str, Any], is_ascii: bool) -> None:
    tail = BAR + json.dumps({**members, **IDS}, ensure_ascii=is_ascii)
    if len(tail) > LONGEST_TAIL:
        return

    said, found = split(list(text + tail))

    assert (said, ids(found)) == (text, ("501", "502", "31"))
