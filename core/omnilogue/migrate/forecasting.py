"""What a copy of one conversation would do: read on both ends, written to neither."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime
from math import ceil
from typing import Literal

from ..errors import NotFoundError, OmnilogueError
from ..http.scope import noted_pauses
from ..mapping.drafts import expected_draft
from ..mapping.losses import Losses
from ..mapping.turns import Turns, WantedTurn
from ..model import Conversation
from ..model.values import Value
from ..remote.landing import CLOCK_SKEW
from ..state import Known, Link, Row
from .branching import Line, placed
from .copying import carries_edits, require_same_shaping
from .digest import digest
from .failing import verdict
from .fetching import to_fetch
from .job import Job
from .pair import Pair
from .walking import Step, Walk, turns_of

KEPT_TOGETHER = 20
"""How many forecasts are kept in one step: as many are made again after a kill."""

CALLS_PER_TURN = 3
"""A turn is sent, its ids are read, its answer is rewritten."""

CALLS_PER_FILE = 2
"""A file is downloaded, and its name is asked for."""


class Forecast(Value):
    """What a copy means for one conversation; `losses` is the JSON of its losses, `edits` what would be carried over.

    `new` and `unchanged` count messages that are written, or were; what is left out is among the losses only.
    `edited` and `gone` count messages that were copied and have changed or been deleted at the source since;
    `seconds` is how long it took to find out, without what it waited for the pace of its remotes.
    """

    state: Literal["new", "changed", "unchanged", "diverged", "failed"]
    new: int = 0
    unchanged: int = 0
    edited: int = 0
    edits: int = 0
    gone: int = 0
    calls: int = 0
    generations: int = 0
    is_branched: bool = False
    losses: str = "[]"
    code: str = ""
    error: str = ""
    seconds: float = 0.0

    @property
    def has_work(self) -> bool:
        """Whether anything would be written."""
        return self.state in {"new", "changed"}


class Forecasts:
    """The forecasts of one run. What was read is kept in the state, so that a plan that was stopped goes on.

    What lasts until the vendor's time tells of a change is kept for every plan; the rest only until all is read.
    """

    def __init__(self, job: Job) -> None:
        self._job = job
        self._lasting = _key(job)
        self._passing = f"{self._lasting}+"
        self._unkept: list[Known] = []

    async def of(self, conversation: Conversation) -> Forecast:
        """Give what a copy would do. Raises what ends a whole plan; what only this conversation suffers is told."""
        ledger, clock = self._job.pair.ledger, self._job.pair.clock
        link = ledger.link(conversation.id)
        seen, passing = _fingerprint(conversation), f"{self._passing}{link.marker if link else ''}"
        for key in (self._lasting, passing) if link is None else (passing,):
            if known := ledger.forecast(conversation.id, key, seen):
                return Forecast.model_validate_json(known)
        began, since = clock.now(), clock.monotonic()
        try:
            with noted_pauses() as paced:
                reading, found = await _read(self._job, conversation, link)
        except OmnilogueError as error:
            if verdict(error) != "dead":
                raise
            return Forecast(state="failed", code=error.code, error=str(error))
        found = found.model_copy(update={"seconds": max(0.0, clock.monotonic() - since - paced.seconds)})
        if link is None or (found.state == "unchanged" and not found.edited and reading.is_followed_by_time):
            key = self._lasting if link is None and reading.is_dated(began) else passing
            self._keep(Known(conversation.id, key, seen, found.model_dump_json()))
        return found

    def _keep(self, known: Known) -> None:
        self._unkept.append(known)
        if len(self._unkept) >= KEPT_TOGETHER:
            self._flush()

    def close(self, *, is_whole: bool) -> None:
        """Keep the rest; of a plan that read everything only what lasts. Raises StateError."""
        if is_whole:
            self._unkept = [known for known in self._unkept if known.options == self._lasting]
            self._job.pair.ledger.drop_forecasts(self._passing)
        self._flush()

    def _flush(self) -> None:
        unkept, self._unkept = self._unkept, []
        if unkept:
            self._job.pair.ledger.keep_forecasts(unkept)


def _key(job: Job) -> str:
    """Tell apart what changes a forecast: how messages are shaped, and what the target can do."""
    features = repr(sorted(job.pair.target.features.document().items()))
    asked = f"{job.shaping.model_dump_json()}\0{features}\0{job.options.downloads}"
    return hashlib.sha256(asked.encode()).hexdigest()[:32]


def _fingerprint(conversation: Conversation) -> str:
    """Tell apart what a listing shows of a conversation, `updated_at` above all."""
    return hashlib.sha256(repr(conversation).encode("utf-8", "surrogatepass")).hexdigest()[:32]


async def _read(job: Job, conversation: Conversation, link: Link | None) -> tuple[Reading, Forecast]:
    if link is not None:
        require_same_shaping(link, job.shaping)
    rows = job.pair.ledger.rows(link) if link is not None else []
    is_new = link is None or link.target is None
    if is_new:
        rows = [row for row in rows if row.digest is None]  # only what is left out is done without a copy
    reading = Reading(job, conversation, rows, is_new=is_new)
    if not await reading.go_through(is_branched=False):
        reading = Reading(job, conversation, rows, is_new=is_new)
        await reading.go_through(is_branched=True)
    return reading, await reading.forecast(link, rows)


class Reading:
    """One pass over a source conversation that counts what a copy would do with it."""

    def __init__(self, job: Job, conversation: Conversation, rows: Sequence[Row], *, is_new: bool) -> None:
        self.losses = Losses()
        if is_new:
            self.losses.extend(expected_draft(conversation, job.pair.target.features, job.options).losses)
        self._job = job
        self._conversation = conversation
        self._walk = Walk(rows)
        self._turns = Turns(job.pair.target.features) if job.generates else None
        self._numbers = turns_of(rows) if job.generates else {}
        self._new = self._left_out = self._unchanged = self._edited = self._generations = self._files = 0
        self._is_branched = False
        self._newest: datetime | None = None

    async def go_through(self, *, is_branched: bool) -> bool:
        """Count all messages; give False where the conversation turns out to have branches that were not looked for."""
        self._is_branched, line = is_branched, Line()
        async for each in placed(self._job.pair.source, self._conversation, is_branched=is_branched):
            line.add(each.message)
            self._newest = max(filter(None, (self._newest, each.message.created_at)), default=None)
            self._count(self._walk.step(each.message), on_branch=each.on_branch)
        if not line.is_straight and not is_branched:
            return False
        self._end()
        return True

    def _count(self, step: Step, *, on_branch: bool) -> None:
        if step.row is None or step.row.state != "done":
            is_written = self._shape(step, on_branch=on_branch)
            self._new += is_written
            self._left_out += not is_written
        elif step.is_edited:
            self._edited += 1
            if self._job.update and carries_edits(self._job) and step.row.target is not None:
                self.losses.extend(self._job.shape(self._conversation, step, on_branch=on_branch).losses)
        else:
            self._unchanged += step.row.digest is not None

    def _shape(self, step: Step, *, on_branch: bool) -> bool:
        """Count what a message loses; tell whether it is written at all."""
        made = self._job.shape(self._conversation, step, on_branch=on_branch)
        if self._turns is None or made.message is None:
            self.losses.extend(made.losses)
            self._files += to_fetch(self._job, made.message) if made.message is not None else 0
        else:
            self._turn(self._turns.add(made.message, made.losses, self._numbers.get(step.key)))
        return made.message is not None

    def _turn(self, turn: WantedTurn | None) -> None:
        if turn is not None:
            self._generations += 1
            self.losses.extend(turn.losses)

    def _end(self) -> None:
        if self._turns is not None:
            self._turn(self._turns.end())
        if self._walk.inserted:
            self.losses.add("order", "flattened", str(self._conversation.ref), self._walk.inserted)

    def is_dated(self, began: datetime) -> bool:
        """Whether `updated_at` becomes another one once the conversation changes; `began` is when it was read.

        It does not follow messages where one is newer. What is changed within the same step of a coarse clock as the
        reading, or by a clock behind ours, would not show either.
        """
        updated = self._conversation.updated_at
        return self.is_followed_by_time and updated is not None and updated <= began - CLOCK_SKEW

    @property
    def is_followed_by_time(self) -> bool:
        """Whether `updated_at` follows the messages, as far as can be seen."""
        updated = self._conversation.updated_at
        return updated is not None and self._newest is not None and self._newest <= updated

    async def forecast(self, link: Link | None, rows: Sequence[Row]) -> Forecast:
        """Give what was counted."""
        edits = self._edited if self._job.update and carries_edits(self._job) else 0
        gone = len(self._walk.gone())
        fresh = self._new + self._left_out
        is_changed = bool(fresh or self._edited or gone)
        return Forecast(
            state=await _state(self._job, link, rows, new=fresh, edits=edits, changed=is_changed),
            new=self._new,
            unchanged=self._unchanged,
            edited=self._edited,
            edits=edits,
            gone=gone,
            is_branched=self._is_branched,
            generations=self._generations,
            calls=CALLS_PER_FILE * self._files
            + _calls(self._job, fresh + self._unchanged + self._edited, self._new, edits, self._generations),
            losses=self.losses.to_json(),
        )


async def _state(
    job: Job, link: Link | None, rows: Sequence[Row], *, new: int, edits: int, changed: bool
) -> Literal["new", "changed", "unchanged", "diverged"]:
    if link is None or link.target is None:
        return "new"
    if link.state != "settled":
        return "changed"  # an earlier run ended in the middle: the copy is finished, whatever it looks like now
    if changed and await has_changed(job.pair, link, rows):
        return "diverged"
    return "changed" if new or edits else "unchanged"


async def has_changed(pair: Pair, link: Link, rows: Sequence[Row]) -> bool:
    """Whether the copy is not what it was when it was made: somebody wrote to it, or deleted it."""
    assert link.target is not None  # noqa: S101  # only a copy that is there can have changed
    wanted = [(row.target, row.digest) for row in rows if row.digest is not None]
    try:
        found = [(message.id, digest(message)) async for message in pair.target.messages(link.target, branches=True)]
    except NotFoundError:
        return True
    return found != list(dict.fromkeys(wanted))


def _calls(job: Job, messages: int, new: int, edits: int, generations: int) -> int:
    """Estimate the requests of both ends, from their page and batch sizes."""
    source, target = job.pair.source.features, job.pair.target.features
    pages = ceil(max(1, messages) / (source.list_messages.limits.page_size or 100))
    if not new and not edits:
        return pages
    batches = generations * CALLS_PER_TURN if generations else ceil(new / (target.append_user.limits.batch or 1))
    sweep = ceil(max(1, messages) / (target.list_messages.limits.page_size or 100))
    return 3 * pages + 1 + batches + edits + sweep
