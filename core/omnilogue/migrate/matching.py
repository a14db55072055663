"""Which conversation of the target is the copy of which: by links, else by origins in markers, else by content."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..model import Conversation
from .digest import digest
from .job import Job
from .walking import Walk


@dataclass(frozen=True, slots=True)
class Face:
    """What an unlinked conversation is recognised by: its first and last message and their count."""

    first: str
    last: str
    count: int


@dataclass(slots=True)
class Strangers:
    """Conversations of the target that no link knows, by where they came from and by what they look like."""

    job: Job
    by_origin: dict[str, str] = field(default_factory=dict)
    by_face: dict[Face, list[str]] = field(default_factory=dict)

    async def meet(self, conversation: Conversation) -> None:
        """Read one of them; where that fails it may be read again."""
        digests: list[str] = []
        count = 0
        async for message in self.job.pair.target.messages(conversation):
            if message.origin is not None and message.origin.conversation and not count:
                self.by_origin.setdefault(message.origin.conversation, conversation.id)
            digests[1:] = [digest(message)] if digests else []
            digests = digests or [digest(message)]
            count += 1
        if count:
            face = Face(digests[0], digests[-1], count)
            self.by_face.setdefault(face, []).append(conversation.id)

    async def match(self, conversation: Conversation) -> str | None:
        """Give the copy of a source conversation, None where none is to be seen. Titles are never identity.

        Where that fails it may be asked again.
        """
        if target := self.by_origin.pop(conversation.id, None):
            self._take(target)
            return target
        face = await self._face(conversation)
        alike = self.by_face.get(face, []) if face else []
        return alike.pop(0) if alike else None

    def _take(self, target: str) -> None:
        for alike in self.by_face.values():
            if target in alike:
                alike.remove(target)

    async def _face(self, conversation: Conversation) -> Face | None:
        first = last = None
        count, walk = 0, Walk(())
        async for message in self.job.pair.source.messages(conversation):
            made = self.job.shape(conversation, walk.step(message)).message
            if made is not None:
                last = digest(made)
                first = first or last
                count += 1
        return Face(first, last, count) if first and last else None
