import json
import time
from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

import httpx
import pytest

from omnilogue_minimax.emulator import MiniMaxEmulator
from omnilogue_minimax.emulator_generation import Runner
from omnilogue_minimax.emulator_stream import Streamer

ANSWER = "Answer 1 to: hi 你好"
PIECES = ["Answer ", "1 ", "to: ", "hi ", "你", "好"]

Event: TypeAlias = dict[str, Any]


@pytest.fixture
def vendor() -> Iterator[MiniMaxEmulator]:
    with MiniMaxEmulator() as emulator:
        yield emulator


@pytest.fixture
def client(vendor: MiniMaxEmulator) -> Iterator[httpx.Client]:
    headers = {"Authorization": f"Bearer {vendor.settings['api_key']}"}
    group = {"GroupId": vendor.settings["group_id"]}
    # There is no TLS on loopback, and reading certificates takes longer than a test.
    with httpx.Client(base_url=vendor.url, headers=headers, params=group, timeout=5.0, verify=False) as client:
        yield client


@pytest.fixture
def ask(vendor: MiniMaxEmulator) -> dict[str, Any]:
    """Give the body of a stream in an empty thread."""
    return {
        "stream": 1,
        "thread_id": vendor.store.add_thread().id,
        "assistant_id": vendor.store.add_assistant().id,
        "messages": [{"type": 1, "role": "user", "content": "hi 你好"}],
    }


@pytest.fixture
def stream(client: httpx.Client, ask: dict[str, Any]) -> Callable[..., list[Event]]:
    """Give what reads a whole stream."""

    def streamed(**more: Any) -> list[Event]:
        return events(client.post("threads/run/create_stream", json={**ask, **more}))

    return streamed


def events(response: httpx.Response) -> list[Event]:
    assert response.headers["content-type"] == "text/event-stream; charset=utf-8"
    blocks = response.text.split("\n\n")
    assert blocks.pop() == ""
    assert all(block.startswith("data: ") and "\n" not in block for block in blocks)
    return [json.loads(block.removeprefix("data: ")) for block in blocks]


def shown(rows: list[Event], kind: str) -> list[Event]:
    return [row["data"] for row in rows if (row.get("data") or {}).get("object") == kind]


def values(rows: list[Event], role: str = "ai") -> list[str]:
    return [row["content"][0]["text"]["value"] for row in shown(rows, "message") if row["role"] == role]


def texts(vendor: MiniMaxEmulator) -> list[tuple[str, str]]:
    return [(row.role, row.text) for row in vendor.store.messages(vendor.store.threads()[0].id)]


def state(vendor: MiniMaxEmulator) -> str:
    return vendor.store.runs(vendor.store.threads()[0].id)[-1].status


def code(response: httpx.Response) -> int:
    return int(response.json()["base_resp"]["status_code"])


def poll(client: httpx.Client, vendor: MiniMaxEmulator) -> Event:
    (run,) = vendor.store.runs(vendor.store.threads()[0].id)
    which = {"thread_id": run.thread_id, "run_id": run.id}
    return dict(client.get("threads/run/retrieve", params=which).json())


def test_a_stream_tells_the_run_the_question_the_step_and_the_answer(
    vendor: MiniMaxEmulator, stream: Callable[..., list[Event]]
) -> None:
    rows = stream()

    order = ["run", "run", "message", "run step", *["message"] * len(PIECES), "run step", "run"]
    assert [row["data"]["object"] for row in rows] == order
    assert [run["status"] for run in shown(rows, "run")] == ["queued", "in_progress", "completed"]
    assert [step["status"] for step in shown(rows, "run step")] == ["in_progress", "completed"]
    assert (values(rows, "user"), values(rows)) == (["hi 你好"], PIECES)
    assert [row["base_resp"] for row in rows[:-1]] == [{}] * (len(rows) - 1)
    assert rows[-1]["base_resp"] == {"status_code": 0, "status_msg": "success"}
    assert texts(vendor) == [("user", "hi 你好"), ("assistant", ANSWER)]


