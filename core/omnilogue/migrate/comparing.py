"""Comparing a conversation with its copy, message by message, in constant memory."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field

from ..mapping.losses import Losses
from ..mapping.turns import Turns, WantedTurn
from ..model import Conversation, Message
from ..state import Row
from .digest import digest, normalised, told_like
from .job import Job
from .walking import Walk, turns_of


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be seen on the target: the digest of what a message becomes, and whether that is the source's own."""

    message: Message
    digest: str
    is_source: bool


@dataclass(slots=True)
class Comparison:
    """How a conversation and its copy compare; `reason` tells the first difference, or what was foreseen."""

    source: int = 0
    target: int = 0
    equal: int = 0
    is_exact: bool = True
    reason: str = ""
    losses: Losses = field(default_factory=Losses)

    @property
    def is_expected(self) -> bool:
        """Whether each message of the copy is what it was to become, and no other is there."""
        return not self.reason

    def differ(self, reason: str) -> None:
        """Note a difference; the first one is told."""
        self.reason = self.reason or reason


async def compare(job: Job, conversation: Conversation, target: str, rows: Sequence[Row] = ()) -> Comparison:
    """Read both and compare what is there with what was to be there. Raises any error of the tree.

    `rows` is what the ledger knows of a copy that is made of turns: messages that came later began another one.
    """
    found = Comparison()
    wanted = _wanted(job, conversation, rows, found)
    async for message in job.pair.target.messages(target):
        found.target += 1
        due = await anext(wanted, None)
        if due is None:
            continue
        if digest(message) == due.digest or digest(told_like(message, due.message)) == due.digest:
            found.equal += 1
            found.is_exact = found.is_exact and due.is_source
        elif normalised(message) == normalised(due.message):
            found.differ("normalised")
        else:
            found.differ(f"message {found.target} differs")
    missing = 0
    async for _ in wanted:
        missing += 1
    if missing:
        found.differ(f"{missing} of {missing + found.target} messages are missing on the target")
    elif found.target > found.equal:
        found.differ(f"{found.target - found.equal} more messages on the target")
    return found


async def _wanted(
    job: Job, conversation: Conversation, rows: Sequence[Row], found: Comparison
) -> AsyncIterator[Wanted]:
    """Give what each message of the source becomes; those that are left out are skipped."""
    walk, numbers = Walk(()), turns_of(rows)
    turns = Turns(job.pair.target.features) if job.generates else None
    async for message in job.pair.source.messages(conversation):
        found.source += 1
        step = walk.step(message)
        becomes = job.shape(conversation, step)
        if turns is None or becomes.message is None:
            found.losses.extend(becomes.losses)
            made = [becomes.message] if becomes.message is not None else []
        else:
            made = _said(turns.add(becomes.message, becomes.losses, numbers.get(step.key)), found)
        if not made:
            found.is_exact = found.is_exact and turns is not None
        for one in made:
            wanted = digest(one)
            yield Wanted(one, wanted, wanted == step.digest)
    for one in _said(turns.end() if turns else None, found):
        yield Wanted(one, digest(one), is_source=False)


def _said(turn: WantedTurn | None, found: Comparison) -> list[Message]:
    if turn is None:
        return []
    found.losses.extend(turn.losses)
    return [turn.user, turn.assistant]
