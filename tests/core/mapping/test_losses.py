"""Losses are counted in a stable order, and the gate asks for consent by their class."""

import json

import pytest

from omnilogue.mapping.losses import Action, Loss, Losses, LossItem, MaxLoss, allowing, failing, gate
from omnilogue.model import LossKind


def row(kind: LossKind, action: Action = "dropped") -> Loss:
    (one,) = Losses([LossItem(kind, action)]).rows()
    return one


def test_rows_come_in_the_order_of_the_kinds_with_the_first_example() -> None:
    losses = Losses()
    losses.add("text", "dropped", "first")
    losses.add("text", "dropped", "second")
    losses.add("id", "mapped", "m1")
    losses.add("text", "flattened")

    assert [(one.kind, one.action, one.count, one.example) for one in losses.rows()] == [
        ("id", "mapped", 1, "m1"),
        ("text", "flattened", 1, ""),
        ("text", "dropped", 2, "first"),
    ]


def test_a_row_says_class_in_json_and_is_read_back() -> None:
    loss = row("citation")

    assert json.loads(loss.model_dump_json())["class"] == "metadata"
    assert "loss_class" not in loss.model_dump()
    assert Loss.model_validate_json(loss.model_dump_json()) == loss


def test_merging_adds_the_counts() -> None:
    one = Losses([LossItem("role", "flattened", "tool"), LossItem("id", "mapped")])
    other = Losses([LossItem("role", "flattened", "system"), LossItem("time", "mapped")])

    one.merge(other)

    assert [(each.kind, each.count, each.example) for each in one.rows()] == [
        ("id", 1, ""),
        ("time", 1, ""),
        ("role", 2, "tool"),
    ]


@pytest.mark.parametrize(
    "text",
    ["", "5", "[[1]]", '[["nothing", "dropped", 1, ""]]', '[["text", "lost", 1, ""]]', '[["text", "dropped", 0, ""]]'],
)
def test_what_is_no_count_is_not_read(text: str) -> None:
    with pytest.raises(ValueError, match="validation error"):
        Losses.from_json(text)


def test_an_example_is_one_short_harmless_line() -> None:
    losses = Losses([LossItem("text", "dropped", "\x1b[31mred\n\u202e" + "x" * 1000)])

    (one,) = losses.rows()
    assert one.example.startswith("\\x1b[31mred \\u202exxx")
    assert len(one.example) == 80


KINDS: tuple[LossKind, ...] = ("usage", "model", "role", "generation")


@pytest.mark.parametrize(
    ("max_loss", "allow_generation", "refused"),
    [
        ("none", False, ["model", "role", "generation"]),
        ("metadata", False, ["role", "generation"]),
        ("metadata", True, ["role", "generation"]),
        ("any", False, ["generation"]),
        ("any", True, []),
    ],
)
def test_the_gate_asks_by_class_and_for_generations_besides(
    max_loss: MaxLoss, allow_generation: bool, refused: list[str]
) -> None:
    losses = [row(kind) for kind in KINDS]

    assert [loss.kind for loss in gate(losses, max_loss, allow_generation=allow_generation)] == refused


@pytest.mark.parametrize("action", ["kept", "mapped"])
def test_what_is_only_elsewhere_passes_every_gate(action: Action) -> None:
    losses = [row(kind, action) for kind in KINDS]

    assert gate(losses, "none") == []
    assert failing(losses, KINDS) == []


@pytest.mark.parametrize(
    ("kinds", "options"),
    [
        ((), ""),
        (("model",), "--max-loss metadata"),
        (("model", "role"), "--max-loss any"),
        (("generation",), "--max-loss any --allow-generation"),
    ],
)
def test_a_refusal_tells_what_allows_it(kinds: tuple[LossKind, ...], options: str) -> None:
    assert allowing(row(kind) for kind in kinds) == options


def test_a_kind_may_be_one_that_fails() -> None:
    losses = [row("text", "flattened"), row("role"), row("time")]

    assert failing(losses, {"text", "time"}) == [losses[0], losses[2]]
