"""Comparing two remotes: each conversation with its copy, and what only one of them has."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from functools import partial

from ..errors import InvalidInputError, NotFoundError, OmnilogueError
from ..model import Conversation
from ..state import Link
from . import sentences
from .asked import Options
from .comparing import Comparison, compare
from .failing import verdict
from .job import Job
from .matching import Strangers
from .outages import Outage
from .planning import spread
from .progress import CopyProgress, Progress
from .reports import CheckedMessages, CheckReport, Finding, address_of
from .selection import Chosen, Selection, Shaping, choose
from .together import together


@dataclass(frozen=True, slots=True)
class _Pairing:
    """A conversation of the source, its copy, and what was asked for when it was made; the link, where there is one."""

    conversation: Conversation
    target: str | None
    job: Job
    link: Link | None = None


class Checking:
    """One check over a pair."""

    def __init__(self, job: Job, options: Options, progress: Progress) -> None:
        self._job = job
        self._pair = job.pair
        self._options = options
        self._progress = progress
        self._messages = CheckedMessages()
        self._gone: list[str] = []
        self._outage = Outage.of_reading(job, options.wait_outage, self._waits)
        self._tried: set[str] = set()
        self._done = self._total = 0

    async def run(self) -> CheckReport:
        """Compare both ends; nothing is written to either.

        Raises any error of the tree that ends a whole check, an outage once it took too long.
        """
        through = self._outage.through
        chosen = await through(self._chosen)
        links = {link.conversation: link for link in self._pair.ledger.links() if link.target}
        unlinked = [each for each in chosen.conversations if each.id not in links]
        is_whole = not self._is_filtered
        strangers, listed = Strangers(self._job), Chosen([], complete=True)
        if unlinked or is_whole:
            targets = {link.target for link in links.values()}
            listed = await through(self._listed)
            for one in [each for each in listed.conversations if unlinked and each.id not in targets]:
                await through(partial(strangers.meet, one))
        places = spread(len(chosen.conversations), self._options.sample)
        due = [chosen.conversations[place] for place in places]
        pairings = [await through(partial(self._paired, one, links, strangers)) for one in due]
        found = await self._compared(pairings)
        found += [self._no_longer(one, links) for one in self._gone]
        if is_whole and self._options.sample is None:
            known = {pairing.target for pairing in pairings}
            found += [self._only_there(each) for each in listed.conversations if each.id not in known]
        return self._report(found, source_is_whole=chosen.complete, target_is_whole=listed.complete)

    async def _listed(self) -> Chosen:
        listing = self._pair.target.conversations()
        return Chosen([each async for each in listing], bool(listing.complete))

    async def _chosen(self) -> Chosen:
        options, self._gone = self._options, []
        if options.migration is None:
            return await choose(self._pair.source, options.selection, self._pair.clock)
        if options.selection != Selection():
            raise InvalidInputError("--migration chooses already", hint="leave the other filters out")
        ledger, migration = self._pair.ledger, self._pair.migrations.get(options.migration)
        if (migration.source_account, migration.target_account) != (ledger.source_account, ledger.target_account):
            raise InvalidInputError(f"{migration.id} copied from {migration.source} to {migration.target}")
        found: list[Conversation] = []
        for item in self._pair.migrations.items(migration.id):
            try:
                found.append(await self._pair.source.conversation(item.conversation))
            except NotFoundError:
                self._gone.append(item.conversation)
        return Chosen(found, migration.complete)

    @property
    def _is_filtered(self) -> bool:
        return self._options.migration is not None or self._options.selection != Selection()

    async def _paired(self, conversation: Conversation, links: dict[str, Link], strangers: Strangers) -> _Pairing:
        """Find a conversation's copy; one that was made with other options is compared with those."""
        link = links.get(conversation.id)
        if link is None:
            return _Pairing(conversation, await strangers.match(conversation), self._job)
        shaping = Shaping.model_validate_json(link.options)
        return _Pairing(conversation, link.target, self._job.with_shaping(shaping), link)

    async def _compared(self, pairings: list[_Pairing]) -> list[Finding]:
        found: list[Finding | None] = [None] * len(pairings)
        self._total, left = len(pairings), deque(range(len(pairings)))
        began = self._pair.clock.monotonic()

        async def work() -> None:
            while left:
                place = left.popleft()
                found[place] = await self._finding(pairings[place])
                if found[place] is None:
                    left.append(place)
                    continue
                self._done += 1
                seconds = self._pair.clock.monotonic() - began
                self._progress(CopyProgress("check", self._done, self._total, self._messages.equal, seconds))

        await together(work, min(self._options.concurrency, len(pairings)))
        return [each for each in found if each is not None]

    async def _finding(self, pairing: _Pairing) -> Finding | None:
        """Compare one pair; give None where an end did not answer and the pair is to be compared again."""
        source = str(pairing.conversation.ref)
        if pairing.target is None:
            return Finding(symbol="+", source=source)
        target = f"{self._pair.target.name}:{pairing.target}"
        rows = self._pair.ledger.rows(pairing.link) if pairing.link and pairing.job.generates else []
        try:
            compared = await compare(pairing.job, pairing.conversation, pairing.target, rows)
        except NotFoundError:
            return Finding(symbol="+", source=source, reason=f"{target} is gone")
        except OmnilogueError as error:
            what = verdict(error)
            if what == "stop":
                raise
            if what == "outage" and await self._answers_again(source, error):
                return None
            return Finding(symbol="!", source=source, target=target, reason=str(error))
        self._outage.end()
        self._count(compared)
        return _told(compared, source, target)

    async def _answers_again(self, source: str, error: OmnilogueError) -> bool:
        """Wait until both ends answer, and tell whether this pair is worth another try: it is once.

        A pair that both ends refuse whenever they answer otherwise is none that an outage stops.
        """
        await self._outage.wait(error)
        was_tried = source in self._tried
        self._tried.add(source)
        return not was_tried

    def _waits(self, seconds: float, error: OmnilogueError) -> None:
        equal = self._messages.equal
        self._progress(CopyProgress("check", self._done, self._total, equal, seconds, "outage", str(error)))

    def _count(self, compared: Comparison) -> None:
        before = self._messages
        self._messages = CheckedMessages(
            source=before.source + compared.source,
            target=before.target + compared.target,
            equal=before.equal + compared.equal,
        )

    def _no_longer(self, conversation: str, links: dict[str, Link]) -> Finding:
        """Tell of a conversation that was copied, and was deleted at the source since."""
        link = links.get(conversation)
        target = f"{self._pair.target.name}:{link.target}" if link else None
        return Finding(symbol="-", target=target, reason=f"{self._pair.source.name}:{conversation} is gone")

    def _only_there(self, conversation: Conversation) -> Finding:
        return Finding(symbol="-", target=f"{self._pair.target.name}:{conversation.id}")

    @property
    def _left_out(self) -> set[str]:
        """Symbols that are counted and not listed."""
        equal = {"=", "~"} if self._options.differences else set()
        return equal | {"-"} if self._options.one_way else equal

    def _report(self, found: list[Finding], *, source_is_whole: bool, target_is_whole: bool) -> CheckReport:
        symbols = [each.symbol for each in found]
        shown = [each for each in found if each.symbol not in self._left_out]
        report = CheckReport(
            equal=symbols.count("=") + symbols.count("~"),
            different=symbols.count("*"),
            missing_on_source=symbols.count("-"),
            missing_on_target=symbols.count("+"),
            failed=symbols.count("!"),
            messages=self._messages,
            complete=source_is_whole and target_is_whole,
            one_way=self._options.one_way,
            items=tuple(shown),
        )
        ends = address_of(self._pair.source.name), address_of(self._pair.target.name)
        sentence = sentences.of_check(report, *ends, target_is_whole=target_is_whole)
        return report.model_copy(update={"sentence": sentence})


def _told(compared: Comparison, source: str, target: str) -> Finding:
    if not compared.is_expected:
        return Finding(symbol="*", source=source, target=target, reason=compared.reason)
    if compared.is_exact:
        return Finding(symbol="=", source=source, target=target)
    kinds = {row.kind: None for row in compared.losses.rows() if row.is_lost}
    return Finding(symbol="~", source=source, target=target, reason=", ".join(kinds) or "transformed")
