"""The emulator's agent: strict about what is documented, with the vendor's contradictions as switches."""

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, TypeAlias

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from omnilogue_mindcraft.emulator import API_KEY, MindCraftEmulator

Frame: TypeAlias = dict[str, Any]
Open: TypeAlias = Callable[..., AbstractContextManager[ClientConnection]]

ASK: Frame = {"agent_name": "chat_bot_v3", "mode": "pro", "asr_text": "one two three four", "emotion_output": True}


@pytest.fixture
def opened(vendor: MindCraftEmulator) -> Open:
    """Give what opens a socket with a token, by the first frame or the query."""

    @contextmanager
    def opened(token: str = API_KEY, *, in_query: bool = False) -> Iterator[ClientConnection]:
        url = vendor.url.replace("http://", "ws://").removesuffix("/v1/") + "/socket-v1/"
        with connect(f"{url}?token={token}" if in_query else url, close_timeout=0.2) as socket:
            if not in_query:
                tell(socket, "agent_event", "auth_token", {"token": token})
            yield socket

    return opened


def tell(socket: ClientConnection, kind: str, name: str, params: Frame | None = None) -> None:
    socket.send(json.dumps({"socket_type": kind, "event_name": name, "event_params": params or {}}))


def heard(socket: ClientConnection) -> Frame:
    frame = json.loads(socket.recv(timeout=2))
    assert isinstance(frame, dict)
    return frame


def answer(socket: ClientConnection, params: Frame) -> list[Frame]:
    """Ask, and give the frames up to the end or a refusal."""
    assert heard(socket)["socket_status"] == 1008
    tell(socket, "agent_event", "agent_action", params)
    frames = [heard(socket)]
    while frames[-1]["socket_status"] < 2000 and frames[-1]["socket_status"] != 1006:
        frames.append(heard(socket))
    return frames


@pytest.mark.parametrize("in_query", [False, True])
def test_the_key_lets_in(opened: Open, in_query: bool) -> None:
    with opened(in_query=in_query) as socket:
        found = heard(socket)

    assert (found["socket_message"], found["socket_status"]) == ("connection_established", 1008)


@pytest.mark.parametrize(("token", "status"), [("MC-" + "0" * 32, 2003), ("an-old-token", 2004)])
def test_other_tokens_are_refused_and_the_socket_closed(opened: Open, token: str, status: int) -> None:
    with opened(token) as socket:
        assert heard(socket)["socket_status"] == status
        with pytest.raises(ConnectionClosed):
            heard(socket)


def test_an_answer_has_the_frames_of_the_page(vendor: MindCraftEmulator, opened: Open) -> None:
    session = vendor.store.add_session("Trip")
    with opened() as socket:
        frames = answer(socket, {**ASK, "session_token": session.session_token})

    assert frames[0] == {
        "socket_type": "agent_event",
        "socket_message": "request_completed",
        "socket_status": 1003,
        "event_name": "agent_action",
        "agent_name": "chat_bot_v3",
        "agent_output": {"output_type": "emotion", "emotion_output": "happy"},
    }
    outputs = [frame["agent_output"] for frame in frames[1:-1]]
    assert "".join(one["llm_response"] for one in outputs[::2]) == "Answer 1 to: one two three four"
    assert {one["asr_content"] for one in outputs[::2]} == {"one two three four"}
    assert [one["z_index"] for one in outputs] == [0, 0, 1, 1, 2, 2, 3, 3]
    assert outputs[1] == {
        "output_type": "tts",
        "audio_seconds": 0.8,
        "tts_audio": f"{vendor.url}data/get_stream_tts/a.mp3",
        "z_index": 0,
    }
    assert (frames[-1]["socket_message"], frames[-1]["socket_status"]) == ("agent_stop", 1006)
    stored = [(row.category, row.content) for row in vendor.store.messages(session.session_id)]
    assert stored == [("user", "one two three four"), ("assistant", "Answer 1 to: one two three four")]


def test_the_documented_default_cuts_answers(opened: Open) -> None:
    with opened() as socket:
        frames = answer(socket, {**ASK, "asr_text": "word " * 200})

    said = "".join(frame["agent_output"].get("llm_response", "") for frame in frames[:-1])
    assert len(said.split()) == 100


@pytest.mark.parametrize(
    "wrong",
    [
        {"mode": "fast"},
        {"mode": None},
        {"agent_name": "chat_bot_v2"},
        {"max_tokens": 8001},
        {"upload_format": "mp3"},
        {"upload_sample_rate": 44100},
        {"language": "fr"},
        {"nobody_knows": 1},
        {"session_token": "5f0c0e0a-0000-4000-8000-000000000001"},
    ],
)
def test_what_the_page_does_not_have_is_refused(opened: Open, wrong: Frame) -> None:
    with opened() as socket:
        assert answer(socket, {**ASK, **wrong})[-1]["socket_status"] == 4006


@pytest.mark.parametrize("end", ["stream_asr", "agent_action"])
def test_a_recording_is_heard_to_its_end(opened: Open, end: str) -> None:
    with opened() as socket:
        assert heard(socket)["socket_status"] == 1008
        tell(socket, "agent_event", "agent_action", {**ASK, "asr_text": "", "emotion_output": False})
        for piece in (b"12", b"3456"):
            socket.send(piece)
        tell(socket, "intervent_event", end)

        assert heard(socket)["socket_status"] == 1004
        assert heard(socket)["agent_output"]["asr_content"].startswith("Heard 6 bytes of pcm at 16000, ")


def test_a_recording_of_nothing_is_not_recognised(opened: Open) -> None:
    with opened() as socket:
        assert heard(socket)["socket_status"] == 1008
        tell(socket, "agent_event", "agent_action", {**ASK, "asr_text": ""})
        tell(socket, "intervent_event", "stream_asr")
        found = heard(socket)

    assert (found["socket_status"], "error" in found["socket_data"]) == (3001, True)


@pytest.mark.parametrize(("left_early", "kept"), [("nothing", 0), ("partial", 1), ("whole", 1)])
def test_an_answer_can_be_stopped(vendor: MindCraftEmulator, opened: Open, left_early: Any, kept: int) -> None:
    vendor.configure(piece_delay=0.02, left_early=left_early)
    session = vendor.store.add_session("Trip")
    with opened() as socket:
        assert heard(socket)["socket_status"] == 1008
        tell(socket, "agent_event", "agent_action", {**ASK, "asr_text": "a b", "session_token": session.session_token})
        heard(socket)
        tell(socket, "intervent_event", "stream_output")
        while (last := heard(socket))["socket_status"] != 1006:
            pass

    assert last["socket_message"] == "agent_stop_force"
    stored = [row.content for row in vendor.store.messages(session.session_id) if row.category == "assistant"]
    assert len(stored) == kept


def test_several_questions_fit_one_socket(opened: Open) -> None:
    with opened() as socket:
        first = answer(socket, ASK)
        tell(socket, "agent_event", "agent_action", ASK)

        assert heard(socket)["agent_output"] == first[0]["agent_output"]


def test_a_refresh_token_renews_once(vendor: MindCraftEmulator, opened: Open) -> None:
    import httpx

    vendor.refresh_tokens = {"refresh"}
    with httpx.Client(base_url=vendor.url, headers={"Authorization": f"Bearer {API_KEY}"}, verify=False) as client:
        first = client.post("device/token/", json={"refresh_token": "refresh"})
        again = client.post("device/token/", json={"refresh_token": "refresh"})

    assert (first.status_code, again.status_code) == (200, 401)
    with opened(first.json()["data"]["access_token"]) as socket:
        assert heard(socket)["socket_status"] == 1008
