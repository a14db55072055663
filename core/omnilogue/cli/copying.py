"""Commands that copy: `plan`, `copy`, `retry` and `undo`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from ..errors import InvalidInputError, OmnilogueError
from . import copy_options as options
from . import exits
from .copy_options import Additions, Consent, Ends, Filters, Generating, NoChange, Pace, Shapes
from .copy_pages import INCOMPLETE, copy_page, losses_page, plan_page, undo_page
from .copy_progress import CopyTelling
from .copy_stopping import OrderlyStop
from .copy_time import timed
from .interrupts import ended_by_signals
from .output import Output
from .session import COPY_DEFAULTS, DEFAULTS, CopySession, Session
from .words import MigrationId, Source, Target

if TYPE_CHECKING:
    from ..mapping.losses import Loss
    from ..migrate.reports import CopyReport, Plan
    from ..migrate.stopping import Stop


async def plan(
    source: Source,
    target: Target,
    /,
    *,
    filters: Filters = options.ALL,
    shapes: Shapes = options.WHOLE,
    additions: Additions = options.NOTHING_MORE,
    consent: Consent = options.CAREFUL,
    generating: Generating = options.SILENT,
    pace: Pace = options.USUAL,
    ends: Ends = options.UNENDING,
    sample: Annotated[
        int | None,
        Parameter(
            help="Read only N conversations, spread over all; the rest is an estimate. 0 only lists.", metavar="N"
        ),
    ] = None,
    error_on_no_change: NoChange = False,
    session: CopySession = COPY_DEFAULTS,
) -> int:
    """Tell what a copy would bring, lose, take and cost.

    Both ends are read and neither is written to. What was read is kept, so that a plan that was stopped goes on.
    --out FILE saves the plan for `omnilogue copy --plan FILE`.

    Examples:
      omnilogue plan work: backup:
      omnilogue plan work: backup: --sample 20
      omnilogue plan work: backup: --since 30d --out plan.json
    """
    given = {**filters.given(source), **shapes.given(), **additions.given(), **consent.given(), **generating.given()}
    given |= {**pace.given(), **ends.given()}
    words, again = ["plan", source, target], filters.retyped(given)
    if sample is not None:
        given["sample"] = sample
        words += ["--sample", str(sample)]
    options.checked(given)
    with _named(options.command_line(session, words, again)):
        return await _plan(session, source, target, given, error_on_no_change=error_on_no_change)


@contextmanager
def _named(goes_on: str) -> Iterator[None]:
    """Let the hint of an error name the command that goes on."""
    try:
        yield
    except OmnilogueError as error:
        error.hint = error.hint.replace("the same command", f"`{goes_on}`")
        raise


async def _plan(session: Session, source: str, target: str, given: dict[str, Any], *, error_on_no_change: bool) -> int:
    from ..mapping.losses import failing

    with CopyTelling(session) as telling:
        found = await timed(session, "plan", session.client.plan(source, target, progress=telling, **given))
    page = Output() if session.out is not None else session.output
    if session.json:
        page.document(found.document())
    else:
        plan_page(page, found, _refusal(found.losses, given))
    page.commit()
    if not found.complete:
        session.note(INCOMPLETE)
    if session.out is not None:
        session.output.stream.write(found.model_dump_json(by_alias=True, indent=2) + "\n")
    codes = [10] if failing(found.losses, given.get("fail_on", ())) else []
    return exits.worst([*codes, *_codes(found, error_on_no_change=error_on_no_change)])


def _refusal(found: tuple[Loss, ...], given: dict[str, Any]) -> str:
    """Say what a copy with these options would be refused for, empty where it would be done."""
    from ..mapping.losses import allowing, failing, gate

    refused = gate(found, given.get("max_loss", "metadata"), allow_generation=given.get("allow_generation", False))
    if refused:
        kinds = ", ".join(dict.fromkeys(row.kind for row in refused))
        return f"A copy would be refused because of {kinds}; {allowing(refused)} allows it."
    unwanted = failing(found, given.get("fail_on", ()))
    return f"A copy would be refused because of --fail-on {unwanted[0].kind}." if unwanted else ""


def _codes(report: CopyReport, *, error_on_no_change: bool) -> list[int]:
    """Give the exit codes that apply to what a report tells."""
    from ..migrate.reports import no_change

    codes = [code for code, applies in {6: report.dead, 11: report.unknown}.items() if applies]
    idle = no_change(report) if error_on_no_change else None
    return codes if idle is None else [*codes, exits.exit_code(idle)]


async def copy(
    source: Annotated[Source | None, Parameter(help="What is copied: work: or work:ID.")] = None,
    target: Annotated[Target | None, Parameter(help="The remote it is copied to.")] = None,
    /,
    *,
    plan: Annotated[Path | None, Parameter(help="Apply this saved plan, as it was planned.", metavar="FILE")] = None,
    dry_run: Annotated[bool, Parameter(help="Write nothing, do as `omnilogue plan`.")] = False,
    filters: Filters = options.ALL,
    shapes: Shapes = options.WHOLE,
    additions: Additions = options.NOTHING_MORE,
    consent: Consent = options.CAREFUL,
    generating: Generating = options.SILENT,
    pace: Pace = options.USUAL,
    ends: Ends = options.UNENDING,
    error_on_no_change: NoChange = False,
    session: CopySession = COPY_DEFAULTS,
) -> int:
    """Copy conversations from one remote to another.

    What an earlier copy brought over is left as it is, and one that was stopped goes on. The source is only read.
    Where more would be lost than is allowed nothing is written. On a terminal it asks first. Ctrl-C lets the message
    in flight be finished, a second one ends it at once; the same command goes on.

    Examples:
      omnilogue copy work: backup: --limit 5
      omnilogue copy work: backup: --max-duration 2h
      omnilogue copy work:ID backup: --max-loss any
      omnilogue copy --plan plan.json
    """
    if plan is None and (source is None or target is None):
        raise InvalidInputError("a copy needs SOURCE and TARGET", hint="or a saved plan with --plan FILE")
    if plan is not None and (source is not None or dry_run):
        raise InvalidInputError("--plan goes with neither SOURCE, TARGET nor --dry-run", hint="the plan names both")
    given = {**filters.given(source), **shapes.given(), **additions.given(), **consent.given()}
    given = options.checked({**given, **generating.given(), **pace.given(), **ends.given()})
    words, again, saved = [str(source), str(target)], filters.retyped(given), None
    if dry_run:
        with _named(options.command_line(session, ["copy", *words, "--dry-run"], again)):
            return await _plan(session, words[0], words[1], given, error_on_no_change=error_on_no_change)
    if plan is not None:
        saved = _loaded(plan)
        # What is copied in part no longer fits the plan: its ends and options go on.
        words, again = [saved.source, saved.target], {**saved.options, **given}
        _confirm(session, saved)
    elif session.asks:
        with _named(options.command_line(session, ["copy", *words], again)):
            saved = await _shown_first(session, words[0], words[1], given)
        source = target = None  # the plan names them

    def run(stop: Stop, telling: CopyTelling) -> Awaitable[CopyReport]:
        return session.client.copy(source, target, plan=saved, progress=telling, stop=stop, **_timed(session, given))

    goes_on = options.command_line(session, ["copy", *words], again)
    return await _run(session, run, goes_on, error_on_no_change=error_on_no_change)


def _loaded(path: Path) -> Plan:
    """Read a saved plan. Raises InvalidInputError."""
    from ..migrate.reports import Plan

    try:
        return Plan.load(path)
    except OSError as error:
        problem = f"{path} cannot be read: {error.strerror}"
    raise InvalidInputError(problem)


async def _shown_first(session: Session, source: str, target: str, given: dict[str, Any]) -> Plan:
    """Tell a person what would be done, and ask; give the plan, so that just this is done."""
    shaping = {name: value for name, value in given.items() if name not in {"max_dead", "max_duration"}}
    with CopyTelling(session) as telling:
        found = await session.client.plan(source, target, progress=telling, **shaping)
    if not _refusal(found.losses, given):  # else the copy itself says so
        _confirm(session, found)
    return found


def _confirm(session: Session, found: Plan) -> None:
    """Show the losses and the sentence of a plan, and ask where somebody can answer."""
    if session.asks and found.has_work:
        losses_page(Output.beside(), found)
        with ended_by_signals():
            session.confirm("Copy?")


def _timed(session: Session, given: dict[str, Any]) -> dict[str, Any]:
    """Let `--timeout` end a run in good order too."""
    if session.timeout is None or "max_duration" in given:
        return given
    return {**given, "max_duration": session.timeout}


async def _run(
    session: Session,
    run: Callable[[Stop, CopyTelling], Awaitable[CopyReport]],
    goes_on: str,
    *,
    error_on_no_change: bool,
) -> int:
    """Run a copy and print its report, with what is left where it was stopped."""
    with CopyTelling(session) as telling, OrderlyStop(session, telling) as orderly, _named(goes_on):
        report = await run(orderly.stop, telling)
    if session.json:
        session.output.document(report.model_dump(mode="json", by_alias=True))
    else:
        copy_page(session.output, report)
    if not report.complete:
        session.note(INCOMPLETE)
    codes = _codes(report, error_on_no_change=error_on_no_change and orderly.code is None)
    if orderly.code is not None:
        if left := await _left(session, report):
            session.note(f"{left}; `{goes_on}` goes on.")
        codes.append(orderly.code)
    return exits.worst(codes)


async def _left(session: Session, report: CopyReport) -> str:
    """Tell what a run that was stopped has left; nothing where it had come to its end."""
    if report.migration is None:
        return "Stopped before anything was written"
    items = (await session.client.migration(report.migration)).items or ()
    left = sum(item.state in {"pending", "running"} for item in items)
    return f"Stopped: {left:,} of {len(items):,} conversations are left" if left else ""


async def retry(
    migration: MigrationId,
    /,
    *,
    consent: Consent = options.CAREFUL,
    pace: Pace = options.USUAL,
    ends: Ends = options.UNENDING,
    error_on_no_change: NoChange = False,
    session: CopySession = COPY_DEFAULTS,
) -> int:
    """Try the dead letters of a migration again.

    Those are the conversations that could not be copied for a reason of their own; `omnilogue migrations ID` names
    each with its reason. What is left out and changed on the way is as it was.

    Examples:
      omnilogue retry m-7f3a
      omnilogue retry m-7f3a --max-loss any
    """
    given = options.checked({**consent.given(), **pace.given(), **ends.given()})

    def run(stop: Stop, telling: CopyTelling) -> Awaitable[CopyReport]:
        return session.client.retry(migration, progress=telling, stop=stop, **_timed(session, given))

    goes_on = options.command_line(session, ["retry", migration], given)
    return await _run(session, run, goes_on, error_on_no_change=error_on_no_change)


async def undo(migration: MigrationId, /, *, session: Session = DEFAULTS) -> None:
    """Take back what a migration made.

    Only what it made itself and what has not changed since is deleted, as far as the vendor can; the rest is named
    with the reason. On a terminal it asks first.

    Examples:
      omnilogue undo m-7f3a
      omnilogue undo m-7f3a --yes --json
    """
    known = await session.client.migration(migration)
    with ended_by_signals():
        session.confirm(
            f"Take back {known.migration}: {known.messages:,} messages of {known.conversations:,} conversations"
            f" on {known.target}?"
        )
    with CopyTelling(session) as telling:
        report = await timed(session, "undo", session.client.undo(migration, progress=telling))
    if session.json:
        session.output.document(report.model_dump(mode="json"))
    else:
        undo_page(session.output, report)
