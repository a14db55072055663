import json
import re
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from omnilogue_mindcraft.emulator import MindCraftEmulator

ASK = {"model": "deepseek-chat", "messages": [{"role": "user", "content": "hi 你好"}]}
ANSWER = "Answer 1 to: hi 你好"


@pytest.fixture
def vendor() -> Iterator[MindCraftEmulator]:
    with MindCraftEmulator() as emulator:
        yield emulator


@pytest.fixture
def client(vendor: MindCraftEmulator) -> Iterator[httpx.Client]:
    headers = {"Authorization": f"Bearer {vendor.settings['api_key']}"}
    # There is no TLS on loopback, and reading certificates takes longer than a test.
    with httpx.Client(base_url=vendor.url, headers=headers, timeout=5.0, verify=False) as client:
        yield client


@pytest.fixture
def session(vendor: MindCraftEmulator) -> dict[str, str]:
    """Give the body that names an empty conversation."""
    return {"session_token": vendor.store.add_session("Trip").session_token}


def contents(vendor: MindCraftEmulator) -> list[tuple[str, str]]:
    number = vendor.store.sessions()[0].session_id
    return [(row.category, row.content) for row in vendor.store.messages(number)]


def chunks(response: httpx.Response) -> list[dict[str, Any]]:
    lines = [line.removeprefix("data: ") for line in response.text.splitlines() if line.startswith("data: ")]
    return [json.loads(line) for line in lines if line != "[DONE]"]


def deltas(response: httpx.Response, name: str = "content") -> list[str]:
    choices = [chunk["choices"][0]["delta"] for chunk in chunks(response) if chunk.get("choices")]
    return [delta[name] for delta in choices if delta.get(name)]


def test_a_completion_has_the_shape_of_openai(client: httpx.Client) -> None:
    answer = client.post("chat/completions", json=ASK).json()

    assert answer["object"] == "chat.completion"
    assert answer["model"] == "deepseek-chat"
    assert answer["choices"] == [
        {"index": 0, "message": {"role": "assistant", "content": ANSWER}, "finish_reason": "stop"}
    ]
    assert answer["usage"] == {"prompt_tokens": 3, "completion_tokens": 6, "total_tokens": 9}


def test_asking_again_gives_another_text(client: httpx.Client) -> None:
    answers = [client.post("chat/completions", json=ASK).json()["choices"][0]["message"]["content"] for _ in range(2)]

    assert answers == [ANSWER, ANSWER.replace("1", "2")]


@pytest.mark.parametrize("stream", [False, True])
def test_a_reply_is_cut_by_max_tokens_and_by_the_filter(client: httpx.Client, stream: bool) -> None:
    def finish(text: str, limit: int) -> tuple[str, str]:
        body = {"model": "m", "messages": [{"role": "user", "content": text}], "max_tokens": limit, "stream": stream}
        response = client.post("chat/completions", json=body)
        if stream:
            return "".join(deltas(response)), chunks(response)[-1]["choices"][0]["finish_reason"]
        choice = response.json()["choices"][0]
        return choice["message"]["content"], choice["finish_reason"]

    assert finish("hi", 2) == ("Answer 1 ", "length")
    assert finish("hi", 4) == ("Answer 2 to: hi", "stop")
    assert finish("a [filtered] word", 4) == ("", "content_filter")


def test_a_stream_sends_the_reply_in_pieces_and_ends_with_done(client: httpx.Client) -> None:
    response = client.post("chat/completions", json={**ASK, "stream": True})

    assert response.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert deltas(response) == ["Answer ", "1 ", "to: ", "hi ", "你", "好"]
    assert chunks(response)[0]["choices"][0]["delta"] == {"role": "assistant", "content": ""}
    assert chunks(response)[-1]["choices"][0] == {"index": 0, "delta": {}, "finish_reason": "stop"}
    assert response.text.endswith("data: [DONE]\n\n")
    assert "\r" not in response.text
    assert "usage" not in response.text


def test_a_stream_tells_its_usage_when_asked(client: httpx.Client) -> None:
    body = {**ASK, "stream": True, "stream_options": {"include_usage": True}}
    last = chunks(client.post("chat/completions", json=body))[-1]

    assert (last["choices"], last["usage"]["total_tokens"]) == ([], 9)


def test_the_form_of_a_stream_is_a_quirk(vendor: MindCraftEmulator, client: httpx.Client) -> None:
    vendor.configure(sse_done=False, sse_comments=True, sse_crlf=True, reasoning=True)
    response = client.post("chat/completions", json={**ASK, "stream": True})

    assert "[DONE]" not in response.text
    assert ": keep-alive\r\n\r\ndata: " in response.text
    assert "\n" not in response.text.replace("\r\n", "")
    assert "".join(deltas(response, "reasoning_content")) == "Thinking about answer 1."
    assert "".join(deltas(response)) == ANSWER
    first_text = next(chunk for chunk in chunks(response) if chunk["choices"][0]["delta"].get("content"))
    assert chunks(response).index(first_text) > 3


