"""One verb under way: its time, and the errors of the tree that whatever goes wrong comes out as."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from pydantic import ValidationError

from ..errors import (
    READS,
    ConversationBusyError,
    InvalidInputError,
    OmnilogueError,
    Outcome,
    PluginError,
    RequestTimeoutError,
    StreamInterruptedError,
)
from ..http.scope import CURRENT, Scope
from .account import Account
from .options import UNSET, Timeout, describe

T = TypeVar("T")

TURN_IS_STORED = "the message is stored, do not send it again: regenerate asks for its answer"

CLOSE_SECONDS = 5.0
"""How long a provider may take to end what was left, and to stop its run."""

CANCELLED_SECONDS = 1.0
"""How long it may take where the task itself is cancelled."""


class Verb:
    """A verb of one account; a stream is one verb in many steps.

    `was_cut` tells whether a step was ended from outside: by its time, or by another verb that took its place.
    """

    __slots__ = ("_account", "_free", "_is_displaced", "_limit", "_operation", "_scope", "_seconds", "was_cut")

    def __init__(
        self,
        account: Account,
        operation: str,
        timeout: Timeout,
        default: float,
        *,
        free: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        """Start the clock; `free` gives back what is held between two steps, where another verb takes its place.

        Raises InvalidInputError for a timeout that is none, and for use in the wrong place.
        """
        account.require_here()
        self._account = account
        self._operation = operation
        self._seconds = _seconds(account, timeout, default)
        self._scope = Scope(None if self._seconds is None else account.clock.monotonic() + self._seconds)
        self._scope.give_way = self.give_way
        self._free = free
        self._limit: asyncio.Timeout | None = None
        self._is_displaced = False
        self.was_cut = False

    @property
    def is_displaced(self) -> bool:
        """Whether another verb has taken its place."""
        return self._is_displaced

    async def give_way(self) -> None:
        """End for another verb: the step under way, and every later one, raises ConversationBusyError."""
        self._is_displaced = True
        if self._limit is None:
            if self._free is not None:
                await self._free()
        elif not self._limit.expired():
            self._limit.reschedule(asyncio.get_running_loop().time())

    async def step(self, action: Callable[[], Awaitable[T]]) -> T:
        """Do a part of the verb within the time that is left. Raises only errors of the tree."""
        if self._is_displaced:
            raise self._displaced()
        self._limit = asyncio.timeout(self._scope.left(self._account.clock.monotonic()))
        try:
            return await self._within(self._limit, action)
        finally:
            self._limit = None

    async def close(self, action: Callable[[], Awaitable[T]]) -> T:
        """Give back what the verb holds, also when its time is over."""
        return await self._within(asyncio.timeout(grace()), action)

    async def _within(self, limit: asyncio.Timeout, action: Callable[[], Awaitable[T]]) -> T:
        token = CURRENT.set(self._scope)
        try:
            async with limit:
                return await action()
        except OmnilogueError as error:
            self._complete(error)
            raise
        except Exception as error:  # whatever a provider lets out is its own fault
            failure = self._cut() if isinstance(error, TimeoutError) and limit.expired() else self._foreign(error)
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
            error.hint = _hint_of_stored(error)
        self._tell_left_over(error)
        _cut_foreign(error)

    def _tell_left_over(self, error: OmnilogueError) -> None:
        if told := self._scope.left_over:
            self._scope.left_over = ""
            error.hint = f"{told}; {error.hint}" if error.hint else told

    def _outcome(self) -> Outcome:
        return "applied" if self._scope.applied and self._scope.outcome != "unknown" else self._scope.outcome

    def _cut(self) -> OmnilogueError:
        self.was_cut = True
        return self._displaced() if self._is_displaced else self._too_late()

    def _displaced(self) -> ConversationBusyError:
        """Make the error for a verb whose place another one took."""
        outcome = self._outcome()
        is_stored = outcome == "applied" and self._operation in {"send", "stream"}
        return ConversationBusyError(
            f"{self._account.name}: {self._operation} was ended by another write that took its place",
            provider=self._account.info.name,
            operation=self._operation,
            outcome=outcome,
            retryable=True,
            hint=TURN_IS_STORED if is_stored else 'the other one was given busy="cancel"',
        )

    def _too_late(self) -> RequestTimeoutError:
        endpoint = self._scope.endpoint
        return RequestTimeoutError(
            f"{self._account.name}: {self._operation} took longer than {self._seconds or grace():g} s"
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


def grace() -> float:
    """Give the seconds that ending may take: fewer where the task itself is being cancelled."""
    task = asyncio.current_task()
    return CANCELLED_SECONDS if task is not None and task.cancelling() else CLOSE_SECONDS


def _hint_of_stored(error: OmnilogueError) -> str:
    """Say that the turn is stored, beside what the error itself knows to do."""
    if error.hint and isinstance(error, StreamInterruptedError):
        return error.hint  # it says so itself
    return f"{error.hint}; {TURN_IS_STORED}" if error.hint and error.code == "run_failed" else TURN_IS_STORED


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
