"""What is held before anything is written: the consent to losses, and the ends a plan was made for."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from ..errors import LossRefusedError
from ..mapping.losses import allowing, failing, gate
from .asked import Options
from .job import Job
from .planning import Foreseen, Sum, spread


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
