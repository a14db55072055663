"""Two remotes and the ledger between them, with the one lock that lets one process write."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock
from filelock import Timeout as LockTimeout

from ..errors import InvalidInputError, StateError
from ..http import Clock
from ..remote import AsyncRemote
from ..remote.landing import Landing
from ..state import Ledger, Migrations, State
from .reports import address_of

LOOKING_SECONDS = 0.1
"""How long to wait for the lock: longer than another process takes to look whether it is free."""


def is_written_to(ledger: Ledger) -> bool:
    """Whether a process of this machine copies over the pair right now; one that was killed does not."""
    path = _lock_path(ledger)
    if path is None or not path.exists():
        return path is None
    try:
        with FileLock(path, mode=0o600, timeout=0):
            return False
    except (LockTimeout, OSError):  # what cannot be locked here may be locked elsewhere
        return True


def _lock_path(ledger: Ledger) -> Path | None:
    """Give the file whose lock is held while somebody copies over the pair; None for a state in memory."""
    path = ledger.state.path
    names = f"{ledger.source_account}\0{ledger.target_account}"
    return path and path.with_name(f"{path.name}.{hashlib.sha256(names.encode()).hexdigest()[:12]}.lock")


async def require_two_places(source: AsyncRemote, target: AsyncRemote) -> None:
    """Refuse to copy a place onto itself: all would be there twice. Raises InvalidInputError, ConfigurationError."""
    if shared := await Landing.on(source).shared_place(Landing.on(target)):
        raise InvalidInputError(
            f"{address_of(source.name)} and {address_of(target.name)} are one place under two names: both are "
            f"{source.provider} with the same {' and '.join(shared)}",
            hint="copy to another remote; `check` compares these too",
        )


@dataclass(frozen=True, slots=True)
class Pair:
    """What every part of a migration works on."""

    source: AsyncRemote
    target: AsyncRemote
    landing: Landing
    ledger: Ledger
    migrations: Migrations
    clock: Clock

    @classmethod
    def of(cls, source: AsyncRemote, target: AsyncRemote, state: State, clock: Clock) -> Pair:
        """Put two remotes together. Raises InvalidInputError where both are one account."""
        here, there = Landing.on(source), Landing.on(target)
        if here.identity == there.identity:
            raise InvalidInputError(f"{source.name} and {target.name} are one account", hint="copy to another remote")
        ledger = Ledger(state, here.identity, there.identity)
        return cls(source, target, there, ledger, Migrations(state), clock)

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Be the only one on this machine that copies over this pair. Raises StateError [ledger_locked]."""
        path = _lock_path(self.ledger)
        if path is None:
            yield  # kept in memory: nobody else can see it
            return
        self.ledger.state.open_for_writing()
        lock = FileLock(path, mode=0o600)
        try:
            lock.acquire(timeout=LOOKING_SECONDS, poll_interval=LOOKING_SECONDS / 5)
        except LockTimeout:
            raise StateError(
                f"another process copies from {self.source.name} to {self.target.name}",
                code="ledger_locked",
                hint="wait for it, or end it",
            ) from None
        try:
            yield
        finally:
            lock.release()
