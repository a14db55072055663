"""What goes wrong with a file, as errors of the tree."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from pydantic import ValidationError
from pydantic_core import PydanticSerializationError

from omnilogue.errors import ConfigurationError, InvalidInputError, NotFoundError, OmnilogueError, StateError

KNOWN = (
    sqlite3.Error,
    OSError,
    UnicodeError,  # unpaired surrogates
    ValidationError,
    PydanticSerializationError,
    OverflowError,  # a number beyond 64 bits
    RecursionError,
)
"""What a file, or a value that does not fit into one, may raise."""

HINTS = {
    "SQLITE_BUSY": "another process is writing to it for a long time; run again",
    "SQLITE_LOCKED": "another process is writing to it for a long time; run again",
    "SQLITE_FULL": "make room on the disk and run again",
    "SQLITE_READONLY": "the file or its folder may only be read",
    "SQLITE_PERM": "the file or its folder may not be opened by this user",
    "SQLITE_CANTOPEN": "look at the rights of the file and its folder",
    "SQLITE_NOTADB": "this is not an SQLite file; give another path",
    "SQLITE_CORRUPT": "the file is damaged; take a backup",
    "SQLITE_IOERR": "the disk does not answer as it should",
}
"""What to do, by the first two words of SQLite's own name of the failure."""

PASSING = {"SQLITE_BUSY", "SQLITE_LOCKED", "SQLITE_FULL"}


def family(error: sqlite3.Error) -> str:
    """Give SQLite's name of the failure without its details: SQLITE_IOERR, SQLITE_FULL."""
    name = getattr(error, "sqlite_errorname", None) or ""
    return "_".join(name.split("_")[:2])


def named(path: Path, error: Exception, *, writing: bool) -> OmnilogueError:
    """Give one of KNOWN as the error of the tree that fits."""
    if isinstance(error, sqlite3.Error):
        return _storage(path, error)
    if isinstance(error, OSError):
        return StateError(
            f"archive {path}: {error.strerror or error}", code="storage", hint="look at the rights of the file"
        )
    first = f"{type(error).__name__}: {str(error).partition(chr(10))[0][:200]}"
    if isinstance(error, ValidationError) and not writing:
        return StateError(
            f"archive {path}: a row cannot be read: {first}", code="storage", hint=HINTS["SQLITE_CORRUPT"]
        )
    return InvalidInputError(f"this has no stored form: {first}")


def _storage(path: Path, error: sqlite3.Error) -> StateError:
    kind = family(error)
    return StateError(f"archive {path}: {error}", code="storage", retryable=kind in PASSING, hint=HINTS.get(kind, ""))


def no_archive(path: Path) -> StateError:
    """Tell that the file belongs to something else."""
    return StateError(f"archive {path}: the file is no archive", code="storage", hint="give another path")


def newer(path: Path, version: int) -> StateError:
    """Tell that the file was written by a later Omnilogue."""
    return StateError(
        f"archive {path}: its version {version} is newer than this program",
        code="ledger_version",
        hint="install a newer Omnilogue",
    )


def no_folder(path: Path) -> ConfigurationError:
    """Tell that the file cannot be made because its folder is missing."""
    return ConfigurationError(
        f"archive {path}: the folder {path.parent} does not exist", hint="make the folder or give another path"
    )


def no_conversation(conversation_id: str) -> NotFoundError:
    """Tell that there is no such conversation."""
    return NotFoundError(f"the archive has no conversation {conversation_id!r}")


def no_message(conversation_id: str, message_id: str) -> NotFoundError:
    """Tell that the conversation has no such message."""
    return NotFoundError(f"conversation {conversation_id!r} of the archive has no message {message_id!r}")
