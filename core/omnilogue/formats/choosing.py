"""Which format a file has: the one that is named, else the one its suffix tells."""

from __future__ import annotations

from pathlib import Path

from ..errors import InvalidInputError
from ..provider import Format, Plugins


def format_of(plugins: Plugins, path: Path, name: str | None, *, writing: bool) -> Format:
    """Give the format to write or read a file in; it may be named by its name or by a suffix.

    Raises InvalidInputError naming the formats there are, PluginError for one that two plugins bring.
    """
    can = [one for one in plugins.formats() if (one.write if writing else one.read) is not None]
    known = ", ".join(one.name for one in can)
    suffix = path.suffix.lower() if name is None else f".{name}"
    found = [one for one in plugins.formats() if suffix in one.suffixes and one.name != name]
    if name is not None and not found:
        found = [plugins.format(name)]
    chosen = [one for one in found if one in can]
    if found and not chosen:
        verb = "written" if writing else "read"
        raise InvalidInputError(f"{found[0].name} cannot be {verb}", hint=f"formats that can: {known}")
    if len(chosen) != 1:
        why = "several formats have its suffix" if chosen else "its suffix names none"
        raise InvalidInputError(f"the format of {path} is not known: {why}", hint=f"say it with --format: {known}")
    return chosen[0]
