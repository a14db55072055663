"""The streamed runs of the MiniMax emulator: `data:` lines without event names and without an end mark."""

import json
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from omnilogue.emulator import split_pieces

from .emulator_calls import UNKNOWN, Vendor
from .emulator_generation import REQUIRES_ACTION, Outcome, Runner
from .emulator_objects import StoredMessage, StoredRun, step_of
from .emulator_quirks import MiniMaxQuirks
from .emulator_shapes import message_item, run_item, step_item


class Streamer:
    """Tells a run while it happens."""

    def __init__(self, vendor: Vendor, runner: Runner) -> None:
        self._vendor = vendor
        self._runner = runner

    def events(self, run: StoredRun, added: Sequence[str]) -> Generator[bytes, None, None]:
        """Give the events of a new run, beginning with the messages that were added for it."""
        queued = self._run_event(run)
        run = self._runner.call_tools(self._runner.start(run, is_streaming=True))
        requires_action = run.status == REQUIRES_ACTION
        outcome = Outcome(run.status) if requires_action else self._runner.compose(run)
        run = self._vendor.store.change_run(run.thread_id, run.id, said=outcome.messages or None)
        try:
            yield queued
            yield self._run_event(replace(run, status="in_progress")) + self._added(run, added)
            yield from self._called(run)
            if requires_action:
                yield self._run_event(run)
            else:
                yield from self._work(run, outcome)
        except GeneratorExit:
            if self._quirks.left_early == "cancelled" and self._goes_on(run):
                self._runner.end(run, Outcome("cancelled"))
            raise
        finally:
            self._not_streaming(run)

    def _work(self, run: StoredRun, outcome: Outcome) -> Iterator[bytes]:
        """Give the messages, unless the run is cancelled or breaks meanwhile, and the end."""
        for sent, event in enumerate(self._answer(run, outcome)):
            if not self._goes_on(run):
                break
            if sent == self._quirks.stream_error_at:
                yield self._break(run)
                return
            yield event
        if self._quirks.stream_end == "closed":
            return
        # Stored before the last bytes leave: who has the whole answer finds it in the thread.
        goes_on = self._goes_on(run)
        yield self._end(self._runner.end(run, outcome) if goes_on else self._runner.look(self._not_streaming(run)))

    def _called(self, run: StoredRun) -> Iterator[bytes]:
        for step in self._vendor.store.steps(run.thread_id, run.id):
            if step.calls:
                is_done = all(call.output is not None for call in step.calls)
                yield self._event({**step_item(step, run, self._quirks, is_done=is_done), "object": "run step"})

    def _answer(self, run: StoredRun, outcome: Outcome) -> Iterator[bytes]:
        for message in outcome.messages:
            yield self._step_event(run, message, is_done=False)
            yield from self._pieces(message, run.speaks)
            yield self._step_event(run, message, is_done=True)

    @property
    def _quirks(self) -> MiniMaxQuirks:
        return self._vendor.quirks

    def _goes_on(self, run: StoredRun) -> bool:
        return self._vendor.store.run(run.thread_id, run.id).status == "in_progress"

    def _not_streaming(self, run: StoredRun) -> StoredRun:
        return self._vendor.store.change_run(run.thread_id, run.id, is_streaming=False)

    # What happened, as bytes.

    def _run_event(self, run: StoredRun) -> bytes:
        return self._event({**run_item(run, self._quirks), "object": "run"}) + self._noise()

    def _step_event(self, run: StoredRun, message: StoredMessage, *, is_done: bool) -> bytes:
        step = step_item(step_of(message), run, self._quirks, is_done=is_done)
        return self._event({**step, "object": "run step"}) + self._noise()

    def _added(self, run: StoredRun, ids: Sequence[str]) -> bytes:
        stored = [self._vendor.store.message(run.thread_id, each) for each in ids]
        return b"".join(self._event(message_item(message, self._quirks)) for message in stored)

    def _pieces(self, message: StoredMessage, speaks: str) -> Iterator[bytes]:
        """Give a message piece by piece; its citations come with the last one, the voice behind each."""
        item = message_item(message, self._quirks)
        pieces = split_pieces(message.text)
        for number, piece in enumerate(pieces, 1):
            value = piece if self._quirks.stream_deltas == "increment" else "".join(pieces[:number])
            annotations: list[Any] | None = None if self._quirks.no_annotations == "null" else []
            if number == len(pieces):
                annotations = item["content"][0]["text"]["annotations"]
            part = {"type": "text", "text": {"value": value, "annotations": annotations}}
            yield self._event({**item, "content": [part]})
            if speaks:
                yield from self._voice(item, voice_of(piece, speaks).hex())

    def _voice(self, item: Mapping[str, Any], spoken: str) -> Iterator[bytes]:
        cuts = [spoken[:3], spoken[3:]] if self._quirks.odd_voice else [spoken]
        for cut in cuts:
            yield self._event(
                {**item, "content": [{"type": "audio_file", "id": "audio_1", "audio_file": {"value": cut}}]}
            )

    def _break(self, run: StoredRun) -> bytes:
        error = {"code": str(self._quirks.stream_error_code), "message": "the model stopped working"}
        self._runner.end(run, Outcome("failed", error=error))
        return self._event(None, self._base_resp(self._quirks.stream_error_code, error["message"]))

    def _end(self, run: StoredRun) -> bytes:
        """Give the last event of a run that ended."""
        item = {**run_item(run, self._quirks), "object": "run"}
        if self._quirks.stream_end == "run_final":
            return self._event(item)
        error = run.last_error or {"code": str(UNKNOWN), "message": f"the run is {run.status}"}
        if run.status in {"completed", "cancelled"}:
            error = {"code": "0", "message": "success"}
        told = None if self._quirks.stream_end == "status_code" else item
        return self._event(told, self._base_resp(int(error["code"]), error["message"]))

    def _base_resp(self, code: int, message: str) -> dict[str, Any]:
        names = ("code", "message") if self._quirks.stream_base_resp == "code" else ("status_code", "status_msg")
        return dict(zip(names, (code, message), strict=True))

    def _noise(self) -> bytes:
        if not self._quirks.stream_noise:
            return b""
        note = {"object": "note", "text": "nobody documented this"}
        return _line({"base_resp": {}}) + self._event(None) + self._event(note)

    def _event(self, data: Mapping[str, Any] | None, base_resp: Mapping[str, Any] | None = None) -> bytes:
        return _line({"data": data, "base_resp": base_resp or {}})


def voice_of(text: str, speaks: str) -> bytes:
    """Give the voice that says a text, which nobody can hear."""
    return f"<{speaks}>{text}".encode()


def _line(value: Mapping[str, Any]) -> bytes:
    return f"data: {json.dumps(value, ensure_ascii=False)}\n\n".encode("utf-8", errors="replace")
