"""The command `import`: the conversations of a file, stored as new ones."""

from __future__ import annotations

import contextlib
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, BinaryIO

from cyclopts import Parameter

from ..errors import InvalidInputError
from ..migrate.naming import STDIN
from .counts import how_many, loss_lines
from .interrupts import ended_by_signals
from .progress import Progress
from .session import DEFAULTS, Session
from .words import FormatName, RemoteAddress


async def import_file(
    file: Annotated[Path, Parameter(help="The file; - is standard input.", allow_leading_hyphen=True)],
    address: RemoteAddress,
    /,
    *,
    format_name: FormatName = None,
    session: Session = DEFAULTS,
) -> None:
    """Store the conversations of a file as new ones.

    The whole file is checked first: where a line is wrong, or something would be lost that --allow-loss does not
    name, nothing is written. The same file again makes the conversations a second time; `copy` is what goes on where
    it stopped.

    Examples:
      omnilogue import all.jsonl work:
      omnilogue import all.jsonl work: --allow-loss=model,vendor_fields
      gunzip < trip.jsonl.gz | omnilogue import - work: --format jsonl
    """
    from ..formats.choosing import format_of
    from ..formats.importing import import_from

    form = format_of(session.plugins, file, format_name, writing=False)
    remote = session.remote(address)
    with Progress(session, shows=False, done="stored") as progress, _source(file) as source:
        found = await import_from(
            source, form, remote, watch=lambda _, total: progress.advance(total), **session.writing
        )
    if session.json:
        counts = {"conversations": found.conversations, "messages": found.messages}
        session.output.document({**counts, "losses": found.losses, "file": str(file)})
        return
    conversations = how_many(found.conversations, "conversation")
    session.output.line(f"{conversations} with {how_many(found.messages, 'message')} -> {address}")
    for line in loss_lines(found.losses):
        session.output.line(line)


@contextlib.contextmanager
def _source(file: Path) -> Iterator[BinaryIO]:
    """Give a file that can seek: what comes through a pipe is kept beside, because it is read twice."""
    from ..formats.files import opened

    if str(file) == STDIN:
        if sys.stdin is None:
            raise InvalidInputError("standard input is closed")
        with _kept(sys.stdin.buffer) as kept:
            yield kept
        return
    with opened(file) as source:
        if source.seekable():
            yield source
            return
        with _kept(source) as kept:
            yield kept


@contextlib.contextmanager
def _kept(source: BinaryIO) -> Iterator[BinaryIO]:
    with tempfile.TemporaryFile() as file:  # it has no name, and only we can read it
        with ended_by_signals():
            shutil.copyfileobj(source, file)
        file.seek(0)
        yield file
