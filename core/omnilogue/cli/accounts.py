"""Commands for accounts: `remotes`, and below it `add`, `rm` and `check`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .app import new_app
from .output import Rows
from .session import DEFAULTS, Session
from .shown import shown_settings

if TYPE_CHECKING:
    from ..config import RemoteConfiguration

app = new_app("remotes", "", "omnilogue remotes [add | rm | check] [OPTIONS]")


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
    """Print the configured remotes; as an item of lists with whether the list is complete."""
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
            mark = "  (default)" if item["name"] == configuration.default and len(items) > 1 else ""
            settings = "  ".join(f"{key}={value}" for key, value in item["settings"].items())
            rows.add(f"{item['name']}:", f"{item['provider']}{mark}", settings)
        rows.flush()
        if not items:
            session.note("There are no remotes yet; `omnilogue remotes add NAME PROVIDER` makes one.")


def _item(session: Session, remote: RemoteConfiguration) -> dict[str, Any]:
    return {"name": remote.name, "provider": remote.provider, "settings": shown_settings(session, remote)}
