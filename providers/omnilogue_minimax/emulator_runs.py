"""The calls of the MiniMax emulator that answer: runs, their streams and their steps."""

from collections.abc import Mapping
from typing import Any

from .emulator_calls import NO_LIST, NO_RUN, Answer, Call, Calls, Vendor
from .emulator_forms import (
    BAD_PARAMETERS,
    RECORDING,
    OutputFields,
    RefusedError,
    RunChoice,
    RunFields,
    RunUpdate,
    StepChoice,
    StepPage,
    StreamFields,
    StreamMessage,
    ThreadPage,
)
from .emulator_generation import Runner
from .emulator_objects import StoredRun
from .emulator_quirks import Path
from .emulator_shapes import SUCCESS, run_item, step_item
from .emulator_stream import Streamer

WITH_VOICE = 2


def _heard(message: StreamMessage) -> str:
    """Give a text, or what was understood of a recording."""
    is_spoken = message.type == RECORDING
    return f"a recording of {len(bytes.fromhex(message.content))} bytes" if is_spoken else message.content


class Runs(Calls):
    """Runs: each answers the last message of the user."""

    def __init__(self, vendor: Vendor) -> None:
        super().__init__(vendor)
        self._runner = Runner(vendor)
        self._streamer = Streamer(vendor, self._runner)

    def calls(self) -> Mapping[Path, Call]:
        """Give the calls by path."""
        return {
            "threads/run/create": Call("POST", RunFields, self._create, blank=NO_RUN),
            "threads/run/create_stream": Call("POST", StreamFields, self._create_stream, blank=NO_RUN),
            "threads/run/retrieve": Call("GET", RunChoice, self._retrieve, blank=NO_RUN),
            "threads/run/list": Call("GET", ThreadPage, self._list, blank=NO_LIST),
            "threads/run/cancel": Call("POST", RunChoice, self._cancel, blank={"run": None}),
            "threads/run/submit_tool_outputs": Call("POST", OutputFields, self._submit, blank=NO_RUN),
            "threads/run/modify": Call("POST", RunUpdate, self._modify, blank={"run": None}),
            "threads/run_steps/retrieve": Call("GET", StepChoice, self._retrieve_step),
            "threads/run_steps/list": Call("GET", StepPage, self._list_steps, blank=NO_LIST),
        }

    def _create(self, form: RunFields) -> Answer:
        self._check(form)
        return run_item(self._add(form), self.quirks)

    def _create_stream(self, form: StreamFields) -> Answer:
        if not form.messages and self.quirks.stream_without_messages == "2013":
            raise RefusedError(BAD_PARAMETERS, "messages is empty")
        roles = [self.role(message.role) for message in form.messages]
        self._check(form)
        added = [
            self.store.add_message(form.thread_id, role, _heard(message))
            for role, message in zip(roles, form.messages, strict=True)
        ]
        run = self._add(form)
        if form.stream == WITH_VOICE:
            voice = self.store.assistant(form.assistant_id).fields.get("t2a_option", {})
            run = self.store.change_run(run.thread_id, run.id, speaks=voice.get("format") or "mp3")
        return self._streamer.events(run, [message.id for message in added])

    def _retrieve(self, form: RunChoice) -> Answer:
        return run_item(self._runner.look(self._run(form)), self.quirks)

    def _list(self, form: ThreadPage) -> Answer:
        with self.known("thread", form.thread_id):
            rows = [self._runner.look(run) for run in self.store.runs(form.thread_id)]
        # Rows of this list, and of no other, carry their own `base_resp`.
        return self.page(rows, form, lambda run: {**run_item(run, self.quirks), "base_resp": dict(SUCCESS)})

    def _cancel(self, form: RunChoice) -> Answer:
        run = self._runner.cancel(self._run(form))
        return {"run": run_item(run, self.quirks)} if self.quirks.cancel_answer == "run" else {}

    def _submit(self, form: OutputFields) -> Answer:
        outputs = {each.tool_call_id: each.output for each in form.tool_outputs}
        if len(outputs) != len(form.tool_outputs):
            raise RefusedError(BAD_PARAMETERS, "invalid params, two outputs of one call")
        # The documented sample has this empty field beside the run's own.
        return {**run_item(self._runner.take_outputs(self._run(form), outputs), self.quirks), "run_id": ""}

    def _modify(self, form: RunUpdate) -> Answer:
        metadata = self.merged(self._run(form).metadata, form.metadata)
        return {"run": run_item(self.store.change_run(form.thread_id, form.run_id, metadata=metadata), self.quirks)}

    def _retrieve_step(self, form: StepChoice) -> Answer:
        run = self._run(form)
        steps = {step.id: step for step in self.store.steps(form.thread_id, form.run_id)}
        with self.known("step", form.step_id):
            return step_item(steps[form.step_id], run, self.quirks)

    def _list_steps(self, form: StepPage) -> Answer:
        run = self._run(form)
        steps = self.store.steps(form.thread_id, form.run_id)
        return self.page(steps, form, lambda step: step_item(step, run, self.quirks))

    def _run(self, form: RunChoice) -> StoredRun:
        with self.known("thread", form.thread_id):
            self.store.thread(form.thread_id)
        with self.known("run", form.run_id):
            return self.store.run(form.thread_id, form.run_id)

    def _check(self, form: RunFields) -> None:
        with self.known("thread", form.thread_id):
            self.store.thread(form.thread_id)
        with self.known("assistant", form.assistant_id):
            self.store.assistant(form.assistant_id)
        self._runner.refuse_second(form.thread_id)

    def _add(self, form: RunFields) -> StoredRun:
        given = form.model_dump(include={"model", "instructions"}, exclude_none=True)
        fields = self.store.assistant(form.assistant_id).fields
        own = [tool.model_dump(exclude_unset=True) for tool in form.tools]
        tools: tuple[Mapping[str, Any], ...] = tuple(own or fields.get("tools", ()))
        file_ids = tuple(fields.get("file_ids", ()))
        return self.store.add_run(
            form.thread_id, form.assistant_id, metadata=form.metadata, tools=tools, file_ids=file_ids, **given
        )
