"""The command `emulate`: a vendor on loopback."""

from __future__ import annotations

import asyncio
import shlex
from importlib import import_module
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from ..errors import InvalidInputError, PluginError, UnsupportedOperationError
from . import values
from .grades import new_table
from .output import as_json
from .session import DEFAULTS, Session
from .terminal import one_line

if TYPE_CHECKING:
    from ..emulator import Emulator
    from ..provider import ProviderInfo


async def emulate(
    provider: Annotated[str, Parameter(help="The provider whose vendor is served.")],
    /,
    *,
    port: Annotated[int, Parameter(help="The port on 127.0.0.1; 0 takes a free one.")] = 0,
    quirk: Annotated[
        tuple[str, ...], Parameter(help="A switch of the emulator, as JSON or text; repeatable.", metavar="KEY=VALUE")
    ] = (),
    quirks: Annotated[bool, Parameter(help="List the switches of the emulator, and serve nothing.")] = False,
    session: Session = DEFAULTS,
) -> None:
    """Serve a vendor on loopback, without a key.

    The first line is {"provider", "url"}; then it serves until Ctrl-C or SIGTERM. Switches turn it into what the
    vendor's pages leave open.

    Examples:
      omnilogue emulate PROVIDER
      omnilogue emulate PROVIDER --quirks
      omnilogue emulate PROVIDER --port 8080 --quirk piece_delay=0.1
    """
    if quirks:
        _print_quirks(session, emulator_class(session.plugins.provider(provider)))
        return
    info = session.plugins.provider(provider)
    emulator = make_emulator(info, values.json_pairs("--quirk", quirk))
    start(emulator, port)
    try:
        session.output.record({"provider": provider, "url": emulator.url})
        session.output.commit()
        settings = "".join(f'\n  {key} = "{value}"' for key, value in emulator.settings.items())
        session.note(f"It serves until Ctrl-C. Settings of a remote that talks to it:{settings}")
        session.note("Commands that make one, for another terminal:")
        for line in _adding(info, emulator):
            session.note(f"  {line}")
        await asyncio.Event().wait()
    finally:
        emulator.stop()


def _adding(info: ProviderInfo, emulator: Emulator) -> list[str]:
    """Give the commands that add a remote which talks to an emulator; a secret goes through the environment."""
    from .adding import is_secret

    exported, words = [], []
    for key, value in emulator.settings.items():
        said = str(value)
        if key in info.settings.model_fields and is_secret(info, key):
            variable = f"{info.name}_{key}".upper()
            exported.append(f"export {variable}={shlex.quote(said)}")
            said = f"env:{variable}"
        words.append(shlex.quote(f"{key}={said}"))
    return [*exported, " ".join(["omnilogue remotes add work", info.name, *words])]


def make_emulator(info: ProviderInfo, quirks: dict[str, Any]) -> Emulator:
    """Make the emulator of a provider. Raises UnsupportedOperationError where it has none, InvalidInputError."""
    return _made(emulator_class(info), quirks)


def emulator_class(info: ProviderInfo) -> Any:
    """Import the emulator of a provider. Raises UnsupportedOperationError where it has none, PluginError."""
    if info.emulator is None:
        raise UnsupportedOperationError(f"provider {info.name!r} has no emulator")
    place, _, name = info.emulator.partition(":")
    try:
        return getattr(import_module(place), name)
    except Exception as error:  # whatever a plugin lets out is its own fault
        fault = f"provider {info.name!r}: its emulator cannot be imported: {type(error).__name__}: {error}"
    raise PluginError(fault, code="plugin_load")


def _print_quirks(session: Session, kind: type[Emulator]) -> None:
    """List the switches; each is turned by `--quirk`."""
    from rich.text import Text

    from .described_quirks import describe_quirks

    found = describe_quirks(kind.Quirks)
    if session.json:
        session.output.document({"items": found})
        return
    table = new_table("switch", "meaning")
    for one in found:
        about = Text(f" ({one['type']}; default {as_json(one['default'])})", style="dim")
        table.add_row(one["name"], Text(one_line(one["description"])).append(about))
    session.output.show(table)


def _made(kind: Any, quirks: dict[str, Any]) -> Emulator:
    try:
        emulator: Emulator = kind(**quirks)
    except (ValueError, TypeError) as error:
        problem = f"--quirk: {error}"
    else:
        return emulator
    raise InvalidInputError(problem)


def start(emulator: Emulator, port: int = 0) -> None:
    """Start an emulator. Raises InvalidInputError where the port cannot be opened."""
    try:
        emulator.start(port=port)
    except (OSError, OverflowError) as error:
        problem = f"port {port} cannot be opened: {getattr(error, 'strerror', None) or error}"
    else:
        return
    raise InvalidInputError(problem, hint="--port 0 takes a free one")
