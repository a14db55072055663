"""The calls of the MiniMax emulator that keep things: threads, their messages, and assistants."""

from collections.abc import Mapping

from .emulator_calls import NO_LIST, Answer, Call, Calls
from .emulator_forms import (
    AssistantChoice,
    AssistantFields,
    AssistantUpdate,
    MessageChoice,
    MessageFields,
    PageForm,
    ThreadChoice,
    ThreadFields,
    ThreadPage,
    ThreadUpdate,
)
from .emulator_quirks import Path
from .emulator_shapes import assistant_item, message_item, thread_item


class Threads(Calls):
    """Threads: there is no list of them and no delete."""

    def calls(self) -> Mapping[Path, Call]:
        """Give the calls by path."""
        return {
            "threads/create": Call("POST", ThreadFields, self._create),
            "threads/retrieve": Call("GET", ThreadChoice, self._retrieve),
            "threads/modify": Call("POST", ThreadUpdate, self._modify, blank={"thread": None}),
        }

    def _create(self, form: ThreadFields) -> Answer:
        return thread_item(self.store.add_thread(form.metadata), self.quirks)

    def _retrieve(self, form: ThreadChoice) -> Answer:
        with self.known("thread", form.thread_id):
            return thread_item(self.store.thread(form.thread_id), self.quirks)

    def _modify(self, form: ThreadUpdate) -> Answer:
        with self.known("thread", form.id):
            metadata = self.merged(self.store.thread(form.id).metadata, form.metadata)
            return {"thread": thread_item(self.store.change_thread(form.id, metadata=metadata), self.quirks)}


class Messages(Calls):
    """Messages: what is stored stays as it is."""

    def calls(self) -> Mapping[Path, Call]:
        """Give the calls by path."""
        return {
            "threads/messages/add": Call("POST", MessageFields, self._add),
            "threads/messages/retrieve": Call("GET", MessageChoice, self._retrieve),
            "threads/messages/list": Call("GET", ThreadPage, self._list, blank=NO_LIST),
        }

    def _add(self, form: MessageFields) -> Answer:
        role = self.role(form.role)
        for file_id in form.file_ids:
            with self.known("file", file_id):
                self.store.files.find(file_id)
        with self.known("thread", form.thread_id):
            message = self.store.add_message(
                form.thread_id, role, form.content, metadata=form.metadata, file_ids=tuple(form.file_ids)
            )
        return message_item(message, self.quirks)

    def _retrieve(self, form: MessageChoice) -> Answer:
        with self.known("thread", form.thread_id):
            self.store.thread(form.thread_id)
        with self.known("message", form.message_id):
            return message_item(self.store.message(form.thread_id, form.message_id), self.quirks)

    def _list(self, form: ThreadPage) -> Answer:
        with self.known("thread", form.thread_id):
            rows = self.store.messages(form.thread_id)
        return self.page(rows, form, lambda row: message_item(row, self.quirks))


class Assistants(Calls):
    """Assistants: a run needs one."""

    def calls(self) -> Mapping[Path, Call]:
        """Give the calls by path."""
        return {
            "assistants/create": Call("POST", AssistantFields, self._create),
            "assistants/retrieve": Call("GET", AssistantChoice, self._retrieve, knows_query=True),
            "assistants/list": Call("GET", PageForm, self._list, blank=NO_LIST),
            "assistants/modify": Call("POST", AssistantUpdate, self._modify, blank={"assistant": None}),
            "assistants/delete": Call("POST", AssistantChoice, self._delete),
        }

    def _create(self, form: AssistantFields) -> Answer:
        return assistant_item(self.store.add_assistant(**form.model_dump(exclude_unset=True)))

    def _retrieve(self, form: AssistantChoice) -> Answer:
        with self.known("assistant", form.assistant_id):
            return assistant_item(self.store.assistant(form.assistant_id))

    def _list(self, form: PageForm) -> Answer:
        return self.page(self.store.assistants(), form, assistant_item, tells_more=True)

    def _modify(self, form: AssistantUpdate) -> Answer:
        changes = form.model_dump(exclude_unset=True, exclude={"id"})
        with self.known("assistant", form.id):
            if "metadata" in changes:
                before = self.store.assistant(form.id).fields.get("metadata", {})
                changes["metadata"] = self.merged(before, changes["metadata"])
            return {"assistant": assistant_item(self.store.change_assistant(form.id, **changes))}

    def _delete(self, form: AssistantChoice) -> Answer:
        with self.known("assistant", form.assistant_id):
            self.store.delete_assistant(form.assistant_id)
        return {"id": form.assistant_id, "object": "assistant.deleted", "deleted": True}
