"""One verb under way: its time, and the errors of the tree that whatever goes wrong comes out as."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from pydantic import ValidationError

from ..errors import READS, InvalidInputError, OmnilogueError, Outcome, PluginError, RequestTimeoutError
from ..http.scope import CURRENT, Scope
from .account import Account
from .options import UNSET, Timeout, describe

T = TypeVar("T")

TURN_IS_STORED = "the message is stored, do not send it again: regenerate asks for its answer"

CLOSE_SECONDS = 5.0
"""How long a provider may take to end a stream that was left."""


class Verb:
    """A verb of one account; a stream is one verb in many steps."""

    __slots__ = ("_account", "_operation", "_scope", "_seconds")

    def __init__(self, account: Account, operation: str, timeout: Timeout, default: float) -> None:
        """Start the clock. Raises InvalidInputError for a timeout that is none, and for use in the wrong place."""
        account.require_here()
        self._account = account
        self._operation = operation
        self._seconds = _seconds(account, timeout, default)
        self._scope = Scope(None if self._seconds is None else account.clock.monotonic() + self._seconds)

    async def step(self, action: Callable[[], Awaitable[T]]) -> T:
        """Do a part of the verb within the time that is left. Raises only errors of the tree."""
        return await self._within(self._scope.left(self._account.clock.monotonic()), action)

    async def close(self, action: Callable[[], Awaitable[T]]) -> T:
        """Give back what the verb holds, also when its time is over."""
        return await self._within(CLOSE_SECONDS, action)

    async def _within(self, seconds: float | None, action: Callable[[], Awaitable[T]]) -> T:
        token = CURRENT.set(self._scope)
        limit = asyncio.timeout(seconds)
        try:
            async with limit:
                return await action()
        except OmnilogueError as error:
            self._complete(error)
            raise
        except Exception as error:  # whatever a provider lets out is its own fault
            is_late = isinstance(error, TimeoutError) and limit.expired()
            failure = self._too_late(seconds) if is_late else self._foreign(error)
        finally:
            CURRENT.reset(token)
        self._tell_left_over(failure)
        raise failure  # out here, so that nothing of a plugin or a request hangs on the error

    def _complete(self, error: OmnilogueError) -> None:
        """Put on an error what only the verb knows."""
        error.provider = error.provider or self._account.info.name
        error.operation = error.operation or self._operation
        if self._scope.applied and error.outcome in {None, "not_sent", "rejected"}:
            error.outcome = "applied"
        elif error.outcome is None and self._operation not in READS and self._scope.outcome == "not_sent":
            error.outcome = "not_sent"  # only something that had to be read first was tried
        if error.outcome == "applied" and self._operation in {"send", "stream"}:
            error.hint = (
                f"{error.hint}; {TURN_IS_STORED}" if error.code == "run_failed" and error.hint else TURN_IS_STORED
            )
        self._tell_left_over(error)
        _cut_foreign(error)

    def _tell_left_over(self, error: OmnilogueError) -> None:
        if told := self._scope.left_over:
            self._scope.left_over = ""
            error.hint = f"{told}; {error.hint}" if error.hint else told

    def _outcome(self) -> Outcome:
        return "applied" if self._scope.applied and self._scope.outcome != "unknown" else self._scope.outcome

    def _too_late(self, seconds: float | None) -> RequestTimeoutError:
        endpoint = self._scope.endpoint
        return RequestTimeoutError(
            f"{self._account.name}: {self._operation} took longer than {self._seconds or seconds:g} s"
            + (f", last at {endpoint}" if endpoint else ""),
            code="deadline",
            provider=self._account.info.name,
            operation=self._operation,
            endpoint=endpoint,
            outcome=self._outcome(),
            retryable=True,
            hint="give it more time with timeout=",
        )

    def _foreign(self, error: Exception) -> PluginError:
        """Make the error for what a provider let out though it may not."""
        trace = error.__traceback__
        while trace is not None and trace.tb_next is not None:
            trace = trace.tb_next
        place = f" at {trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace else ""
        words = describe(error) if isinstance(error, ValidationError) else str(error)
        return PluginError(
            f"{self._account.name}: {self._operation} failed inside: {type(error).__name__}: {words}{place}",
            code="plugin_contract",
            provider=self._account.info.name,
            operation=self._operation,
            outcome=self._outcome(),
            hint=f"this is a fault of the provider {self._account.info.name!r}; tell its author",
        )


def _cut_foreign(error: BaseException | None) -> None:
    """Let nothing of a plugin or a request hang on an error: it may hold credentials."""
    while error is not None:
        if not isinstance(error.__cause__, OmnilogueError):
            error.__cause__ = None
        if not isinstance(error.__context__, OmnilogueError):
            error.__context__ = None
        error = error.__cause__ or error.__context__


def _seconds(account: Account, timeout: Timeout, default: float) -> float | None:
    """Give the time a verb has, None for no limit."""
    if timeout is UNSET:
        return account.settings.timeout or default
    if timeout is not None and not (isinstance(timeout, (int, float)) and timeout > 0):
        raise InvalidInputError(f"timeout={timeout!r} must be more than 0 seconds, or None for no limit")
    return timeout
