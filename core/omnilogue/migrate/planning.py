"""Reading both ends and adding up what a copy would do; neither is written to."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from math import ceil

from ..errors import OmnilogueError
from ..mapping.losses import Losses
from ..model import Conversation, Grade
from ..provider import Features
from .asked import Options
from .failing import verdict
from .forecasting import Forecast, Forecasts
from .job import Job
from .outages import Outage
from .progress import CopyProgress, Progress
from .reports import ConversationCounts, Failure, MessageCounts, UndoForecast
from .selection import Chosen, choose
from .stopping import Stopped
from .together import together


@dataclass(frozen=True, slots=True)
class Foreseen:
    """A chosen conversation and its forecast, None where it was not read."""

    conversation: Conversation
    forecast: Forecast | None


class Planning:
    """Chooses conversations and foresees what a copy does with them, several at once; an outage waits.

    `outage` is the gate for whatever else is read before a copy.
    """

    def __init__(self, job: Job, options: Options, progress: Progress) -> None:
        self.outage = Outage.of_reading(job, options.wait_outage, self._waits)
        self._job = job
        self._forecasts = Forecasts(job)
        self._options = options
        self._progress = progress
        self._done = self._total = 0

    async def chosen(self) -> Chosen:
        """Give the conversations a copy is about; none where the run is to end before they are known."""
        source, clock = self._job.pair.source, self._job.pair.clock
        try:
            return await self.outage.through(lambda: choose(source, self._options.selection, clock))
        except Stopped:
            return Chosen([], complete=False)

    async def all(self, conversations: Sequence[Conversation], sample: int | None = None) -> list[Foreseen]:
        """Give the forecasts in the order of the conversations; with `sample` only so many, spread over them.

        Those that a stop left unread have none. Raises what ends a whole plan, an outage once it took too long.
        """
        read = spread(len(conversations), sample)
        found: list[Forecast | None] = [None] * len(conversations)
        self._total, left = len(read), deque(read)
        began = self._job.pair.clock.monotonic()

        async def work() -> None:
            while left and not self._job.stop.is_due:
                place = left.popleft()
                found[place] = await self._forecast(conversations[place])
                if found[place] is None:
                    left.append(place)
                    continue
                self._done += 1
                seconds = self._job.pair.clock.monotonic() - began
                self._progress(CopyProgress("plan", self._done, self._total, seconds=seconds))

        try:
            await together(work, min(self._options.concurrency, len(read)))
        finally:
            self._forecasts.close(is_whole=self._done == self._total)
        return [Foreseen(one, known) for one, known in zip(conversations, found, strict=True)]

    async def _forecast(self, conversation: Conversation) -> Forecast | None:
        """Give a forecast, None where an end did not answer: the outage has been waited for."""
        try:
            found = await self._forecasts.of(conversation)
        except OmnilogueError as error:
            if verdict(error) != "outage":
                raise
            await self.outage.wait(error)
            return None
        self.outage.end()
        return found

    def _waits(self, seconds: float, error: OmnilogueError) -> None:
        self._progress(CopyProgress("plan", self._done, self._total, 0, seconds, "outage", str(error)))


def spread(total: int, sample: int | None) -> list[int]:
    """Give the places that are read: all, or `sample` of them at equal distances, the first and the last included."""
    if sample is None or sample >= total:
        return list(range(total))
    if sample <= 1:
        return [0][:sample]
    return [round(place * (total - 1) / (sample - 1)) for place in range(sample)]


class Sum:
    """Forecasts added up; what was not read is estimated from what was."""

    def __init__(self, job: Job, foreseen: Sequence[Foreseen]) -> None:
        self._job = job
        self._read = [each for each in foreseen if each.forecast is not None]
        self._unread = [each for each in foreseen if each.forecast is None]
        self.is_sampled = bool(self._unread)
        self.losses = Losses()
        for each in self._read:
            assert each.forecast is not None  # noqa: S101  # chosen so
            self.losses.merge(Losses.from_json(each.forecast.losses))
        if self._unread and self._read:
            self.losses = scaled(self.losses, self._factor)

    @property
    def _factor(self) -> float:
        return (len(self._read) + len(self._unread)) / len(self._read) if self._read else 0.0

    def _total(self, name: str) -> int:
        total = sum(getattr(each.forecast, name) for each in self._read)
        return round(total * self._factor) if self._unread else int(total)

    def conversations(self, failed: Collection[str] = ()) -> ConversationCounts:
        """Conversations by state; one that was not read is new where it was never copied, else unchanged.

        `failed` are those of which a run knows better.
        """
        states = [
            "failed" if each.conversation.id in failed else each.forecast.state for each in self._read if each.forecast
        ]
        counts = {name: states.count(name) for name in ConversationCounts.model_fields}  # type: ignore[arg-type]
        copied = sum(self._is_copied(each.conversation) for each in self._unread)
        counts["unchanged"] += copied
        counts["new"] += len(self._unread) - copied
        return ConversationCounts(**counts)

    def _is_copied(self, conversation: Conversation) -> bool:
        link = self._job.pair.ledger.link(conversation.id)
        return link is not None and link.target is not None

    @property
    def messages(self) -> MessageCounts:
        """Messages to be copied, and those that are there."""
        return MessageCounts(new=self._total("new"), unchanged=self._total("unchanged"))

    @property
    def diverged(self) -> tuple[str, ...]:
        """Conversations that changed on both ends."""
        found = [each.conversation for each in self._read if each.forecast and each.forecast.state == "diverged"]
        return tuple(str(conversation.ref) for conversation in found)

    @property
    def edited(self) -> int:
        """Messages that were edited at the source and stay as they were copied; those of diverged ones are not told."""
        return sum(each.forecast.edited - each.forecast.edits for each in self._alone if each.forecast)

    @property
    def gone(self) -> int:
        """Messages that were deleted at the source and stay on the target."""
        return sum(each.forecast.gone for each in self._alone if each.forecast)

    @property
    def _alone(self) -> list[Foreseen]:
        return [each for each in self._read if each.forecast and each.forecast.state != "diverged"]

    @property
    def calls(self) -> int:
        """Requests to both ends."""
        return self._total("calls")

    @property
    def edits(self) -> int:
        """Edits that are carried over."""
        return self._total("edits")

    @property
    def source_calls(self) -> int:
        """Requests to the source alone: each conversation is read once for the plan, and again while it is copied."""
        calls = sum(_source_calls(self._job, each.forecast) for each in self._read if each.forecast)
        return round(calls * self._factor) if self._unread else calls

    @property
    def seconds_per_call(self) -> float | None:
        """How long reading a conversation took, None where none was read; what the state kept counts too."""
        measured = [each.forecast.seconds for each in self._read if each.forecast and each.forecast.seconds > 0]
        return sum(measured) / len(measured) if measured else None

    @property
    def generations(self) -> int:
        """Replies that the target makes and that are rewritten."""
        return self._total("generations")

    @property
    def failed(self) -> tuple[Failure, ...]:
        """What could not be read."""
        return tuple(
            Failure(source=str(each.conversation.ref), code=each.forecast.code, message=each.forecast.error)
            for each in self._read
            if each.forecast and each.forecast.state == "failed"
        )


def _source_calls(job: Job, forecast: Forecast) -> int:
    messages = forecast.new + forecast.unchanged + forecast.edited
    pages = ceil(max(1, messages) / (job.pair.source.features.list_messages.limits.page_size or 100))
    return min(forecast.calls, 2 * pages + 1 if forecast.has_work else pages)


def scaled(losses: Losses, factor: float) -> Losses:
    """Give losses of a sample as an estimate for the whole."""
    whole = Losses()
    for row in losses.rows():
        whole.add(row.kind, row.action, row.example, max(1, round(row.count * factor)))
    return whole


def undo_forecast(features: Features, edits: int = 0) -> UndoForecast:
    """Tell beforehand what an undo will be able to do on this target; `edits` is how many would be carried over."""
    row = features.delete_conversation
    note = row.note
    if row.grade is Grade.NATIVE:
        note = "copies are deleted, unless they have changed since"
    if row.grade is Grade.UNSUPPORTED:
        note = "copies stay at the vendor and are only forgotten here"
    if edits:
        note = "; ".join(filter(None, (note, "edits that are carried over stay")))
    return UndoForecast(grade=row.grade.value, note=note)
