"""The verbs of copying, over remotes that are open and the state between them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from ..errors import StateError
from ..http import Clock
from ..mapping.losses import Losses
from ..mapping.taking import CopyOptions, answers
from ..provider import Transform
from ..remote import AsyncRemote
from ..remote.landing import Landing
from ..state import Item, Ledger, Migration, Migrations, State
from .asked import Options, options_of
from .checking import Checking
from .job import Job
from .migrating import Migrating
from .pair import Pair, is_written_to, require_two_places
from .progress import Progress, Tally
from .reports import CheckReport, CopyReport, MigrationItem, MigrationReport, Plan, UndoReport, address_of, no_change
from .selection import Shaping
from .stopping import Stop
from .undoing import Undoing

R = TypeVar("R", bound=CopyReport)


@dataclass(frozen=True, slots=True)
class Copying:
    """What a client needs to copy: the state, the time, transforms by name, and who watches."""

    state: State
    clock: Clock
    transform: Callable[[str], Transform]
    progress: Progress
    stop: Stop | None = None

    async def plan(self, source: AsyncRemote, target: AsyncRemote, given: Mapping[str, Any]) -> Plan:
        """Tell what a copy would do."""
        options = options_of("plan", given, source.name)
        migrating = await self._migrating(source, target, options)
        return self._with_work(await migrating.plan(), options)

    async def copy(
        self, source: AsyncRemote, target: AsyncRemote, given: Mapping[str, Any], planned: Plan | None = None
    ) -> CopyReport:
        """Bring the target up to date, with the options of the plan where there is one."""
        options = options_of("copy", given, source.name, planned.options if planned else {})
        migrating = await self._migrating(source, target, options)
        return self._with_work(await migrating.copy(planned), options)

    async def retry(
        self, migration: Migration, source: AsyncRemote, target: AsyncRemote, given: Mapping[str, Any]
    ) -> CopyReport:
        """Try the dead letters of a migration again, shaped as they were. Raises StateError [ledger_mismatch]."""
        chosen = json.loads(migration.selection)
        shaping = {name: value for name, value in chosen["shaping"].items() if value}
        options = options_of("retry", given, source.name, shaping)
        if option := options.shaping.differing(Shaping.model_validate(chosen["shaping"])):
            raise StateError(
                f"{migration.id} was copied with another {option}", code="ledger_mismatch", hint="leave it out"
            )
        migrating = await self._migrating(source, target, options)
        return self._with_work(await migrating.retry(migration), options)

    async def check(self, source: AsyncRemote, target: AsyncRemote, given: Mapping[str, Any]) -> CheckReport:
        """Compare both ends."""
        options = options_of("check", given, source.name)
        return await Checking(self._job(source, target, options), options, self.progress).run()

    async def undo(self, migration: Migration, source: AsyncRemote, target: AsyncRemote) -> UndoReport:
        """Take a migration back."""
        return await Undoing(Pair.of(source, target, self.state, self.clock), migration, self.progress).run()

    def _with_work(self, report: R, options: Options) -> R:
        """Give a report back. Raises MigrationError [no_change] for one without work where that was asked for."""
        was_stopped = self.stop is not None and self.stop.is_asked
        if options.error_on_no_change and not was_stopped and (error := no_change(report)):
            raise error
        return report

    async def _migrating(self, source: AsyncRemote, target: AsyncRemote, options: Options) -> Migrating:
        job = self._job(source, target, options)
        await require_two_places(source, target)
        return Migrating(job, options, self.progress)

    def _job(self, source: AsyncRemote, target: AsyncRemote, options: Options) -> Job:
        """Give what all conversations of a run share. Raises InvalidInputError for a transform nobody knows."""
        stop = self.stop or Stop(self.clock)
        stop.limit(options.max_duration)
        return Job(
            pair=Pair.of(source, target, self.state, self.clock),
            migration="",
            shaping=options.shaping,
            options=CopyOptions(
                roles=frozenset(options.role) if options.role else None,
                add_metadata=dict(options.add_meta),
                source_provider=source.provider,
                target_provider=target.provider,
                downloads=Landing.on(source).downloads,
                source_answers=answers(source.features),
            ),
            transforms=tuple(self.transform(name) for name in options.transform),
            lookup=self.transform,
            max_loss=options.max_loss,
            fail_on=options.fail_on,
            update=options.update,
            stop=stop,
            tally=Tally(self.clock),
        )


def migrations(state: State) -> list[MigrationReport]:
    """Tell all migrations of a state, the newest first."""
    known = Migrations(state)
    return [_report(state, each, known.items(each.id)) for each in known.all()]


def migration(state: State, name: str, *, messages: bool = False) -> MigrationReport:
    """Tell one migration, conversation by conversation, with the map of message ids where asked for.

    Raises NotFoundError.
    """
    known = Migrations(state)
    found = known.get(name)
    items = known.items(name)
    ledger = Ledger(state, found.source_account, found.target_account)
    losses: dict[str, Losses] = {}
    for row in known.losses(name):
        losses.setdefault(row.conversation, Losses()).add(row.kind, row.action, row.example, row.count)  # type: ignore[arg-type]
    shown = tuple(_item(found, each, ledger, losses.get(each.conversation), messages=messages) for each in items)
    return _report(state, found, items).model_copy(update={"items": shown})


def _report(state: State, found: Migration, items: list[Item]) -> MigrationReport:
    ledger = Ledger(state, found.source_account, found.target_account)
    was_killed = found.state == "running" and not is_written_to(ledger)
    return MigrationReport(
        migration=found.id,
        source=address_of(found.source),
        target=address_of(found.target),
        state="interrupted" if was_killed else found.state,
        selection={name: value for part in json.loads(found.selection).values() for name, value in part.items()},
        started_at=found.started_at,
        finished_at=found.finished_at,
        conversations=len(items),
        messages=sum(item.messages for item in items),
    )


def _item(found: Migration, item: Item, ledger: Ledger, losses: Losses | None, *, messages: bool) -> MigrationItem:
    link = ledger.link(item.conversation)
    rows = ledger.rows(link) if link and messages else []
    return MigrationItem(
        source=f"{found.source}:{item.conversation}",
        target=f"{found.target}:{link.target}" if link and link.target else None,
        title=item.title,
        state=item.state,
        messages=item.messages,
        losses=tuple(losses.rows()) if losses else (),
        error=item.error,
        message_ids={row.source: row.target for row in rows} if messages else None,
    )
