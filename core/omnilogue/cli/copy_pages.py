"""Reports of plan, copy and check as pages for people."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from .copy_progress import span
from .output import Output, Rows

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ..mapping.losses import Loss
    from ..migrate.reports import CopyReport, Failure, Plan, RateLimit, UndoReport
    from ..model.values import Value

Row: TypeAlias = tuple[str, ...]

INCOMPLETE = "The source does not tell everything it keeps: only the conversations that are known are meant."


def plan_page(output: Output, plan: Plan, refusal: str = "") -> None:
    """Print what a copy would do, and what it would be refused for; its sentence comes last."""
    about = "about " if plan.sampled else ""
    facts = [("conversations", _counts(plan.conversations))]
    if plan.calls or not plan.sampled:  # else nothing was read that could tell
        facts += [
            ("messages", f"{about}{plan.messages.new:,} new, {plan.messages.unchanged:,} unchanged"),
            ("requests", f"about {plan.calls:,}"),
            ("generations", f"{about}{plan.generations:,}"),
            ("time", f"about {span(plan.seconds)}"),
        ]
    facts += [
        ("pace", f"source {_pace(plan.rates.source)}, target {_pace(plan.rates.target)}"),
        ("undo", f"{plan.undo.grade}: {plan.undo.note}" if plan.undo.note else plan.undo.grade),
    ]
    if plan.migration:
        facts.append(("goes on", f"{plan.migration} is not finished yet"))
    unread = failures("dead" if plan.migration else "cannot be read", plan.dead)
    _sections(output, facts, losses(plan.losses), unread, diverged(plan))
    if refusal:
        output.line(refusal)
    output.line(plan.sentence)


def copy_page(output: Output, report: CopyReport) -> None:
    """Print what a copy did; its sentence comes last."""
    failed = failures("dead", report.dead), failures("unknown", report.unknown)
    _sections(output, losses(report.losses), *failed, diverged(report))
    output.line(f"{report.migration}: {report.sentence}" if report.migration else report.sentence)


def losses_page(output: Output, plan: Plan) -> None:
    """Print what a copy would lose, and the sentence of its plan."""
    _sections(output, losses(plan.losses))
    output.line(plan.sentence)


def undo_page(output: Output, report: UndoReport) -> None:
    """Print what an undo took back and what it left."""
    rows = Rows(output)
    for target in report.deleted:
        rows.add("deleted", target, "")
    for kept in report.kept:
        rows.add("kept", kept.target, kept.reason)
    rows.flush()
    output.line(f"{report.migration}: {len(report.deleted):,} deleted, {len(report.kept):,} kept.")


def losses(found: Sequence[Loss]) -> list[Row]:
    """Give what is lost, a row for each kind and action."""
    rows = [(row.kind, row.loss_class, row.action, f"{row.count:,}", row.example) for row in found]
    return [("loss", "class", "action", "count", "example"), *rows] if rows else []


def failures(what: str, found: Iterable[Failure]) -> list[Row]:
    """Give what failed, a row for each conversation."""
    return [(what, row.source, row.code, row.message) for row in found]


def diverged(report: CopyReport) -> list[Row]:
    """Give what changed on both ends and is left alone, a row for each conversation."""
    return [("diverged", source) for source in report.diverged]


def _sections(output: Output, *sections: Sequence[Row]) -> None:
    """Print tables with a blank line after each."""
    for section in filter(None, sections):
        rows = Rows(output)
        for row in section:
            rows.add(*row)
        rows.flush()
        output.line()


def _counts(counts: Value) -> str:
    return ", ".join(_nonzero(counts)) or "none"


def _nonzero(counts: Value) -> Iterator[str]:
    for name, number in counts:
        if number:
            yield f"{number:,} {name}"


def _pace(rate: RateLimit) -> str:
    return f"{rate.limit} ({rate.told_by})" if rate.limit else "not limited"