def test_reasoning_is_also_in_a_whole_answer(vendor: MindCraftEmulator, client: httpx.Client) -> None:
    vendor.configure(reasoning=True)

    message = client.post("chat/completions", json=ASK).json()["choices"][0]["message"]
    assert message["reasoning_content"] == "Thinking about answer 1."


@pytest.mark.parametrize("at", [0, 3, 6])
def test_an_error_object_may_come_in_a_stream(
    vendor: MindCraftEmulator, client: httpx.Client, session: dict[str, str], at: int
) -> None:
    vendor.configure(sse_error_at=at)
    response = client.post("chat/completions", json={**ASK, **session, "stream": True})

    assert len(deltas(response)) == at
    assert chunks(response)[-1]["error"]["code"] == 500
    assert "[DONE]" not in response.text
    assert contents(vendor) == [("user", "hi 你好")]


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("quirk", "kept"),
    [
        ("both", [("user", "hi 你好"), ("assistant", ANSWER)]),
        ("user", [("user", "hi 你好")]),
        ("reply", [("assistant", ANSWER)]),
        ("none", []),
    ],
)
def test_what_a_completion_stores_is_a_quirk(  # noqa: PLR0917 - a table
    vendor: MindCraftEmulator,
    client: httpx.Client,
    session: dict[str, str],
    stream: bool,
    quirk: str,
    kept: list[tuple[str, str]],
) -> None:
    vendor.configure(completions_store=quirk)
    client.post("chat/completions", json={**ASK, **session, "stream": stream})

    assert contents(vendor) == kept
    assert vendor.store.sessions()[0].api_use_count == 1


def test_without_a_token_nothing_is_stored(
    vendor: MindCraftEmulator, client: httpx.Client, session: dict[str, str]
) -> None:
    client.post("chat/completions", json=ASK)

    assert session
    assert contents(vendor) == []


def test_with_a_token_and_no_message_the_stored_question_is_answered(
    vendor: MindCraftEmulator, client: httpx.Client, session: dict[str, str]
) -> None:
    vendor.store.add_message(vendor.store.sessions()[0].session_id, "user", "stored")
    answer = client.post("chat/completions", json={"model": "m", "messages": [], **session}).json()

    assert answer["choices"][0]["message"]["content"] == "Answer 1 to: stored"
    assert contents(vendor) == [("user", "stored"), ("assistant", "Answer 1 to: stored")]


def test_a_question_in_parts_is_read_by_its_text(client: httpx.Client) -> None:
    parts = [{"type": "text", "text": "look"}, {"type": "image_url", "image_url": {"url": "data:,"}}]
    answer = client.post("chat/completions", json={"model": "m", "messages": [{"role": "user", "content": parts}]})

    assert answer.json()["choices"][0]["message"]["content"] == "Answer 1 to: look"


@pytest.mark.parametrize(
    "change",
    [
        {"model": ""},
        {"model": None},
        {"messages": []},
        {"messages": [{"role": "robot", "content": "x"}]},
        {"messages": [{"role": "user", "content": 5}]},
        {"max_tokens": 0},
        {"max_tokens": "5"},
        {"temperature": 3},
        {"stream": "yes"},
        {"session_token": 7},
    ],
)
def test_a_completion_of_another_shape_is_400(
    vendor: MindCraftEmulator, client: httpx.Client, change: dict[str, Any]
) -> None:
    assert client.post("chat/completions", json={**ASK, **change}).status_code == 400
    assert vendor.model.generations == 0


def test_a_completion_with_an_unknown_token_is_404(client: httpx.Client) -> None:
    assert client.post("chat/completions", json={**ASK, "session_token": "nope"}).status_code == 404


def test_a_cut_stream_is_stored_as_a_whole(
    vendor: MindCraftEmulator, client: httpx.Client, session: dict[str, str]
) -> None:
    vendor.fail_next("stream_cut", path="chat/", after=2)
    with pytest.raises(httpx.RemoteProtocolError):
        client.post("chat/completions", json={**ASK, **session, "stream": True})

    assert contents(vendor) == [("user", "hi 你好"), ("assistant", ANSWER)]


@pytest.mark.parametrize(
    ("quirk", "kept"),
    [("nothing", r""), ("partial", r"Answer 1 to: (word )+"), ("whole", r"Answer 1 to: (word ){5000}")],
)
def test_what_is_stored_of_a_reply_whose_reader_left_is_a_quirk(
    vendor: MindCraftEmulator, client: httpx.Client, session: dict[str, str], quirk: str, kept: str
) -> None:
    vendor.configure(left_early=quirk, piece_delay=0.001)
    body = {"model": "m", "messages": [{"role": "user", "content": "word " * 5000}], "stream": True, **session}
    with client.stream("POST", "chat/completions", json=body) as response:
        lines = response.iter_lines()
        while "word" not in next(lines):
            pass

    def stored() -> str:
        return "".join(text for role, text in contents(vendor) if role == "assistant")

    end = time.monotonic() + (0.2 if quirk == "nothing" else 2.0)
    while not stored() and time.monotonic() < end:
        time.sleep(0.005)
    assert re.fullmatch(kept, stored())
    assert quirk != "partial" or len(stored()) < 10_000
