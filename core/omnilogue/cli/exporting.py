"""The command `export`: conversations into a file."""

from __future__ import annotations

import contextlib
import io
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO, cast

from cyclopts import Parameter

from ..errors import InvalidInputError
from .counts import how_many, loss_lines
from .progress import Progress
from .session import DEFAULTS, Session
from .terminal import clean
from .words import FormatName, remote_names

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

    from ..formats.exporting import Exported

STDOUT = ("-", "/dev/stdout")

INCOMPLETE = "This is not everything: the vendor does not tell all that it keeps."


async def export(
    address: Annotated[str, Parameter(help="A remote, work:, or a conversation, work:ID.", completer=remote_names)],
    file: Annotated[Path, Parameter(help="Where to; - is standard output.", allow_leading_hyphen=True)],
    /,
    *,
    format_name: FormatName = None,
    session: Session = DEFAULTS,
) -> None:
    """Write conversations into a file.

    One conversation, or all that the remote lists. The file is there as a whole or not at all, and only its owner can
    read it. omnilogue/1 (.jsonl) keeps everything and can be imported; markdown (.md) is for reading. What a format
    does not keep is counted.

    Examples:
      omnilogue export work: all.jsonl
      omnilogue export work:ID trip.md
      omnilogue export work:ID - --format jsonl | gzip > trip.jsonl.gz
    """
    from ..client import split_address
    from ..formats.choosing import format_of
    from ..formats.exporting import export_to

    form = format_of(session.plugins, file, format_name, writing=True)
    name, conversation_id = split_address(address)
    remote = session.client.remote(name)
    with Progress(session, shows=str(file) in STDOUT and sys.stdout.isatty()) as progress, _target(session, file) as to:
        found = await export_to(
            to, form, remote, conversation_id, watch=lambda _: progress.advance(), **session.reading
        )
    _tell(session, file, found)


@contextlib.contextmanager
def _target(session: Session, file: Path) -> Iterator[BinaryIO]:
    """Give what is written into. Raises InvalidInputError where two results would share standard output."""
    from ..formats.files import replaced

    if str(file) not in STDOUT:
        with replaced(file) as target:
            yield target
        return
    if session.json and not session.output.is_file:
        raise InvalidInputError("the file and --json would both go to standard output", hint="name a FILE, or --out")
    sys.stdout.flush()
    yield cast("BinaryIO", Cleaned()) if sys.stdout.isatty() else sys.stdout.buffer
    sys.stdout.flush()


class Cleaned(io.RawIOBase):
    """Writes text on a terminal that it cannot control; the formats write whole lines."""

    def writable(self) -> bool:
        """Say that it can be written to."""
        return True

    def write(self, content: ReadableBuffer, /) -> int:
        """Write whole characters in UTF-8."""
        shown = bytes(content)
        sys.stdout.write(clean(shown.decode("utf-8", "replace")))
        return len(shown)


def _tell(session: Session, file: Path, found: Exported) -> None:
    """Print what was written: as the document, or in words."""
    if session.json:
        counts = {"conversations": found.conversations, "messages": found.messages}
        session.output.document({**counts, "losses": found.losses, "file": str(file), "complete": found.complete})
    else:
        known = "" if found.complete else "known "
        conversations = how_many(found.conversations, f"{known}conversation")
        words = f"{conversations} with {how_many(found.messages, 'message')} -> {file}"
        lines = [words, *loss_lines(found.losses)]
        for line in lines:
            session.note(line) if str(file) in STDOUT else session.output.line(line)
    if not found.complete:
        session.note(INCOMPLETE)
