"""The state file: one SQLite database, opened at the first use that needs it; reading never creates it."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from ..errors import ConfigurationError, StateError
from .schema import ACCOUNT_COLUMNS, APPLICATION_ID, TABLES, UPGRADES, VERSION

T = TypeVar("T")

BUSY_SECONDS = 5.0

QUICK_SECONDS = 0.001
"""What a commit takes on a disk that is quick: there it is not worth waiting for others."""

COMMITS_REMEMBERED = 8
"""Over how many commits the time of one is taken."""

_HEADERS = ("application_id", "user_version")


def default_url() -> str:
    """Give the address of the user's own state file."""
    from platformdirs import user_data_path

    return f"sqlite:///{user_data_path('omnilogue', appauthor=False) / 'state.db'}"


def path_of(url: str, base: Path | None = None) -> Path | None:
    """Give the file behind a state URL, None for `memory:`. Raises ConfigurationError for what is no state URL.

    A relative path is relative to `base`, which is the configuration's folder, else the working directory.
    """
    if url == "memory:":
        return None
    scheme, separator, place = url.partition(":///")
    if scheme == "sqlite" and separator and place:
        return (base or Path()) / Path(place).expanduser()
    if url.startswith(("postgresql:", "postgres:")):
        raise ConfigurationError("a state on PostgreSQL is not offered by this version", hint="use sqlite:///PATH")
    raise ConfigurationError(  # without the URL, which may carry a password
        f"a state URL cannot begin with {url.partition(':')[0][:20]!r}", hint="write sqlite:///PATH or memory:"
    )


@dataclass(frozen=True, slots=True)
class StateSummary:
    """What a state holds: its URL, schema version, size in bytes, accounts, known conversations."""

    url: str
    version: int
    size: int
    remotes: tuple[str, ...]
    known: int
    migrations: int = 0


