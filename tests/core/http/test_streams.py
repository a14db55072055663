"""Server-sent events from bytes that may be cut anywhere."""

from __future__ import annotations

import time
from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from omnilogue.http.limits import TooLarge
from omnilogue.http.streams import EventParser, ServerEvent


def parsed(pieces: Sequence[bytes], limit: int = 1_000_000) -> list[ServerEvent]:
    parser = EventParser(limit)
    found = [event for piece in pieces for event in parser.feed(piece)]
    return [*found, *parser.end()]


def split_at(body: bytes, *places: int) -> list[bytes]:
    bounds = [0, *sorted(places), len(body)]
    return [body[start:end] for start, end in pairwise(bounds)]


TALK = (
    "\ufeffevent: start\ndata: {}\n\n: a comment\ndata: first \u00a6 \U0001f600\r\ndata: second\r\n\r\n"
    "data\rid: 7\rretry: 10\rdata:  two spaces\r\r"
    "data: a\u2028b\x85c\x0bd\x0ce\n\nevent: empty\n\n\n\nunknown: x\ndata: [DONE]\n\n"
).encode()

TALK_EVENTS = [
    ServerEvent("start", b"{}"),
    ServerEvent("message", "first \u00a6 \U0001f600\nsecond".encode()),
    ServerEvent("message", b"\n two spaces"),
    ServerEvent("message", "a\u2028b\x85c\x0bd\x0ce".encode()),
    ServerEvent("message", b"[DONE]"),
]


def test_a_whole_stream_is_read() -> None:
    assert parsed([TALK]) == TALK_EVENTS


@pytest.mark.parametrize("place", range(len(TALK) + 1))
def test_every_split_point_gives_the_same_events(place: int) -> None:
    assert parsed(split_at(TALK, place)) == TALK_EVENTS


def test_single_bytes_give_the_same_events() -> None:
    assert parsed([TALK[place : place + 1] for place in range(len(TALK))]) == TALK_EVENTS


LINE = st.sampled_from(
    [
        b"data: x",
        b"data:y",
        b"data",
        b"data:",
        b"event: e",
        b"event",
        b": c",
        b":",
        b"",
        b"",
        b"id: 1",
        b"zz",
        b"\xff: \xfe",
    ]
)
END = st.sampled_from([b"\n", b"\r\n", b"\r"])
BODY = st.lists(st.tuples(LINE, END), max_size=12).map(lambda lines: b"".join(line + end for line, end in lines))


@settings(max_examples=300, deadline=None)
@given(BODY, st.lists(st.integers(0, 80), max_size=6))
def test_any_cut_of_any_stream_gives_the_same_events(body: bytes, places: list[int]) -> None:
    whole = parsed([body])

    assert parsed(split_at(body, *(min(place, len(body)) for place in places))) == whole


@settings(max_examples=100, deadline=None)
@given(st.lists(st.text(st.characters(exclude_characters="\r\n", codec="utf-8")), min_size=1), END)
def test_every_text_without_line_ends_comes_through(texts: list[str], end: bytes) -> None:
    lines = b"".join(b"data: " + text.encode() + end for text in texts) + end

    assert parsed([lines]) == [ServerEvent("message", "\n".join(texts).encode())]


@settings(max_examples=200, deadline=None)
@given(st.lists(st.binary(max_size=30), max_size=10))
def test_rubbish_breaks_nothing(pieces: list[bytes]) -> None:
    for event in parsed(pieces):
        assert isinstance(event.data, bytes)


@pytest.mark.parametrize("end", ["", "\n", "\r", "\r\n"])
def test_a_last_event_without_its_blank_line_is_given(end: str) -> None:
    assert parsed([f"data: a\n\ndata: last{end}".encode()])[-1] == ServerEvent("message", b"last")


def test_an_event_is_given_as_soon_as_it_is_whole() -> None:
    parser = EventParser()

    assert list(parser.feed(b"data: a\n\nda")) == [ServerEvent("message", b"a")]
    assert list(parser.feed(b"ta: b\n")) == []
    assert list(parser.feed(b"\n")) == [ServerEvent("message", b"b")]


def test_a_line_end_that_may_be_half_is_whole_when_the_next_piece_shows_it() -> None:
    parser = EventParser()

    assert list(parser.feed(b"data: a\r\r")) == []
    assert list(parser.feed(b"d")) == [ServerEvent("message", b"a")]


def test_a_stream_of_nothing_has_no_events() -> None:
    assert parsed([]) == []
    assert parsed([b"\xef\xbb"]) == []


class TestTheBound:
    @pytest.mark.parametrize(
        "piece",
        [b"data: " + b"x" * 50, b"data: " + b"x" * 50 + b"\n", b": " + b"x" * 60, b"data\n", b"data:\r", b"x"],
    )
    def test_an_event_that_never_ends_is_too_large(self, piece: bytes) -> None:
        with pytest.raises(TooLarge):
            parsed([b"data: a\n\n", *[piece] * 500], limit=100)

    def test_many_small_events_are_not(self) -> None:
        assert len(parsed([b"data: xxxxxxxx\n\n" * 1000], limit=100)) == 1000

    def test_comments_that_go_on_for_ever_take_no_memory(self) -> None:
        assert parsed([b": keep waiting\n"] * 1000 + [b"data: a\n\n"], limit=100) == [ServerEvent("message", b"a")]

    def test_a_long_line_in_many_pieces_takes_time_in_proportion(self) -> None:
        started = time.perf_counter()

        events = parsed([b"data: ", *[b"x" * 100] * 80_000, b"\n\n"], limit=9_000_000)

        assert len(events[0].data) == 8_000_000
        assert time.perf_counter() - started < 2