def test_the_streamed_ids_are_those_that_are_stored(
    vendor: MiniMaxEmulator, ask: dict[str, Any], stream: Callable[..., list[Event]]
) -> None:
    rows = stream()

    ids = list(dict.fromkeys(row["id"] for row in shown(rows, "message")))
    assert ids == [row.id for row in vendor.store.messages(ask["thread_id"])]
    (step,) = {row["id"] for row in shown(rows, "run step")}
    (run,) = vendor.store.runs(ask["thread_id"])
    assert [row.id for row in vendor.store.steps(ask["thread_id"], run.id)] == [step]
    assert {row["run_id"] for row in shown(rows, "message")} == {run.id}


def test_texts_may_be_cumulative(vendor: MiniMaxEmulator, stream: Callable[..., list[Event]]) -> None:
    vendor.configure(stream_deltas="cumulative")

    told = values(stream())
    assert (told[:2], told[-1]) == (["Answer ", "Answer 1 "], ANSWER)
    assert texts(vendor)[-1] == ("assistant", ANSWER)


def test_citations_come_with_the_last_piece(stream: Callable[..., list[Event]]) -> None:
    rows = stream(messages=[{"type": 1, "role": "user", "content": "[cite]"}])

    parts = [row["content"][0]["text"] for row in shown(rows, "message") if row["role"] == "ai"]
    text = "".join(part["value"] for part in parts)
    assert [len(part["annotations"]) for part in parts] == [0] * (len(parts) - 1) + [1]
    (citation,) = parts[-1]["annotations"]
    assert text[citation["start_index"] : citation["end_index"]] == citation["text"] == "【1†source】"


def test_pieces_without_citations_may_have_null(vendor: MiniMaxEmulator, stream: Callable[..., list[Event]]) -> None:
    vendor.configure(no_annotations="null")

    assert {str(row["content"][0]["text"]["annotations"]) for row in shown(stream(), "message")} == {"None"}


def test_two_messages_stream_one_after_the_other(vendor: MiniMaxEmulator, stream: Callable[..., list[Event]]) -> None:
    vendor.configure(messages_per_run=2)
    rows = stream()

    assert "".join(values(rows)) == ANSWER + ANSWER.replace("1", "2")
    assert len({row["id"] for row in shown(rows, "message")}) == 3
    assert len(shown(rows, "run step")) == 4


def test_a_stream_may_answer_what_is_stored(
    vendor: MiniMaxEmulator, client: httpx.Client, ask: dict[str, Any], stream: Callable[..., list[Event]]
) -> None:
    vendor.store.add_message(ask["thread_id"], "user", "hi 你好")

    assert "".join(values(stream(messages=[]))) == ANSWER
    vendor.configure(stream_without_messages="2013")
    assert code(client.post("threads/run/create_stream", json={**ask, "messages": []})) == 2013


@pytest.mark.parametrize(
    "change",
    [
        {"stream": 0},
        {"stream": None},
        {"messages": None},
        {"messages": [{"role": "user", "content": "x"}]},
        {"messages": [{"type": 1, "role": "system", "content": "x"}]},
        {"messages": [{"type": 1, "role": "user", "content": ["x"]}]},
        {"thread_id": "thread_x"},
        {"assistant_id": "asst_x"},
    ],
)
def test_a_stream_that_is_refused_is_plain_json_and_stores_nothing(
    vendor: MiniMaxEmulator, client: httpx.Client, ask: dict[str, Any], change: dict[str, Any]
) -> None:
    answer = client.post("threads/run/create_stream", json={**ask, **change})

    assert (answer.headers["content-type"], code(answer)) == ("application/json; charset=utf-8", 2013)
    assert (texts(vendor), vendor.store.runs(ask["thread_id"])) == ([], [])