class State:
    """One state, shared by all remotes of a client, and by all processes that name the same file."""

    def __init__(self, url: str | None = None, base: Path | None = None) -> None:
        """Take a state URL, by default the user's own; nothing is opened yet. Raises ConfigurationError."""
        self.url = url or default_url()
        path = path_of(self.url, base)
        self.path = path.absolute() if path else None
        self._database: sqlite3.Connection | None = None
        self._is_writing = False
        self._commit_seconds = QUICK_SECONDS
        self._ready: list[tuple[Callable[[], object], asyncio.Future[Any]]] = []

    @property
    def exists(self) -> bool:
        """Whether there is a state already; reading makes none."""
        return self._database is not None or (self.path is not None and _is_there(self.path))

    def read(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """Run a query; a state that does not exist yet holds nothing. Raises StateError."""
        with self._faults():
            database = self._opened()
            return [] if database is None else database.execute(statement, values).fetchall()

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """Change the state, all at once or not at all; it is made first where there is none. Raises StateError.

        Inside another change this is a part of it.
        """
        with self._faults():
            database = self._opened() or self._made()
            if self._is_writing:
                yield database
                return
            self._is_writing, began = True, time.perf_counter()
            try:
                with _transaction(database):
                    yield database
            finally:
                self._is_writing = False
            self._commit_seconds += (time.perf_counter() - began - self._commit_seconds) / COMMITS_REMEMBERED

    async def together(self, change: Callable[[], T]) -> T:
        """Make a change in one step with the others that are ready in this turn of the loop: one commit for all.

        On a quick disk it is made by itself: waiting for others would let them all go on, and later wait, at once.
        It is on the disk when this returns what `change` gave. Raises StateError, where none of those that share the
        step was made.
        """
        if self._commit_seconds < QUICK_SECONDS:
            with self.write():
                return change()
        loop = asyncio.get_running_loop()
        made: asyncio.Future[T] = loop.create_future()
        self._ready.append((change, made))
        if len(self._ready) == 1:
            loop.call_soon(self._write_all)
        return await asyncio.shield(made)

    def _write_all(self) -> None:
        ready, self._ready = self._ready, []
        try:
            with self.write():
                given = [change() for change, _ in ready]
        except BaseException as error:
            for _, made in ready:
                made.set_exception(error)
        else:
            for (_, made), value in zip(ready, given, strict=True):
                made.set_result(value)

    def open_for_writing(self) -> None:
        """See that the state can be written, before a request that must be remembered. Raises StateError."""
        with self.write():
            pass

    def summary(self) -> StateSummary:
        """Tell what the state holds. Raises StateError."""
        names = self.read(" UNION ".join(f"SELECT {column} FROM {table}" for table, column in ACCOUNT_COLUMNS))  # noqa: S608
        return StateSummary(
            url=self.url,
            version=VERSION,
            size=self.path.stat().st_size if self.path and _is_there(self.path) else 0,
            remotes=tuple(sorted(name for (name,) in names)),
            known=self._count("conversation WHERE listed AND NOT hidden"),
            migrations=self._count("migration"),
        )

    def _count(self, rows: str) -> int:
        counted = self.read(f"SELECT count(*) FROM {rows}")  # noqa: S608
        return int(counted[0][0]) if counted else 0

    def backup(self, target: Path) -> None:
        """Write a copy of the whole state into a new file. Raises StateError where it exists, or there is no state."""
        with self._faults():
            database = self._opened()
            if database is None:
                raise StateError(f"there is no state at {self.url} yet", code="storage")
            _copy(database, target)

    def upgrade(self) -> Path | None:
        """Bring an older file forward, after a backup beside it; give the backup, None where nothing was to do."""
        if self.path is None or not _is_there(self.path):
            return None
        self.close()
        with self._faults(), closing(_connect(self.path)) as database:
            application, version = _headers(database)
            if application != APPLICATION_ID or version >= VERSION or version < min(UPGRADES, default=VERSION):
                self._check(database)
                return None
            backup = self.path.with_name(f"{self.path.stem}-v{version}{self.path.suffix}")
            with _transaction(database):
                with closing(_connect(self.path)) as reader:  # one that writes cannot be copied from
                    _copy(reader, backup)
                for step in range(version, VERSION):
                    for statement in UPGRADES[step]:
                        database.execute(statement)
                database.execute(f"PRAGMA user_version = {VERSION}")
            return backup

    def rename(self, old: str, new: str) -> int:
        """Give what is kept of one account to another name; give the number of rows. Raises StateError."""
        if not self._rows_of(old):
            raise StateError(
                f"the state keeps nothing of {old!r}", code="storage", hint="`omnilogue state` lists remotes"
            )
        if self._rows_of(new):
            raise StateError(f"the state keeps something of {new!r} already", code="storage")
        with self.write() as database:
            return sum(
                database.execute(f"UPDATE {table} SET {column} = ? WHERE {column} = ?", (new, old)).rowcount  # noqa: S608
                for table, column in ACCOUNT_COLUMNS
            )

    def _rows_of(self, account: str) -> int:
        counts = [
            self.read(f"SELECT count(*) FROM {table} WHERE {column} = ?", account)  # noqa: S608
            for table, column in ACCOUNT_COLUMNS
        ]
        return sum(rows[0][0] for rows in counts if rows)

    def close(self) -> None:
        """Close the file; harmless twice."""
        database, self._database = self._database, None
        if database is not None:
            database.close()

    def _opened(self) -> sqlite3.Connection | None:
        if self._database is None and self.path is not None and _is_there(self.path):
            self._database = self._prepared(_connect(self.path))
        return self._database

    def _made(self) -> sqlite3.Connection:
        if self.path is not None:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            os.close(os.open(self.path, os.O_CREAT | os.O_RDWR, 0o600))
        self._database = self._prepared(_connect(self.path), is_new=True)
        return self._database

    def _prepared(self, database: sqlite3.Connection, *, is_new: bool = False) -> sqlite3.Connection:
        """Make the tables of a new file, and see that it is one of ours before anything in it is changed."""
        try:
            if is_new:
                _fill(database)
            self._check(database)
            database.execute("PRAGMA journal_mode = WAL")
            database.execute("PRAGMA synchronous = FULL")
        except BaseException:
            database.close()
            raise
        return database

    def _check(self, database: sqlite3.Connection) -> None:
        application, version = _headers(database)
        if application == APPLICATION_ID and version == VERSION:
            return
        if application != APPLICATION_ID:
            raise StateError(f"{self.path} is no state of Omnilogue", code="storage", hint="name another file")
        word, hint = ("newer", "upgrade Omnilogue") if version > VERSION else ("older", "run `omnilogue state upgrade`")
        raise StateError(f"the state {self.path} is of a {word} version ({version})", code="ledger_version", hint=hint)

    @contextmanager
    def _faults(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            reason = f"the state {self.url} cannot be used: {error}"
        else:
            return
        raise StateError(reason, code="storage", hint="check its folder and the disk, or name another with --state")


def _is_there(path: Path) -> bool:
    """Whether the file holds something; one that was begun and never written is none."""
    return path.exists() and path.stat().st_size > 0


def _connect(path: Path | None) -> sqlite3.Connection:
    place = ":memory:" if path is None else f"{path.as_uri()}?mode=rw"
    return sqlite3.connect(place, uri=True, timeout=BUSY_SECONDS, isolation_level=None)


@contextmanager
def _transaction(database: sqlite3.Connection) -> Iterator[None]:
    """Do all of it or nothing, also where the disk fills up at the end."""
    database.execute("BEGIN IMMEDIATE")
    try:
        yield
        database.execute("COMMIT")
    except BaseException:
        if database.in_transaction:
            database.execute("ROLLBACK")
        raise


def _fill(database: sqlite3.Connection) -> None:
    """Make the tables, unless another process was faster."""
    with _transaction(database):
        if not database.execute("SELECT 1 FROM sqlite_master").fetchone():
            for statement in TABLES:
                database.execute(statement)
            database.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            database.execute(f"PRAGMA user_version = {VERSION}")


def _copy(database: sqlite3.Connection, target: Path) -> None:
    """Write the whole database into a new file that only its owner reads. Raises StateError where it cannot be made."""
    try:
        os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except FileExistsError:
        raise StateError(f"{target} exists already", code="storage", hint="name a new file") from None
    except OSError as error:
        problem = f"{target} cannot be written: {error.strerror}"
        raise StateError(problem, code="storage", hint="check its folder, or name another file") from None
    with closing(sqlite3.connect(target)) as copy:
        database.backup(copy)


def _headers(database: sqlite3.Connection) -> tuple[int, int]:
    application, version = (database.execute(f"PRAGMA {name}").fetchone()[0] for name in _HEADERS)
    return application, version
