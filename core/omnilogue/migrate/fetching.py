"""Files on their way: what a message of the source only names is downloaded, and goes along with the message."""

from __future__ import annotations

import asyncio
import hashlib
import os
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TypeAlias

from ..errors import BadRequestError, MigrationError, NotFoundError
from ..mapping.losses import Losses
from ..mapping.parts import is_fetched
from ..mapping.taking import keeps, row_for
from ..model import INLINE_BYTES, AudioPart, FilePart, ImagePart, MediaPart, Message
from ..remote.grades import PART_ROWS, file_limit
from .arriving import LONGEST_SECONDS
from .job import Job

File: TypeAlias = ImagePart | AudioPart | FilePart


def to_fetch(job: Job, message: Message) -> int:
    """Count the files that are downloaded for what a message becomes."""
    return sum(is_fetched(part, job.options) for part in message.parts)


@asynccontextmanager
async def fetched(job: Job, message: Message, losses: Losses) -> AsyncIterator[Message]:
    """Give the message with its files; those of more than 1 MiB lie on disk, for nobody else to read, until the end.

    A file that the source itself has no longer stays a name where the target keeps such names: `losses` tells it.
    Raises any error of a download, NotFoundError, BadRequestError [content_too_large], MigrationError [verification].
    """
    if not to_fetch(job, message):
        yield message
        return
    with tempfile.TemporaryDirectory(prefix="omnilogue-") as folder:
        parts = [
            await _fetched(job, message, part, folder, losses)
            if isinstance(part, MediaPart) and is_fetched(part, job.options)
            else part
            for part in message.parts
        ]
        yield message.model_copy(update={"parts": tuple(parts)})


async def _fetched(job: Job, message: Message, part: File, folder: str, losses: Losses) -> File:
    try:
        async with job.fetching:  # one at a time, because each is in memory as a whole
            content = await job.pair.source.download(part, timeout=LONGEST_SECONDS)
            return await asyncio.to_thread(_with_content, job, part, content, folder)
    except NotFoundError as error:
        target, features = job.pair.target.name, job.pair.target.features
        if keeps(row_for(features, message.role), "raw"):
            losses.add("attachment", "kept", _label(part))
            return part
        raise NotFoundError(
            f"{job.pair.source.name} no longer has {_label(part)}",
            outcome="not_sent",
            hint=f"{target} keeps no mere names of files; an archive does",
        ) from error


def _with_content(job: Job, part: File, content: bytes, folder: str) -> File:
    limit, digest = file_limit(job.pair.target.features[PART_ROWS[part.type]]), hashlib.sha256(content).hexdigest()
    if part.sha256 and part.sha256.lower() != digest:
        raise MigrationError(f"{_label(part)} is not the file it was", code="verification", outcome="not_sent")
    if len(content) > limit:
        fault = f"{_label(part)} has {len(content)} bytes; {job.pair.target.name} takes {limit}"
        raise BadRequestError(fault, code="content_too_large", outcome="not_sent")
    told = {"file_id": None, "size": len(content), "sha256": digest}
    if len(content) <= INLINE_BYTES:
        return part.model_copy(update={**told, "data": content})
    descriptor, path = tempfile.mkstemp(dir=folder)  # made with mode 0600
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
    return type(part).from_path(path).model_copy(update={**_described(part), **told})


def _described(part: File) -> dict[str, object]:
    """Give what the source tells of a file besides where it lies."""
    return {"name": part.name, "media_type": part.media_type, **(part.model_extra or {})}


def _label(part: File) -> str:
    return f"{part.type} {part.name or part.file_id}"
