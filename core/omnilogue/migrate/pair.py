"""Two remotes and the ledger between them, with the one lock that lets one process write."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from filelock import FileLock
from filelock import Timeout as LockTimeout

from ..errors import InvalidInputError, StateError
from ..http import Clock
from ..remote import AsyncRemote
from ..remote.landing import Landing
from ..state import Ledger, Migrations, State


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

    @property
    def is_same_provider(self) -> bool:
        """Whether both ends are of one vendor."""
        return self.source.provider == self.target.provider

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Be the only one on this machine that copies over this pair. Raises StateError [ledger_locked]."""
        path = self.ledger.state.path
        if path is None:
            yield  # kept in memory: nobody else can see it
            return
        self.ledger.state.open_for_writing()
        names = f"{self.ledger.source_account}\0{self.ledger.target_account}"
        lock = FileLock(
            path.with_name(f"{path.name}.{hashlib.sha256(names.encode()).hexdigest()[:12]}.lock"), mode=0o600
        )
        try:
            lock.acquire(timeout=0)
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
