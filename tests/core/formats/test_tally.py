"""Losses, counted and asked for consent."""

from typing import Any

import pytest

from omnilogue.errors import LossRefusedError
from omnilogue.formats.tally import Tally
from omnilogue.provider import Lost


@pytest.fixture
def tally() -> Tally:
    found = Tally()
    found.add([Lost("text", "dropped"), Lost("model", "dropped")], "first")
    found.add([Lost("model", "dropped"), Lost("id", "dropped"), Lost("reasoning", "mapped")], "second")
    return found


def test_losses_are_counted_with_the_first_place(tally: Tally) -> None:
    assert tally.document() == [
        {"kind": "id", "class": "inherent", "action": "dropped", "count": 1, "example": "second"},
        {"kind": "model", "class": "metadata", "action": "dropped", "count": 2, "example": "first"},
        {"kind": "reasoning", "class": "metadata", "action": "mapped", "count": 1, "example": "second"},
        {"kind": "text", "class": "content", "action": "dropped", "count": 1, "example": "first"},
    ]


@pytest.mark.parametrize(
    ("allowed", "refused"),
    [
        (False, ("model", "text")),
        ((), ("model", "text")),
        (("model",), ("text",)),
        ("text", ("model",)),
        (True, ()),
        (["model", "text"], ()),
    ],
)
def test_what_is_lost_needs_consent(tally: Tally, allowed: Any, refused: tuple[str, ...]) -> None:
    if not refused:
        tally.require("it", allowed)
        return

    with pytest.raises(LossRefusedError) as caught:
        tally.require("it", allowed)

    assert caught.value.losses == refused
    assert caught.value.outcome == "not_sent"


def test_the_refusal_counts(tally: Tally) -> None:
    with pytest.raises(LossRefusedError, match=r"work: the import would lose model \(2\), text \(1\)"):
        tally.require("work: the import", False)
