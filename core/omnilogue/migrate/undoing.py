"""Taking a migration back: newest first, only what it made itself, and only what has not changed since."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property

from ..errors import NotFoundError, OmnilogueError
from ..model import Grade
from ..state import Link, Migration, Row
from . import reconciling
from .arriving import REWRITTEN
from .digest import digest
from .failing import verdict
from .forecasting import has_changed
from .pair import Pair
from .progress import CopyProgress, Progress
from .reports import Kept, UndoReport
from .sentences import counted

ABLE = frozenset({Grade.NATIVE, Grade.EMULATED})


class Undoing:
    """One undo: what it deleted, and what it left and why."""

    def __init__(self, pair: Pair, migration: Migration, progress: Progress) -> None:
        self._pair = pair
        self._migration = migration
        self._progress = progress
        self._messages_deleted = 0
        self._deleted: list[str] = []
        self._kept: list[Kept] = []

    async def run(self) -> UndoReport:
        """Take it back; where that was done already there is nothing left. Raises whatever ends the whole undo."""
        if self._migration.state == "undone":
            return UndoReport(migration=self._migration.id)
        with self._pair.writing():
            await self._all(self._concerned(), self._pair.clock.monotonic())
            self._close()
        return UndoReport(migration=self._migration.id, deleted=tuple(self._deleted), kept=tuple(self._kept))

    def _concerned(self) -> list[Link]:
        """Give the links that the migration made, added messages to or rewrote messages of, newest first."""
        ledger, migration = self._pair.ledger, self._migration.id
        extended = ledger.extended(migration)
        return [
            link
            for link in ledger.links()
            if link.migration == migration or link.id in extended or link.conversation in self._rewritten
        ]

    @cached_property
    def _rewritten(self) -> dict[str, int]:
        """By conversation, how many messages of earlier migrations were given a new text."""
        events = self._pair.migrations.events(self._migration.id)
        told = {(conversation, detail) for _, what, conversation, detail in events if what == REWRITTEN}
        return Counter(conversation for conversation, _ in told if conversation is not None)

    async def _all(self, links: Sequence[Link], began: float) -> None:
        self._progress(CopyProgress("undo", 0, len(links)))
        for done, link in enumerate(links, 1):
            await self._link(link)
            seconds = self._pair.clock.monotonic() - began
            self._progress(CopyProgress("undo", done, len(links), self._messages_deleted, seconds))

    async def _link(self, noted: Link) -> None:
        link = await self._known(noted)
        rows = self._pair.ledger.rows(link) if link.target else []
        mine = [row for row in rows if row.migration == self._migration.id]
        if link.migration == self._migration.id:
            await self._conversation(link, rows, mine)
            return
        if mine:
            await self._messages(link, rows, mine)
        if rewritten := self._rewritten.get(link.conversation):
            told = counted(rewritten, "message")
            self._keep(link, f"edits were carried over to {told}, and the text before is not known")

    async def _known(self, link: Link) -> Link:
        """See what became of writes that were only meant, before anything is judged by the ledger."""
        if link.migration == self._migration.id and link.target is None:
            return await reconciling.container(self._pair, link, None) or link
        if link.target is not None:
            ledger = self._pair.ledger
            ledger.put(link, await reconciling.messages(self._pair, link, ledger.rows(link)))
        return link

    # A conversation that the migration created

    async def _conversation(self, link: Link, rows: Sequence[Row], mine: Sequence[Row]) -> None:
        ledger = self._pair.ledger
        if link.target is None:
            ledger.forget(link)
            return
        others = sorted({row.migration for row in rows} - {self._migration.id})
        if others:
            self._keep(link, f"it holds messages of {', '.join(others)}; undo that first")
            return
        reason = await self._left_because(link, mine)
        if reason:
            self._keep(link, reason)
        ledger.forget(link)

    async def _left_because(self, link: Link, rows: Sequence[Row]) -> str:
        """Delete the copy, or tell why it stays."""
        target, row = self._pair.target, self._pair.target.features.delete_conversation
        assert link.target is not None  # noqa: S101  # the caller looked
        try:
            if await has_changed(self._pair, link, rows):
                return "it has changed since it was copied" if await self._is_there(link) else ""
            if row.grade not in ABLE:
                return row.note or "the vendor deletes no conversations"
            await target.delete(link.target, allow_loss=True)
        except NotFoundError:
            return ""
        except OmnilogueError as error:
            if verdict(error) != "dead":
                raise
            return str(error)
        if row.grade is not Grade.NATIVE:
            return row.note
        self._deleted.append(self._place(link))
        self._messages_deleted += sum(each.target is not None for each in rows)
        return ""

    async def _is_there(self, link: Link) -> bool:
        assert link.target is not None  # noqa: S101  # the caller looked
        try:
            await self._pair.target.conversation(link.target)
        except NotFoundError:
            return False
        return True

    # Messages that it added to a copy of an earlier one

    async def _messages(self, link: Link, rows: Sequence[Row], mine: Sequence[Row]) -> None:
        ledger = self._pair.ledger
        assert link.target is not None  # noqa: S101  # only a copy that is there has messages
        written = [row for row in mine if row.target is not None]
        row = self._pair.target.features.delete_message
        if written and row.grade not in ABLE:
            self._keep(link, f"{counted(len(written), 'message')} cannot be taken away: {row.note or 'no such call'}")
            # They belong to the conversation from now on, and go with it where that is undone.
            ledger.put(link, [replace(each, migration=link.migration) for each in mine])
            return
        if written and await has_changed(self._pair, link, list(rows)):
            self._keep(link, "it has changed since it was copied")
        else:
            for each in sorted(written, key=lambda one: -one.ordinal):
                await self._delete(link, each)
            if written:
                self._deleted.append(self._place(link))
        ledger.drop(link, [each.ordinal for each in mine])

    async def _delete(self, link: Link, row: Row) -> None:
        target = self._pair.target
        assert link.target is not None  # noqa: S101  # the caller looked
        assert row.target is not None  # noqa: S101  # only what was written is deleted
        found = await target.message(link.target, row.target)
        if digest(found) == row.digest:
            await target.delete_message(link.target, row.target, allow_loss=True)
            self._messages_deleted += 1

    # What is told

    def _keep(self, link: Link, reason: str) -> None:
        self._kept.append(Kept(target=self._place(link), reason=reason))

    def _place(self, link: Link) -> str:
        return f"{self._pair.target.name}:{link.target}"

    def _close(self) -> None:
        migrations, now = self._pair.migrations, self._pair.clock.now()
        for item in migrations.items(self._migration.id):
            migrations.settle(self._migration.id, item.conversation, "undone")
        migrations.finish(self._migration.id, "undone", now)
        migrations.tell(self._migration.id, "undone", now, detail=f"{len(self._deleted)} deleted")
