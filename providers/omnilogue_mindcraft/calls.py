"""MindCraft's calls over HTTP, one method each: what is sent and what must come back.

Conversations are always named by `session_id`; the pages ask for exactly one of it and `session_token`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any, Literal, TypeAlias

from omnilogue.errors import ProtocolError
from omnilogue.http import Http, ServerEvent

from .paging import following, in_order, message_ordering, obeys
from .settings import MindCraftSettings
from .wire import (
    COMPLETION,
    CREATED,
    DONE,
    MESSAGE_CHANGED,
    MESSAGES,
    SESSION_CHANGED,
    SESSIONS,
    STORED,
    TOKEN,
    CompletionAnswer,
    MessageList,
    MessageRow,
    SessionList,
    SessionRow,
    TokenOnly,
)

Fields: TypeAlias = Mapping[str, Any]
Query: TypeAlias = Mapping[str, str | int | None]
CompletionEffect: TypeAlias = Literal["read", "add"]


class Calls:
    """The calls of one account."""

    def __init__(self, http: Http, settings: MindCraftSettings) -> None:
        self._http = http
        self._paths = settings.paths
        self._size = settings.page_size
        self._ordering = settings.message_ordering

    async def sessions(self, page: int, ordering: str, name: str | None = None) -> SessionList:
        """List conversations (api-214706758); a page past the end is empty, also where the vendor answers 404."""
        query: Query = {"ordering": ordering, "page": page, "size": self._size, "session_name": name}
        answer = await self._http.request(
            "GET", self._paths.session_list, query=query, shape=SESSIONS, accept=(404,) if page > 1 else ()
        )
        return SessionList(results=[]) if answer.status == 404 else answer.value

    async def create_session(self, fields: Fields) -> SessionRow | TokenOnly:
        """Create a conversation; path and fields are those of the vendor's public code."""
        answer = await self._http.request("POST", self._paths.session_create, json=fields, shape=CREATED)
        return answer.value.data

    async def update_session(self, session_id: int, fields: Fields) -> SessionRow | None:
        """Change a conversation, at an inferred path; None where the answer does not show it."""
        answer = await self._http.request(
            "POST",
            self._paths.session_update,
            json={"session_id": session_id, **fields},
            shape=SESSION_CHANGED,
            effect="replace",
            guessed=True,
        )
        return answer.value.data if isinstance(answer.value.data, SessionRow) else None

    async def delete_session(self, session_id: int) -> None:
        """Delete a conversation, at an inferred path."""
        await self._http.request(
            "POST",
            self._paths.session_delete,
            json={"session_id": session_id},
            shape=DONE,
            effect="replace",
            guessed=True,
        )

    async def messages(self, session_id: int, page: int, ordering: str | None) -> MessageList:
        """List messages, as the vendor's public code does; `page` and `ordering` are inferred from conversations."""
        query: Query = {"session_id": session_id, "ordering": ordering, "page": page, "size": self._size}
        answer = await self._http.request(
            "GET", self._paths.message_list, query=query, shape=MESSAGES, accept=(404,) if page > 1 else ()
        )
        return MessageList(results=[]) if answer.status == 404 else answer.value

    async def messages_by_token(self, session_token: str) -> MessageList:
        """List one message of the conversation a token names: the row shows its number. Empty where there is none."""
        query: Query = {"session_token": session_token, "page": 1, "size": 1}
        answer = await self._http.request("GET", self._paths.message_list, query=query, shape=MESSAGES, accept=(404,))
        return MessageList(results=[]) if answer.status == 404 else answer.value

    async def newest(self, session_id: int) -> list[MessageRow]:
        """Give the newest page of messages, oldest first; both ends are read where the order is not the one asked."""
        ordering = message_ordering(self._ordering, descending=True)
        answer = await self.messages(session_id, 1, ordering)
        rows, last = answer.results, answer.max_pages or 1
        if last > 1 and (ordering is None or not obeys(rows, ordering)):
            rows = rows + (await self.messages(session_id, last, ordering)).results
        return in_order(rows)

    async def history(self, session_id: int, limit: int | None = None) -> list[MessageRow]:
        """Give the newest `limit` messages of a conversation, or all, oldest first, whatever order pages come in."""
        ordering = message_ordering(self._ordering, descending=True)
        rows: list[MessageRow] = []
        page: int | None = 1
        while page is not None:
            answer = await self.messages(session_id, page, ordering)
            rows += answer.results
            page = following(answer, answer.results, page)
            if limit is not None and len(rows) >= limit and ordering is not None and obeys(rows, ordering):
                break
        rows = in_order(rows)
        return rows if limit is None else rows[-limit:]

    async def create_message(self, session_id: int, fields: Fields) -> MessageRow:
        """Store a message of any role (api-214706763); nothing is generated."""
        answer = await self._http.request(
            "POST", self._paths.message_create, json={"session_id": session_id, **fields}, shape=STORED
        )
        return answer.value.data

    async def update_message(self, message_id: int, content: str) -> MessageRow | None:
        """Change a message's text, at an inferred path; without `meta_data`, so that its metadata stays."""
        answer = await self._http.request(
            "POST",
            self._paths.message_update,
            json={"message_id": message_id, "message_content": content},
            shape=MESSAGE_CHANGED,
            effect="replace",
            guessed=True,
        )
        return answer.value.data if isinstance(answer.value.data, MessageRow) else None

    async def delete_message(self, message_id: int) -> None:
        """Delete a message, at an inferred path."""
        await self._http.request(
            "POST",
            self._paths.message_delete,
            json={"message_id": message_id},
            shape=DONE,
            effect="replace",
            guessed=True,
        )

    async def clear_messages(self, session_id: int) -> None:
        """Delete all messages (api-214706766). The documented answer holds an API key: nobody gets to see it."""
        await self._http.request(
            "POST", self._paths.message_clear, json={"session_id": session_id}, effect="replace", private=True
        )

    async def complete(self, body: Fields, effect: CompletionEffect) -> CompletionAnswer:
        """Have a model answer (api-199055738)."""
        answer = await self._http.request("POST", self._paths.completions, json=body, shape=COMPLETION, effect=effect)
        return answer.value

    def stream(self, body: Fields, effect: CompletionEffect) -> AbstractAsyncContextManager[AsyncIterator[ServerEvent]]:
        """Have a model answer piece by piece, as server-sent events of the OpenAI form; inferred."""
        return self._http.events("POST", self._paths.completions, json=body, effect=effect)

    async def renew_token(self, refresh_token: str) -> tuple[str, str | None]:
        """Renew a device token; path and fields are inferred. Gives it, and the next refresh token where one comes."""
        answer = await self._http.request(
            "POST",
            self._paths.device_token,
            json={"refresh_token": refresh_token},
            shape=TOKEN,
            effect="replace",
            guessed=True,
            private=True,
        )
        found = answer.value.data or answer.value
        token = found.access_token or found.token
        if not token:
            raise ProtocolError("the answer to the renewal of the device token holds no token", outcome="not_sent")
        return token, found.refresh_token
