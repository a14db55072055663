"""Files in the MiniMax emulator: kept in memory, with ids that are 64-bit integers."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

FIRST_ID = (1 << 60) + 1
"""Above what a float can tell apart."""


@dataclass(frozen=True)
class StoredFile:
    """One file."""

    id: int
    name: str
    purpose: str
    created_at: int
    content: bytes


class Files:
    """The files of the account; what is not there is `KeyError`."""

    def __init__(self, stamp: Callable[[], int]) -> None:
        self._stamp = stamp
        self._lock = threading.RLock()
        self._made = 0
        self._files: dict[int, StoredFile] = {}

    def all(self) -> list[StoredFile]:
        """Give all files, oldest first."""
        with self._lock:
            return list(self._files.values())

    def add(self, name: str, content: bytes, purpose: str = "assistants") -> StoredFile:
        """Keep a file."""
        with self._lock:
            self._made += 1
            file = StoredFile(FIRST_ID + 2 * self._made, name, purpose, self._stamp(), content)
            self._files[file.id] = file
            return file

    def find(self, file_id: str) -> StoredFile:
        """Give one file by its id as text."""
        with self._lock:
            return {str(one.id): one for one in self._files.values()}[file_id]

    def delete(self, file_id: int) -> None:
        """Remove a file; messages go on naming it."""
        with self._lock:
            del self._files[file_id]
