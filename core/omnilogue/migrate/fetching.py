"""Files on their way: what a message of the source only names is downloaded, and goes along with the message."""

from __future__ import annotations

import asyncio
import hashlib
import mimetypes
import os
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from typing import TypeAlias

from ..errors import BadRequestError, MigrationError, NotFoundError, StateError, UnsupportedOperationError
from ..mapping.losses import LossItem
from ..mapping.parts import is_fetched
from ..mapping.taking import keeps, row_for
from ..model import INLINE_BYTES, AudioPart, FilePart, ImagePart, MediaPart, Message, Part
from ..remote.grades import PART_ROWS, file_limit
from ..remote.landing import Landing
from .arriving import LONGEST_SECONDS
from .job import Job

File: TypeAlias = ImagePart | AudioPart | FilePart


def to_fetch(job: Job, message: Message) -> int:
    """Count the files that are downloaded for what a message becomes."""
    return sum([is_fetched(part, job.options) for part in message.parts])


@asynccontextmanager
async def fetched(job: Job, message: Message) -> AsyncIterator[tuple[Message, list[LossItem]]]:
    """Give the message with its files; those of more than 1 MiB lie on disk, for nobody else to read, until the end.

    A file that the source itself has no longer stays a name where the target keeps such names, and is told besides.
    Raises any error of a download, NotFoundError, BadRequestError [content_too_large], MigrationError [verification],
    StateError [storage].
    """
    with ExitStack() as scratch:
        parts: list[Part] = []
        losses: list[LossItem] = []
        for part in message.parts:
            if isinstance(part, MediaPart) and is_fetched(part, job.options):
                parts.append(await _fetched(job, message.role, part, scratch, losses))
            else:
                parts.append(part)
        yield message.model_copy(update={"parts": tuple(parts)}), losses


async def _fetched(job: Job, role: str, part: File, scratch: ExitStack, losses: list[LossItem]) -> File:
    """Give one file with its bytes, or as it is where nobody has them."""
    source, target = job.pair.source, job.pair.target
    try:
        async with job.fetching:  # one at a time, because each is in memory as a whole
            content = await source.download(part, timeout=LONGEST_SECONDS)
            folder = scratch.enter_context(_folder()) if len(content) > INLINE_BYTES else ""
            return await asyncio.to_thread(_with_content, job, await _described(job, part), content, folder)
    except NotFoundError:
        if keeps(row_for(target.features, role), "raw"):
            losses.append(LossItem("attachment", "kept", _label(part)))
            return part
    raise NotFoundError(
        f"{source.name} no longer has {_label(part)}",
        outcome="not_sent",
        hint=f"{target.name} keeps no mere names of files; an archive does",
    )


async def _described(job: Job, part: File) -> File:
    """Give a file with its name and media type, where the source tells them at all."""
    try:
        told = await Landing.on(job.pair.source).describe(part)
    except (NotFoundError, UnsupportedOperationError):  # its bytes were there
        told = part
    media_type = told.media_type or mimetypes.guess_type(told.name or "")[0]
    return part.model_copy(update={"name": told.name, "media_type": media_type})


def _with_content(job: Job, part: File, content: bytes, folder: str) -> File:
    """Give a file with these bytes, in itself or on disk; its id was the source's."""
    digest, limit = hashlib.sha256(content).hexdigest(), file_limit(job.pair.target.features[PART_ROWS[part.type]])
    if part.sha256 and part.sha256.lower() != digest:
        raise MigrationError(f"{_label(part)} is not the file it was", code="verification", outcome="not_sent")
    if len(content) > limit:
        fault = f"{_label(part)} has {len(content)} bytes; {job.pair.target.name} takes {limit}"
        raise BadRequestError(fault, code="content_too_large", outcome="not_sent")
    told = {"file_id": None, "size": len(content), "sha256": digest}
    if len(content) <= INLINE_BYTES:
        return part.model_copy(update={**told, "data": content})
    with _storing():
        descriptor, path = tempfile.mkstemp(dir=folder)  # made with mode 0600
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        return type(part).from_path(path).model_copy(update={**part.model_dump(exclude={"data"}), **told})


def _folder() -> tempfile.TemporaryDirectory[str]:
    """Make a folder for nobody else to read."""
    with _storing():
        return tempfile.TemporaryDirectory(prefix="omnilogue-", ignore_cleanup_errors=True)


@contextmanager
def _storing() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        fault = f"a file cannot be kept on its way: {error.strerror or error}"
    else:
        return
    raise StateError(fault, code="storage", hint="TMPDIR names another place")


def _label(part: File) -> str:
    return f"{part.type} {part.name or part.file_id}"
