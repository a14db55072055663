"""The only retry policy: what may be repeated, how often, and how long to wait in between."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Literal, TypeAlias, TypeVar

from ..errors import OmnilogueError
from .clock import Clock

T = TypeVar("T")

Effect: TypeAlias = Literal["read", "replace", "add"]
"""What repeating a request does: nothing, the same again, or one more."""

BASE_SECONDS = 0.5
THROTTLE_SECONDS = 1.0
LONGEST_PAUSE = 20.0


def may_repeat(error: OmnilogueError, effect: Effect) -> bool:
    """Whether the same request may go out again: a write that adds only where it surely did not happen.

    What a conversation is busy with may be an earlier attempt whose answer was lost: only a verb, which can look,
    may add to it again.
    """
    if effect == "add" and (not error.is_safe_to_retry or error.code == "busy"):
        return False
    return error.retryable or (error.code == "bad_response" and effect == "read" and error.attempts < 2)


def pause(error: OmnilogueError, failures: int) -> float:
    """Give the seconds to wait after so many failures: what the vendor asks, else full jitter."""
    if error.retry_after is not None:
        return error.retry_after
    base = THROTTLE_SECONDS if error.code == "rate_limit" else BASE_SECONDS
    return random.uniform(0, min(LONGEST_PAUSE, base * 2**failures))  # noqa: S311  # spreads load, guards nothing


@dataclass(frozen=True)
class RetryPolicy:
    """Repeats an attempt that failed, within a number of attempts and the time that is left."""

    clock: Clock
    max_attempts: int = 3
    on_retry: Callable[[OmnilogueError, float], None] | None = None

    async def run(
        self, attempt: Callable[[], Awaitable[T]], effect: Effect, time_left: Callable[[], float | None]
    ) -> T:
        """Make the first attempt plainly, and bring in the machinery only after it failed."""
        try:
            return await attempt()
        except OmnilogueError as error:
            if self.max_attempts == 1 or not may_repeat(error, effect):
                raise
            failed = [error]

        async def again() -> T:
            if failed:
                raise failed.pop()
            return await attempt()

        return await self._repeat(again, effect, time_left)

    async def _repeat(
        self, attempt: Callable[[], Awaitable[T]], effect: Effect, time_left: Callable[[], float | None]
    ) -> T:
        from tenacity import AsyncRetrying, RetryCallState, retry_if_exception

        def error_of(state: RetryCallState) -> OmnilogueError:
            error = state.outcome.exception() if state.outcome else None
            assert isinstance(error, OmnilogueError)  # noqa: S101  # only these are retried
            return error

        def no_time_left(state: RetryCallState) -> bool:
            left = time_left()
            return left is not None and state.upcoming_sleep >= left

        def tell(state: RetryCallState) -> None:
            if self.on_retry:
                self.on_retry(error_of(state), state.upcoming_sleep)

        retrying = AsyncRetrying(
            retry=retry_if_exception(lambda e: isinstance(e, OmnilogueError) and may_repeat(e, effect)),
            wait=lambda state: pause(error_of(state), state.attempt_number - 1),
            stop=lambda state: state.attempt_number >= self.max_attempts or no_time_left(state),
            sleep=self.clock.sleep,
            before_sleep=tell,
            reraise=True,
        )
        return await retrying(attempt)


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Give the seconds a vendor asks to wait: milliseconds, seconds, or a date measured by the answer's own clock."""
    for name, unit in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        seconds = _number(headers.get(name))
        if seconds is not None:
            return seconds * unit
    until, now = _date(headers.get("retry-after")), _date(headers.get("date"))
    return max(0.0, (until - now).total_seconds()) if until and now else None


def _number(text: str | None) -> float | None:
    """Read a plain count; anything else a vendor may send is nonsense and ignored."""
    text = (text or "").strip()
    if not text.replace(".", "", 1).isdecimal() or not text.isascii() or len(text) > 12:
        return None
    return float(text)


def _date(text: str | None) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text) if text else None
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return moment if moment is not None and moment.tzinfo is not None else None
