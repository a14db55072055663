"""The frames of the MindCraft emulator's agent, in the forms and orders that the quirks choose."""

import random
from collections.abc import Iterator
from typing import Any

from omnilogue.emulator import Generation

from .emulator_forms import AgentFields
from .emulator_quirks import MindCraftQuirks

DONE = 1008
PIECES_OF_A_SENTENCE = 2
SECONDS_OF_A_PIECE = 0.4
AGENT = "chat_bot_v3"


def status_frame(message: str, status: int, data: dict[str, Any] | None = None) -> dict[str, Any]:
    """Give a frame that tells how things stand."""
    frame = {"socket_type": "agent_event", "socket_message": message, "socket_status": status, "agent_name": AGENT}
    return frame if data is None else {**frame, "socket_data": data}


def refusal_frame(status: int, words: str, *, at: str = "message") -> dict[str, Any]:
    """Give a frame that says no."""
    return status_frame("request_failed", status, {at: words})


def agent_frames(
    asked: str, generation: Generation, fields: AgentFields, quirks: MindCraftQuirks, origin: str
) -> Iterator[dict[str, Any]]:
    """Give the frames of an answer, without the last."""
    outputs = list(_outputs(asked, generation, fields, origin))
    if quirks.agent_gap is not None:
        outputs = [one for one in outputs if one["output_type"] != "llm" or one["z_index"] != quirks.agent_gap]
    if quirks.agent_order == "reversed":
        outputs.reverse()
    elif quirks.agent_order == "shuffled":
        random.Random(len(outputs)).shuffle(outputs)  # noqa: S311  # an order, the same each time; it guards nothing
    for number, output in enumerate(outputs):
        for _ in range(2 if quirks.agent_doubles else 1):
            if quirks.agent_foreign:
                yield from FOREIGN
            frame = _shaped(output, quirks, number)
            yield {**frame, "padding": "x" * quirks.agent_padding} if quirks.agent_padding else frame


def _outputs(asked: str, generation: Generation, fields: AgentFields, origin: str) -> Iterator[dict[str, Any]]:
    if fields.emotion_output:
        yield {"output_type": "emotion", "emotion_output": "happy"}
    step = PIECES_OF_A_SENTENCE
    for place, start in enumerate(range(0, len(generation.pieces), step)):
        pieces = generation.pieces[start : start + step]
        yield {"output_type": "llm", "asr_content": asked, "llm_response": "".join(pieces), "z_index": place}
        seconds = round(SECONDS_OF_A_PIECE * len(pieces), 2)
        link = "/v1/data/get_stream_tts/a.mp3" if place == 0 else f"/static/agent/a/{place + 1}.mp3"
        yield {"output_type": "tts", "audio_seconds": seconds, "tts_audio": origin + link, "z_index": place}


def _shaped(output: dict[str, Any], quirks: MindCraftQuirks, number: int) -> dict[str, Any]:
    shape = quirks.agent_shape
    if shape == "mixed":
        shape = "top_level" if number % 2 else "socket_data"
    if shape == "untyped":  # as older agents, which name no type
        names = {"emotion_output": "emotion_value"}
        output = {names.get(name, name): value for name, value in output.items() if name != "output_type"}
    if shape == "top_level":
        return {**status_frame("request_completed", 1003), "event_name": "agent_action", "agent_output": output}
    return status_frame("agent_event", 1007, {"agent_output": output})


FOREIGN: tuple[dict[str, Any], ...] = (
    {"socket_type": "device_event", "socket_message": "battery", "socket_status": 1042, "socket_data": {"level": 7}},
    {
        **status_frame("request_completed", 1003),
        "socket_id": "somebody-else",
        "agent_output": {"output_type": "llm", "llm_response": "Not for you.", "z_index": 0},
    },
    {**status_frame("agent_stop", 1006), "socket_id": "somebody-else"},
)
"""Frames that are no part of the answer."""
