"""The agent over a real websocket: questions, answers, and all that can go wrong between them."""

import asyncio
import gc
import os
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from omnilogue import AsyncClient, AsyncRemote
from omnilogue.errors import (
    AuthenticationError,
    ConfigurationError,
    InvalidInputError,
    OmnilogueError,
    RunFailedError,
    UnsupportedOperationError,
)
from omnilogue.model import AudioPart, Event, Reply, ReplyCompleted, TextDelta
from omnilogue.provider import Turn
from omnilogue_mindcraft import MindCraft, MindCraftSettings
from omnilogue_mindcraft.emulator import API_KEY, MindCraftEmulator

pytestmark = pytest.mark.anyio

Connect: TypeAlias = Callable[..., MindCraft]
SOCKET = "/socket-v1/"
TEXT = "Where to go in May, with a child of seven?"


@pytest.fixture
def vendor() -> Iterator[MindCraftEmulator]:
    """Show the token of a conversation that has no messages yet, as one does that was created here."""
    with MindCraftEmulator(list_shows_token=True) as emulator:
        yield emulator


@pytest.fixture
def agent(connect: Connect) -> MindCraft:
    return connect(generation="agent", upload={"interval": 0})


async def told(provider: MindCraft, session: str, *content: Any, **options: Any) -> tuple[list[Event], Reply]:
    turn = Turn.model_validate({"parts": content or [{"type": "text", "text": TEXT}], **options})
    events = [event async for event in provider.stream(session, turn)]
    last = events[-1]
    assert isinstance(last, ReplyCompleted)
    return events, last.reply


async def failure(provider: MindCraft, session: str, **options: Any) -> OmnilogueError:
    with pytest.raises(OmnilogueError) as caught:
        await told(provider, session, **options)
    assert API_KEY not in f"{caught.value!r} {vars(caught.value)}"
    return caught.value


def said(events: list[Event]) -> str:
    return "".join([event.text for event in events if isinstance(event, TextDelta)])


def stored(vendor: MindCraftEmulator, session: str) -> list[tuple[str, str]]:
    return [(row.category, row.content) for row in vendor.store.messages(int(session))]


def frames(vendor: MindCraftEmulator) -> list[Any]:
    return [entry.body for entry in vendor.journal.requests(SOCKET, method="WS")]


# Answers


SHAPES: list[dict[str, Any]] = [
    {},
    {"agent_shape": "socket_data"},
    {"agent_shape": "mixed"},
    {"agent_shape": "untyped"},
    {"agent_order": "reversed"},
    {"agent_order": "shuffled", "agent_shape": "mixed"},
    {"agent_doubles": True},
    {"agent_doubles": True, "agent_order": "shuffled"},
    {"agent_foreign": True},
    {"agent_foreign": True, "agent_echoes_id": True, "agent_order": "reversed", "agent_shape": "socket_data"},
    {"agent_gap": 1},
    {"agent_gap": 0},
    {"agent_padding": 2 << 20},
]


@pytest.mark.parametrize("quirks", SHAPES)
async def test_every_form_of_an_answer_gives_the_same_reply(
    vendor: MindCraftEmulator, agent: MindCraft, session: str, quirks: dict[str, Any]
) -> None:
    vendor.configure(**quirks)

    events, reply = await told(agent, session)

    assert reply.text == said(events) == f"Answer 1 to: {TEXT}"
    assert stored(vendor, session) == [("user", TEXT), ("assistant", reply.text)]
    assert reply.messages[0].id == str(vendor.store.messages(int(session))[-1].message_id)
    assert (reply.emotion, reply.status, reply.messages[0].status) == ("happy", "complete", "complete")
    assert [part.model_dump()["seconds"] for part in reply.audio] == [*[0.8] * 6, 0.4]
    assert {event.run_id for event in events} == {reply.run_id}


