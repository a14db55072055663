"""Losses counted by kind and action, and asked whether they are allowed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..errors import LossRefusedError
from ..model import LOSS_CLASSES
from ..provider import Lost
from ..remote.options import AllowLoss

GATED = frozenset({"flattened", "placeholder", "dropped"})
"""Actions that lose something; what is kept or mapped is only elsewhere."""


class Tally:
    """How often each loss was met, with the first place it was met at."""

    def __init__(self) -> None:
        self._counts: dict[Lost, int] = {}
        self._examples: dict[Lost, str] = {}

    def add(self, found: Iterable[Lost], place: str) -> None:
        """Count losses of one conversation or message; `place` names it."""
        for loss in found:
            self._counts[loss] = self._counts.get(loss, 0) + 1
            self._examples.setdefault(loss, place)

    def document(self) -> list[dict[str, Any]]:
        """Give the losses as `--json` prints them, in the order of their kinds."""
        kinds = list(LOSS_CLASSES)
        return [
            {
                "kind": loss.kind,
                "class": LOSS_CLASSES[loss.kind],
                "action": loss.action,
                "count": count,
                "example": self._examples[loss],
            }
            for loss, count in sorted(self._counts.items(), key=lambda item: (kinds.index(item[0].kind), item[0]))
        ]

    def require(self, what: str, allow_loss: AllowLoss) -> None:
        """Refuse losses nobody consented to. Raises LossRefusedError with their kinds and counts."""
        refused: dict[str, int] = {}
        for loss, count in self._counts.items():
            if loss.action in GATED and not _is_allowed(loss.kind, allow_loss):
                refused[loss.kind] = refused.get(loss.kind, 0) + count
        if refused:
            told = ", ".join(f"{kind} ({count})" for kind, count in sorted(refused.items()))
            raise LossRefusedError(
                f"{what} would lose {told}",
                losses=tuple(sorted(refused)),
                outcome="not_sent",
                hint=f"allow it with allow_loss=True or allow_loss={sorted(refused)!r}",
            )


def _is_allowed(kind: str, allow_loss: AllowLoss) -> bool:
    if LOSS_CLASSES[kind] == "inherent" or isinstance(allow_loss, bool):
        return allow_loss is True or LOSS_CLASSES[kind] == "inherent"
    return kind == allow_loss if isinstance(allow_loss, str) else kind in allow_loss
