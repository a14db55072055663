"""The file: opened when first needed, one connection, every write one transaction."""

from __future__ import annotations

import os
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from omnilogue.errors import OmnilogueError, Outcome

from . import failures, mapping
from .schema import APPLICATION_ID, SEARCH_INDEX, TABLES, VERSION

BUSY_MILLISECONDS = 5000
UNREADABLE_THIS_WAY = {"SQLITE_CANTOPEN", "SQLITE_READONLY", "SQLITE_PERM"}


class Database(sqlite3.Connection):
    """A connection to an archive.

    `has_index` tells whether this SQLite can use its search index, `sees_changes` whether what others write shows.
    """

    has_index = False
    sees_changes = True


class Store:
    """One archive's file. Nothing is opened or made before it is needed.

    The connection belongs to the thread that uses it first. A transaction never spans an `await`, so that
    operations of one event loop cannot get between each other.
    """

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self._database: Database | None = None

    @contextmanager
    def read(self) -> Iterator[Database | None]:
        """See one state of the archive; None where there is no archive yet. Raises StateError."""
        with self._guarded():
            database = self._opened()
            if database is None:
                yield None
                return
            database.execute("BEGIN")
            try:
                yield database
            finally:
                _roll_back(database)
                if not database.sees_changes:
                    self.close()

    @contextmanager
    def write(self) -> Iterator[Database | None]:
        """Change the archive, all at once or not at all; None where there is no archive yet. Raises StateError."""
        with self._guarded("rejected"):
            database = self._opened()
            if database is None:
                yield None
                return
            with self._transaction(database):
                yield database

    @contextmanager
    def write_or_make(self) -> Iterator[Database]:
        """Do the same, and make the file first where there is none, for this user only.

        Raises StateError, and ConfigurationError where the file's folder does not exist.
        """
        with self._guarded("rejected"):
            database = self._opened() or self._made()
            with self._transaction(database):
                yield database

    def close(self) -> None:
        """Close the file; harmless twice."""
        database, self._database = self._database, None
        if database is not None:
            with self._guarded():
                database.close()

    @contextmanager
    def _transaction(self, database: Database) -> Iterator[None]:
        database.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            _roll_back(database)
            raise
        self._commit(database)

    def _commit(self, database: Database) -> None:
        try:
            database.execute("COMMIT")
        except sqlite3.Error as error:
            _roll_back(database)
            # A disk that failed while it was asked to keep the change may have kept it.
            failure = failures.named(self.path, error, writing=True)
            failure.outcome = "unknown" if failures.family(error) == "SQLITE_IOERR" else "rejected"
            raise failure from error

    @contextmanager
    def _guarded(self, outcome: Outcome | None = None) -> Iterator[None]:
        """Let nothing out but errors of the tree, with what became of a write (None: nothing is written)."""
        try:
            yield
        except OmnilogueError as error:
            error.outcome = error.outcome or outcome
            raise
        except failures.KNOWN as error:
            failure = failures.named(self.path, error, writing=outcome is not None)
            failure.outcome = outcome
            raise failure from error

    def _opened(self) -> Database | None:
        if self._database is None and self._has_content():
            self._database = self._open()
        return self._database

    def _has_content(self) -> bool:
        """Whether there is something to open; an empty file is an archive that nobody has written to yet."""
        try:
            found = self.path.stat()
        except (FileNotFoundError, NotADirectoryError):
            return False
        if not stat.S_ISREG(found.st_mode):
            raise failures.no_archive(self.path)
        return found.st_size > 0

    def _made(self) -> Database:
        if not self.path.parent.is_dir():
            raise failures.no_folder(self.path)
        os.close(os.open(self.path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600))
        database = _connect(self.path, "mode=rw")
        try:
            self._make_tables(database)
            self._check(database)
        except BaseException:
            database.close()
            raise
        self._database = database
        return database

    def _make_tables(self, database: Database) -> None:
        """Make the tables unless another process has just done so."""
        database.execute("BEGIN IMMEDIATE")
        try:
            if _is_blank(database):
                for statement in TABLES:
                    database.execute(statement)
                _make_index(database)
                database.execute(f"PRAGMA application_id = {APPLICATION_ID}")
                database.execute(f"PRAGMA user_version = {VERSION}")
        except BaseException:
            _roll_back(database)
            raise
        database.execute("COMMIT")
        with suppress(sqlite3.OperationalError):  # another process is just doing the same
            database.execute("PRAGMA journal_mode = WAL")

    def _open(self) -> Database | None:
        """Open the file, for reading only where this user may not write to it."""
        try:
            return self._checked("mode=rw")  # SQLite itself goes down to reading where the file allows no more
        except sqlite3.OperationalError as error:
            if failures.family(error) not in UNREADABLE_THIS_WAY or _has_unwritten_changes(self.path):
                raise
        # In a folder that cannot be written SQLite has no place for its locks and takes a file in WAL mode only
        # like this; without a WAL beside it nothing is missing in it. Others may write to it later: hence one read.
        frozen = self._checked("mode=ro&immutable=1")
        if frozen is not None:
            frozen.sees_changes = False
        return frozen

    def _checked(self, mode: str) -> Database | None:
        database = _connect(self.path, mode)
        try:
            found = self._check(database)
        except BaseException:
            database.close()
            raise
        if not found:
            database.close()
        return database if found else None

    def _check(self, database: Database) -> bool:
        """Whether this is an archive (not when it is blank); raise where it is something else or too new."""
        if _is_blank(database):
            return False
        if _header(database, "application_id") != APPLICATION_ID:
            raise failures.no_archive(self.path)
        if (version := _header(database, "user_version")) > VERSION:
            raise failures.newer(self.path, version)
        database.has_index = _can_search(database)
        return True


def _connect(path: Path, mode: str) -> Database:
    """Open the file; by URI, because only a URI can say that it must not be created."""
    database = sqlite3.connect(
        f"{path.as_uri()}?{mode}",
        uri=True,
        timeout=BUSY_MILLISECONDS / 1000,
        isolation_level=None,
        factory=Database,
    )
    database.row_factory = sqlite3.Row
    try:
        database.execute("PRAGMA foreign_keys = ON")
        database.execute("PRAGMA synchronous = FULL")
    except BaseException:
        database.close()
        raise
    database.create_function("has_metadata", 2, mapping.has_metadata, deterministic=True)
    database.create_function("indexable", 1, mapping.indexable, deterministic=True)
    return database


def _make_index(database: Database) -> None:
    try:
        database.execute(SEARCH_INDEX)
    except sqlite3.OperationalError as error:
        if failures.family(error) != "SQLITE_ERROR":
            raise
        # This SQLite has no FTS5 or no trigrams: a search here reads the texts themselves.


def _header(database: Database, name: str) -> int:
    return int(database.execute(f"PRAGMA {name}").fetchone()[0])


def _is_blank(database: Database) -> bool:
    return database.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone() is None


def _can_search(database: Database) -> bool:
    try:
        database.execute("SELECT rowid FROM search_index('\"abc\"') LIMIT 1").fetchone()
    except sqlite3.OperationalError:
        return False
    return True


def _has_unwritten_changes(path: Path) -> bool:
    log = path.with_name(path.name + "-wal")
    return log.exists() and log.stat().st_size > 0


def _roll_back(database: Database) -> None:
    with suppress(sqlite3.Error):
        if database.in_transaction:
            database.execute("ROLLBACK")
