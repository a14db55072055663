"""The last sentence of a report: what happened, to how much, and what to do."""

from __future__ import annotations

from ..mapping.losses import Loss
from .reports import CheckReport, CopyReport


def counted(number: int, word: str) -> str:
    """Give a number with its word: `1 message`, `1,000 messages`."""
    return f"{number:,} {word}{'' if number == 1 else 's'}"


def known(number: int, *, complete: bool) -> str:
    """Give conversations as they are told: where an end lists not all, only the known ones are meant."""
    return f"{counted(number, 'conversation')}" if complete else f"{number:,} known conversation{'s' * (number != 1)}"


def lost(losses: tuple[Loss, ...]) -> str:
    """Tell what is lost, by kind; what is inherent to any copy is not worth a word here."""
    counts: dict[str, int] = {}
    for row in losses:
        if row.is_lost and row.loss_class != "inherent":
            counts[row.kind] = counts.get(row.kind, 0) + row.count
    return (
        f"lost: {', '.join(f'{kind} ({count:,})' for kind, count in counts.items())}" if counts else "nothing is lost"
    )


def of_plan(report: CopyReport, *, takes_edits: bool = True) -> str:
    """Say what a copy would do; `takes_edits` tells that the target can change messages."""
    counts = report.conversations
    due = counts.new + counts.changed
    way = f"from {report.source} to {report.target}"
    if not due:
        return _with_rest(f"Nothing is to be copied {way}{_unchanged(report)}", report, takes_edits=takes_edits)
    is_whole = due > 1 and not counts.unchanged and not counts.diverged and not counts.failed
    whole = f"{'all ' if is_whole else ''}{known(due, complete=report.complete)}"
    if report.sampled and not report.calls:
        text = f"A copy {way} would bring {whole}; their messages were not read, so what is lost is not known"
        return _with_rest(text, report, takes_edits=takes_edits)
    about = "about " if report.sampled else ""
    return _with_rest(
        f"A copy {way} would bring {about}{counted(report.messages.new, 'message')} of {whole}; {lost(report.losses)}",
        report,
        takes_edits=takes_edits,
    )


def of_copy(report: CopyReport, brought: int = 0, left: int = 0, *, takes_edits: bool = True) -> str:
    """Say what a copy did: how many conversations it brought up to date, and how many it left where it was stopped."""
    counts, way = report.conversations, f"from {report.source} to {report.target}"
    if not brought and not left and not report.dead and not report.unknown:
        return _with_rest(f"Nothing was to be copied {way}{_unchanged(report)}", report, takes_edits=takes_edits)
    is_whole = brought > 1 and not (counts.unchanged or counts.diverged or report.dead or report.unknown or left)
    whole = "all " if is_whole else ""
    text = f"Copied {counted(report.messages.copied, 'message')}"
    text += f" of {whole}{known(brought, complete=report.complete)}" if brought else ""
    more = f"; {counted(left, 'conversation')} left, the same command goes on" if left else ""
    return _with_rest(f"{text} {way}; {lost(report.losses)}{more}", report, takes_edits=takes_edits)


def _unchanged(report: CopyReport) -> str:
    """Tell what is there already."""
    number = report.conversations.unchanged
    if not number:
        return ""
    one, others = known(number, complete=report.complete), report.conversations.diverged
    return f"; {one} is unchanged" if number == 1 else f"; {'' if others else 'all '}{one} are unchanged"


def _with_rest(text: str, report: CopyReport, *, takes_edits: bool) -> str:
    rest = [text]
    if report.conversations.diverged:
        rest.append(f"{report.conversations.diverged:,} changed on both ends and left alone")
    if report.edited:
        why = "--update carries edits over" if takes_edits else "the target takes no edits"
        rest.append(f"{counted(report.edited, 'message')} edited at the source since: {why}")
    if report.gone:
        rest.append(f"{counted(report.gone, 'message')} deleted at the source since, and left on the target")
    if report.dead:
        again = f": `omnilogue retry {report.migration}` tries them again" if report.migration else ""
        rest.append(f"{len(report.dead):,} could not be {'copied' if report.migration else 'read'}{again}")
    if report.unknown:
        rest.append(f"{len(report.unknown):,} in an unknown state: the same command looks again")
    return "; ".join(rest) + "."


def of_check(report: CheckReport, source: str, target: str, *, target_is_whole: bool = True) -> str:
    """Say how two ends compare; `target_is_whole` tells that the target could list everything."""
    total = report.equal + report.different + report.missing_on_target + report.failed
    whole = known(total, complete=report.complete)
    if report.is_clean:
        more = f"; {report.missing_on_source:,} more only there" if report.missing_on_source else ""
        if not total:
            return f"There is nothing of {source} to compare with {target}{more}."
        all_of_it = f"All {whole} of {source} are" if total != 1 else f"{whole} of {source} is"
        return f"{all_of_it} on {target}, {counted(report.messages.equal, 'message')} equal{more}."
    found = [
        (report.different, "different"),
        (report.missing_on_target, f"missing {'on' if target_is_whole else 'among the known ones of'} {target}"),
        (report.missing_on_source, f"missing on {source}"),
        (report.failed, "unreadable"),
    ]
    told = ", ".join(f"{number:,} {word}" for number, word in found if number)
    return f"Of {whole} of {source}, {report.equal:,} equal on {target}; {told}."
