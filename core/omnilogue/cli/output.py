"""What a command prints: text, records and one JSON document, to standard output or into a file as a whole."""

from __future__ import annotations

import contextlib
import json
import os
import re
import stat
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TextIO

from ..errors import InvalidInputError
from .terminal import clean, escape_json, one_line

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

ROWS_AT_ONCE = 50
MOST_LINKS = 40
"""Symbolic links that are followed, as systems do."""

_OPEN_FILE = re.compile(r"(?:/dev/fd|/proc/self/fd)/(\d{1,9})")

WIDTH_OF_FILES = 200
"""Columns of a table that nobody looks at while it is written."""


def prepare_streams() -> None:
    """Make the standard streams speak UTF-8 whatever the locale says, and stand-ins for closed ones."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115  # lives as long as we do
        elif hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")


def as_json(value: Any, *, indent: int | None = None) -> str:
    """Give JSON text in UTF-8 with control and bidi characters escaped; what is no number in JSON becomes null."""
    try:
        text = json.dumps(value, ensure_ascii=False, indent=indent, allow_nan=False)
    except ValueError:
        finite = json.loads(json.dumps(value), parse_constant=lambda _: None)
        text = json.dumps(finite, ensure_ascii=False, indent=indent)
    return escape_json(text)


class Output:
    """Where a command's result goes; with a path nothing is seen before `commit`."""

    def __init__(self, path: Path | None = None) -> None:
        self._file = ReplacedFile(path) if path else None
        self._console: Console | None = None
        self._is_aside = False

    @classmethod
    def beside(cls) -> Self:
        """Give one for what is told beside the result, on standard error."""
        output = cls()
        output._is_aside = True
        return output

    @property
    def stream(self) -> TextIO:
        """The stream that is written to."""
        if self._is_aside:
            return sys.stderr
        return self._file.stream if self._file else sys.stdout

    @property
    def is_terminal(self) -> bool:
        """Whether a person sees each piece as it comes."""
        return self._file is None and self.stream.isatty()

    @property
    def is_file(self) -> bool:
        """Whether the result goes into a file."""
        return self._file is not None

    @property
    def console(self) -> Console:
        """A console for tables; it takes no markup, since what is printed was written by others."""
        if self._console is None:
            from rich.console import Console

            width = None if self.is_terminal else WIDTH_OF_FILES
            self._console = Console(file=self.stream, markup=False, highlight=False, emoji=False, width=width)
        return self._console

    def text(self, text: str) -> None:
        """Print a piece of text now, harmless for a terminal."""
        self.stream.write(clean(text))
        self.stream.flush()

    def line(self, text: str = "") -> None:
        """Print a line."""
        self.stream.write(clean(text) + "\n")

    def document(self, value: Any) -> None:
        """Print the one JSON document."""
        self.stream.write(as_json(value, indent=2) + "\n")

    def record(self, value: Any) -> None:
        """Print one line of JSON now."""
        self.stream.write(as_json(value) + "\n")
        self.stream.flush()

    def show(self, *renderables: RenderableType) -> None:
        """Print tables and styled text."""
        self.console.print(*renderables)

    def commit(self) -> None:
        """Bring out all that was printed."""
        if self._file:
            self._file.commit()
        else:
            sys.stdout.flush()

    def discard(self) -> None:
        """Leave a file as it was."""
        if self._file:
            self._file.discard()


class Rows:
    """Prints rows as they come: in columns on a terminal, with tabs between them elsewhere."""

    def __init__(self, output: Output) -> None:
        self._output = output
        self._waiting: list[tuple[str, ...]] = []
        self._widths: list[int] = []

    def add(self, *cells: str) -> None:
        """Print a row, or keep it until the width of its neighbours is known."""
        row = tuple(one_line(cell) for cell in cells)
        if not self._output.is_terminal:
            self._output.line("\t".join(row))
            return
        self._waiting.append(row)
        if len(self._waiting) >= ROWS_AT_ONCE:
            self.flush()

    def flush(self) -> None:
        """Print what waits."""
        if not self._waiting:
            return
        from rich.cells import cell_len, set_cell_size

        widths = [max(map(cell_len, column)) for column in zip(*self._waiting, strict=True)]
        self._widths = [max(pair) for pair in zip(widths, self._widths or widths, strict=True)]
        most = self._output.console.width
        for row in self._waiting:
            line = "  ".join(set_cell_size(cell, width) for cell, width in zip(row, self._widths, strict=True))
            self._output.line(
                (set_cell_size(line, most - 1) + "…" if cell_len(line.rstrip()) > most else line).rstrip()
            )
        self._waiting.clear()


class ReplacedFile:
    """A file that is written beside its place and put there as a whole; what is no regular file is written as it is."""

    def __init__(self, path: Path) -> None:
        self._path = Path(os.path.realpath(path))
        self._descriptor = _descriptor(path)
        self._is_special = self._descriptor is not None or (self._path.exists() and not self._path.is_file())
        try:
            self.stream = self._open()
        except OSError as error:
            problem = InvalidInputError(f"{path} cannot be written: {error.strerror}", hint="choose another --out")
        else:
            return
        raise problem

    def _open(self) -> TextIO:
        if self._descriptor is not None:  # written through it, whatever file the shell has put behind it
            return os.fdopen(os.dup(self._descriptor), "w", encoding="utf-8", errors="backslashreplace")
        if self._is_special:  # a device or a pipe
            return self._path.open("w", encoding="utf-8", errors="backslashreplace")
        descriptor, name = tempfile.mkstemp(prefix=f".{self._path.name}.", dir=self._path.parent)
        self._temporary = Path(name)
        return os.fdopen(descriptor, "w", encoding="utf-8", errors="backslashreplace", newline="\n")

    def commit(self) -> None:
        """Put the file in its place. Raises InvalidInputError where that cannot be done, OSError for a pipe."""
        if self._is_special:
            self.stream.close()
            return
        try:
            self.stream.flush()
            os.fsync(self.stream.fileno())
            self.stream.close()
            self._temporary.chmod(_mode(self._path))
            self._temporary.replace(self._path)
        except OSError as error:
            problem = InvalidInputError(f"{self._path} cannot be written: {error.strerror}")
        else:
            return
        self.discard()
        raise problem

    def discard(self) -> None:
        """Remove what was written so far."""
        with contextlib.suppress(OSError):
            self.stream.close()
        if not self._is_special:
            self._temporary.unlink(missing_ok=True)


def _descriptor(path: Path) -> int | None:
    """Give the open file of this process that a path like /dev/stdout stands for, None for any other path."""
    step = os.path.abspath(path)
    for _ in range(MOST_LINKS):
        if found := _OPEN_FILE.fullmatch(step):
            return int(found[1])
        if not os.path.islink(step):
            return None
        step = os.path.normpath(os.path.join(os.path.dirname(step), os.readlink(step)))
    return None


def _mode(path: Path) -> int:
    """Give the mode a file has, or would be given by a shell's `>`."""
    if path.exists():
        return stat.S_IMODE(path.stat().st_mode)
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask
