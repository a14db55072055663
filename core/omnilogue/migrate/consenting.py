"""What is held before anything is written: the consent to losses, and the ends a plan was made for."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime

from ..errors import LossRefusedError, StateError
from ..mapping.losses import allowing, failing, gate
from ..state import Migration, Migrations
from .asked import Options
from .job import Job
from .planning import Foreseen, Sum, spread
from .reports import Plan


def require_consent(job: Job, options: Options, foreseen: Sequence[Foreseen]) -> None:
    """Refuse a copy that would lose more than was allowed. Raises LossRefusedError."""
    losses = Sum(job, [each for each in foreseen if each.forecast and each.forecast.has_work]).losses
    refused = gate(losses.rows(), options.max_loss, allow_generation=options.allow_generation)
    unwanted = failing(losses.rows(), options.fail_on)
    if not refused and not unwanted:
        return
    told = ", ".join(f"{row.kind} ({row.count:,} {row.action})" for row in [*refused, *unwanted])
    raise LossRefusedError(
        f"a copy from {job.pair.source.name} to {job.pair.target.name} would lose {told}; nothing was written",
        losses=tuple(sorted({row.kind for row in [*refused, *unwanted]})),
        outcome="not_sent",
        hint=f"allow it with {allowing(refused)}" if refused else "leave --fail-on out to copy all the same",
    )


class Planned:
    """A saved plan that is applied: whether it fits, or was begun before, while the source stayed as it is."""

    def __init__(self, plan: Plan, migrations: Migrations, foreseen: Sequence[Foreseen], sample: int | None) -> None:
        self._migrations = migrations
        self._fits = fingerprint(foreseen, sample) == plan.fingerprint
        source = [(each.conversation.id, str(each.conversation.updated_at)) for each in foreseen]
        self._mark = hashlib.sha256(repr((plan.fingerprint, source)).encode("utf-8", "surrogatepass")).hexdigest()

    def require(self, unfinished: Migration | None) -> None:
        """Refuse a plan that an end has left behind. Raises StateError [ledger_mismatch]."""
        if self._fits or self._migrations.was_told("planned", self._mark):
            return
        hint = f"; without the plan the same command goes on with {unfinished.id}" if unfinished else ""
        raise StateError(
            "an end has changed since this was planned", code="ledger_mismatch", hint=f"plan it again{hint}"
        )

    def begin(self, migration: Migration, at: datetime) -> None:
        """Note that this migration applies it, so that the same command can go on with it."""
        self._migrations.tell(migration.id, "planned", at, detail=self._mark)


def fingerprint(foreseen: Sequence[Foreseen], sample: int | None = None) -> str:
    """Give what tells whether both ends are still as they were planned for; with `sample` only those count as read."""
    read = set(spread(len(foreseen), sample))
    told = [
        (
            each.conversation.id,
            str(each.conversation.updated_at),
            each.forecast.model_dump_json(exclude={"seconds"}) if each.forecast and place in read else "",
        )
        for place, each in enumerate(foreseen)
    ]
    return hashlib.sha256(repr(told).encode("utf-8", "surrogatepass")).hexdigest()
