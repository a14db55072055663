"""The one logger, and what keeps secrets and control characters out of it.

The library logs to the standard library's logger `omnilogue` and configures nothing: it is silent until the
application wants it. `OMNILOGUE_LOG=debug` (or any level) prints to standard error without an application's help.
"""

from __future__ import annotations

import functools
import logging
import os
import re
import threading
from collections import Counter
from collections.abc import Mapping, MutableMapping
from typing import Any

REDACTED = "[redacted]"

_patterns: list[re.Pattern[str]] = [
    re.compile(r"(?i)(?<=\bbearer )[^\s\"',;\[]+"),
    re.compile(r"(?<=[?&]token=)[^&\s\"'\[]+"),
    re.compile(r"(?i)(?<=\bauthorization: )(?!bearer )[^\r\n\"\[]+"),
    re.compile(r"(?i)(?<=\"api_key\": \")[^\"\[]+"),
    re.compile(r"(?i)(?<=\"api_key\":\")[^\"\[]+"),
]
_values: Counter[str] = Counter()
_counting = threading.Lock()

SHORTEST_SECRET = 6
"""Shorter values are not redacted by value: they would blank ordinary words."""


def redact_pattern(pattern: str) -> None:
    """Redact from now on whatever matches `pattern`: how a provider tells what its vendor's keys look like."""
    compiled = re.compile(pattern)
    if compiled not in _patterns:
        _patterns.append(compiled)


def remember_secret(value: str) -> None:
    """Redact this value from now on, until it has been forgotten as often as it was remembered."""
    if len(value) >= SHORTEST_SECRET:
        with _counting:
            _values[value] += 1


def forget_secret(value: str) -> None:
    """Undo one `remember_secret`."""
    with _counting:
        _values[value] -= 1
        if _values[value] <= 0:
            del _values[value]


def redact(text: str) -> str:
    """Blank every known secret, and what looks like one."""
    for value in sorted(_values, key=len, reverse=True):
        text = text.replace(value, REDACTED)
    for pattern in _patterns:
        text = pattern.sub(REDACTED, text)
    return text


_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def printable(text: str) -> str:
    """Show control, bidi and unpaired surrogate characters as escapes, so that text stays one harmless line."""
    return _CONTROL.sub(lambda found: found.group().encode("unicode_escape", "surrogatepass").decode("ascii"), text)


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return printable(redact(value))
    if value is None or isinstance(value, (bool, int, float)):
        return value
    if isinstance(value, Mapping):
        return {str(_clean(key)): _clean(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_clean(item) for item in value]
    return printable(redact(str(value)))


def _redacted(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    return {key: _clean(value) for key, value in event.items()}


def _rendered(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> tuple[tuple[str], dict[str, Any]]:
    """Hand over a readable line, and the values for a handler that prints JSON (`record.fields`)."""
    name, fields = str(event.pop("event")), dict(event)
    line = " ".join([name, *(f"{key}={value!r}" for key, value in fields.items())])
    return (line,), {"extra": {"event": name, "fields": fields}}


@functools.cache
def standard_logger() -> logging.Logger:
    """Give the standard library's logger below ours, silent unless the application or OMNILOGUE_LOG asks."""
    logger = logging.getLogger("omnilogue")
    logger.addHandler(logging.NullHandler())
    if wanted := os.environ.get("OMNILOGUE_LOG"):
        handler = logging.StreamHandler()
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
        logger.addHandler(handler)
        logger.setLevel(wanted.upper() if wanted.upper() in logging.getLevelNamesMapping() else logging.DEBUG)
    return logger


@functools.cache
def logger() -> Any:
    """Give the one structlog logger. Event names are constant; vendor text is only ever a value."""
    import structlog

    return structlog.wrap_logger(
        standard_logger(),
        processors=[structlog.stdlib.filter_by_level, _redacted, _rendered],
        wrapper_class=structlog.stdlib.BoundLogger,
    )


def is_on(level: int) -> bool:
    """Whether events of this level go anywhere; asked before an event is put together."""
    return standard_logger().isEnabledFor(level)
