"""Comparing a conversation with its copy, message by message, in constant memory."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from ..mapping.losses import Losses
from ..mapping.turns import Turns, WantedTurn
from ..model import Conversation, Message
from .digest import digest, normalised
from .job import Job
from .walking import Step, Walk


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


async def compare(job: Job, conversation: Conversation, target: str) -> Comparison:
    """Read both and compare what is there with what was to be there. Raises any error of the tree."""
    found = Comparison()
    wanted = _wanted(job, conversation, found)
    async for message in job.pair.target.messages(target):
        found.target += 1
        due = await anext(wanted, None)
        if due is None:
            continue
        if digest(message) == due.digest:
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


async def _wanted(job: Job, conversation: Conversation, found: Comparison) -> AsyncIterator[Wanted]:
    """Give what each message of the source becomes; those that are left out are skipped."""
    walk = Walk(())
    turns = Turns(job.pair.target.features, job.options) if job.generates else None
    async for message in job.pair.source.messages(conversation):
        found.source += 1
        step = walk.step(message)
        made = _made(job, conversation, step, turns, found)
        if not made:
            found.is_exact = found.is_exact and turns is not None
        for one in made:
            wanted = digest(one)
            yield Wanted(one, wanted, wanted == step.digest)
    for one in _said(turns.end() if turns else None, found):
        yield Wanted(one, digest(one), is_source=False)


def _made(job: Job, conversation: Conversation, step: Step, turns: Turns | None, found: Comparison) -> list[Message]:
    """Give what one more message of the source brings to the target."""
    if turns is None:
        shaped = job.shape(conversation, step)
        found.losses.extend(shaped.losses)
        return [] if shaped.message is None else [shaped.message]
    message = job.transformed(conversation, step, found.losses)
    return _said(turns.add(message) if message is not None else None, found)


def _said(turn: WantedTurn | None, found: Comparison) -> list[Message]:
    if turn is None:
        return []
    found.losses.extend(turn.losses)
    return [turn.user, turn.assistant]
