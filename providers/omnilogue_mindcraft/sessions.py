"""What is known of an account's conversations: their two names, and what their models are told."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from typing import Any, Generic, NamedTuple, TypeVar

from omnilogue.errors import NotFoundError, UnsupportedOperationError
from omnilogue.http import Clock

from .calls import Calls
from .mapping import is_token, number_of
from .paging import STABLE_ORDER, following
from .wire import MessageRow, SessionRow

K = TypeVar("K")
V = TypeVar("V")

REMEMBERED = 1024
"""How many conversations are remembered; the one not used for longest goes first."""

FRESH_SECONDS = 60.0
"""How long a configuration that was read is believed: another client may change it."""

MANY_PAGES = 1 << 20
"""Pages assumed where a list does not tell how many it has."""


class _Recent(Generic[K, V]):
    """A bounded mapping that forgets what was not used for longest."""

    def __init__(self) -> None:
        self._items: OrderedDict[K, V] = OrderedDict()

    def get(self, key: K) -> V | None:
        if key in self._items:
            self._items.move_to_end(key)
        return self._items.get(key)

    def put(self, key: K, value: V) -> None:
        self._items[key] = value
        self._items.move_to_end(key)
        if len(self._items) > REMEMBERED:
            self._items.popitem(last=False)

    def pop(self, key: K) -> V | None:
        return self._items.pop(key, None)


class _Read(NamedTuple):
    """A configuration and when it was read, monotonic seconds."""

    at: float
    config: dict[str, Any]


class Sessions:
    """Finds conversations in the list, because the vendor has no call that gives one."""

    def __init__(self, calls: Calls, clock: Clock) -> None:
        self._calls = calls
        self._clock = clock
        self._numbers: _Recent[str, int] = _Recent()
        self._tokens: _Recent[int, str] = _Recent()
        self._configs: _Recent[int, _Read] = _Recent()

    def learn(self, rows: Iterable[SessionRow | MessageRow]) -> None:
        """Remember what rows tell of their conversations."""
        for row in rows:
            if row.session_id is not None and row.session_token is not None:
                self.learn_token(row.session_id, row.session_token)
            if isinstance(row, SessionRow) and row.session_config is not None:
                self._configs.put(row.session_id, _Read(self._clock.monotonic(), row.session_config))

    def learn_token(self, session_id: int, session_token: str) -> None:
        """Remember that these two name one conversation."""
        self._numbers.put(session_token.lower(), session_id)
        self._tokens.put(session_id, session_token)

    def changed(self, session_id: int) -> None:
        """Forget what a conversation's model is told: it may be something else now."""
        self._configs.pop(session_id)

    def deleted(self, session_id: int) -> None:
        """Forget a conversation."""
        self._configs.pop(session_id)
        if token := self._tokens.pop(session_id):
            self._numbers.pop(token.lower())

    async def number(self, conversation_id: str) -> int:
        """Give the `session_id` behind an id: decimal text, or a token. Raises NotFoundError for anything else."""
        if not is_token(conversation_id):
            return number_of(conversation_id, "conversation")
        known = self._numbers.get(conversation_id.lower())
        return known if known is not None else await self._look_up(conversation_id)

    async def _look_up(self, session_token: str) -> int:
        """Turn a token into a number: by one of its messages, else by the list where that shows tokens."""
        rows = (await self._calls.messages_by_token(session_token)).results
        if rows and (found := rows[0].session_id) is not None:
            self.learn_token(found, session_token)
            return found
        page: int | None = 1
        while page is not None:
            answer = await self._calls.sessions(page, STABLE_ORDER)
            self.learn(answer.results)
            shown = {row.session_token.lower(): row.session_id for row in answer.results if row.session_token}
            if session_token.lower() in shown:
                return shown[session_token.lower()]
            page = following(answer, answer.results, page) if shown else None
        raise NotFoundError(
            "no conversation shows this session_token",
            hint="a conversation without messages shows it nowhere; name it by its session_id",
        )

    async def token(self, session_id: int) -> str:
        """Give the token of a conversation. Raises UnsupportedOperationError where the vendor does not show it."""
        known = self._tokens.get(session_id) or (await self.row(session_id)).session_token
        if known is None:
            raise UnsupportedOperationError(
                f"the vendor shows no session_token of conversation {session_id}, and this needs one",
                outcome="not_sent",
                hint='append a first message, or have a model answer over HTTP with persist = "client"',
            )
        return known

    async def config(self, session_id: int) -> dict[str, Any]:
        """Give what the model of a conversation is told, not older than `FRESH_SECONDS`."""
        read = self._configs.get(session_id)
        if read is None or self._clock.monotonic() - read.at > FRESH_SECONDS:
            return (await self.row(session_id)).session_config or {}
        return read.config

    async def row(self, session_id: int) -> SessionRow:
        """Find a conversation: on the newest page, else by halving the pages in the order of numbers.

        A few requests instead of the whole list; it relies on the documented `ordering` (api-214706758).
        """
        newest = await self._calls.sessions(1, f"-{STABLE_ORDER}")
        rows, low = newest.results, 1
        high = MANY_PAGES if newest.max_pages is None else newest.max_pages
        if not rows or session_id >= rows[-1].session_id or high <= 1:
            low = high + 1
        while (found := self._among(rows, session_id)) is None and low <= high:
            middle = (low + high) // 2
            rows = (await self._calls.sessions(middle, STABLE_ORDER)).results
            if not rows or session_id < rows[0].session_id:
                high = middle - 1
            elif session_id > rows[-1].session_id:
                low = middle + 1
            else:
                low = high + 1  # here or nowhere
        if found is None:
            raise NotFoundError(f"there is no conversation {session_id}")
        return found

    def _among(self, rows: list[SessionRow], session_id: int) -> SessionRow | None:
        self.learn(rows)
        return next((row for row in rows if row.session_id == session_id), None)
