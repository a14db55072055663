"""What the iChati emulator keeps: topics and messages in memory, safe to look at from other threads."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

OWNER = 4
USER, AI = 0, 1
# Ids begin at different numbers: a message's id taken for a topic's is then found out.
FIRST_TOPIC = 431
FIRST_MESSAGE = 12_345


@dataclass(frozen=True)
class StoredTopic:
    """One topic."""

    id: int
    name: str
    series_id: int
    favorite: bool
    created_at: str
    updated_at: str


@dataclass(frozen=True)
class StoredMessage:
    """One message; `type` is 0 for a user's, 1 for an AI's."""

    id: int
    topic_id: int
    type: int
    message: str
    series_id: int
    created_at: str
    updated_at: str
    images: tuple[Any, ...] = ()


class Store:
    """All topics of the account. Values are never changed in place: what was given out stays as it was.

    `now` may be replaced to set the clock; times have milliseconds. What is not there is `KeyError`.
    """

    def __init__(self) -> None:
        self.now: Callable[[], datetime] = lambda: datetime.now(UTC)
        self._lock = threading.RLock()
        self._topics: dict[int, StoredTopic] = {}
        self._messages: dict[int, dict[int, StoredMessage]] = {}
        self._next_topic = FIRST_TOPIC
        self._next_message = FIRST_MESSAGE

    def topics(self) -> list[StoredTopic]:
        """Give all topics, oldest first."""
        with self._lock:
            return list(self._topics.values())

    def topic(self, topic_id: int) -> StoredTopic:
        """Give one topic."""
        with self._lock:
            return self._topics[topic_id]

    def add_topic(self, name: str = "Trip", series_id: int = 1) -> StoredTopic:
        """Make a topic."""
        with self._lock:
            number, stamp = self._next_topic, self._stamp()
            self._next_topic += 1
            self._topics[number] = StoredTopic(number, name, series_id, False, stamp, stamp)
            self._messages[number] = {}
            return self._topics[number]

    def change_topic(self, topic_id: int, **changes: Any) -> StoredTopic:
        """Change fields of a topic and its time of change."""
        with self._lock:
            self._topics[topic_id] = replace(self._topics[topic_id], updated_at=self._stamp(), **changes)
            return self._topics[topic_id]

    def delete_topic(self, topic_id: int) -> StoredTopic:
        """Remove a topic and its messages."""
        with self._lock:
            gone = self._topics.pop(topic_id)
            del self._messages[topic_id]
            return gone

    def messages(self, topic_id: int) -> list[StoredMessage]:
        """Give the messages of a topic, oldest first."""
        with self._lock:
            return list(self._messages[topic_id].values())

    def message(self, topic_id: int, message_id: int) -> StoredMessage:
        """Give one message of a topic."""
        with self._lock:
            return self._messages[topic_id][message_id]

    def new_message_id(self) -> int:
        """Give the number of a message that will be stored later."""
        with self._lock:
            self._next_message += 1
            return self._next_message - 1

    def add_message(
        self,
        topic_id: int,
        kind: int,
        text: str,
        *,
        message_id: int | None = None,
        created_at: str | None = None,
        images: tuple[Any, ...] = (),
    ) -> StoredMessage:
        """Store a message at the end of a topic."""
        with self._lock:
            topic = self.change_topic(topic_id)
            number = self.new_message_id() if message_id is None else message_id
            stamp = created_at or topic.updated_at
            message = StoredMessage(number, topic_id, kind, text, topic.series_id, stamp, topic.updated_at, images)
            self._messages[topic_id][number] = message
            return message

    def change_message(self, topic_id: int, message_id: int, text: str) -> StoredMessage:
        """Change the text of a message."""
        with self._lock:
            before = self._messages[topic_id][message_id]
            topic = self.change_topic(topic_id)
            changed = replace(before, message=text, updated_at=topic.updated_at)
            self._messages[topic_id][message_id] = changed
            return changed

    def drop_message(self, topic_id: int, message_id: int) -> None:
        """Remove a message: the vendor has no call for it, but a regenerate may do it."""
        with self._lock:
            del self._messages[topic_id][message_id]

    def _stamp(self) -> str:
        return self.now().astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