async def test_what_is_asked_is_what_the_page_documents(
    vendor: MindCraftEmulator, connect: Connect, session: str
) -> None:
    agent = connect(generation="agent", agent={"voice_id": "cute_boy"})

    await told(agent, session, options={"language": "zh"}, model="GLM-4-Air", max_output_tokens=300)

    auth, ask = frames(vendor)
    assert auth == {
        "socket_type": "agent_event",
        "event_name": "auth_token",
        "event_params": {"token": "[redacted]"},
    }
    assert ask.pop("socket_id")
    assert ask == {
        "socket_type": "agent_event",
        "event_name": "agent_action",
        "event_params": {
            "agent_name": "chat_bot_v3",
            "mode": "pro",
            "llm_model": "GLM-4-Air",
            "max_tokens": 300,
            "voice_id": "cute_boy",
            "emotion_output": True,
            "language": "zh",
            "session_token": vendor.store.session(int(session)).session_token,
            "asr_text": TEXT,
        },
    }


async def test_a_gap_that_nothing_fills_makes_the_reply_partial(
    vendor: MindCraftEmulator, agent: MindCraft, session: str
) -> None:
    vendor.configure(agent_gap=1, agent_stores="user")

    events, reply = await told(agent, session)

    assert reply.text == said(events) == "Answer 1 to go in May, with a child of seven?"
    assert (reply.status, reply.messages[0].id, reply.messages[0].text) == ("partial", None, reply.text)


async def test_a_gap_is_no_less_a_gap_when_what_came_is_stored_from_here(
    vendor: MindCraftEmulator, connect: Connect, session: str
) -> None:
    vendor.configure(agent_gap=1, agent_stores="none")

    events, reply = await told(connect(generation="agent", persist="auto"), session)

    assert (reply.status, reply.text) == ("partial", said(events))
    assert stored(vendor, session) == [("user", TEXT), ("assistant", reply.text)]


@pytest.mark.parametrize(("persist", "expected"), [("client", []), ("server", []), ("auto", ["user", "assistant"])])
async def test_what_the_vendor_does_not_store_is_stored_where_that_is_wished(
    vendor: MindCraftEmulator, connect: Connect, session: str, persist: str, expected: list[str]
) -> None:
    vendor.configure(agent_stores="none")

    _, reply = await told(connect(generation="agent", persist=persist), session)

    assert [role for role, _ in stored(vendor, session)] == expected
    assert (reply.messages[0].id is not None) == bool(expected)
    assert reply.text == f"Answer 1 to: {TEXT}"


async def test_an_answer_is_not_lost_for_want_of_its_id(
    vendor: MindCraftEmulator, agent: MindCraft, session: str
) -> None:
    vendor.store.add_message(int(session), "user", "earlier")
    vendor.fail_next("status", every=2, method="GET", path="message/")

    _, reply = await told(agent, session)

    assert (reply.text, reply.messages[0].id) == (f"Answer 1 to: {TEXT}", None)


# Who answers


async def test_a_turn_chooses_who_answers(vendor: MindCraftEmulator, connect: Connect, session: str) -> None:
    await told(connect(), session, options={"generation": "agent"})
    await told(connect(generation="agent"), session, options={"generation": "http"}, model="glm")

    assert len(vendor.journal.requests(SOCKET, method="GET")) == 1
    assert len(vendor.journal.requests("chat/completions")) == 1


async def test_a_generation_that_is_none_is_refused(vendor: MindCraftEmulator, agent: MindCraft, session: str) -> None:
    with pytest.raises(InvalidInputError, match="generation"):
        await told(agent, session, options={"generation": "magic"})

    assert len(vendor.journal) == 0


async def test_a_turn_without_parts_is_answered_over_http(
    vendor: MindCraftEmulator, agent: MindCraft, session: str
) -> None:
    vendor.store.add_message(int(session), "user", TEXT)
    options = {"voice_id": "cute_boy", "llm_model": "glm"}

    reply = await agent.send(session, Turn(options=options))

    assert reply.text == f"Answer 1 to: {TEXT}"
    assert vendor.journal.requests("chat/completions")[0].body["model"] == "glm"
    assert frames(vendor) == []


