"""Telling whether a write happened whose answer was lost, by reading the vendor; the claim all writes rest on.

A write is repeated only after it was seen to be absent: at once, and again after the settle time, because a request
can land after the first look.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from ..errors import OmnilogueError, OutcomeUnknownError
from ..log import logger
from ..model import Message
from . import markers
from .account import Account
from .reading import newest

T = TypeVar("T")

WINDOW = 100
"""How many of the newest messages are looked through for a lost write."""

MOST_ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class Baseline:
    """How to tell a write from what was there: by its marker, else by the newest message before it."""

    marker: str | None = None
    newest_id: str | None = None

    def after(self, messages: Sequence[Message], *, is_all: bool) -> list[Message] | None:
        """Give the messages that came since, None where that cannot be told."""
        if self.newest_id is None:
            return list(messages) if is_all else None
        for index, message in enumerate(messages):
            if message.id == self.newest_id:
                return list(messages[index + 1 :])
        return None

    def written(self, messages: Sequence[Message], *, is_all: bool, wanted: Sequence[Message]) -> list[int] | None:
        """Give the places where any of `wanted` stands, None where that cannot be told."""
        if self.marker is not None:
            return [place for place, message in enumerate(messages) if markers.of(message) == self.marker]
        since = self.after(messages, is_all=is_all)
        if since is None:
            return None
        first = len(messages) - len(since)
        return [first + place for place, message in enumerate(since) if any(is_same(message, one) for one in wanted)]


def is_same(message: Message, wanted: Message) -> bool:
    """Whether a stored message says what was written; white space does not count, because vendors trim.

    What was written without a text, a recording, is known by its place alone: who heard it stores what was understood.
    """
    if not wanted.text.strip():
        return message.role == wanted.role
    return message.role == wanted.role and message.text.split() == wanted.text.split()


async def baseline(account: Account, conversation_id: str, *, can_mark: bool, is_copy: bool = False) -> Baseline:
    """Make the baseline before a write: a marker where one can be stored, else the newest message there is.

    A copy is marked though the settings want no markers: it tells where it came from.
    """
    if can_mark and (account.settings.markers or is_copy):
        return Baseline(marker=markers.new())
    if conversation_id not in account.seen:
        messages, _ = await newest(account, conversation_id, 1)
        account.remember(conversation_id, messages[-1].id if messages else None)
    return Baseline(newest_id=account.seen[conversation_id])


def is_uncertain(error: OmnilogueError) -> bool:
    """Whether a write may have happened though it failed, and nobody has looked yet."""
    return error.outcome == "unknown" and not isinstance(error, OutcomeUnknownError)


async def reconciled(
    account: Account, attempt: Callable[[], Awaitable[T]], look: Callable[[], Awaitable[T | None]], what: str
) -> T:
    """Make an attempt; after an uncertain failure look, settle, look again, and only then repeat it.

    `look` gives what was written, None where it is surely absent. Raises OutcomeUnknownError where nobody can tell.
    """
    for tries in range(1, MOST_ATTEMPTS + 1):
        try:
            return await attempt()
        except OmnilogueError as error:
            if not is_uncertain(error):
                raise
            failure = error
        found = await look_twice(account, look, what, failure)
        if found is not None:
            return found
        logger().info("write_absent", remote=account.name, what=what, attempt=tries)
    raise absent(failure)


def absent(failure: OmnilogueError) -> OmnilogueError:
    """Tell on the last failure that nothing came of it: everybody has looked."""
    failure.outcome = "not_sent"
    return failure


async def look_twice(
    account: Account, look: Callable[[], Awaitable[T | None]], what: str, failure: OmnilogueError
) -> T | None:
    """Look at once, and again after the settle time: a request can land after the first look."""
    try:
        found = await look()
        if found is None:
            await account.clock.sleep(account.settings.settle)
            found = await look()
    except OutcomeUnknownError:
        raise
    except OmnilogueError as error:
        raise unknown(account, what, failure, f"and reading back failed: {error.message}") from None
    return found


def unknown(account: Account, what: str, failure: OmnilogueError, why: str) -> OutcomeUnknownError:
    """Make the error for a write nobody can tell anything of."""
    return OutcomeUnknownError(
        f"{account.name}: {what} may or may not have happened: {failure.message}; {why}",
        outcome="unknown",
        endpoint=failure.endpoint,
        http_status=failure.http_status,
        attempts=failure.attempts,
        hint="look at the conversation before you do it again",
    )
