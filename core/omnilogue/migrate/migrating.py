"""Plan, copy and retry: choose, forecast, ask for consent, run, report."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal

from ..errors import NotFoundError, OmnilogueError, RequestTimeoutError
from ..model import Conversation
from ..remote.landing import Landing
from ..state import Item, Migration
from . import sentences
from .asked import Options
from .consenting import Planned, fingerprint, require_consent
from .copying import carries_edits
from .failing import verdict
from .forecasting import Forecast
from .job import Job
from .outages import Outage
from .pair import Pair
from .planning import Foreseen, Planning
from .progress import CopyProgress, Progress
from .reporting import Reporting
from .reports import CopyReport, Plan
from .running import Run, Work
from .selection import Chosen
from .stopping import Stop, Stopped

READ_IS_KEPT = "the same command goes on; what was read is kept"


@dataclass(frozen=True, slots=True)
class Migrating:
    """One pair, one set of options: what can be done with them."""

    job: Job
    options: Options
    progress: Progress

    @property
    def pair(self) -> Pair:
        """Both ends."""
        return self.job.pair

    @property
    def stop(self) -> Stop:
        """What is asked whether to go on."""
        return self.job.stop

    # Planning

    async def plan(self) -> Plan:
        """Read both ends and tell what a copy would do; nothing is written to either. Raises any error of the tree."""
        with self._tuned(), self._reading() as planning:
            chosen = await planning.chosen()
            foreseen = await planning.all(chosen.conversations, self.options.sample)
        if self.stop.is_late:
            raise self._too_late("and the plan is not complete")
        unfinished = self._unfinished()
        told = self._reporting(chosen, self._without_dead(unfinished, foreseen)).planned()
        report = Plan(
            **{**dict(told), "migration": unfinished.id if unfinished else None},
            options=self.options.model_dump(mode="json", exclude_defaults=True),
            fingerprint=fingerprint(foreseen),
        )
        return report.model_copy(update={"sentence": sentences.of_plan(report, takes_edits=carries_edits(self.job))})

    @contextmanager
    def _reading(self) -> Iterator[Planning]:
        """Give what reads both ends before anything is written; an outage that lasts tells what goes on."""
        try:
            yield Planning(self.job, self.options, self.progress)
        except OmnilogueError as error:
            if verdict(error) == "outage":
                error.hint = "; ".join(filter(None, (error.hint, READ_IS_KEPT)))
            raise

    # Copying

    async def copy(self, planned: Plan | None = None) -> CopyReport:
        """Bring the target up to date, as it was planned where a plan is given.

        Raises LossRefusedError where more would be lost than was allowed, before anything is written; StateError
        [ledger_locked] while another process copies over this pair, [ledger_mismatch] where an end is no longer what
        was planned for; RequestTimeoutError where the longest duration is over; whatever ends a run that cannot go on.
        """
        began = self.pair.clock.monotonic()
        with self.pair.writing(), self._tuned():
            with self._reading() as planning:
                chosen = await planning.chosen()
                foreseen = await planning.all(chosen.conversations)
            if self.stop.is_due:
                return self._stopped_early(chosen, foreseen, began)
            applied = planned and Planned(planned, self.pair.migrations, foreseen, self.options.sample)
            if applied:
                applied.require(self._unfinished())
            foreseen = self._without_dead(self._unfinished(), foreseen)
            require_consent(self.job, self.options, foreseen)
            migration = self._opened(chosen, foreseen)
            if migration is None:
                return self._reporting(chosen, foreseen).untouched(began)
            if applied:
                applied.begin(migration, self.pair.clock.now())
            left = [each for each in foreseen if each.forecast is not None and each.forecast.has_work]
            run = await self._run(migration, left)
        return self._reporting(chosen, foreseen).done(migration, run, began)

    async def retry(self, migration: Migration) -> CopyReport:
        """Try the dead letters of a migration again; where there are none it stays as it is."""
        began = self.pair.clock.monotonic()
        with self.pair.writing(), self._tuned():
            dead = [item for item in self.pair.migrations.items(migration.id) if item.state in {"dead", "unknown"}]
            if not dead:
                nothing = self._reporting(Chosen([], migration.complete), []).untouched(began)
                return nothing.model_copy(update={"migration": migration.id})
            with self._reading() as planning:
                chosen = Chosen(await self._still_there(migration, dead, planning.outage), migration.complete)
                foreseen = await planning.all(chosen.conversations)
            if self.stop.is_due:
                return self._stopped_early(chosen, foreseen, began)
            require_consent(self.job, self.options, foreseen)
            run = await self._run(migration, foreseen)
        return self._reporting(chosen, foreseen).done(migration, run, began)

    async def _still_there(self, migration: Migration, dead: Sequence[Item], outage: Outage) -> list[Conversation]:
        """Give the conversations of dead letters that the source still has; the others stay dead."""
        found: list[Conversation] = []
        for name in [item.conversation for item in dead]:
            try:
                found.append(await outage.through(partial(self.pair.source.conversation, name)))
            except NotFoundError as error:
                self.pair.migrations.settle(migration.id, name, "dead", code=error.code, error=str(error))
            except Stopped:
                break
        return found

    def _unfinished(self) -> Migration | None:
        ledger = self.pair.ledger
        return self.pair.migrations.unfinished(ledger.source_account, ledger.target_account, self.options.identity)

    def _without_dead(self, migration: Migration | None, foreseen: Sequence[Foreseen]) -> list[Foreseen]:
        """Take dead letters for what they are: no copy touches them, they wait for `retry`."""
        items = self.pair.migrations.items(migration.id) if migration else []
        dead = {item.conversation: item for item in items if item.state == "dead"}
        known = [(each, dead.get(each.conversation.id)) for each in foreseen]
        return [each if item is None else _failed(each, item) for each, item in known]

    def _opened(self, chosen: Chosen, foreseen: Sequence[Foreseen]) -> Migration | None:
        """Give the migration that goes on, or a new one where something is to be done; None where nothing is."""
        migrations, migration = self.pair.migrations, self._unfinished()
        if migration is None and not any(each.forecast and each.forecast.state != "unchanged" for each in foreseen):
            return None
        with self.pair.ledger.state.write():  # all of it in one commit
            migration = migration or self._begun()
            migrations.finish(migration.id, "running", None, complete=chosen.complete)
            migrations.choose(migration.id, [_item(each) for each in foreseen])
            migrations.tell(migration.id, "begun", self.pair.clock.now(), detail=f"{len(foreseen)} conversations")
            for each in foreseen:
                if each.forecast and each.forecast.state in {"diverged", "failed"}:
                    self._set_aside(migration, each)
        return migration

    def _begun(self) -> Migration:
        ledger = self.pair.ledger
        return self.pair.migrations.begin(
            source=self.pair.source.name,
            target=self.pair.target.name,
            source_account=ledger.source_account,
            target_account=ledger.target_account,
            selection=self.options.identity,
            at=self.pair.clock.now(),
        )

    def _set_aside(self, migration: Migration, each: Foreseen) -> None:
        assert each.forecast is not None  # noqa: S101  # looked at by the caller
        is_diverged = each.forecast.state == "diverged"
        self.pair.migrations.settle(
            migration.id,
            each.conversation.id,
            "diverged" if is_diverged else "dead",
            code=each.forecast.code or None,
            error=each.forecast.error or ("it changed on both ends since it was copied" if is_diverged else None),
        )

    async def _run(self, migration: Migration, foreseen: Sequence[Foreseen]) -> Run:
        """Copy what is left, and note how the migration stands, whatever happens."""
        began, total = self.pair.clock.monotonic(), len(foreseen)
        known = [(each.conversation, each.forecast) for each in foreseen if each.forecast]
        work = [Work(conversation, forecast.new, forecast.is_branched) for conversation, forecast in known]
        expected = sum(forecast.new + forecast.edits for _, forecast in known)

        def tell(seconds: float, what: Literal["progress", "outage"] = "progress", why: str = "") -> None:
            self.progress(CopyProgress("copy", run.finished, total, run.copied, seconds, what, why, expected))

        run = Run(
            replace(self.job, migration=migration.id),
            work,
            concurrency=self.options.concurrency,
            max_dead=self.options.max_dead,
            wait_outage=self.options.wait_outage,
            told=lambda: tell(self.pair.clock.monotonic() - began),
            waits=lambda seconds, error: tell(seconds, "outage", str(error)),
        )
        tell(0.0)
        try:
            await run.run()
        except OmnilogueError as error:
            error.hint = "; ".join(filter(None, (error.hint, f"the same command goes on with {migration.id}")))
            raise
        finally:
            self._close(migration)
        if self.stop.is_late and run.left:
            raise RequestTimeoutError(
                f"the longest duration is over, and {run.left} conversations are left",
                code="deadline",
                operation="copy",
                retryable=True,
                hint=f"the same command goes on with {migration.id}",
            )
        return run

    def _close(self, migration: Migration) -> None:
        states = {item.state for item in self.pair.migrations.items(migration.id)}
        state = "done"
        if states & {"dead", "unknown", "diverged"}:
            state = "partial"
        if states & {"pending", "running"}:
            state = "interrupted"
        now = self.pair.clock.now()
        with self.pair.ledger.state.write():
            self.pair.migrations.finish(migration.id, state, None if state == "interrupted" else now)  # type: ignore[arg-type]
            self.pair.migrations.tell(migration.id, state, now)

    # Reporting

    def _reporting(self, chosen: Chosen, foreseen: Sequence[Foreseen]) -> Reporting:
        return Reporting(self.job, self.options, chosen, foreseen)

    def _stopped_early(self, chosen: Chosen, foreseen: Sequence[Foreseen], began: float) -> CopyReport:
        """Report that the run ended before anything was written. Raises RequestTimeoutError where its time was over."""
        if self.stop.is_late:
            raise self._too_late("and nothing was copied yet")
        return (
            self._reporting(chosen, foreseen)
            .untouched(began)
            .model_copy(update={"sentence": "Stopped; nothing was copied."})
        )

    def _too_late(self, and_so: str) -> RequestTimeoutError:
        return RequestTimeoutError(
            f"the longest duration is over, {and_so}",
            code="deadline",
            operation="copy",
            retryable=True,
            hint=READ_IS_KEPT,
        )

    # What both share

    @contextmanager
    def _tuned(self) -> Iterator[None]:
        """Let both ends go at the pace that was asked for."""
        with ExitStack() as stack:
            stack.enter_context(self.pair.landing.tuned(self.options.rate))
            stack.enter_context(Landing.on(self.pair.source).tuned(self.options.source_rate))
            yield


def _failed(each: Foreseen, item: Item) -> Foreseen:
    """Give the forecast of a dead letter: why it is one."""
    return replace(each, forecast=Forecast(state="failed", code=item.code or "", error=item.error or ""))


def _item(each: Foreseen) -> Item:
    is_done = each.forecast is not None and each.forecast.state == "unchanged"
    return Item(each.conversation.id, each.conversation.title, "done" if is_done else "pending")
