"""Files too large for a part: kept in pieces by their SHA-256, once, as long as a message refers to them."""

from __future__ import annotations

import hashlib
import sqlite3
from pathlib import Path

from omnilogue.errors import InvalidInputError
from omnilogue.model import INLINE_BYTES, MediaPart, Message

from . import mapping
from .store import Database


def take_in(database: Database, message: Message) -> Message:
    """Copy the files a message's parts name on this machine; give the message with parts that name the copies.

    Raises InvalidInputError for a file that cannot be read, or is no longer the one the part describes.
    """
    if not any(part.path is not None and part.data is None for part in mapping.media(message)):
        return message
    parts = [_copied(database, part) if isinstance(part, MediaPart) else part for part in message.parts]
    return message.model_copy(update={"parts": tuple(parts)})


def _copied(database: Database, part: MediaPart) -> MediaPart:
    if part.path is None or part.data is not None:
        return part
    try:
        described = part if part.sha256 else type(part).from_path(part.path)
        digest = described.sha256 or ""
        if not _is_kept(database, digest):
            _copy(database, part.path, digest)
    except OSError as error:
        raise InvalidInputError(f"file {part.path}: {error.strerror or error}") from error
    return part.model_copy(update={"file_id": digest, "sha256": digest, "size": described.size})


def _copy(database: Database, path: Path, digest: str) -> None:
    seen = hashlib.sha256()
    with path.open("rb") as file:
        for number, content in enumerate(iter(lambda: file.read(INLINE_BYTES), b"")):
            seen.update(content)
            database.execute("INSERT INTO pieces (sha256, number, content) VALUES (?, ?, ?)", (digest, number, content))
    if seen.hexdigest() != digest:
        raise InvalidInputError(f"file {path} has changed since it was described", hint="describe it again")


def _is_kept(database: Database, digest: str | None) -> bool:
    found = database.execute("SELECT 1 FROM pieces WHERE sha256 = ? LIMIT 1", (digest,)).fetchone()
    return found is not None


def refer(database: Database, row: sqlite3.Row, message: Message) -> None:
    """Note which kept files a stored message refers to; also one that was read here and is stored again."""
    for digest in {part.file_id for part in mapping.media(message) if part.file_id is not None}:
        if _is_kept(database, digest):
            database.execute("INSERT INTO attachments (message, sha256) VALUES (?, ?)", (row["ordinal"], digest))


def content(database: Database, file_id: str) -> bytes | None:
    """Give the bytes of a kept file; None where there is no such file."""
    rows = database.execute("SELECT content FROM pieces WHERE sha256 = ? ORDER BY number", (file_id,)).fetchall()
    return b"".join([row["content"] for row in rows]) if rows else None
