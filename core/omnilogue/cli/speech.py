"""Saving a spoken answer: names that are safe, and no file that is there already is touched."""

from __future__ import annotations

import mimetypes
import re
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from ..errors import InvalidInputError, OmnilogueError, UnsupportedOperationError

if TYPE_CHECKING:
    from ..model import AudioPart
    from ..remote import AsyncRemote

LONGEST_SUFFIX = 8
MOST_NAMES = 10_000

_SUFFIX = re.compile(r"\.[a-z0-9]+")


class Folder:
    """Where the spoken answers of a remote are saved; made, and looked at, before anything is asked."""

    def __init__(self, path: Path, remote: AsyncRemote) -> None:
        """Raises UnsupportedOperationError for a remote that does not speak, InvalidInputError for no folder."""
        row = remote.features.receive_audio
        if row.grade == "unsupported":
            note = f": {row.note}" if row.note else ""
            raise UnsupportedOperationError(
                f"{remote.name}: receive_audio is not supported{note}", operation="receive_audio", outcome="not_sent"
            )
        self._path = path
        self._remote = remote
        try:
            path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            problem = f"--save-audio {path} is no folder that can be written to: {error.strerror}"
        else:
            return
        raise InvalidInputError(problem)

    async def save(self, parts: Sequence[AudioPart], **how: Any) -> AsyncIterator[Path]:
        """Fetch and save the pieces of an answer in their order, and give where each lies.

        One that cannot be had keeps no other from being saved; its error is raised at the end.
        """
        failure: OmnilogueError | None = None
        for number, part in enumerate(parts, start=1):
            try:
                data = await self._remote.download(part, **how)
                yield self._written(f"{number:03}", _suffix(part), data)
            except OmnilogueError as error:
                failure = failure or error
        if failure is not None:
            failure.hint = failure.hint or "the answer itself is stored"
            raise failure

    def _written(self, stem: str, suffix: str, data: bytes) -> Path:
        try:
            path, file = self._new_file(stem, suffix)
            with file:
                file.write(data)
        except OSError as error:
            problem = f"--save-audio {self._path}: {error.strerror}"
        else:
            return path
        raise InvalidInputError(problem)

    def _new_file(self, stem: str, suffix: str) -> tuple[Path, BinaryIO]:
        """Open a file that was not there, nor a link of that name."""
        for name in _names(stem, suffix):
            path = self._path / name
            try:
                return path, path.open("xb")
            except FileExistsError:
                continue
        raise OSError(None, f"it is full of files like {stem}{suffix}")


def _names(stem: str, suffix: str) -> Iterator[str]:
    yield stem + suffix
    for number in range(2, MOST_NAMES):
        yield f"{stem}-{number}{suffix}"


def _suffix(part: AudioPart) -> str:
    """Give the ending of a name: of the vendor's words it takes nothing but letters and digits."""
    found = Path(part.name or "").suffix.lower()
    if len(found) <= LONGEST_SUFFIX and _SUFFIX.fullmatch(found):
        return found
    return mimetypes.guess_extension((part.media_type or "").partition(";")[0]) or ".audio"