def test_the_grades_follow_the_settings(vendor: MindCraftEmulator, connect: Connect) -> None:
    rows = ("send_audio", "receive_audio", "stop")

    assert [connect().features[name].grade for name in rows] == ["unsupported"] * 3
    assert [connect(generation="agent").features[name].grade for name in rows] == ["native"] * 3


# Recordings


@pytest.mark.parametrize("kind", ["pcm", "wav", "opus", "speex", "aac", "amr"])
@pytest.mark.parametrize("rate", [8000, 16000])
async def test_a_recording_goes_up_unchanged(
    vendor: MindCraftEmulator, agent: MindCraft, session: str, kind: str, rate: int
) -> None:
    recording = AudioPart(data=os.urandom(5000))

    events, reply = await told(agent, session, recording, options={"upload_format": kind, "upload_sample_rate": rate})

    heard = [event.text for event in events if event.type == "transcript"]
    assert heard[0] == "Heard"
    assert heard[-1].startswith(f"Heard 5000 bytes of {kind} at {rate}, ")
    assert stored(vendor, session) == [("user", heard[-1]), ("assistant", reply.text)]
    assert reply.messages[0].id
    *_, first, second, third, end = frames(vendor)
    assert [first, second, third] == [2048, 2048, 904]
    assert end == {"socket_type": "intervent_event", "event_name": "stream_asr"}


async def test_pieces_are_paced(vendor: MindCraftEmulator, connect: Connect, session: str) -> None:
    agent = connect(generation="agent", upload={"piece_bytes": 64, "interval": 0.5, "end_event": "agent_action"})
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    agent.context.clock.sleep = sleep  # type: ignore[method-assign]
    await told(agent, session, AudioPart(name="a.pcm", data=bytes(130)))

    assert slept == [0.5] * 3
    assert frames(vendor)[-1]["event_name"] == "agent_action"


async def test_spoken_answers_are_fetched_only_when_asked_for(
    vendor: MindCraftEmulator, agent: MindCraft, session: str
) -> None:
    _, reply = await told(agent, session)
    assert not [entry for entry in vendor.journal if ".mp3" in entry.path]

    data = await agent.download(reply.audio[1])

    assert data.endswith(b"/static/agent/a/2.mp3")


@pytest.mark.parametrize(
    "url",
    [
        "https://elsewhere.example/a.mp3",
        "http://localhost/a.mp3",
        "http://169.254.169.254/latest",
        "http://[::1]/a.mp3",
        "https://user:word@api.mindcraft.com.cn/a.mp3",
        "file:///etc/passwd",
        "no link",
        "https://[",
    ],
)
async def test_links_elsewhere_are_not_fetched(vendor: MindCraftEmulator, agent: MindCraft, url: str) -> None:
    with pytest.raises((ConfigurationError, InvalidInputError)):
        await agent.download(AudioPart(url=url))

    assert len(vendor.journal) == 0


async def test_an_allowed_host_is_not_fetched_from_a_private_network(connect: Connect) -> None:
    agent = connect(generation="agent", media_hosts=["localhost"], allow_http=True)

    with pytest.raises(ConfigurationError, match="private"):
        await agent.download(AudioPart(url="https://localhost/a.mp3"))


# Credentials


@pytest.mark.parametrize("how", ["frame", "query"])
async def test_a_wrong_key_is_refused(vendor: MindCraftEmulator, connect: Connect, session: str, how: str) -> None:
    agent = connect(generation="agent", socket_auth=how)
    await told(agent, session)
    key = "MC-" + "0" * 32
    vendor.device_tokens = set()
    other = connect(generation="agent", socket_auth=how, device_token=key)

    found = await failure(other, session)

    assert (found.code, found.vendor_code, found.outcome) == ("auth", "2003", "not_sent")
    assert key not in f"{found!r} {vars(found)}"
    assert not any(key in str(entry) for entry in vendor.journal)


