"""The life of a run in the MiniMax emulator: time passes when somebody looks at it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from .emulator_calls import Vendor
from .emulator_forms import BAD_PARAMETERS, RefusedError
from .emulator_objects import StoredMessage, StoredRun
from .emulator_shapes import cited_part
from .emulator_tools import calls_left, told

CITE = "[cite]"
OUTPUT_FLAGGED = {"code": "1027", "message": "output new_sensitive"}
BROKEN = {"code": "1013", "message": "internal service error"}
REQUIRES_ACTION = "requires_action"
STAMPS = {"completed": "completed_at", "failed": "failed_at", "cancelled": "cancelled_at"}


@dataclass(frozen=True)
class Outcome:
    """How a run will end: its last state and the messages it will leave."""

    status: str
    messages: tuple[StoredMessage, ...] = ()
    error: dict[str, str] | None = None


class Runner:
    """Starts runs, lets them advance and ends them."""

    def __init__(self, vendor: Vendor) -> None:
        self._vendor = vendor

    def refuse_second(self, thread_id: str) -> None:
        """Refuse a run beside an active one; that one comes a step nearer to its end."""
        kind = self._vendor.quirks.active_run
        active = [run for run in self._vendor.store.runs(thread_id) if run.is_active]
        if kind == "allowed" or not active:
            return
        for run in active:
            self.look(run)
        message = f"thread {thread_id} already has an active run {active[0].id}"
        raise RefusedError(BAD_PARAMETERS, message, status=409 if kind == "409" else None)

    def look(self, run: StoredRun) -> StoredRun:
        """Let time pass for a run that is looked at, and give it as it is then."""
        if not run.is_active or run.is_streaming or run.status == REQUIRES_ACTION:
            return run
        looks, polls = run.looks + 1, self._vendor.quirks.polls
        if run.status == "cancelling":
            return self.end(run, Outcome("cancelled"))
        if looks > polls:
            run = self.call_tools(self._change(run, looks=looks))
            return run if run.status == REQUIRES_ACTION else self.end(run, self.compose(run))
        waits = run.status == "queued" and looks == 1 and polls > 1
        return self._change(run, looks=looks) if waits else self.start(run, looks=looks)

    def start(self, run: StoredRun, **changes: Any) -> StoredRun:
        """Let a run begin to work."""
        started = run.started_at or self._vendor.store.stamp()
        return self._change(run, status="in_progress", started_at=started, **changes)

    def compose(self, run: StoredRun) -> Outcome:
        """Decide how a run ends; what a stream has told already is not made up again."""
        quirks = self._vendor.quirks
        if run.said is not None:
            return Outcome("completed", run.said)
        if quirks.run_ends != "completed":
            return Outcome(quirks.run_ends, error=BROKEN if quirks.run_ends == "failed" else None)
        said: list[StoredMessage] = []
        for _ in range(quirks.messages_per_run):
            generation = self._vendor.model.generate(run.asked)
            if generation.finish == "filtered":
                return Outcome("failed", error=OUTPUT_FLAGGED)
            said.append(self._draft(run, told(generation.text, run.tools, run.rounds)))
        return Outcome("completed", tuple(said))

    def call_tools(self, run: StoredRun) -> StoredRun:
        """Let a run call what is left to be called: the vendor's tools at once, for functions it requires an action."""
        while left := calls_left(run.asked, run.tools, sum(len(made.calls) for made in run.rounds)):
            made = self._vendor.store.new_round(left[:1] if self._vendor.quirks.one_call_at_a_time else left)
            run = self._change(run, rounds=(*run.rounds, made))
            if made.waits:
                return self._change(run, status=REQUIRES_ACTION)
        return run

    def take_outputs(self, run: StoredRun, outputs: Mapping[str, str]) -> StoredRun:
        """Take what the functions said: all of them at once, and only once."""
        if run.status != REQUIRES_ACTION:
            raise RefusedError(BAD_PARAMETERS, f"run {run.id} is {run.status} and waits for no outputs")
        made = run.rounds[-1]
        waiting = {call.id for call in made.calls if call.output is None}
        if waiting != outputs.keys():
            raise RefusedError(BAD_PARAMETERS, f"invalid params, tool_outputs must be those of {sorted(waiting)}")
        calls = tuple(replace(call, output=outputs.get(call.id, call.output)) for call in made.calls)
        rounds = (*run.rounds[:-1], replace(made, calls=calls))
        return self._change(run, rounds=rounds, status="queued", looks=0)

    def end(self, run: StoredRun, outcome: Outcome) -> StoredRun:
        """Store what a run leaves and its last state."""
        store = self._vendor.store
        for message in outcome.messages:
            store.keep_message(message)
        stamp = {STAMPS[outcome.status]: store.stamp()} if outcome.status in STAMPS else {}
        return self._change(run, status=outcome.status, last_error=outcome.error, is_streaming=False, **stamp)

    def cancel(self, run: StoredRun) -> StoredRun:
        """Stop a run."""
        if not run.is_active:
            raise RefusedError(BAD_PARAMETERS, f"run {run.id} is {run.status} and cannot be cancelled")
        if self._vendor.quirks.cancelling:
            return self._change(run, status="cancelling")
        return self.end(run, Outcome("cancelled"))

    def _change(self, run: StoredRun, **changes: Any) -> StoredRun:
        return self._vendor.store.change_run(run.thread_id, run.id, **changes)

    def _draft(self, run: StoredRun, text: str) -> StoredMessage:
        parts = [cited_part(text, run.asked.count(CITE), run.named_files)]
        return self._vendor.store.draft_message(
            run.thread_id, "assistant", parts, run_id=run.id, assistant_id=run.assistant_id
        )
