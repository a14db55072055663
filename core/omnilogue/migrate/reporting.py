"""What a plan foresees and a run did, as reports."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ..remote.landing import Landing
from ..state import Item, Migration
from . import sentences
from .asked import Options
from .job import Job
from .planning import Foreseen, Sum, undo_forecast
from .reports import CopyReport, Failure, RateLimit, Rates, address_of
from .running import Run
from .selection import Chosen

SECONDS_PER_CALL = 0.25
"""What a request is taken to last where nothing was measured."""


@dataclass(frozen=True, slots=True)
class Reporting:
    """What was chosen and foreseen of one job, and the reports that tell it."""

    job: Job
    options: Options
    chosen: Chosen
    foreseen: Sequence[Foreseen]

    def planned(self, spent: float) -> CopyReport:
        """Tell what a copy would do; `spent` is how many seconds the reading took."""
        total, pair = Sum(self.job, self.foreseen), self.job.pair
        return CopyReport(
            source=address_of(pair.source.name),
            target=address_of(pair.target.name),
            complete=self.chosen.complete,
            sampled=total.is_sampled,
            conversations=total.conversations,
            messages=total.messages,
            losses=tuple(total.losses.rows()),
            calls=total.calls,
            generations=total.generations,
            seconds=round(self._seconds(total.calls, len(self.foreseen), spent), 1),
            rates=self._rates(),
            undo=undo_forecast(pair.target.features, total.edits),
            dead=total.failed,
        )

    def _seconds(self, calls: int, read: int, spent: float) -> float:
        """Estimate how long a copy takes: by what reading took, and never faster than the pace allows."""
        each = spent * self.options.concurrency / read if read and spent > 0 else SECONDS_PER_CALL
        return calls * min(each, 10.0) / self.options.concurrency

    def _rates(self) -> Rates:
        here, there = Landing.on(self.job.pair.source).rate, self.job.pair.landing.rate
        return Rates(source=_rate(self.options.source_rate, here), target=_rate(self.options.rate, there))

    def untouched(self, began: float) -> CopyReport:
        """Tell that nothing was copied; `began` is when the run began, monotonic seconds."""
        report = self.planned(0.0)
        report = report.model_copy(update={"seconds": round(self.job.pair.clock.monotonic() - began, 1)})
        return report.model_copy(update={"sentence": sentences.of_copy(report)})

    def done(self, migration: Migration, run: Run, began: float) -> CopyReport:
        """Tell what a run did."""
        report = self.planned(0.0)
        items = {item.conversation: item for item in self.job.pair.migrations.items(migration.id)}
        report = report.model_copy(
            update={
                "migration": migration.id,
                "messages": report.messages.model_copy(update={"copied": run.copied}),
                "losses": tuple(run.losses.rows()),
                "seconds": round(self.job.pair.clock.monotonic() - began, 1),
                "unknown": self._failures(items.values(), "unknown"),
                "dead": self._failures(items.values(), "dead"),
            }
        )
        return report.model_copy(update={"sentence": sentences.of_copy(report, run.brought, run.left)})

    def _failures(self, items: Iterable[Item], state: str) -> tuple[Failure, ...]:
        name = self.job.pair.source.name
        return tuple(
            Failure(
                source=f"{name}:{item.conversation}",
                code=item.code or "",
                message=item.error or "",
            )
            for item in items
            if item.state == state
        )


def _rate(option: str | None, setting: str | None) -> RateLimit:
    told = "option" if option else "setting" if setting else "none"
    return RateLimit.model_validate({"limit": option or setting, "from": told})
