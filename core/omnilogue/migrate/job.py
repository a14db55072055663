"""What all conversations of one run share: both ends, how messages are shaped, what is allowed, when to stop."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

from ..errors import LossRefusedError, MigrationError
from ..mapping.expected import CopyOptions, Expected, expected
from ..mapping.losses import LossItem, MaxLoss, failing, gate
from ..mapping.taking import generates
from ..model import Conversation, Message, Origin
from ..provider import CopyContext, Transform
from .pair import Pair
from .progress import Tally
from .selection import Shaping
from .stopping import Stop
from .walking import Step


@dataclass(frozen=True, slots=True)
class Job:
    """One run of a migration."""

    pair: Pair
    migration: str
    shaping: Shaping
    options: CopyOptions
    transforms: tuple[Transform, ...]
    max_loss: MaxLoss
    fail_on: tuple[str, ...]
    lookup: Callable[[str], Transform]
    update: bool
    stop: Stop
    tally: Tally
    fetching: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Held while a file is downloaded."""

    @property
    def generates(self) -> bool:
        """Whether the target stores nothing without answering it, so that turns are sent and rewritten."""
        return generates(self.pair.target.features)

    def with_shaping(self, shaping: Shaping) -> Job:
        """Give the same job with other options that change content."""
        if shaping == self.shaping:
            return self
        options = replace(self.options, roles=frozenset(shaping.role) or None, add_metadata=dict(shaping.add_meta))
        transforms = tuple(self.lookup(name) for name in shaping.transform)
        return replace(self, shaping=shaping, options=options, transforms=transforms)

    def shape(self, conversation: Conversation, step: Step, *, on_branch: bool = True) -> Expected:
        """Give what a message becomes on the target, and its losses. Raises MigrationError where a transform fails."""
        message = self._with_origin(conversation, step)
        if message is None:
            return Expected(None, (LossItem("filtered", "dropped", step.key),))
        return expected(message, self.pair.target.features, self.options, on_branch=on_branch)

    def _with_origin(self, conversation: Conversation, step: Step) -> Message | None:
        """Give a message as the transforms leave it, with its origin; None where they leave it out."""
        message, source = self._transformed(conversation, step.message), self.pair.source
        if message is None:
            return None
        origin = Origin(
            provider=source.provider,
            remote=source.name,
            conversation=conversation.id,
            message=step.message.id,
            time=step.message.created_at,
        )
        return message.model_copy(update={"origin": origin})

    def _transformed(self, conversation: Conversation, message: Message) -> Message | None:
        if not self.transforms:
            return message
        source, target = self.pair.source, self.pair.target
        context = CopyContext(source.name, target.name, source.provider, target.provider, conversation)
        for transform in self.transforms:
            try:
                changed: object = transform.function(message, context)
            except Exception as error:  # whatever a plugin lets out, this conversation waits for its author
                fault = f"the transform {transform.name!r} failed on {message.id}: {type(error).__name__}: {error}"
                raise MigrationError(fault, code="verification") from None
            if changed is None:
                return None
            if not isinstance(changed, Message):
                fault = f"the transform {transform.name!r} gave {type(changed).__name__} for {message.id}, no Message"
                if inspect.iscoroutine(changed):
                    changed.close()  # nobody waits for it
                    fault += ": it must be a plain function, without async"
                raise MigrationError(fault, code="verification")
            message = changed
        return message

    def require_allowed(self, losses: Iterable[LossItem]) -> None:
        """Refuse what nobody consented to, also where the plan did not foresee it. Raises LossRefusedError."""
        losses = list(losses)
        refused = gate(losses, self.max_loss, allow_generation=self.shaping.allow_generation)
        refused += failing(losses, self.fail_on)
        if refused:
            kinds = tuple(sorted({loss.kind for loss in refused}))
            raise LossRefusedError(f"the copy would lose {', '.join(kinds)}", losses=kinds, outcome="not_sent")
