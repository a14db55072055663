"""iChati's calls over HTTP, one method each: what is sent and what must come back.

The page: https://docs.ichati.cn/backend/chat. A conversation is always in the path; lists have no pages.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any, TypeAlias

from omnilogue.http import Http, Response, TextStream

from .mapping import messages_in_order
from .settings import IChatiSettings
from .wire import MESSAGES, TOPIC, TOPICS, MessageRow, TopicRow, changed_message

Fields: TypeAlias = Mapping[str, Any]


class Calls:
    """The calls of one account."""

    def __init__(self, http: Http, settings: IChatiSettings) -> None:
        self._http = http
        self._paths = settings.paths
        self._list_body = settings.list_body

    async def topics(self, series_id: int | None) -> list[TopicRow]:
        """List the topics of a series, or of all; that the series may be left out is inferred."""
        answer = await self._http.request("GET", self._paths.topics, query={"seriesId": series_id}, shape=TOPICS)
        return answer.value

    async def topic(self, topic_id: int) -> TopicRow:
        """Read one topic."""
        answer = await self._http.request("GET", self._paths.topic, values={"topic_id": topic_id}, shape=TOPIC)
        return answer.value

    async def create_topic(self, fields: Fields) -> TopicRow:
        """Create a topic."""
        answer = await self._http.request("POST", self._paths.topics, json=fields, shape=TOPIC)
        return answer.value

    async def change_topic(self, topic_id: int, fields: Fields) -> None:
        """Change a topic. The documented answer does not show the change, so nothing is made of it."""
        await self._http.request(
            "PATCH", self._paths.topic, values={"topic_id": topic_id}, json=fields, effect="replace"
        )

    async def delete_topic(self, topic_id: int) -> None:
        """Delete a topic; that its messages go with it is inferred."""
        await self._http.request("DELETE", self._paths.topic, values={"topic_id": topic_id}, effect="replace")

    async def messages(self, topic_id: int) -> list[MessageRow]:
        """List all messages of a topic, oldest first; the vendor's own order is not documented."""
        answer = await self._http.request(
            "GET",
            self._paths.messages,
            values={"topic_id": topic_id},
            json={"topicId": topic_id} if self._list_body else None,
            shape=MESSAGES,
        )
        return messages_in_order(answer.value)

    async def change_message(self, topic_id: int, message_id: int, text: str) -> MessageRow | None:
        """Change the text of a message; gives the documented answer, which shows the old text, None for any other."""
        answer: Response[Any] = await self._http.request(
            "PATCH",
            self._paths.message,
            values={"topic_id": topic_id, "message_id": message_id},
            json={"message": text},
            effect="replace",
        )
        row = changed_message(answer.content)
        return row if row is not None and row.id == str(message_id) else None

    def send(self, topic_id: int, fields: Fields) -> AbstractAsyncContextManager[TextStream]:
        """Send a message and open the reply."""
        return self._http.text("POST", self._paths.messages, values={"topic_id": topic_id}, json=fields)

    def regenerate(self, topic_id: int, message_id: int, fields: Fields) -> AbstractAsyncContextManager[TextStream]:
        """Have a reply made again and open it."""
        values = {"topic_id": topic_id, "message_id": message_id}
        return self._http.text("POST", self._paths.regenerate, values=values, json=fields)
