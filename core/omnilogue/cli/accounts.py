"""Commands for accounts: `remotes`, and below it `add`, `rm` and `check`."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from ..errors import ConfigurationError, OmnilogueError, RequestTimeoutError
from . import exits
from .app import new_app
from .output import Rows
from .session import DEFAULTS, Session
from .shown import shown_settings

if TYPE_CHECKING:
    from ..config import RemoteConfiguration

app = new_app("remotes", usage="omnilogue remotes [add | rm | check] [OPTIONS]")

Name = Annotated[str, Parameter(help="The name of the remote.")]


@app.default
def remotes(*, session: Session = DEFAULTS) -> None:
    """List, add, remove and check accounts.

    A remote is a named account of a provider. Secrets are shown as references, never as values.

    Examples:
      omnilogue remotes
      omnilogue remotes add work PROVIDER
      omnilogue remotes check work
    """
    print_remotes(session)


def print_remotes(session: Session, *, jsonl: bool = False, complete: bool = False) -> None:
    """Print the configured remotes; `complete` belongs to the document of a list."""
    configuration = session.client.configuration
    items = [_item(session, remote) for remote in configuration.remotes.values()]
    if jsonl:
        for item in items:
            session.output.record(item)
    elif session.json:
        session.output.document({"items": items, **({"complete": True} if complete else {})})
    else:
        rows = Rows(session.output)
        for item in items:
            mark = " (default)" if item["name"] == configuration.default and len(items) > 1 else ""
            settings = "  ".join(f"{key}={value}" for key, value in item["settings"].items())
            rows.add(f"{item['name']}:", f"{item['provider']}{mark}", settings)
        rows.flush()
        if not items:
            session.note("There are no remotes yet; `omnilogue remotes add NAME PROVIDER` makes one.")


def _item(session: Session, remote: RemoteConfiguration) -> dict[str, Any]:
    return {"name": remote.name, "provider": remote.provider, "settings": shown_settings(session, remote)}


@app.command(usage="Usage: omnilogue remotes add NAME PROVIDER [KEY=VALUE...] [OPTIONS]")
def add(
    name: Name,
    provider: Annotated[str, Parameter(help="Its provider; `omnilogue providers` lists them.")],
    /,
    *settings: Annotated[str, Parameter(help="KEY=VALUE; a secret as env:NAME, file:PATH, keyring:S/U, command:ARGV.")],
    session: Session = DEFAULTS,
) -> None:
    """Add an account to the configuration file.

    It goes into the file in use, else the user's own. On a terminal what is missing is asked for; a secret that is
    typed there is kept in a file of its own that only its owner can read. Everything is checked before it is written.

    Examples:
      omnilogue remotes add work PROVIDER
      omnilogue remotes add work PROVIDER api_key=env:WORK_KEY rate=8/s
      omnilogue remotes add backup archive path=~/conversations.db
    """
    from .adding import add_account

    path = add_account(session, name, provider, settings)
    if session.json:
        session.output.document({"ok": True, "file": str(path)})
    else:
        session.output.line(f"added {name} to {path}")
        session.note(f"`omnilogue remotes check {name}` proves that it works.")


@app.command(usage="Usage: omnilogue remotes rm NAME [OPTIONS]")
def rm(name: Name, /, *, session: Session = DEFAULTS) -> None:
    """Remove an account from the configuration file.

    The secrets that were kept for it go too. Nothing changes at the vendor, and the state keeps what it knows.

    Examples:
      omnilogue remotes rm work
    """
    from ..config import remove_remote

    path = session.client.configuration.path
    if path is None or not remove_remote(path, name):
        known = ", ".join(session.client.configuration.remotes) or "none"
        where = f"{path} has no remote" if path else "there is no configuration file, so no remote"
        raise ConfigurationError(f"{where} {name!r}", hint=f"configured: {known}")
    if session.json:
        session.output.document({"ok": True, "file": str(path)})
    else:
        session.output.line(f"removed {name} from {path}")


@app.command(usage="Usage: omnilogue remotes check [NAME] [OPTIONS]")
async def check(
    name: Annotated[str | None, Parameter(help="The remote; without it all of them.")] = None,
    /,
    *,
    write: Annotated[bool, Parameter(help="Also write, on a scratch conversation that is deleted again.")] = False,
    session: Session = DEFAULTS,
) -> int:
    """Prove that accounts work, by reading only.

    Ends with the exit code of what is wrong.

    Examples:
      omnilogue remotes check
      omnilogue remotes check work --write
    """
    from ..client import split_address

    names = list(session.client.configuration.remotes)
    if name is not None:
        names = [split_address(name)[0] if ":" in name else name]
    items = [await _checked(session, one, write=write) for one in names]
    if session.json:
        session.output.document({"items": items})
    else:
        _print_checks(session, items, operations=name is not None)
    return exits.worst(exits.BY_CODE.get(item["error"]["code"], 1) for item in items if item["error"])


async def _checked(session: Session, name: str, *, write: bool) -> dict[str, Any]:
    """Check one remote; what is wrong with it does not stop the others."""
    configured = session.client.configuration.remotes.get(name)
    item: dict[str, Any] = {"name": name, "provider": configured.provider if configured else "", "ok": False}
    try:
        remote = session.client.remote(name)
        item["provider"] = remote.provider
        async with asyncio.timeout(session.timeout):
            found = await remote.check(write=write)
        return {**item, "ok": found.ok, "operations": found.operations, "error": found.error}
    except TimeoutError:
        failure: OmnilogueError = RequestTimeoutError(
            f"{name}: the check took longer than {session.timeout:g} s", code="deadline", retryable=True
        )
    except OmnilogueError as error:
        failure = error
    return {**item, "operations": {}, "error": failure.to_dict()}


def _print_checks(session: Session, items: list[dict[str, Any]], *, operations: bool) -> None:
    rows = Rows(session.output)
    for item in items:
        error = item["error"]
        rows.add(
            f"{item['name']}:", item["provider"], "ok" if item["ok"] else "failed", error["message"] if error else ""
        )
    rows.flush()
    if operations:
        rows = Rows(session.output)
        for item in items:
            for operation, result in item["operations"].items():
                rows.add(f"  {operation}", result)
        rows.flush()
    if not items:
        session.note("There are no remotes yet; `omnilogue remotes add NAME PROVIDER` makes one.")
