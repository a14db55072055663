"""What a copy needs of a remote beyond its verbs: a conversation that is found again after a crash."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Self, TypeVar

from ..errors import InvalidInputError, OutcomeUnknownError
from ..http.rate import parse_rate
from ..model import Conversation, Grade, MediaPart, Origin
from ..provider import Draft
from ..provider.contract import overrides
from . import markers, storing
from .account import Account
from .acting import Acting
from .options import READ_SECONDS, UNSET, Timeout
from .places import shared_place
from .reading import newest
from .verb import Verb

T = TypeVar("T")

MOST_ATTEMPTS = 8
"""How often a migration makes a request that may be repeated."""

CLOCK_SKEW = timedelta(minutes=10)
"""How far a vendor's clock may be behind ours."""


class Landing:
    """Where copies arrive: one account, seen with the markers that verbs hide."""

    def __init__(self, account: Account, timeout: Timeout = UNSET) -> None:
        self._account = account
        self._timeout: Timeout = timeout

    @classmethod
    def on(cls, remote: Acting, timeout: Timeout = UNSET) -> Self:
        """Give the landing of a remote."""
        return cls(remote._account, timeout)  # of this package

    @property
    def identity(self) -> str:
        """The name under which the state knows the account."""
        return self._account.identity

    @property
    def settle(self) -> float:
        """Seconds until what was sent has surely landed or never will."""
        return self._account.settings.settle

    @property
    def rate(self) -> str | None:
        """The pace its settings give the account, None for no limit."""
        return getattr(self._account.settings, "rate", None)

    async def shared_place(self, other: Landing) -> tuple[str, ...]:
        """Give the settings by which both are one place under two names; none where they are two, as far as is known.

        Raises ConfigurationError for a secret that cannot be looked up.
        """
        return await shared_place(self._account, other._account)  # of this class

    @property
    def never_answered(self) -> bool:
        """Whether its vendor was asked since the remote was opened, and has never answered; False without HTTP."""
        return self._account.http is not None and self._account.http.never_answered

    @property
    def downloads(self) -> bool:
        """Whether its provider gives the bytes of files that its messages only name."""
        return overrides(self._account.info.provider, "download")

    @contextmanager
    def tuned(self, rate: str | None) -> Iterator[None]:
        """Let a migration go at its own pace, and be more patient. Raises InvalidInputError for what is no rate."""
        self._account.provider  # noqa: B018  # it brings the door
        if rate is not None:
            _require_rate(rate)
        if self._account.http is None:
            yield
            return
        with self._account.http.tuned(rate=rate, max_attempts=MOST_ATTEMPTS):
            yield

    async def describe(self, part: MediaPart) -> MediaPart:
        """Give a part with the file's name and media type, as far as the vendor tells them. Raises NotFoundError."""
        return await self._verb("download", lambda: self._account.provider.describe(part))

    async def create(self, draft: Draft, marker: str | None = None, origin: Origin | None = None) -> Conversation:
        """Create a conversation that carries this marker, with the draft's messages where the vendor takes them."""

        async def write() -> Conversation:
            made = await storing.create(self._account, draft, marker=marker, origin=origin)
            return markers.strip(made).model_copy(update={"remote": self._account.name})

        return await self._verb("create_conversation", write)

    async def find(self, marker: str, title: str | None, since: datetime) -> Conversation | None:
        """Look for a conversation that was begun and whose id nobody noted: by its marker, else by what it is.

        Without markers only an empty one of this title, created since, is taken: it can be nobody's work.
        Raises OutcomeUnknownError where the vendor lists nothing.
        """

        async def look() -> Conversation | None:
            account = self._account
            if storing.can_mark_conversations(account):
                found = await storing.newest_that(account, lambda item: markers.of(item) == marker)
                return markers.strip(found) if found else None
            if account.features.list_conversations.grade is not Grade.NATIVE:
                raise OutcomeUnknownError(
                    f"{account.name}: a conversation may have been created, and the vendor lists none",
                    outcome="unknown",
                )
            return await self._empty(title, since - CLOCK_SKEW)

        return await self._verb("list_conversations", look)

    async def _empty(self, title: str | None, since: datetime) -> Conversation | None:
        account = self._account

        def is_ours(item: Conversation) -> bool:
            return item.title == title and item.created_at is not None and item.created_at >= since

        found = await storing.newest_that(account, is_ours)
        if found is None:
            return None
        messages, _ = await newest(account, found.id, 1)
        return None if messages else found

    async def _verb(self, operation: str, action: Callable[[], Awaitable[T]]) -> T:
        return await Verb(self._account, operation, self._timeout, READ_SECONDS).step(action)


def _require_rate(rate: str) -> None:
    try:
        parse_rate(rate)
    except ValueError as error:
        raise InvalidInputError(str(error)) from None
