"""What is lost: kinds, actions, counts, and the gate of a copy that asks for consent."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Annotated, Literal, Self, TypeAlias, TypeVar, get_args

from pydantic import ConfigDict, Field, TypeAdapter

from ..log import printable, redact
from ..model import LOSS_CLASSES, LossClass, LossKind
from ..model.values import Value
from ..provider import LossAction

Action: TypeAlias = LossAction
MaxLoss: TypeAlias = Literal["none", "metadata", "any"]

ACTIONS: tuple[Action, ...] = get_args(Action)
LOSING = frozenset({"flattened", "placeholder", "dropped"})
"""The actions by which something is lost; `kept` and `mapped` only tell where it went."""

LONGEST = 80
"""Code points of an example."""

_KINDS: list[str] = list(LOSS_CLASSES)
_ROWS = TypeAdapter(list[tuple[LossKind, Action, Annotated[int, Field(ge=1)], str]])


@dataclass(frozen=True, slots=True)
class LossItem:
    """One thing that does not survive: its kind, what becomes of it, and what it was."""

    kind: LossKind
    action: Action
    example: str = ""

    @property
    def loss_class(self) -> LossClass:
        """How much it matters."""
        return LOSS_CLASSES[self.kind]

    @property
    def is_lost(self) -> bool:
        """Whether something is lost, and not only elsewhere."""
        return self.action in LOSING


class Loss(Value):
    """A line of a report: how many things of a kind met with an action, and one of them.

    In JSON `loss_class` is `class`; the example is one harmless line of at most 80 code points.
    """

    model_config = ConfigDict(serialize_by_alias=True, populate_by_name=True)

    kind: LossKind
    loss_class: LossClass = Field(alias="class")
    action: Action
    count: int = Field(ge=1)
    example: str = ""

    @property
    def is_lost(self) -> bool:
        """Whether something is lost, and not only elsewhere."""
        return self.action in LOSING


L = TypeVar("L", LossItem, Loss)


class Losses:
    """Counts losses by kind and action, with the first example of each; its size does not grow with the count."""

    def __init__(self, items: Iterable[LossItem] = ()) -> None:
        self._found: dict[tuple[LossKind, Action], tuple[int, str]] = {}
        self.extend(items)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Losses) and self._found == other._found

    __hash__ = None  # type: ignore[assignment]  # it counts on

    def __bool__(self) -> bool:
        return bool(self._found)

    def add(self, kind: LossKind, action: Action, example: str = "", count: int = 1) -> None:
        """Count one more, or `count` more."""
        before, first = self._found.get((kind, action), (0, ""))
        self._found[kind, action] = before + count, first or shown(example)

    def extend(self, items: Iterable[LossItem]) -> None:
        """Count each of these."""
        for item in items:
            self.add(item.kind, item.action, item.example)

    def merge(self, other: Losses) -> None:
        """Count what another has counted; where both have an example, this one's stays."""
        for (kind, action), (count, example) in other._found.items():
            before, first = self._found.get((kind, action), (0, ""))
            self._found[kind, action] = before + count, first or example

    def rows(self) -> list[Loss]:
        """Give the lines, in the order of the kinds, and for one kind from `kept` to `dropped`."""
        order = sorted(self._found, key=lambda key: (_KINDS.index(key[0]), ACTIONS.index(key[1])))
        return [_row(kind, action, *self._found[kind, action]) for kind, action in order]

    def to_json(self) -> str:
        """Give JSON text, for a ledger."""
        return _ROWS.dump_json([(row.kind, row.action, row.count, row.example) for row in self.rows()]).decode()

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read what `to_json` gave. Raises ValueError for what it does not give."""
        losses = cls()
        losses._found = {(kind, action): (count, example) for kind, action, count, example in _ROWS.validate_json(text)}
        return losses


def _row(kind: LossKind, action: Action, count: int, example: str) -> Loss:
    return Loss(kind=kind, loss_class=LOSS_CLASSES[kind], action=action, count=count, example=example)


def shown(example: str) -> str:
    """Give an example as one harmless line of at most 80 code points."""
    text = printable(redact(" ".join(example[: 4 * LONGEST].split())))
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def gate(losses: Iterable[L], max_loss: MaxLoss, allow_generation: bool = False) -> list[L]:
    """Give the losses nobody has consented to; where there are some, nothing may be written.

    Inherent losses need no consent. `generation` needs `allow_generation` and `any`.
    """
    return [loss for loss in losses if loss.is_lost and not _is_allowed(loss, max_loss, allow_generation)]


def _is_allowed(loss: LossItem | Loss, max_loss: MaxLoss, allow_generation: bool) -> bool:
    if loss.loss_class == "inherent":
        return True
    if loss.kind == "generation" and not allow_generation:
        return False
    return max_loss == "any" or (max_loss == "metadata" and loss.loss_class == "metadata")


def allowing(refused: Iterable[Loss]) -> str:
    """Tell the options of the command line that allow these losses; empty where none is needed."""
    refused = list(refused)
    classes = {loss.loss_class for loss in refused}
    level = "any" if "content" in classes else "metadata"
    options = [f"--max-loss {level}"] if refused else []
    if any(loss.kind == "generation" for loss in refused):
        options.append("--allow-generation")
    return " ".join(options)


def failing(losses: Iterable[L], kinds: Collection[str]) -> list[L]:
    """Give the losses of these kinds; what is only mapped is none."""
    return [loss for loss in losses if loss.is_lost and loss.kind in kinds]
