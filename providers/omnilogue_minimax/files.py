"""Files of messages: uploaded before the message that names them, taken back where it could not be stored."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from omnilogue.errors import InvalidInputError, OmnilogueError, UnsupportedOperationError
from omnilogue.http import Clock, Form
from omnilogue.model import FilePart, MediaPart, Part

from .calls import Calls
from .settings import MiniMaxSettings

LARGEST = 512 * 1024 * 1024
"""Bytes of one document (api-138576734)."""

MOST_UPLOADS = 3
"""How often a file is uploaded whose answer was lost, each time after it was seen to be absent."""


class Files:
    """Uploads files for messages.

    A file whose message may have been stored all the same is kept in mind: when the message is stored once more, it
    names the same file.
    """

    def __init__(self, calls: Calls, settings: MiniMaxSettings, clock: Clock) -> None:
        self._calls = calls
        self._settings = settings
        self._clock = clock
        self._unsettled: dict[tuple[str, str], str] = {}

    @asynccontextmanager
    async def attached(self, parts: Sequence[Part]) -> AsyncIterator[list[str]]:
        """Give the ids of the files among parts, uploading those that are not there yet.

        Where storing their message surely failed, what was uploaded for it is deleted; the error names what stays.
        """
        given = [part for part in parts if isinstance(part, FilePart)]
        for part in given:
            require_content(part)
        made: dict[str, FilePart] = {}
        try:
            yield [part.file_id or await self._uploaded(part, made) for part in given]
        except OmnilogueError as error:
            if error.outcome in {"rejected", "not_sent"}:
                await self._take_back(made, error)
            else:
                self._unsettled |= {_key(part): file_id for file_id, part in made.items()}
            raise

    async def _uploaded(self, part: FilePart, made: dict[str, FilePart]) -> str:
        if (known := self._unsettled.pop(_key(part), None)) is not None:
            return known
        form = form_of(part, self._settings.file_purpose)
        for _ in range(MOST_UPLOADS):
            try:
                file_id = (await self._calls.upload(form)).file_id
            except OmnilogueError as error:
                failure = error
            else:
                made[file_id] = part
                return file_id
            if failure.outcome != "unknown":
                break
            if (found := await self._found(part, failure)) is not None:
                return found
        failure.outcome = "not_sent"  # the message, which is all the caller knows of
        raise failure

    async def _found(self, part: FilePart, failure: OmnilogueError) -> str | None:
        """Look twice for a file whose upload may have happened: same name, same size, same content.

        It may as well be an older one of the same content, so it is never taken back.
        """
        try:
            for pause in (0.0, self._settings.settle):
                await self._clock.sleep(pause)
                for row in await self._calls.files(self._settings.file_purpose):
                    if (row.filename, row.size) == (_name(part), part_size(part)):
                        content = await self._calls.file_content(row.file_id)
                        if hashlib.sha256(content).hexdigest() == _digest(part):
                            return row.file_id
        except OmnilogueError:
            failure.outcome = "not_sent"
            failure.hint = f"{_name(part)} may have been uploaded, and nobody could look"
            raise failure from None
        return None

    async def _take_back(self, made: dict[str, FilePart], error: OmnilogueError) -> None:
        left: list[str] = []
        for file_id in made:
            try:
                await self._calls.delete_file(file_id)
            except OmnilogueError:
                left.append(file_id)
        if left:
            told = f"uploaded and left over at the vendor: {', '.join(left)}"
            error.hint = f"{error.hint}; {told}" if error.hint else told


def form_of(part: MediaPart, purpose: str) -> Form:
    """Give the form that uploads a part. Raises InvalidInputError for one that is too large."""
    size = part_size(part)
    if size > LARGEST:
        raise InvalidInputError(f"{_name(part)} has {size} bytes; MiniMax takes {LARGEST}", outcome="not_sent")
    content = part.data if part.data is not None else part.path
    assert content is not None  # noqa: S101  # require_content looked
    return Form(
        name=_name(part),
        content=content,
        size=size,
        media_type=part.media_type or "application/octet-stream",
        fields={"purpose": purpose},
    )


def part_size(part: MediaPart) -> int:
    """Give the bytes of a part that has content."""
    return len(part.data) if part.data is not None else part.size or 0


def require_content(part: MediaPart) -> None:
    """See that a part has bytes, or an id at this vendor. Raises UnsupportedOperationError."""
    if part.file_id is None and part.data is None and part.path is None:
        raise UnsupportedOperationError(
            f"MiniMax takes a file's bytes or its file_id, and {_name(part)} has neither", outcome="not_sent"
        )


def _name(part: MediaPart) -> str:
    return part.name or "file"


def _digest(part: MediaPart) -> str:
    return hashlib.sha256(part.data).hexdigest() if part.data is not None else part.sha256 or ""


def _key(part: MediaPart) -> tuple[str, str]:
    return _name(part), _digest(part)
