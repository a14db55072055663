"""Commands about what is installed: `providers` and `plugins`."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from ..errors import PluginError
from .described import describe_settings
from .grades import grade_text, new_table
from .output import Rows, as_json
from .session import DEFAULTS, Session
from .terminal import one_line

if TYPE_CHECKING:
    from rich.text import Text

    from ..provider import Features, ProviderInfo


def providers(
    name: Annotated[str | None, Parameter(help="One provider, with notes and settings.")] = None,
    /,
    *,
    session: Session = DEFAULTS,
) -> None:
    """Show what each provider can do, or one with its settings.

    native: the vendor has it; emulated: made of other calls, or kept in the state; lossy: something is lost;
    unsupported: cannot be had.

    Examples:
      omnilogue providers
      omnilogue providers archive
      omnilogue providers --json
    """
    infos = [session.plugins.provider(name)] if name is not None else _sound(session)
    if session.json:
        session.output.document({"items": [_document(info) for info in infos]})
    elif name is not None:
        _print_one(session, infos[0])
    else:
        _print_all(session, infos)


def _sound(session: Session) -> list[ProviderInfo]:
    """Load every provider; a broken one is told and left out."""
    infos = []
    for name in session.plugins.provider_names():
        try:
            infos.append(session.plugins.provider(name))
        except PluginError as error:
            session.note(f"{name}: left out: {error}")
    return infos


def features_of(info: ProviderInfo) -> Features:
    """Give what a remote of this provider can do, with what the state and the core make of it."""
    from ..remote.completing import with_state
    from ..remote.grades import effective

    return effective(with_state(info.provider.features))


def _document(info: ProviderInfo) -> dict[str, Any]:
    return {
        "name": info.name,
        "title": info.title,
        "operations": features_of(info).document(),
        "settings": describe_settings(info.settings),
    }


def _print_all(session: Session, infos: list[ProviderInfo]) -> None:
    rows = Rows(session.output)
    for info in infos:
        rows.add(info.name, info.title, "with an emulator" if info.emulator else "")
    rows.flush()
    features = {info.name: features_of(info) for info in infos}
    table = new_table("operation", *(one_line(name) for name in features))
    for operation in next(iter(features.values()), ()):
        grades = [found[operation].grade.value for found in features.values()]
        table.add_row(operation, *(grade_text(grade, "" if grade == "unsupported" else grade) for grade in grades))
    session.output.show(table)
    session.output.line("- is unsupported. `omnilogue providers NAME` tells notes and settings.")


def _print_one(session: Session, info: ProviderInfo) -> None:
    session.output.line(f"{info.name}: {info.title}")
    operations = new_table("operation", "grade", "note")
    for operation, row in features_of(info).items():
        operations.add_row(operation, grade_text(row.grade, row.grade.value), one_line(row.note))
    settings = new_table("setting", "meaning")
    for one in describe_settings(info.settings):
        settings.add_row(one_line(one["name"]), _meaning(one))
    session.output.show(operations, settings)


def _meaning(setting: dict[str, Any]) -> Text:
    """Give a setting's description with its type and default."""
    from rich.text import Text

    default = setting["default"]
    told = default if isinstance(default, str) else as_json(default)
    more = "required" if setting["required"] else "" if default in (None, "", [], {}) else f"default {told}"
    about = ", ".join(filter(None, (setting["type"], more)))
    meaning = Text(one_line(f"{setting['description']} "))
    return meaning.append(f"{' ' if meaning else ''}({one_line(about)})", style="dim")


def plugins(*, session: Session = DEFAULTS) -> None:
    """Show how the installed plugins fare.

    Each is loaded by itself, so a broken one is named and stops nothing else.

    Examples:
      omnilogue plugins
      omnilogue plugins --json
    """
    items = [asdict(health) for health in session.plugins.health()]
    if session.json:
        session.output.document({"items": items})
        return
    rows = Rows(session.output)
    for item in items:
        rows.add(item["name"], item["distribution"], item["version"], item["status"], item["error"] or "")
    rows.flush()
    if commands := [command.name for command in session.plugins.commands()]:
        session.output.line(f"commands of plugins: {', '.join(commands)}")
