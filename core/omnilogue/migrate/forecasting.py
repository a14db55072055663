"""What a copy of one conversation would do: read on both ends, written to neither."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from math import ceil
from typing import Literal

from ..errors import NotFoundError, OmnilogueError
from ..model import Conversation
from ..model.values import Value
from ..state import Link, Row
from .copying import carries_edits, require_same_shaping
from .digest import digest
from .drafts import expected_draft
from .failing import verdict
from .job import Job
from .losses import Losses
from .pair import Pair
from .walking import Walk


class Forecast(Value):
    """What a copy means for one conversation; `losses` is the JSON of its losses, `edits` what would be carried over.

    `edited` and `gone` count messages that were copied and have changed or been deleted at the source since.
    """

    state: Literal["new", "changed", "unchanged", "diverged", "failed"]
    new: int = 0
    unchanged: int = 0
    edited: int = 0
    edits: int = 0
    gone: int = 0
    calls: int = 0
    generations: int = 0
    losses: str = "[]"
    code: str = ""
    error: str = ""

    @property
    def has_work(self) -> bool:
        """Whether anything would be written."""
        return self.state in {"new", "changed"}


async def forecast(job: Job, conversation: Conversation) -> Forecast:
    """Give what a copy would do. Raises what ends a whole plan; what only this conversation suffers from is told."""
    key, fingerprint = _key(job), conversation.updated_at.isoformat() if conversation.updated_at else None
    ledger = job.pair.ledger
    link = ledger.link(conversation.id)
    if link is None and fingerprint and (kept := ledger.forecast(conversation.id, key, fingerprint)):
        return Forecast.model_validate_json(kept)
    try:
        found = await _read(job, conversation, link)
    except OmnilogueError as error:
        if verdict(error) != "dead":
            raise
        return Forecast(state="failed", code=error.code, error=str(error))
    if link is None and fingerprint:
        ledger.keep_forecast(conversation.id, key, fingerprint, found.model_dump_json())
    return found


def _key(job: Job) -> str:
    """Tell apart what changes a forecast: how messages are shaped, and what the target can do."""
    features = repr(sorted(job.pair.target.features.document().items()))
    return hashlib.sha256(f"{job.shaping.model_dump_json()}\0{features}".encode()).hexdigest()[:32]


async def _read(job: Job, conversation: Conversation, link: Link | None) -> Forecast:
    if link is not None:
        require_same_shaping(link, job.shaping)
    rows = job.pair.ledger.rows(link) if link is not None and link.target is not None else []
    walk, losses = Walk(rows), Losses()
    new = unchanged = edited = 0
    async for message in job.pair.source.messages(conversation):
        step = walk.step(message)
        if step.row is not None and step.row.state == "done" and not step.is_edited:
            unchanged += 1
        elif step.row is not None and step.is_edited:
            edited += 1
            if _would_carry(job, step.row):
                job.shape(conversation, step, losses)
        else:
            new += 1
            job.shape(conversation, step, losses)
    if walk.inserted:
        losses.add("order", "flattened", str(conversation.ref), walk.inserted)
    if link is None or link.target is None:
        draft = expected_draft(conversation, job.pair.target.features, job.options, same_provider=_same(job))
        losses.extend(draft.losses)
    edits = edited if job.update and carries_edits(job) else 0
    gone = len(walk.gone())
    return Forecast(
        state=await _state(job, link, rows, new=new, edits=edits, changed=bool(new or edited or gone)),
        new=new,
        unchanged=unchanged,
        edited=edited,
        edits=edits,
        gone=gone,
        calls=_calls(job, new + unchanged + edited, new, edits),
        losses=losses.to_json(),
    )


def _same(job: Job) -> bool:
    return job.pair.is_same_provider


def _would_carry(job: Job, row: Row) -> bool:
    return job.update and carries_edits(job) and row.target is not None


async def _state(
    job: Job, link: Link | None, rows: list[Row], *, new: int, edits: int, changed: bool
) -> Literal["new", "changed", "unchanged", "diverged"]:
    if link is None or link.target is None:
        return "new"
    if any(row.state != "done" for row in rows):
        return "changed"  # an earlier run ended in the middle: the copy is finished, whatever it looks like now
    if changed and await has_changed(job.pair, link, rows):
        return "diverged"
    return "changed" if new or edits else "unchanged"


async def has_changed(pair: Pair, link: Link, rows: Sequence[Row]) -> bool:
    """Whether the copy is not what it was when it was made: somebody wrote to it, or deleted it."""
    assert link.target is not None  # noqa: S101  # only a copy that is there can have changed
    wanted = [(row.target, row.digest) for row in rows if row.digest is not None]
    try:
        found = [(message.id, digest(message)) async for message in pair.target.messages(link.target)]
    except NotFoundError:
        return True
    return found != list(dict.fromkeys(wanted))


def _calls(job: Job, messages: int, new: int, edits: int) -> int:
    """Estimate the requests of both ends, from their page and batch sizes."""
    source, target = job.pair.source.features, job.pair.target.features
    pages = ceil(max(1, messages) / (source.list_messages.limits.page_size or 100))
    if not new and not edits:
        return pages
    batches = ceil(new / (target.append_user.limits.batch or 1))
    sweep = ceil(max(1, messages) / (target.list_messages.limits.page_size or 100))
    return 2 * pages + 1 + 1 + batches + edits + sweep
