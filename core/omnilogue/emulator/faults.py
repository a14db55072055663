"""Faults: what can go wrong on the way, as data, and which request is hit by which of them."""

import threading
from collections.abc import Container, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from omnilogue.emulator.journal import relative_path

GIB = 1 << 30
PAGE = "<!doctype html><html><head><title>Bad gateway</title></head><body><h1>Bad gateway</h1></body></html>"

# Kind -> its details with their defaults. `applied`: whether the vendor did what was asked before this answer.
KINDS: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        "status": {"status": 500, "headers": {}, "body": None, "applied": False},
        "status_after": {"status": 500, "headers": {}, "body": None, "applied": True},
        "drop_before": {"applied": False, "reset": False},
        "drop_after": {"applied": True, "reset": False},
        "late": {"seconds": 0.1, "reset": False},
        "delay": {"seconds": 0.1},
        "stall": {"seconds": 60.0, "applied": False},
        "drip": {"interval": 0.01},
        "endless": {"size": GIB, "chunk": b" " * 65536, "content_type": "application/json", "applied": False},
        "truncate": {"sent": None},
        "html": {"status": 200, "body": PAGE, "applied": False},
        "empty": {"status": 200, "applied": False},
        "deep": {"depth": 100_000, "applied": False},
        "gzip_bomb": {"size": GIB, "applied": False},
        "body": {"body": b"", "content_type": "application/json", "status": 200, "headers": {}, "applied": False},
        "redirect": {"location": "/elsewhere/", "status": 302, "applied": False},
        "stream_cut": {"after": 1, "reset": False},
        "socket_close": {"after": 1, "code": 1000, "reason": ""},
        "socket_silence": {"after": 1, "seconds": 60.0},
        "socket_message": {"after": 1, "data": ""},
    }
)

# These wait for the next streamed answer, or for the next websocket; other requests pass them by.
STREAM_KINDS = frozenset({"stream_cut"})
SOCKET_KINDS = STREAM_KINDS | {"socket_close", "socket_silence", "socket_message"}
REQUEST_KINDS = frozenset(KINDS) - SOCKET_KINDS


@dataclass(frozen=True)
class Fault:
    """One fault and the requests it is meant for.

    `method` and `path` (the beginning of it, relative to the base) are `None` for any.
    It hits the next `times` matching requests, or with `every=N` each Nth of them until the faults are cleared.
    `details` are those of `KINDS`, completed with their defaults.
    """

    kind: str
    times: int = 1
    every: int | None = None
    method: str | None = None
    path: str | None = None
    details: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"unknown fault {self.kind!r}; known: {', '.join(sorted(KINDS))}")
        known = KINDS[self.kind]
        if unknown := sorted(self.details.keys() - known.keys()):
            raise ValueError(f"fault {self.kind!r} has no detail {unknown[0]!r}; known: {', '.join(sorted(known))}")
        if self.times < 1 or (self.every is not None and self.every < 1):
            raise ValueError(f"fault {self.kind!r}: `times` and `every` count from 1")
        object.__setattr__(self, "details", MappingProxyType({**known, **self.details}))

    def matches(self, method: str, path: str, base: str) -> bool:
        """Tell whether this fault is meant for such a request."""
        wanted = relative_path(self.path or "", base)
        return path.startswith(wanted) and self.method in {None, method}


class FaultPlan:
    """The faults that are armed; safe to change from another thread while the server runs."""

    def __init__(self, base: str = "/") -> None:
        self._base = base
        self._lock = threading.Lock()
        self._armed: list[_Armed] = []

    def add(self, fault: Fault) -> None:
        """Arm one more fault, behind those that are armed already."""
        with self._lock:
            self._armed.append(_Armed(fault))

    def clear(self) -> None:
        """Disarm all."""
        with self._lock:
            self._armed.clear()

    def armed(self) -> tuple[Fault, ...]:
        """Give the faults that have not run out yet."""
        with self._lock:
            return tuple(entry.fault for entry in self._armed)

    def take(self, method: str, path: str, kinds: Container[str] = REQUEST_KINDS) -> Fault | None:
        """Give the fault of these kinds that hits this request, the one armed first if there are several."""
        with self._lock:
            hit: _Armed | None = None
            for entry in self._armed:
                meant = entry.fault.kind in kinds and entry.fault.matches(method, path, self._base)
                if meant and entry.is_due(taken=hit is not None):
                    hit = entry
            self._armed = [entry for entry in self._armed if not entry.is_spent]
            return hit.fault if hit else None


class _Armed:
    """A fault with its counts."""

    def __init__(self, fault: Fault) -> None:
        self.fault = fault
        self._seen = 0
        self._used = 0

    @property
    def is_spent(self) -> bool:
        return self.fault.every is None and self._used >= self.fault.times

    def is_due(self, *, taken: bool) -> bool:
        """Count this request; `every` counts also those that another fault has taken."""
        self._seen += 1
        due = not taken and (self.fault.every is None or self._seen % self.fault.every == 0)
        self._used += due
        return due
