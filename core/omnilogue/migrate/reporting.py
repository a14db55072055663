"""What a plan foresees and a run did, as reports."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ..http.rate import parse_rate
from ..remote.landing import Landing
from ..state import Item, Migration
from . import sentences
from .asked import Options
from .copying import carries_edits
from .job import Job
from .planning import Foreseen, Sum, undo_forecast
from .reports import CopyReport, Failure, RateLimit, Rates, address_of
from .running import Run
from .selection import Chosen

SECONDS_PER_CALL = 0.25
"""What a request is taken to last where nothing was measured."""

LONGEST_CALL = 10.0
"""What a request is taken to last at most, however long reading took."""


@dataclass(frozen=True, slots=True)
class Reporting:
    """What was chosen and foreseen of one job, and the reports that tell it."""

    job: Job
    options: Options
    chosen: Chosen
    foreseen: Sequence[Foreseen]

    def planned(self) -> CopyReport:
        """Tell what a copy would do."""
        total, pair = Sum(self.job, self.foreseen), self.job.pair
        return CopyReport(
            source=address_of(pair.source.name),
            target=address_of(pair.target.name),
            complete=self.chosen.complete,
            sampled=total.is_sampled,
            conversations=total.conversations(),
            messages=total.messages,
            losses=tuple(total.losses.rows()),
            calls=total.calls,
            generations=total.generations,
            seconds=round(self._seconds(total), 1),
            rates=self._rates(),
            undo=undo_forecast(pair.target.features, total.edits),
            dead=total.failed,
            diverged=total.diverged,
            edited=total.edited,
            gone=total.gone,
        )

    def _seconds(self, total: Sum) -> float:
        """Estimate how long a copy takes: by what reading took, and never faster than the pace allows."""
        each = total.seconds_per_call or SECONDS_PER_CALL
        at_once = max(1, min(self.options.concurrency, len(self.foreseen)))
        rates, here = self._rates(), total.source_calls
        return max(
            total.calls * min(each, LONGEST_CALL) / at_once,
            _fastest(here, rates.source),
            _fastest(total.calls - here, rates.target),
        )

    def _rates(self) -> Rates:
        here, there = Landing.on(self.job.pair.source).rate, self.job.pair.landing.rate
        return Rates(source=_rate(self.options.source_rate, here), target=_rate(self.options.rate, there))

    def untouched(self, began: float) -> CopyReport:
        """Tell that nothing was copied; `began` is when the run began, monotonic seconds."""
        report = self.planned()
        report = report.model_copy(update={"seconds": round(self.job.pair.clock.monotonic() - began, 1)})
        return report.model_copy(update={"sentence": self._said(report)})

    def done(self, migration: Migration, run: Run, began: float) -> CopyReport:
        """Tell what a run did."""
        report = self.planned()
        items = {item.conversation: item for item in self.job.pair.migrations.items(migration.id)}
        failed = {item.conversation for item in items.values() if item.state in {"dead", "unknown"}}
        report = report.model_copy(
            update={
                "migration": migration.id,
                "conversations": Sum(self.job, self.foreseen).conversations(failed),
                "messages": report.messages.model_copy(update={"copied": run.copied}),
                "losses": tuple(run.losses.rows()),
                "seconds": round(self.job.pair.clock.monotonic() - began, 1),
                "unknown": self._failures(items.values(), "unknown"),
                "dead": self._failures(items.values(), "dead"),
            }
        )
        return report.model_copy(update={"sentence": self._said(report, run.brought, run.left)})

    def _said(self, report: CopyReport, brought: int = 0, left: int = 0) -> str:
        return sentences.of_copy(report, brought, left, takes_edits=carries_edits(self.job))

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


def _fastest(calls: int, rate: RateLimit) -> float:
    """Give the seconds that so many requests take at least at this pace."""
    if rate.limit is None:
        return 0.0
    count, span = parse_rate(rate.limit)
    return calls * span / count


def _rate(option: str | None, setting: str | None) -> RateLimit:
    return RateLimit(limit=option or setting, told_by="option" if option else "setting" if setting else "none")