def test_a_stream_beside_an_active_run_is_refused(
    vendor: MiniMaxEmulator, client: httpx.Client, ask: dict[str, Any]
) -> None:
    vendor.store.add_run(ask["thread_id"], ask["assistant_id"])

    assert client.post("threads/run/create_stream", json=ask).status_code == 409
    assert texts(vendor) == []


# The end.


@pytest.mark.parametrize(
    ("quirk", "ends", "base_resp"),
    [
        ("both", "run", {"status_code": 0, "status_msg": "success"}),
        ("status_code", None, {"status_code": 0, "status_msg": "success"}),
        ("run_final", "run", {}),
        ("closed", "run step", {}),
    ],
)
def test_a_stream_ends_in_one_of_four_ways(
    vendor: MiniMaxEmulator,
    stream: Callable[..., list[Event]],
    quirk: str,
    ends: str | None,
    base_resp: dict[str, Any],
) -> None:
    vendor.configure(stream_end=quirk)
    rows = stream()

    assert (rows[-1]["data"]["object"] if ends else rows[-1]["data"]) == ends
    assert (rows[-1]["base_resp"], "".join(values(rows))) == (base_resp, ANSWER)
    assert state(vendor) == ("in_progress" if quirk == "closed" else "completed")


def test_after_a_stream_that_just_closed_the_run_goes_on(
    vendor: MiniMaxEmulator, client: httpx.Client, stream: Callable[..., list[Event]]
) -> None:
    vendor.configure(stream_end="closed")
    rows = stream()
    assert texts(vendor) == [("user", "hi 你好")]

    assert [poll(client, vendor)["status"] for _ in range(2)] == ["in_progress", "completed"]
    assert texts(vendor)[-1] == ("assistant", ANSWER)
    assert vendor.store.messages(vendor.store.threads()[0].id)[-1].id == shown(rows, "message")[-1]["id"]


def test_the_status_may_be_spelled_otherwise(vendor: MiniMaxEmulator, stream: Callable[..., list[Event]]) -> None:
    vendor.configure(stream_base_resp="code")

    assert stream()[-1]["base_resp"] == {"code": 0, "message": "success"}


@pytest.mark.parametrize("quirk", ["both", "status_code", "run_final"])
@pytest.mark.parametrize(
    ("end", "answered"), [("failed", 1013), ("expired", 1000), ("cancelled", 0), ("incomplete", 1000)]
)
def test_a_bad_end_is_told_in_the_stream(
    vendor: MiniMaxEmulator, stream: Callable[..., list[Event]], quirk: str, end: str, answered: int
) -> None:
    vendor.configure(stream_end=quirk, run_ends=end)
    rows = stream()

    assert values(rows) == []
    assert (state(vendor), texts(vendor)) == (end, [("user", "hi 你好")])
    assert rows[-1]["base_resp"].get("status_code") == (None if quirk == "run_final" else answered)
    assert quirk == "status_code" or rows[-1]["data"]["status"] == end


def test_a_filtered_stream_ends_with_1027(vendor: MiniMaxEmulator, stream: Callable[..., list[Event]]) -> None:
    rows = stream(messages=[{"type": 1, "role": "user", "content": "[filtered]"}])

    assert (rows[-1]["base_resp"]["status_code"], rows[-1]["data"]["last_error"]["code"]) == (1027, "1027")
    assert texts(vendor) == [("user", "[filtered]")]


def test_an_error_may_come_in_the_middle(vendor: MiniMaxEmulator, stream: Callable[..., list[Event]]) -> None:
    vendor.configure(stream_error_at=3, stream_error_code=1002)
    rows = stream()

    assert values(rows) == PIECES[:2]
    assert (rows[-1]["data"], rows[-1]["base_resp"]["status_code"]) == (None, 1002)
    assert (state(vendor), texts(vendor)) == ("failed", [("user", "hi 你好")])


