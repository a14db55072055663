"""The command `conform`: the conformance suite of a provider."""

from __future__ import annotations

from collections import Counter
from typing import Annotated

from cyclopts import Parameter

from .output import Rows
from .session import DEFAULTS, Session


async def conform(
    provider: Annotated[str, Parameter(help="The provider to prove, against its emulator where it has one.")],
    /,
    *,
    session: Session = DEFAULTS,
) -> int:
    """Prove that a provider does what it declares.

    The same cases run in its tests. Ends with 1 where one failed.

    Examples:
      omnilogue conform PROVIDER
      omnilogue conform PROVIDER --json
    """
    from .. import testing

    report = await testing.conform(provider, plugins=not session.no_plugins)
    if session.json:
        items = [{"case": item.case, "status": item.status, "reason": item.reason} for item in report.items]
        session.output.document({"provider": provider, "ok": report.ok, "items": items})
    else:
        rows = Rows(session.output)
        for item in report.items:
            rows.add(item.status, item.case, item.reason or "")
        rows.flush()
        counts = Counter(str(item.status) for item in report.items)
        told = ", ".join(f"{count} {status}" for status, count in counts.items())
        session.output.line(f"{provider}: {'conforms' if report.ok else 'does not conform'} ({told})")
    return 0 if report.ok else 1