async def test_an_expired_device_token_is_renewed_once(
    vendor: MindCraftEmulator, connect: Connect, session: str
) -> None:
    vendor.refresh_tokens = {"refresh-me-please"}
    agent = connect(generation="agent", device_token="expired-token", refresh_token="refresh-me-please")

    await told(agent, session)
    await told(agent, session)

    assert len(vendor.journal.requests("device/token/")) == 1
    assert len(vendor.journal.requests(SOCKET, method="GET")) == 3
    assert not any("refresh-me-please" in str(entry) for entry in vendor.journal)


async def test_a_reference_to_a_device_token_is_looked_up_again(
    vendor: MindCraftEmulator, connect: Connect, session: str, tmp_path: Path
) -> None:
    file = tmp_path / "token"
    file.write_text("old-device-token")
    file.chmod(0o600)
    vendor.device_tokens = {"old-device-token"}
    agent = connect(generation="agent", device_token=f"file:{file}")
    await told(agent, session)
    vendor.device_tokens = {"new-device-token"}
    file.write_text("new-device-token")

    await told(agent, session)

    assert len(stored(vendor, session)) == 4


async def test_renewing_says_nothing_about_the_turn(
    vendor: MindCraftEmulator, session: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    vendor.refresh_tokens = {"refresh-me-please"}
    monkeypatch.setattr(vendor, "_token_status", lambda _: 2004)
    tokens = {"device_token": "expired-token", "refresh_token": "refresh-me-please"}
    settings = {"provider": "mindcraft", **vendor.settings, "generation": "agent", **tokens}

    async with AsyncClient(False, remotes={"work": settings}, state="memory:") as client:
        with pytest.raises(AuthenticationError) as caught:
            await client.remote().send(session, TEXT)

    assert caught.value.outcome == "not_sent"
    assert len(vendor.journal.requests("device/token/")) == 1


async def test_a_missing_path_to_renew_is_told_and_blocks_nothing(vendor: MindCraftEmulator, session: str) -> None:
    vendor.configure(guessed_paths="missing")
    tokens = {"device_token": "expired-token", "refresh_token": "refresh-me-please"}
    settings = {"provider": "mindcraft", **vendor.settings, "generation": "agent", **tokens}

    async with AsyncClient(False, remotes={"work": settings}, state="memory:") as client:
        for _ in range(2):
            with pytest.raises(AuthenticationError, match="could not be renewed"):
                await client.remote().send(session, TEXT)


async def test_a_token_that_cannot_be_renewed_is_refused(
    vendor: MindCraftEmulator, connect: Connect, session: str
) -> None:
    agent = connect(generation="agent", device_token="expired-token")

    found = await failure(agent, session)

    assert isinstance(found, AuthenticationError)
    assert (found.vendor_code, found.outcome) == ("2004", "not_sent")
    assert len(vendor.journal.requests(SOCKET, method="GET")) == 1


# Refusals


@pytest.mark.parametrize("after", [0, 2])
@pytest.mark.parametrize(
    ("status", "code", "outcome"),
    [
        (2003, "auth", "unknown"),
        (2004, "auth", "unknown"),
        (3001, "bad_request", "rejected"),
        (3002, "quota", "rejected"),
        (4006, "server", "unknown"),
        (4999, "server", "unknown"),
    ],
)
async def test_a_refusal_is_told(  # noqa: PLR0917  # one column of the table each
    vendor: MindCraftEmulator, agent: MindCraft, session: str, status: int, code: str, outcome: str, after: int
) -> None:
    vendor.configure(agent_refuses=status, agent_refuses_after=after)

    found = await failure(agent, session)

    assert (found.code, found.vendor_code) == (code, str(status))
    assert found.outcome == ("unknown" if after else outcome)


async def test_silence_in_a_recording_is_a_bad_request(
    vendor: MindCraftEmulator, agent: MindCraft, session: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("omnilogue_mindcraft.emulator_agent.AgentDesk._hear", lambda *_: asyncio.sleep(0, ""))

    with pytest.raises(OmnilogueError) as caught:
        await told(agent, session, AudioPart(name="a.pcm", data=bytes(4)))

    assert (caught.value.code, caught.value.vendor_code, caught.value.outcome) == ("bad_request", "3001", "rejected")
    assert stored(vendor, session) == []


# Broken connections


@pytest.mark.parametrize(
    ("fault", "details", "code"),
    [
        ("socket_close", {"code": 1000}, "stream_broken"),
        ("socket_close", {"code": 1001}, "stream_broken"),
        ("socket_close", {"code": 1008}, "auth"),
        ("socket_close", {"code": 1009}, "too_large"),
        ("socket_close", {"code": 1011}, "server"),
        ("socket_close", {"code": 3000}, "auth"),
        ("stream_cut", {}, "stream_broken"),
        ("stream_cut", {"reset": True}, "stream_broken"),
        ("socket_message", {"data": "{"}, "bad_response"),
        ("socket_message", {"data": "[" * 100_000}, "bad_response"),
        ("socket_message", {"data": '"' + "x" * (17 << 20) + '"'}, "too_large"),
        ("socket_silence", {"seconds": 2.0}, "stream_broken"),
    ],
)
async def test_an_answer_that_breaks_leaves_open_what_is_stored(  # noqa: PLR0917  # one column of the table each
    vendor: MindCraftEmulator, connect: Connect, session: str, fault: str, details: dict[str, Any], code: str
) -> None:
    agent = connect(generation="agent", read_timeout=0.5 if fault == "socket_silence" else 10.0)
    vendor.fail_next(fault, path=SOCKET, after=4, **details)

    found = await failure(agent, session)

    assert (found.code, found.outcome) == (code, "unknown")


@pytest.mark.parametrize(
    ("quirks", "fault", "code"),
    [
        ({"agent_silent_auth": True}, None, "timeout"),
        ({}, ("socket_close", {"after": 0}), "stream_broken"),
        ({}, ("stream_cut", {"after": 0}), "connection_lost"),
        ({}, ("status", {"status": 503}), "server"),
        ({}, ("drop_before", {}), "connection_lost"),
    ],
)
async def test_what_breaks_before_the_question_sent_nothing(  # noqa: PLR0917  # one column of the table each
    vendor: MindCraftEmulator, connect: Connect, session: str, quirks: dict[str, Any], fault: Any, code: str
) -> None:
    agent = connect(generation="agent", read_timeout=0.5)
    vendor.configure(**quirks)
    if fault:
        vendor.fail_next(fault[0], path=SOCKET, **fault[1])

    found = await failure(agent, session)

    assert (found.code, found.outcome) == (code, "not_sent")
    assert stored(vendor, session) == []


async def test_an_end_without_an_answer_has_failed(vendor: MindCraftEmulator, agent: MindCraft, session: str) -> None:
    vendor.fail_next(
        "socket_message", path=SOCKET, after=1, data='{"socket_message": "agent_stop", "socket_status": 1006}'
    )

    found = await failure(agent, session)

    assert isinstance(found, RunFailedError)
    assert found.outcome == "unknown"


async def test_a_conversation_whose_token_nobody_shows_cannot_be_asked(
    vendor: MindCraftEmulator, agent: MindCraft, session: str
) -> None:
    vendor.configure(message_shows_token=False, list_shows_token=False)

    with pytest.raises(UnsupportedOperationError, match="session_token"):
        await told(agent, session)


# Leaving


@pytest.fixture
async def remote(anyio_backend: str, vendor: MindCraftEmulator) -> AsyncIterator[AsyncRemote]:
    vendor.configure(piece_delay=0.02)
    settings = {"provider": "mindcraft", **vendor.settings, "generation": "agent", "settle": 0.05}
    async with AsyncClient(False, remotes={"work": settings}, state="memory:") as client:
        yield client.remote()


async def test_leaving_early_stops_the_answer(vendor: MindCraftEmulator, remote: AsyncRemote, session: str) -> None:
    vendor.configure(left_early="partial")
    async with remote.stream(session, TEXT) as stream:
        async for event in stream:
            if isinstance(event, TextDelta):
                break

    assert frames(vendor)[-1] == {"socket_type": "intervent_event", "event_name": "stream_output"}
    assert [role for role, _ in stored(vendor, session)] == ["user", "assistant"]
    assert stored(vendor, session)[1][1] != f"Answer 1 to: {TEXT}"


async def test_a_run_can_be_stopped_from_elsewhere(vendor: MindCraftEmulator, connect: Connect, session: str) -> None:
    vendor.configure(piece_delay=0.02, left_early="partial")
    agent = connect(generation="agent")
    events: list[Event] = []
    async for event in agent.stream(session, Turn.model_validate({"parts": [{"type": "text", "text": TEXT}]})):
        events.append(event)
        if len(events) == 2:
            await agent.stop(session, event.run_id or "")

    last = events[-1]
    assert isinstance(last, ReplyCompleted)
    assert (last.reply.status, last.reply.text) == ("partial", said(events))
    assert said(events) != f"Answer 1 to: {TEXT}"
    await agent.stop(session, "run-that-is-over")


def handles() -> int:
    return len(os.listdir("/proc/self/fd"))


async def test_cancelling_at_any_moment_leaves_nothing(vendor: MindCraftEmulator, session: str) -> None:
    vendor.configure(piece_delay=0.02)
    settings = {"provider": "mindcraft", **vendor.settings, "generation": "agent"}
    recording = AudioPart(name="a.pcm", data=bytes(20_000))
    gc.collect()
    tasks, before = asyncio.all_tasks(), handles()
    async with AsyncClient(False, remotes={"work": settings}, state="memory:") as client:
        for number in range(24):
            task = asyncio.create_task(drained(client.remote(), session, recording if number % 3 == 0 else TEXT))
            await asyncio.sleep(0.004 * number)
            task.cancel()
            await asyncio.wait([task])
            assert task.cancelled()
        assert asyncio.all_tasks() == tasks
        await client.remote().send(session, TEXT)

    async with asyncio.timeout(5):
        while handles() > before:  # noqa: ASYNC110  # the vendor, in this process too, closes its end later
            await asyncio.sleep(0.01)


async def drained(remote: AsyncRemote, session: str, content: Any) -> None:
    async with remote.stream(session, content) as stream:
        async for _ in stream:
            pass


# Settings


@pytest.mark.parametrize(
    ("base", "socket", "expected"),
    [
        ("https://api.mindcraft.com.cn/v1/", None, "wss://api.mindcraft.com.cn/socket-v1/"),
        ("http://127.0.0.1:8080/v1/", None, "ws://127.0.0.1:8080/socket-v1/"),
        ("https://api.mindcraft.com.cn/v1/", "wss://grey.example.com/s/", "wss://grey.example.com/s/"),
    ],
)
def test_the_agent_answers_beside_the_other_calls(base: str, socket: str | None, expected: str) -> None:
    settings = MindCraftSettings(api_key="k", base_url=base, socket_url=socket)  # type: ignore[arg-type]

    assert settings.agent_url == expected


@pytest.mark.parametrize("socket", ["ws://grey.example.com/", "https://grey.example.com/", "wss://a/?b=c"])
def test_a_socket_url_that_is_none_is_refused(socket: str) -> None:
    with pytest.raises(ValueError, match=r"socket|websocket|wss|must look"):
        MindCraftSettings(api_key="k", socket_url=socket)  # type: ignore[arg-type]
