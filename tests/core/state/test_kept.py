"""What is kept of one account."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from pydantic import JsonValue

from omnilogue import ConflictError
from omnilogue.state import Kept, State


@pytest.fixture
def state(tmp_path: Path) -> Iterator[State]:
    with closing(State(f"sqlite:///{tmp_path / 'state.db'}")) as state:
        yield state


@pytest.fixture
def kept(state: State) -> Kept:
    return Kept(state, "work")


def test_known_conversations_come_in_pages(kept: Kept) -> None:
    for number in range(7):
        kept.know(f"c{number}")

    assert kept.known(None, 3) == ["c0", "c1", "c2"]
    assert kept.known("c2", 3) == ["c3", "c4", "c5"]
    assert kept.known("c5", 3) == ["c6"]


def test_accounts_are_apart(state: State, kept: Kept) -> None:
    other = Kept(state, "home")
    kept.begin("c1", {"title": "T"}, listed=True)
    kept.begin("c2", {}, listed=True)
    kept.redirect("c1", "c2", {})
    kept.set("note", "mine")

    assert (other.known(None, 9), other.now("c1"), other.fields("c1"), other.get("note")) == ([], "c1", {}, None)
    other.hide("c2")
    assert not kept.is_hidden("c2")


def test_hidden_is_not_known_until_it_is_known_again(kept: Kept) -> None:
    kept.know("c1")
    kept.keep("c1", {"title": "T"})
    kept.hide("c1")
    assert (kept.known(None, 9), kept.is_hidden("c1")) == ([], True)

    kept.know("c1")

    assert (kept.known(None, 9), kept.is_hidden("c1"), kept.fields("c1")) == (["c1"], False, {"title": "T"})


def test_what_was_read_before_there_is_a_state_is_known_meanwhile_and_then_kept(state: State, kept: Kept) -> None:
    kept.saw("c5")
    kept.saw("c1")
    assert not state.exists
    assert (kept.known(None, 9), kept.known("c1", 9)) == (["c1", "c5"], ["c5"])

    kept.open_for_writing()

    assert Kept(state, "work").known(None, 9) == ["c1", "c5"]
    kept.saw("c7")
    assert Kept(state, "work").known(None, 9) == ["c1", "c5", "c7"]


def test_fields_are_kept_beside_others(kept: Kept) -> None:
    metadata = {"a": [1, {"b": None}], "text": "旅\u2028"}
    kept.keep("c1", {"title": "T", "metadata": metadata})
    kept.keep("c1", {"title": None, "model": "m"})
    assert kept.fields("c1") == {"title": None, "metadata": metadata, "model": "m"}

    kept.keep("c1", {"instructions": "I"}, without=["title", "model"])
    assert kept.fields("c1") == {"metadata": metadata, "instructions": "I"}


def test_redirects_are_followed_to_their_end(kept: Kept) -> None:
    for identifier in ("a", "b", "c"):
        kept.begin(identifier, {}, listed=True, hidden=identifier != "a")
    kept.keep("a", {"title": "T"})
    kept.redirect("a", "b", {"m1": "n1", "m2": None, "m3": "n3"})
    kept.redirect("b", "c", {"n1": "o1", "n3": None})

    assert [kept.now(identifier) for identifier in "abcd"] == ["c", "c", "c", "d"]
    assert kept.known(None, 9) == ["c"]
    assert kept.fields("c") == {"title": "T"}
    assert [kept.became("c", old) for old in ("m1", "m2", "m3", "n1", "n3")] == ["o1", None, None, "o1", None]
    with pytest.raises(KeyError):
        kept.became("c", "m9")


def test_a_redirect_keeps_what_only_the_new_one_has(kept: Kept) -> None:
    kept.begin("a", {"title": "T"}, listed=True)
    kept.begin("b", {"instructions": "I"}, listed=True, hidden=True)

    kept.redirect("a", "b", {})

    assert kept.fields("b") == {"title": "T", "instructions": "I"}


@pytest.mark.parametrize("meanwhile", ["replaced", "deleted"])
def test_a_conversation_is_replaced_once(kept: Kept, meanwhile: str) -> None:
    kept.begin("a", {}, listed=True)
    kept.begin("b", {}, listed=True, hidden=True)
    if meanwhile == "replaced":
        kept.redirect("a", "other", {})
    else:
        kept.hide("a")

    with pytest.raises(ConflictError):
        kept.redirect("a", "b", {})

    assert kept.is_hidden("b")
    assert kept.now("a") == ("other" if meanwhile == "replaced" else "a")


def test_an_id_that_is_used_again_is_another_conversation(kept: Kept) -> None:
    kept.begin("a", {"title": "T"}, listed=True)
    kept.redirect("a", "b", {"m1": "n1"})

    kept.begin("a", {"model": "m"}, listed=True)

    assert (kept.now("a"), kept.fields("a"), kept.is_hidden("a")) == ("a", {"model": "m"}, False)


def test_nothing_is_left_of_what_is_forgotten_but_the_way_to_it(kept: Kept) -> None:
    kept.begin("a", {"title": "T"}, listed=True)
    kept.redirect("a", "b", {})

    kept.forget("b")

    assert (kept.has("b"), kept.has("a"), kept.now("a")) == (False, True, "b")


def test_notes_are_any_json(kept: Kept) -> None:
    value: JsonValue = {"a": [1, 2.5, None, "\u00e9"], "b": {"c": True}}
    kept.set("token", value)
    assert kept.get("token") == value

    kept.set("token", None)
    assert kept.get("token") is None
