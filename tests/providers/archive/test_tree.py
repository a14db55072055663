import asyncio
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from omnilogue.model import Message
from omnilogue.provider import Draft, Query
from omnilogue_archive.provider import Archive

pytestmark = pytest.mark.anyio

Fresh = Callable[[], AbstractContextManager[Archive]]


class Branches(RuleBasedStateMachine):
    """Two conversations of one archive against lists in memory: what one does must not show in the other."""

    def __init__(self, fresh_archive: Fresh) -> None:
        super().__init__()
        self.stack = ExitStack()
        self.archive = self.stack.enter_context(fresh_archive())
        self.runner = self.stack.enter_context(asyncio.Runner())
        self.other = self.run(self.archive.create_conversation(Draft(messages=(Message.user("apart"),)))).id
        self.id = self.run(self.archive.create_conversation(Draft())).id
        self.stored: dict[str, tuple[str | None, str]] = {}
        self.head: str | None = None

    def run(self, operation: Any) -> Any:
        return self.runner.run(operation)

    def teardown(self) -> None:
        self.stack.close()

    def one(self, data: st.DataObject) -> str:
        return data.draw(st.sampled_from(list(self.stored)))

    @rule(texts=st.lists(st.text("xyz", min_size=1, max_size=2), min_size=1, max_size=3))
    def append(self, texts: list[str]) -> None:
        for message in self.run(self.archive.append(self.id, [Message.user(text) for text in texts])):
            self.stored[message.id] = (self.head, message.text)
            self.head = message.id

    @precondition(lambda self: self.stored)
    @rule(data=st.data(), text=st.text("bc", min_size=1, max_size=2))
    def branch(self, data: st.DataObject, text: str) -> None:
        parent = self.one(data)
        given = Message.user(text).model_copy(update={"parent_id": parent})
        message = self.run(self.archive.append(self.id, [given]))[0]
        self.stored[message.id] = (parent, text)
        self.head = message.id

    @precondition(lambda self: self.stored)
    @rule(data=st.data())
    def delete(self, data: st.DataObject) -> None:
        gone = self.one(data)
        self.run(self.archive.delete_message(self.id, gone))
        above, _ = self.stored.pop(gone)
        self.stored = {key: (above if parent == gone else parent, text) for key, (parent, text) in self.stored.items()}
        self.head = above if self.head == gone else self.head

    @precondition(lambda self: self.stored)
    @rule(data=st.data(), text=st.text("e", max_size=2))
    def edit(self, data: st.DataObject, text: str) -> None:
        changed = self.one(data)
        self.run(self.archive.edit_message(self.id, changed, text))
        self.stored[changed] = (self.stored[changed][0], text)

    @rule()
    def clear(self) -> None:
        self.run(self.archive.clear_messages(self.id))
        self.stored, self.head = {}, None

    def pages(self, **query: Any) -> list[tuple[str, str | None, str]]:
        found: list[tuple[str, str | None, str]] = []
        cursor = None
        while True:
            page = self.run(self.archive.list_messages(self.id, cursor, Query(limit=2, **query)))
            found += [(message.id, message.parent_id, message.text) for message in page.items]
            cursor = page.next_cursor
            if cursor is None:
                return found

    @invariant()
    def all_messages_are_there_in_the_order_of_appending(self) -> None:
        assert self.pages(branches=True) == [(key, parent, text) for key, (parent, text) in self.stored.items()]

    @invariant()
    def the_active_branch_ends_at_the_head(self) -> None:
        path = []
        key = self.head
        while key is not None:
            parent, text = self.stored[key]
            path.append((key, parent, text))
            key = parent
        assert self.run(self.archive.get_conversation(self.id)).head_id == self.head
        assert self.pages(order="desc") == path
        assert self.pages() == path[::-1]

    @invariant()
    def parents_come_first(self) -> None:
        seen: set[str | None] = {None}
        for key, parent, _ in self.pages(branches=True):
            assert parent in seen
            seen.add(key)

    @invariant()
    def a_search_finds_what_is_there(self) -> None:
        for text in ("xy", "b", "e", "apart"):
            found = self.run(self.archive.list_conversations(None, Query(search=text))).items
            held = any(text in stored for _, stored in self.stored.values())
            assert {conversation.id for conversation in found} == (
                ({self.id} if held else set()) | ({self.other} if text in "apart" else set())
            )

    @invariant()
    def the_other_conversation_is_as_it_was(self) -> None:
        page = self.run(self.archive.list_messages(self.other, None, Query()))
        assert [message.text for message in page.items] == ["apart"]


def test_a_tree_is_what_was_done_to_it(fresh_archive: Fresh) -> None:
    def start() -> Branches:
        return Branches(fresh_archive)

    quick = settings(max_examples=25, stateful_step_count=20, deadline=None)
    run_state_machine_as_test(start, settings=quick)  # type: ignore[arg-type]  # any callable that makes one will do


async def test_pages_of_a_long_branch_are_one_range_of_an_index(archive: Archive) -> None:
    await archive.create_conversation(Draft(messages=(Message.user("x"),)))
    with archive._store.read() as database:
        assert database is not None
        plan = database.execute(
            "EXPLAIN QUERY PLAN SELECT * FROM messages"
            " WHERE conversation = 1 AND active = 1 AND ordinal <= 9 AND ordinal > 1 ORDER BY ordinal ASC LIMIT 3"
        ).fetchall()

    assert [row["detail"] for row in plan] == [
        "SEARCH messages USING INDEX messages_active (conversation=? AND rowid>? AND rowid<?)"
    ]


async def test_going_back_to_an_old_branch_shows_it_again(archive: Archive) -> None:
    created = await archive.create_conversation(Draft(messages=(Message.user("a"), Message.user("b"))))
    root, old = (await archive.list_messages(created.id, None, Query())).items
    await archive.append(created.id, [Message.user("c").model_copy(update={"parent_id": root.id})])

    await archive.append(created.id, [Message.user("d").model_copy(update={"parent_id": old.id})])

    page = await archive.list_messages(created.id, None, Query())
    assert [message.text for message in page.items] == ["a", "b", "d"]
