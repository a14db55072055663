"""Write the generated parts of the documentation, or with --check tell whether they are up to date.

A generated part stands between `<!-- generated: NAME -->` and `<!-- end -->` in any Markdown file.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from omnilogue.cli.chat_commands import COMMANDS
from omnilogue.cli.described import describe_settings
from omnilogue.cli.described_quirks import describe_quirks
from omnilogue.cli.emulating import emulator_class
from omnilogue.cli.installed import features_of
from omnilogue.errors import BY_CODE, OmnilogueError
from omnilogue.mapping.explained import EXPLAINED
from omnilogue.model import LOSS_CLASSES, OPERATIONS
from omnilogue.provider import Features, Plugins, ProviderInfo

ROOT = Path(__file__).resolve().parent.parent
PART = re.compile(r"(<!-- generated: (?P<name>[^>]+?) -->\n).*?(<!-- end -->)", re.DOTALL)
SYMBOLS = {"native": "native", "emulated": "emulated", "lossy": "lossy", "unsupported": "-"}


def providers() -> list[ProviderInfo]:
    """Give the built-in providers."""
    plugins = Plugins(outside=False)
    return [plugins.provider(name) for name in plugins.provider_names()]


def capabilities() -> str:
    """Make the table of operations by provider."""
    found = providers()
    features: list[Features] = [features_of(info) for info in found]
    rows = [["operation", *(f"`{info.name}`" for info in found)]]
    rows += [[f"`{name}`", *(SYMBOLS[table[name].grade] for table in features)] for name in OPERATIONS]
    return table_of(rows)


def notes(name: str) -> str:
    """Make the table of one provider's operations with their notes."""
    info = Plugins(outside=False).provider(name)
    features = features_of(info)
    rows = [["operation", "grade", "note"]]
    rows += [[f"`{operation}`", SYMBOLS[row.grade], row.note] for operation, row in features.items()]
    return table_of(rows)


def settings(name: str) -> str:
    """Make the table of one provider's settings."""
    info = Plugins(outside=False).provider(name)
    rows = [["setting", "type", "default", "what it is"]]
    rows += [
        [f"`{one['name']}`", one["type"], "required" if one["required"] else _default_of(one), one["description"]]
        for one in describe_settings(info.settings)
    ]
    return table_of(rows)


def quirks(name: str) -> str:
    """Make the table of the switches of one provider's emulator."""
    rows = [["switch", "values", "default", "what it means"]]
    rows += [
        [f"`{one['name']}`", one["type"], f"`{json.dumps(one['default'])}`", one["description"]]
        for one in describe_quirks(emulator_class(Plugins(outside=False).provider(name)).Quirks)
    ]
    return table_of(rows)


def _default_of(setting: dict[str, Any]) -> str:
    default = setting["default"]
    return f"`{json.dumps(default)}`" if default not in (None, "", [], {}) else ""


def error_codes() -> str:
    """Make the table of error classes and their codes."""
    kinds = {kind for kind in BY_CODE.values() if kind is not OmnilogueError}
    rows = [["class", "codes", "when"]]
    in_order = sorted(kinds, key=lambda kind: list(BY_CODE).index(kind.codes[0]))
    rows += [[f"`{kind.__name__}`", _codes_of(kind), (kind.__doc__ or "").strip()] for kind in in_order]
    return table_of(rows)


def _codes_of(kind: type[OmnilogueError]) -> str:
    return ", ".join(f"`{code}`" for code in kind.codes)


def losses() -> str:
    """Make the table of what is lost, by kind and action."""
    rows = [["kind", "class", "action", "what happens"]]
    rows += [
        [f"`{kind}`", LOSS_CLASSES[kind], f"`{action}`", sentence]
        for kind, actions in EXPLAINED.items()
        for action, sentence in actions.items()
    ]
    return table_of(rows)


def help_of(command: str = "") -> str:
    """Give the help text of a command, as a terminal of 80 columns shows it."""
    os.environ.update(COLUMNS="80", NO_COLOR="1", TERM="dumb")
    from omnilogue.cli import main

    words = ["omnilogue", *command.split(), "--help"]
    shown, before = io.StringIO(), sys.argv
    sys.argv = words
    try:
        with contextlib.redirect_stdout(shown), contextlib.suppress(SystemExit):
            main()
    finally:
        sys.argv = before
    lines = [line.rstrip() for line in shown.getvalue().strip().splitlines()]
    return "\n".join(["```text", f"$ {' '.join(words)}", *lines, "```"])


def chat_commands() -> str:
    """Make the table of what can be typed in a chat."""
    return table_of([["command", "does"], *([f"`{one.usage}`", one.summary] for one in COMMANDS)])


def table_of(rows: list[list[str]]) -> str:
    """Make a Markdown table; the first row is its head."""
    clean = [[cell.replace("|", "\\|") for cell in row] for row in rows]
    head, *body = [f"| {' | '.join(row)} |" for row in clean]
    return "\n".join([head, "|" + " --- |" * len(rows[0]), *body])


MAKERS: dict[str, Callable[..., str]] = {
    "capabilities": capabilities,
    "notes": notes,
    "settings": settings,
    "quirks": quirks,
    "error codes": error_codes,
    "losses": losses,
    "help": help_of,
    "chat commands": chat_commands,
}


def make(name: str) -> str:
    """Make the part of this name: a maker's name, and after a colon what it is about."""
    maker, _, about = name.partition(": ")
    return MAKERS[maker](about) if about else MAKERS[maker]()


def written(text: str) -> str:
    """Give a page with its generated parts made anew."""
    return PART.sub(lambda part: f"{part[1]}{make(part['name'])}\n{part[3]}", text)


def main() -> int:
    """Write or check all pages."""
    stale = []
    for page in sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]):
        text = page.read_text(encoding="utf-8")
        fresh = written(text)
        if fresh != text:
            stale.append(page.relative_to(ROOT))
            if "--check" not in sys.argv:
                page.write_text(fresh, encoding="utf-8")
    word = "stale, run `make docs`" if "--check" in sys.argv else "written"
    sys.stdout.write("".join(f"{page}: {word}\n" for page in stale) or "the generated parts are up to date\n")
    return 1 if stale and "--check" in sys.argv else 0


if __name__ == "__main__":
    sys.exit(main())
