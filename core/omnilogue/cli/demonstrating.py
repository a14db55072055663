"""The command `demo`: one script on every provider there is, on this machine only."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import OmnilogueError, PluginError
from . import exits
from .emulating import make_emulator, start
from .grades import SYMBOLS, grade_text, new_table
from .session import DEFAULTS, Session

if TYPE_CHECKING:
    from ..client import AsyncClient
    from ..provider import ProviderInfo

STEPS = (
    "create_conversation",
    "append_user",
    "send",
    "stream",
    "regenerate",
    "list_messages",
    "edit_message",
    "update_conversation",
    "list_conversations",
    "clear_messages",
    "delete_conversation",
)
"""The operations of the script, in its order."""

CLOSING = f"""\
Vendors were emulated on this machine: no key was used, nothing left it, and
nothing is left behind.

  {SYMBOLS["native"]} native       the vendor has it
  {SYMBOLS["emulated"]} emulated     Omnilogue makes or keeps it itself, and nothing is lost
  {SYMBOLS["lossy"]} lossy        something is lost, and only with consent
  {SYMBOLS["unsupported"]} unsupported  refused before anything is sent

Try next:
  omnilogue providers                    what each provider can do
  omnilogue remotes add work PROVIDER    set up an account of your own
  omnilogue ls work:                     see its conversations"""


@dataclass(frozen=True)
class Row:
    """One operation on one provider; None seconds where it cannot be had."""

    operation: str
    provider: str
    grade: str
    seconds: float | None


async def demo(*, session: Session = DEFAULTS) -> int:
    """Show the whole product at work in a few seconds, without keys.

    One script runs unchanged on every installed provider: vendors are served on loopback by their emulators, files
    are temporary, and nothing is left behind.

    Examples:
      omnilogue demo
      omnilogue demo --json
    """
    from ..client import AsyncClient

    rows: list[Row] = []
    failures: list[OmnilogueError] = []
    with tempfile.TemporaryDirectory(prefix="omnilogue-demo-") as folder:
        async with AsyncClient(False, state="memory:", plugins=not session.no_plugins) as client:
            for name in client.plugins.provider_names():
                try:
                    info = client.plugins.provider(name)
                    with _settings(info, Path(folder)) as settings:
                        if settings is not None:
                            rows += await _run(client, info, settings)
                except OmnilogueError as error:
                    session.note(f"{name}: {error}")
                    if not isinstance(error, PluginError):
                        failures.append(error)
    _print(session, rows)
    return exits.worst(map(exits.exit_code, failures))


@contextlib.contextmanager
def _settings(info: ProviderInfo, folder: Path) -> Iterator[dict[str, Any] | None]:
    """Give settings that stay on this machine, None for a provider that would leave it or needs to be told more."""
    from ..provider import HttpProviderSettings

    fields = info.settings.model_fields
    required = {key for key, field in fields.items() if field.is_required()}
    if info.emulator is not None:
        emulator = make_emulator(info, {})
        start(emulator)
        try:
            yield emulator.settings
        finally:
            emulator.stop()
    elif issubclass(info.settings, HttpProviderSettings) or required - {"path"}:
        yield None
    else:
        yield {"path": str(folder / f"{info.name}.db")} if required else {}


async def _run(client: AsyncClient, info: ProviderInfo, settings: dict[str, Any]) -> list[Row]:
    """Run the script on one provider and give a row for each of its operations."""
    from ..http import SystemClock
    from .demo_script import script

    clock = SystemClock()
    took: dict[str, float] = {}

    @contextlib.contextmanager
    def step(operation: str) -> Iterator[None]:
        began = clock.monotonic()
        yield
        took[operation] = round(clock.monotonic() - began, 6)

    remote = client.connect(info.name, name=info.name, **settings)
    await remote.check()  # opens connections, which no single step should pay for
    await script(remote, step)
    return [
        Row(operation, info.name, remote.features[operation].grade.value, took.get(operation)) for operation in STEPS
    ]


def _print(session: Session, rows: list[Row]) -> None:
    if session.json:
        session.output.document({"items": [asdict(row) for row in rows]})
        return
    names = list(dict.fromkeys(row.provider for row in rows))
    cells = {(row.operation, row.provider): row for row in rows}
    table = new_table("operation", *names)
    for operation in STEPS:
        table.add_row(operation, *(_cell(cells[operation, name]) for name in names))
    session.output.show(table)
    session.output.line(f"One script, unchanged, on {len(names)} providers.")
    session.output.line(CLOSING)


def _cell(row: Row) -> Any:
    return grade_text(row.grade, f"{row.seconds * 1000:.1f} ms" if row.seconds is not None else "")
