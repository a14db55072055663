"""What the MindCraft emulator keeps: conversations and messages in memory, safe to look at from other threads."""

import threading
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

CHINA = timezone(timedelta(hours=8))
# Ids begin at different numbers: a message's id taken for a conversation's is then found out.
FIRST_SESSION = 1001
FIRST_MESSAGE = 50_001
SESSION_CONFIG = {"model": "deepseek-chat", "prompt": "", "max_tokens": 4000, "temperature": 0.2, "history_length": 4}


@dataclass(frozen=True)
class StoredSession:
    """One conversation; `config` is `session_config` with its `data`."""

    session_id: int
    session_token: str
    session_name: str
    config: Mapping[str, Any]
    session_remark: str
    created_at: str
    updated_at: str
    api_use_count: int = 0


@dataclass(frozen=True)
class StoredMessage:
    """One message; `data` is the user's part of `message_meta`."""

    message_id: int
    session_id: int
    category: str
    content: str
    created_at: str
    data: Mapping[str, Any] = field(default_factory=dict)


class Store:
    """All conversations of the account. Values are never changed in place: what was given out stays as it was.

    `now` may be replaced to set the clock; stamps are naive, in UTC+8, with a resolution of one second.
    A conversation or message that is not there is `KeyError`.
    """

    def __init__(self) -> None:
        self.now: Callable[[], datetime] = lambda: datetime.now(UTC)
        self._lock = threading.RLock()
        self._sessions: dict[int, StoredSession] = {}
        self._tokens: dict[str, int] = {}
        self._messages: dict[int, dict[int, StoredMessage]] = {}
        self._owners: dict[int, int] = {}
        self._next_session = FIRST_SESSION
        self._next_message = FIRST_MESSAGE

    def sessions(self) -> list[StoredSession]:
        """Give all conversations, oldest first."""
        with self._lock:
            return list(self._sessions.values())

    def session(self, session_id: int) -> StoredSession:
        """Give one conversation."""
        with self._lock:
            return self._sessions[session_id]

    def session_by_token(self, session_token: str) -> StoredSession:
        """Give one conversation by its other name."""
        with self._lock:
            return self._sessions[self._tokens[session_token]]

    def add_session(
        self, session_name: str = "", *, config: Mapping[str, Any] | None = None, session_remark: str = ""
    ) -> StoredSession:
        """Make a conversation; `config` completes the vendor's defaults."""
        with self._lock:
            number, stamp = self._next_session, self._stamp()
            self._next_session += 1
            token = str(uuid.uuid5(uuid.NAMESPACE_OID, f"session-{number}"))
            complete = {"data": {}, **SESSION_CONFIG, **(config or {})}
            session = StoredSession(number, token, session_name, complete, session_remark, stamp, stamp)
            self._sessions[number] = session
            self._tokens[token] = number
            self._messages[number] = {}
            return session

    def change_session(self, session_id: int, **changes: Any) -> StoredSession:
        """Change fields of a conversation and its `updated_at`."""
        with self._lock:
            changed = replace(self._sessions[session_id], updated_at=self._stamp(), **changes)
            self._sessions[session_id] = changed
            return changed

    def delete_session(self, session_id: int) -> None:
        """Remove a conversation and its messages."""
        with self._lock:
            self.clear_messages(session_id)
            del self._messages[session_id]
            del self._tokens[self._sessions.pop(session_id).session_token]

    def count_use(self, session_id: int) -> None:
        """Count one generation in a conversation."""
        with self._lock:
            session = self._sessions[session_id]
            self.change_session(session_id, api_use_count=session.api_use_count + 1)

    def messages(self, session_id: int) -> list[StoredMessage]:
        """Give the messages of a conversation, oldest first."""
        with self._lock:
            return list(self._messages[session_id].values())

    def message(self, message_id: int) -> StoredMessage:
        """Give one message."""
        with self._lock:
            return self._messages[self._owners[message_id]][message_id]

    def add_message(
        self, session_id: int, category: str, content: str, *, data: Mapping[str, Any] | None = None
    ) -> StoredMessage:
        """Append a message of any role."""
        with self._lock:
            self.change_session(session_id)
            number = self._next_message
            self._next_message += 1
            message = StoredMessage(number, session_id, category, content, self._stamp(), dict(data or {}))
            self._messages[session_id][number] = message
            self._owners[number] = session_id
            return message

    def change_message(self, message_id: int, **changes: Any) -> StoredMessage:
        """Change fields of a message; it keeps its stamp."""
        with self._lock:
            changed = replace(self.message(message_id), **changes)
            self._messages[changed.session_id][message_id] = changed
            self.change_session(changed.session_id)
            return changed

    def delete_message(self, message_id: int) -> None:
        """Remove a message."""
        with self._lock:
            session_id = self._owners.pop(message_id)
            del self._messages[session_id][message_id]
            self.change_session(session_id)

    def clear_messages(self, session_id: int) -> None:
        """Remove all messages of a conversation."""
        with self._lock:
            for number in self._messages[session_id]:
                del self._owners[number]
            self._messages[session_id] = {}
            self.change_session(session_id)

    def _stamp(self) -> str:
        return self.now().astimezone(CHINA).strftime("%Y-%m-%d %H:%M:%S")
