"""A remote's own pace: never more than so many requests in so many seconds."""

from __future__ import annotations

import re
from collections import deque

from .clock import Clock

_SPANS = {"s": 1.0, "sec": 1.0, "min": 60.0, "m": 60.0, "h": 3600.0, "hour": 3600.0}


def parse_rate(text: str) -> tuple[int, float]:
    """Give the count and the seconds of `"8/s"` or `"500/min"`. Raises ValueError."""
    found = re.fullmatch(r"\s*([1-9][0-9]{0,6})\s*/\s*([a-z]+)\s*", text)
    if found is None or found[2] not in _SPANS:
        raise ValueError(f'{text!r} is no rate; write it like "8/s" or "500/min"')
    return int(found[1]), _SPANS[found[2]]


class Pace:
    """Lets at most `count` requests start in any `span` seconds, in the order they asked."""

    def __init__(self, rate: str, clock: Clock) -> None:
        count, self._span = parse_rate(rate)
        self._clock = clock
        self._starts: deque[float] = deque(maxlen=count)

    def delay(self) -> float:
        """Reserve the next start and give the seconds until then."""
        now = self._clock.monotonic()
        start = now
        if len(self._starts) == self._starts.maxlen:
            start = max(now, self._starts[0] + self._span)
        self._starts.append(start)
        return start - now
