"""The store of the MiniMax emulator: threads, messages, runs and assistants in memory, safe to look at meanwhile."""

import threading
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from .emulator_files import Files
from .emulator_objects import StoredAssistant, StoredMessage, StoredRun, StoredStep, StoredThread, step_of, text_part
from .emulator_tools import Round, ToolCall

RUN_LIFETIME = 600  # seconds until `expires_at`
DEFAULT_MODEL = "abab5.5-chat"


class Store:
    """All that the account has. Values are never changed in place: what was given out stays as it was.

    `now` may be replaced to set the clock; stamps have a resolution of one second.
    What is not there is `KeyError`.
    """

    def __init__(self) -> None:
        self.now: Callable[[], datetime] = lambda: datetime.now(UTC)
        self._lock = threading.RLock()
        self._made = 0
        self._threads: dict[str, StoredThread] = {}
        self._messages: dict[str, dict[str, StoredMessage]] = {}
        self._runs: dict[str, dict[str, StoredRun]] = {}
        self._assistants: dict[str, StoredAssistant] = {}
        self.files = Files(self.stamp)

    def stamp(self) -> int:
        """Give the current second."""
        return int(self.now().timestamp())

    # Threads.

    def threads(self) -> list[StoredThread]:
        """Give all threads, oldest first."""
        with self._lock:
            return list(self._threads.values())

    def thread(self, thread_id: str) -> StoredThread:
        """Give one thread."""
        with self._lock:
            return self._threads[thread_id]

    def add_thread(self, metadata: Mapping[str, str] | None = None) -> StoredThread:
        """Make a thread."""
        with self._lock:
            now = self.stamp()
            thread = StoredThread(self._new_id("thread"), now, now, dict(metadata or {}))
            self._threads[thread.id] = thread
            self._messages[thread.id] = {}
            self._runs[thread.id] = {}
            return thread

    def change_thread(self, thread_id: str, **changes: Any) -> StoredThread:
        """Change fields of a thread and its `updated_at`."""
        with self._lock:
            changed = replace(self._threads[thread_id], updated_at=self.stamp(), **changes)
            self._threads[thread_id] = changed
            return changed

    # Messages.

    def messages(self, thread_id: str) -> list[StoredMessage]:
        """Give the messages of a thread, oldest first."""
        with self._lock:
            return list(self._messages[thread_id].values())

    def message(self, thread_id: str, message_id: str) -> StoredMessage:
        """Give one message."""
        with self._lock:
            return self._messages[thread_id][message_id]

    def add_message(
        self, thread_id: str, role: str, content: str | Sequence[Mapping[str, Any]], **fields: Any
    ) -> StoredMessage:
        """Append a message; its content is a text or parts as the vendor sends them."""
        with self._lock:
            return self.keep_message(self.draft_message(thread_id, role, content, **fields))

    def draft_message(
        self, thread_id: str, role: str, content: str | Sequence[Mapping[str, Any]], **fields: Any
    ) -> StoredMessage:
        """Make a message that has its id and is not stored yet."""
        with self._lock:
            parts = (text_part(content),) if isinstance(content, str) else tuple(content)
            return StoredMessage(self._new_id("msg"), thread_id, role, parts, self.stamp(), **fields)

    def keep_message(self, message: StoredMessage) -> StoredMessage:
        """Append a message that was made before."""
        with self._lock:
            self.change_thread(message.thread_id)
            self._messages[message.thread_id][message.id] = message
            return message

    def change_message(self, thread_id: str, message_id: str, **changes: Any) -> StoredMessage:
        """Change fields of a message."""
        with self._lock:
            changed = replace(self._messages[thread_id][message_id], **changes)
            self._messages[thread_id][message_id] = changed
            return changed

    # Runs.

    def runs(self, thread_id: str) -> list[StoredRun]:
        """Give the runs of a thread, oldest first."""
        with self._lock:
            return list(self._runs[thread_id].values())

    def run(self, thread_id: str, run_id: str) -> StoredRun:
        """Give one run."""
        with self._lock:
            return self._runs[thread_id][run_id]

    def add_run(self, thread_id: str, assistant_id: str, *, status: str = "queued", **fields: Any) -> StoredRun:
        """Make a run that answers the last user message; model and instructions are the assistant's unless given.

        The messages of the user that wait for an answer become its own.
        """
        with self._lock:
            assistant, now = self._assistants[assistant_id], self.stamp()
            complete: dict[str, Any] = {"model": assistant.model, "instructions": assistant.instructions, **fields}
            waiting = [row for row in self._messages[thread_id].values() if row.role == "user"]
            run = StoredRun(
                self._new_id("run"),
                thread_id,
                assistant_id,
                status,
                created_at=now,
                expires_at=now + RUN_LIFETIME,
                asked=waiting[-1].text if waiting else "",
                named_files=waiting[-1].file_ids if waiting else (),
                **complete,
            )
            self._runs[thread_id][run.id] = run
            for message in waiting:
                if not message.run_id:
                    self.change_message(thread_id, message.id, run_id=run.id, assistant_id=assistant_id)
            return run

    def change_run(self, thread_id: str, run_id: str, **changes: Any) -> StoredRun:
        """Change fields of a run."""
        with self._lock:
            changed = replace(self._runs[thread_id][run_id], **changes)
            self._runs[thread_id][run_id] = changed
            return changed

    def steps(self, thread_id: str, run_id: str) -> list[StoredStep]:
        """Give the steps of a run, oldest first: one for each round of calls and one for each message it made."""
        run, rows = self.run(thread_id, run_id), self.messages(thread_id)
        called = [StoredStep(made.id, run_id, "", made.created_at, made.calls) for made in run.rounds]
        return called + [step_of(row) for row in rows if row.run_id == run_id and row.role == "assistant"]

    # Assistants.

    def assistants(self) -> list[StoredAssistant]:
        """Give all assistants, oldest first."""
        with self._lock:
            return list(self._assistants.values())

    def assistant(self, assistant_id: str) -> StoredAssistant:
        """Give one assistant."""
        with self._lock:
            return self._assistants[assistant_id]

    def add_assistant(self, model: str = DEFAULT_MODEL, **fields: Any) -> StoredAssistant:
        """Make an assistant."""
        with self._lock:
            assistant = StoredAssistant(self._new_id("asst"), self.stamp(), {"model": model, **fields})
            self._assistants[assistant.id] = assistant
            return assistant

    def change_assistant(self, assistant_id: str, **fields: Any) -> StoredAssistant:
        """Change given fields of an assistant."""
        with self._lock:
            before = self._assistants[assistant_id]
            changed = replace(before, fields={**before.fields, **fields})
            self._assistants[assistant_id] = changed
            return changed

    def delete_assistant(self, assistant_id: str) -> None:
        """Remove an assistant; its runs and messages stay."""
        with self._lock:
            del self._assistants[assistant_id]

    def new_round(self, calls: Sequence[ToolCall]) -> Round:
        """Make a round of calls that have no ids yet."""
        with self._lock:
            named = tuple(replace(call, id=self._new_id("call")) for call in calls)
            return Round(self._new_id("step"), self.stamp(), named)

    def _new_id(self, kind: str) -> str:
        # Neither in order nor to be guessed, and the same in every test.
        self._made += 1
        return f"{kind}_{uuid.uuid5(uuid.NAMESPACE_OID, f'{kind}-{self._made}').hex[:24]}"
