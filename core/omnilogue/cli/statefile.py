"""Commands for the state file: `state`, and below it `backup`, `upgrade` and `rename`."""

from __future__ import annotations

import os
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from . import values
from .app import new_app
from .output import Rows
from .session import DEFAULTS, Session

if TYPE_CHECKING:
    from ..state import State

app = new_app("state", usage="omnilogue state [backup | upgrade | rename] [OPTIONS]")


@app.default
def state(*, session: Session = DEFAULTS) -> None:
    """Show, back up, upgrade and rename in the state file.

    The state keeps what a vendor cannot: conversations it does not list, titles and metadata it has no place for, and
    where a conversation lives that was built anew. All processes that use the same remotes must share one.

    Examples:
      omnilogue state
      omnilogue state --json
      omnilogue state --state sqlite:///team.db
    """
    with closing(session.client.state) as opened:
        summary = opened.summary()
        missing = _missing(opened)
    if session.json:
        session.output.document(asdict(summary))
    else:
        rows = Rows(session.output)
        rows.add("url", summary.url)
        rows.add("version", "none yet" if missing else str(summary.version))
        rows.add("size", _readable(summary.size))
        rows.add("remotes", ", ".join(summary.remotes) or "none")
        rows.add("known", _count(summary.known, "conversation"))
        rows.add("migrations", str(summary.migrations))
        rows.flush()
    if missing:
        session.note(missing)


@app.command(usage="Usage: omnilogue state backup FILE [OPTIONS]")
def backup(
    file: Annotated[str, Parameter(help="A file that does not exist yet.")], /, *, session: Session = DEFAULTS
) -> None:
    """Copy the whole state into a new file.

    It may be in use meanwhile. The copy is a state itself: --state sqlite:///FILE takes it.

    Examples:
      omnilogue state backup state-2026-11-21.db
    """
    target = Path(os.path.abspath(Path(values.required("FILE", file)).expanduser()))
    with closing(session.client.state) as opened:
        opened.backup(target)
    _print(session, target, f"copied {opened.url} to {target}")


@app.command(usage="Usage: omnilogue state upgrade [OPTIONS]")
def upgrade(*, session: Session = DEFAULTS) -> None:
    """Bring the state of an older version of Omnilogue forward.

    The file as it was is kept beside it. A state that needs nothing is left as it is.

    Examples:
      omnilogue state upgrade
    """
    with closing(session.client.state) as opened:
        before = opened.upgrade()
        missing = _missing(opened)
    done = f"upgraded {opened.url}" if before else "there is nothing to upgrade"
    _print(session, _file(opened), done)
    if before:
        session.note(f"The state as it was is in {before}.")
    elif missing:
        session.note(missing)


@app.command(usage="Usage: omnilogue state rename OLD NEW [OPTIONS]")
def rename(
    old: Annotated[str, Parameter(help="The account that is known; `omnilogue state` lists them.")],
    new: Annotated[str, Parameter(help="Its new name, which the state must not know yet.")],
    /,
    *,
    session: Session = DEFAULTS,
) -> None:
    """Give what the state keeps of an account to another name.

    An account is a remote's name, or its setting `account`. Rename it here when you rename a remote.

    Examples:
      omnilogue state rename work office
    """
    names = values.required("OLD", old), values.required("NEW", new)
    with closing(session.client.state) as opened:
        opened.rename(*names)
    _print(session, _file(opened), f"renamed {old} to {new}")


def _print(session: Session, file: Path | None, done: str) -> None:
    if session.json:
        session.output.document({"ok": True, "file": None if file is None else str(file)})
    else:
        session.output.line(done)


def _file(opened: State) -> Path | None:
    return None if opened.path is None else Path(os.path.abspath(opened.path))


def _missing(opened: State) -> str:
    """Say that there is no state, empty where there is one."""
    if opened.path is None:
        return "This state is in memory only: nothing outlives the command."
    if opened.path.exists():
        return ""
    return "There is no state yet; it is made when something must be remembered."


def _readable(size: int) -> str:
    """Give a size in bytes for people."""
    if size < 1024:
        return f"{size} bytes"
    unit, many = ("KiB", size / 1024) if size < 1024**2 else ("MiB", size / 1024**2)
    return f"{many:.1f} {unit} ({size} bytes)"


def _count(many: int, what: str) -> str:
    return f"{many} {what}{'' if many == 1 else 's'}"
