"""Losses counted with the place each was first met at, and asked whether they are allowed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..errors import LossRefusedError
from ..mapping.losses import Losses, LossItem
from ..provider import Lost
from ..remote.grades import is_allowed
from ..remote.options import AllowLoss


class Tally:
    """How often each loss was met, with the first place it was met at."""

    def __init__(self) -> None:
        self._losses = Losses()

    def add(self, found: Iterable[Lost | LossItem], place: str) -> None:
        """Count losses of one conversation or message; `place` names it."""
        for loss in found:
            self._losses.add(loss.kind, loss.action, place)

    def document(self) -> list[dict[str, Any]]:
        """Give the losses as `--json` prints them, in the order of their kinds."""
        return [loss.model_dump() for loss in self._losses.rows()]

    def require(self, what: str, allow_loss: AllowLoss) -> None:
        """Refuse losses nobody consented to. Raises LossRefusedError with their kinds and counts."""
        refused: dict[str, int] = {}
        for loss in self._losses.rows():
            if loss.is_lost and not is_allowed(loss.kind, allow_loss):
                refused[loss.kind] = refused.get(loss.kind, 0) + loss.count
        if refused:
            told = ", ".join(f"{kind} ({count})" for kind, count in sorted(refused.items()))
            raise LossRefusedError(
                f"{what} would lose {told}",
                losses=tuple(sorted(refused)),
                outcome="not_sent",
                hint=f"allow it with allow_loss=True or allow_loss={sorted(refused)!r}",
            )