def test_events_without_data_may_stand_between_the_others(
    vendor: MiniMaxEmulator, stream: Callable[..., list[Event]]
) -> None:
    vendor.configure(stream_noise=True)
    rows = stream()

    assert {"base_resp": {}} in rows
    assert {"data": None, "base_resp": {}} in rows
    assert {(row.get("data") or {}).get("object") for row in rows} == {None, "run", "run step", "message", "note"}
    assert values(rows) == PIECES


# Streams that are cut, left or cancelled.


def test_a_stream_that_is_cut_is_finished_by_the_vendor(
    vendor: MiniMaxEmulator, client: httpx.Client, ask: dict[str, Any]
) -> None:
    vendor.fail_next("stream_cut", after=4)

    with pytest.raises(httpx.RemoteProtocolError):
        client.post("threads/run/create_stream", json=ask)
    assert eventually(lambda: state(vendor), "completed")
    assert texts(vendor)[-1] == ("assistant", ANSWER)


@pytest.mark.parametrize(("quirk", "status"), [("runs_on", "in_progress"), ("cancelled", "cancelled")])
def test_what_becomes_of_a_stream_left_early_is_a_quirk(
    vendor: MiniMaxEmulator, client: httpx.Client, ask: dict[str, Any], quirk: str, status: str
) -> None:
    vendor.configure(left_early=quirk, piece_delay=0.1)
    with client.stream("POST", "threads/run/create_stream", json=ask) as response:
        lines = response.iter_lines()
        while "Answer" not in next(lines):
            pass

    assert eventually(lambda: vendor.store.runs(ask["thread_id"])[0].is_streaming, False)
    assert state(vendor) == status
    poll(client, vendor)
    assert poll(client, vendor)["status"] == ("completed" if quirk == "runs_on" else "cancelled")
    assert texts(vendor)[1:] == ([("assistant", ANSWER)] if quirk == "runs_on" else [])


@pytest.mark.parametrize("lingers", [False, True])
def test_a_run_is_cancelled_while_it_streams(
    vendor: MiniMaxEmulator, client: httpx.Client, ask: dict[str, Any], lingers: bool
) -> None:
    vendor.configure(cancelling=lingers, piece_delay=0.1)
    with client.stream("POST", "threads/run/create_stream", json=ask) as response:
        lines = response.iter_lines()
        while "Answer" not in next(lines):
            pass
        assert poll(client, vendor)["status"] == "in_progress"
        run = vendor.store.runs(ask["thread_id"])[0].id
        client.post("threads/run/cancel", json={"thread_id": ask["thread_id"], "run_id": run})
        rest = [json.loads(line.removeprefix("data: ")) for line in lines if line]

    assert rest[-1]["data"]["status"] == "cancelled"
    assert len(values(rest)) < len(PIECES) - 1
    assert (state(vendor), texts(vendor)) == ("cancelled", [("user", "hi 你好")])


@pytest.mark.parametrize("told", [1, 2, 3, 5, 10])
def test_a_run_is_cancelled_between_any_two_events(
    vendor: MiniMaxEmulator, client: httpx.Client, ask: dict[str, Any], told: int
) -> None:
    vendor.store.add_message(ask["thread_id"], "user", "hi 你好")
    run = vendor.store.add_run(ask["thread_id"], ask["assistant_id"])
    pieces = Streamer(vendor, Runner(vendor)).events(run, [])
    before = [next(pieces) for _ in range(told)]
    client.post("threads/run/cancel", json={"thread_id": ask["thread_id"], "run_id": run.id})
    after = list(pieces)

    assert [len(before), b'"cancelled"' in after[-1], b'"completed"' in b"".join(after)] == [told, True, False]
    assert (state(vendor), texts(vendor)) == ("cancelled", [("user", "hi 你好")])


def eventually(value: Callable[[], Any], wanted: Any) -> bool:
    end = time.monotonic() + 3
    while value() != wanted and time.monotonic() < end:
        time.sleep(0.005)
    return bool(value() == wanted)
