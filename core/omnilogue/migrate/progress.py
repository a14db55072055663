"""What a run tells while it goes on, for whoever watches."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias


@dataclass(frozen=True, slots=True)
class CopyProgress:
    """How far a plan, a copy or a check has come: conversations, messages, seconds since it began.

    `what` is `outage` while nothing new is begun because an end does not answer: `seconds` is how long that has lasted
    then, and `message` says why.
    """

    phase: Literal["plan", "copy", "check", "undo"]
    done: int
    total: int
    messages: int = 0
    seconds: float = 0.0
    what: Literal["progress", "outage"] = "progress"
    message: str = ""


Progress: TypeAlias = Callable[[CopyProgress], object]


def silent(_: CopyProgress) -> None:
    """Tell nobody."""
