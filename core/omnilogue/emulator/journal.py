"""The journal: what an emulator was asked, in order, without what is secret."""

import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, overload

SECRET_HEADERS = frozenset({"authorization", "proxy-authorization", "cookie", "x-api-key"})
SECRET_NAMES = frozenset({"token", "refresh_token", "device_token", "access_token", "api_key"})
HIDDEN = "[redacted]"


@dataclass(frozen=True)
class Recorded:
    """One request as it arrived, and what it was answered.

    `path` is as sent (percent signs kept) and relative to the emulator's base: `message/clear/`;
    a path outside the base keeps its leading slash. `headers` have lower-case names and no credentials.
    `body` is the parsed JSON, else the text, and `None` when there was none.
    A message that came over a websocket has the method `WS`; of a binary one the body is its size in bytes.
    `status` is `None` until the answer begins, and stays so when there was no answer. `fault` is the kind that hit it.
    """

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    status: int | None = None
    fault: str | None = None


class Journal(Sequence[Recorded]):
    """A list of requests that other threads may read while it grows; the oldest go when there are too many."""

    def __init__(self, base: str = "/", limit: int = 100_000) -> None:
        self._base = base
        self._limit = limit
        self._lock = threading.Lock()
        self._entries: dict[int, Recorded] = {}
        self._next = 0

    @overload
    def __getitem__(self, index: int) -> Recorded: ...

    @overload
    def __getitem__(self, index: slice) -> list[Recorded]: ...

    def __getitem__(self, index: int | slice) -> Recorded | list[Recorded]:
        return self._snapshot()[index]

    def __len__(self) -> int:
        with self._lock:
            return len(self._entries)

    def __iter__(self) -> Iterator[Recorded]:
        return iter(self._snapshot())

    def __repr__(self) -> str:
        return f"Journal({self._snapshot()!r})"

    def clear(self) -> None:
        """Forget everything recorded so far."""
        with self._lock:
            self._entries.clear()

    def requests(self, path_prefix: str | None = None, method: str | None = None) -> list[Recorded]:
        """Give the requests whose path (relative to the base) begins so and that used this method."""
        prefix = relative_path(path_prefix or "", self._base)
        return [
            entry
            for entry in self._snapshot()
            if entry.path.startswith(prefix) and (method is None or entry.method == method.upper())
        ]

    def add(self, entry: Recorded) -> int:
        """Write a request down as soon as it arrived; the number is for `complete`."""
        with self._lock:
            self._next += 1
            self._entries[self._next] = entry
            if len(self._entries) > self._limit:
                del self._entries[next(iter(self._entries))]
            return self._next

    def complete(self, number: int, **changes: Any) -> None:
        """Add what became of a request; one that was cleared meanwhile stays cleared."""
        with self._lock:
            if number in self._entries:
                self._entries[number] = replace(self._entries[number], **changes)

    def _snapshot(self) -> list[Recorded]:
        with self._lock:
            return list(self._entries.values())


def relative_path(path: str, base: str) -> str:
    """Give a path relative to the base; one outside it keeps its leading slash, one that is relative already stays."""
    return path.removeprefix(base)


def shown_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Give headers with lower-case names and without credentials."""
    return {name.lower(): value for name, value in headers.items() if name.lower() not in SECRET_HEADERS}


def shown_query(query: Mapping[str, str]) -> dict[str, str]:
    """Give a query without credentials."""
    return {name: HIDDEN if name in SECRET_NAMES else value for name, value in query.items()}


def shown_body(value: Any) -> Any:
    """Give a JSON value without credentials."""
    if isinstance(value, dict):
        return {name: HIDDEN if name in SECRET_NAMES else shown_body(item) for name, item in value.items()}
    return [shown_body(item) for item in value] if isinstance(value, list) else value


def parsed_body(content: bytes) -> Any:
    """Give the JSON of a body, else its text, else `None`."""
    if not content:
        return None
    try:
        return shown_body(json.loads(content))
    except (ValueError, RecursionError):
        return content.decode("utf-8", errors="replace")
