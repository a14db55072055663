"""The command `check`: two remotes, compared conversation by conversation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from . import copy_options as options
from .copy_options import Filters, Shapes
from .copy_progress import CopyTelling
from .copy_time import timed
from .output import Output, Rows
from .session import DEFAULTS, Session
from .words import Compared, ComparedWith

if TYPE_CHECKING:
    from ..migrate.reports import CheckReport

DIFFERENT = 7
INCOMPLETE = "An end does not tell everything it keeps: only the conversations that are known are compared."


async def check(
    source: Compared,
    target: ComparedWith,
    /,
    *,
    filters: Filters = options.ALL,
    shapes: Shapes = options.WHOLE,
    migration: Annotated[
        str | None, Parameter(help="Exactly the conversations of this migration.", metavar="ID")
    ] = None,
    one_way: Annotated[bool, Parameter(help="What only the target has is counted and is no difference.")] = False,
    sample: Annotated[int | None, Parameter(help="Only N conversations, spread over all.", metavar="N")] = None,
    differences: Annotated[bool, Parameter(help="Leave out what is equal.")] = False,
    concurrency: Annotated[
        int | None, Parameter(help="Conversations compared at once; 8 without it.", metavar="N")
    ] = None,
    wait_outage: Annotated[
        str | None, Parameter(help="Wait so long for an end that does not answer; 15m without it.", metavar="TIME")
    ] = None,
    session: Session = DEFAULTS,
) -> int:
    """Compare two remotes, conversation by conversation.

    = equal, ~ equal to what the target can hold, * different, + missing on the target, - missing on the source,
    ! cannot be read. Ends with 7 where something differs. It works without an earlier copy too.

    Examples:
      omnilogue check work: backup:
      omnilogue check work: backup: --migration m-7f3a
      omnilogue check work: backup: --one-way --differences
    """
    own = {"migration": migration, "sample": sample, "concurrency": concurrency, "wait_outage": wait_outage}
    chosen = {key: one for key, one in own.items() if one is not None}
    given = options.checked({**filters.given(source), **shapes.given(), **chosen})
    with CopyTelling(session) as telling:
        report = await timed(
            session,
            "check",
            session.client.check(source, target, progress=telling, one_way=one_way, differences=differences, **given),
        )
    if session.json:
        session.output.document(report.model_dump(mode="json"))
    else:
        _page(session.output, report)
    if not report.complete:
        session.note(INCOMPLETE)
    return 0 if report.is_clean else DIFFERENT


def _page(output: Output, report: CheckReport) -> None:
    """Print a line for each conversation; the sentence comes last."""
    rows = Rows(output)
    for item in report.items:
        rows.add(item.symbol, item.source or "", "->", item.target or "", item.reason)
    rows.flush()
    output.line(report.sentence)
