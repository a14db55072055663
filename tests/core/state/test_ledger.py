"""Whatever is done to a ledger, in whatever order, it keeps what a copy rests on."""

from datetime import UTC, datetime

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, multiple, rule

from omnilogue.state import Item, Ledger, Link, LossRow, Migrations, Row, State

NOW = datetime(2026, 1, 1, tzinfo=UTC)
LEGAL = {("", "intent"), ("", "done"), ("intent", "done"), ("intent", ""), ("done", "done")}
"""How a message may go from state to state; the empty one is that nobody knows it."""


class Copying(RuleBasedStateMachine):
    """One writer that copies as the engine does, and is killed wherever it likes: what it had in hand is gone."""

    links = Bundle("links")

    def __init__(self) -> None:
        super().__init__()
        self.state = State("memory:")
        self.ledger = Ledger(self.state, "here", "there")
        self.migrations = Migrations(self.state)
        self.before: dict[tuple[int, int], str] = {}
        self.sent: set[tuple[int, int]] = set()
        self.lost: dict[str, int] = {}

    @initialize()
    def begin(self) -> None:
        self.migration = self.migrations.begin(
            source="here", target="there", source_account="here", target_account="there", selection="{}", at=NOW
        ).id

    @rule(target=links, number=st.integers(0, 5))
    def begin_conversation(self, number: int) -> object:
        conversation = f"c{number}"
        self.migrations.choose(self.migration, [Item(conversation, None, "pending")])
        if self.ledger.link(conversation) is not None:
            return multiple()
        marker = f"{conversation}.{len(self.before)}.{self.ledger.links()[0].id if self.ledger.links() else 0}"
        return self.ledger.begin(conversation, marker=marker, migration=self.migration, options="{}", at=NOW)

    @rule(link=links)
    def create(self, link: Link) -> None:
        known = self._now(link)
        if known is not None and known.target is None:
            self.ledger.created(known, f"t{link.id}", self.migration, [LossRow(link.conversation, "id", "m", 1, "")])
            self._lose(link, 1)

    @rule(link=links, count=st.integers(1, 3), done=st.booleans())
    def mean(self, link: Link, count: int, done: bool) -> None:
        """Note what was done and what is meant to be written next, in one step."""
        known = self._now(link)
        if known is None or known.target is None:
            return
        rows = self.ledger.rows(known)
        finished = [self._done(known, row.ordinal) for row in rows if row.state == "intent"] if done else []
        if not done and any(row.state == "intent" for row in rows):
            return
        first = rows[-1].ordinal + 1 if rows else 0
        meant = [self._row(ordinal) for ordinal in range(first, first + count)]
        losses = [LossRow(link.conversation, "id", "m", len(finished), "")] if finished else []
        self.ledger.put(known, [*finished, *meant], self.migration, losses, len(finished))
        self.sent |= {(known.id, row.ordinal) for row in meant}
        self._lose(link, len(finished))

    @rule(link=links, landed=st.booleans())
    def reconcile(self, link: Link, landed: bool) -> None:
        """Find all that was meant, or none of it."""
        known = self._now(link)
        if known is None or known.target is None:
            return
        meant = [row.ordinal for row in self.ledger.rows(known) if row.state == "intent"]
        if landed:
            losses = [LossRow(link.conversation, "id", "m", len(meant), "")] if meant else []
            done = [self._done(known, ordinal) for ordinal in meant]
            self.ledger.put(known, done, self.migration, losses, len(meant))
            self._lose(link, len(meant))
        else:
            self.ledger.drop(known, meant)

    @rule(link=links)
    def settle(self, link: Link) -> None:
        known = self._now(link)
        if known is not None and known.target and all(row.state == "done" for row in self.ledger.rows(known)):
            self.ledger.settled(known)

    @rule(link=consumes(links))
    def forget(self, link: Link) -> None:
        known = self._now(link)
        if known is not None:
            self.ledger.forget(known)
            self.before = {key: state for key, state in self.before.items() if key[0] != known.id}

    def _now(self, link: Link) -> Link | None:
        known = self.ledger.link(link.conversation)
        return known if known is not None and known.id == link.id else None

    def _lose(self, link: Link, count: int) -> None:
        self.lost[link.conversation] = self.lost.get(link.conversation, 0) + count

    def _row(self, ordinal: int) -> Row:
        return Row(ordinal, f"s{ordinal}", "0", None, f"d{ordinal}", "intent", self.migration, NOW)

    def _done(self, link: Link, ordinal: int) -> Row:
        return Row(ordinal, f"s{ordinal}", "0", f"{link.target}.{ordinal}", f"d{ordinal}", "done", self.migration, NOW)

    @invariant()
    def messages_move_only_as_they_may(self) -> None:
        now = {(link.id, row.ordinal): row.state for link in self.ledger.links() for row in self.ledger.rows(link)}
        moves = {(self.before.get(key, ""), now.get(key, "")) for key in {*self.before, *now}}
        assert {move for move in moves if move[0] != move[1]} <= LEGAL
        self.before = dict(now)

    @invariant()
    def what_is_done_has_a_place_and_a_digest(self) -> None:
        rows = [row for link in self.ledger.links() for row in self.ledger.rows(link)]
        assert all(row.target and row.digest for row in rows if row.state == "done")

    @invariant()
    def ordinals_have_no_gaps(self) -> None:
        for link in self.ledger.links():
            assert [row.ordinal for row in self.ledger.rows(link)] == list(range(len(self.ledger.rows(link))))

    @invariant()
    def nothing_is_meant_before_its_conversation_is_there(self) -> None:
        assert all(link.target for link in self.ledger.links() if self.ledger.rows(link))

    @invariant()
    def markers_are_unique(self) -> None:
        markers = [link.marker for link in self.ledger.links()]
        assert len(markers) == len(set(markers))

    @invariant()
    def what_is_settled_has_nothing_open(self) -> None:
        settled = [link for link in self.ledger.links() if link.state == "settled"]
        assert all(row.state == "done" for link in settled for row in self.ledger.rows(link))

    @invariant()
    def losses_are_those_of_what_is_done(self) -> None:
        noted = {row.conversation: row.count for row in self.migrations.losses(self.migration)}
        assert noted == {conversation: count for conversation, count in self.lost.items() if count}

    def teardown(self) -> None:
        self.state.close()


Copying.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestLedger = Copying.TestCase
