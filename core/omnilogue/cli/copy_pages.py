"""Reports of plan, copy and check as pages for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .copy_progress import span
from .output import Output, Rows

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ..migrate.losses import Loss
    from ..migrate.reports import CopyReport, Failure, Plan, RateLimit, UndoReport
    from ..model.values import Value


def plan_page(output: Output, plan: Plan, refusal: str = "") -> None:
    """Print what a copy would do, and what it would be refused for; its sentence comes last."""
    about = "about " if plan.sampled else ""
    rows = Rows(output)
    rows.add("conversations", _counts(plan.conversations))
    rows.add("messages", f"{about}{plan.messages.new:,} new, {plan.messages.unchanged:,} unchanged")
    rows.add("requests", f"about {plan.calls:,}")
    rows.add("generations", f"{about}{plan.generations:,}")
    rows.add("time", f"about {span(plan.seconds)}")
    rows.add("pace", f"source {_pace(plan.rates.source)}, target {_pace(plan.rates.target)}")
    rows.add("undo", f"{plan.undo.grade}: {plan.undo.note}" if plan.undo.note else plan.undo.grade)
    if plan.migration:
        rows.add("goes on", f"{plan.migration} is not finished yet")
    rows.flush()
    losses(output, plan.losses)
    failures(output, "cannot be read", plan.dead)
    output.line()
    if refusal:
        output.line(refusal)
    output.line(plan.sentence)


def copy_page(output: Output, report: CopyReport) -> None:
    """Print what a copy did; its sentence comes last."""
    losses(output, report.losses)
    failures(output, "not copied", report.dead)
    failures(output, "unknown", report.unknown)
    if report.losses or report.dead or report.unknown:
        output.line()
    if report.migration:
        output.line(f"{report.migration}: {report.sentence}")
    else:
        output.line(report.sentence)


def undo_page(output: Output, report: UndoReport) -> None:
    """Print what an undo took back and what it left."""
    rows = Rows(output)
    for target in report.deleted:
        rows.add("deleted", target, "")
    for kept in report.kept:
        rows.add("kept", kept.target, kept.reason)
    rows.flush()
    output.line(f"{report.migration}: {len(report.deleted):,} deleted, {len(report.kept):,} kept.")


def losses(output: Output, found: Iterable[Loss]) -> None:
    """Print what is lost, a line for each kind and action."""
    rows = Rows(output)
    for place, row in enumerate(found):
        if not place:
            output.line()
            rows.add("loss", "class", "action", "count", "example")
        rows.add(row.kind, row.loss_class, row.action, f"{row.count:,}", row.example)
    rows.flush()


def failures(output: Output, what: str, found: Iterable[Failure]) -> None:
    """Print what failed, a line for each conversation."""
    rows = Rows(output)
    for place, row in enumerate(found):
        if not place:
            output.line()
        rows.add(what, row.source, row.code, row.message)
    rows.flush()


def _counts(counts: Value) -> str:
    return ", ".join(_nonzero(counts)) or "none"


def _nonzero(counts: Value) -> Iterator[str]:
    for name, number in counts:
        if number:
            yield f"{number:,} {name}"


def _pace(rate: RateLimit) -> str:
    return f"{rate.limit} ({rate.told_by})" if rate.limit else "not limited"
