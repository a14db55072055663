from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any, TypeAlias

import httpx
import pytest

from omnilogue_minimax.emulator import MiniMaxEmulator
from omnilogue_minimax.emulator_shapes import RULE

SUCCESS = {"status_code": 0, "status_msg": "success"}
NOON = datetime(2026, 1, 1, 12, 0, 5, tzinfo=UTC)
STAMP = 1_767_268_805
MARKER = "【1†source】"

Which: TypeAlias = dict[str, str]


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
def asked(vendor: MiniMaxEmulator) -> Which:
    """Give the body of a run that answers a thread with one message."""
    thread = vendor.store.add_thread().id
    vendor.store.add_message(thread, "user", "hi")
    return {"thread_id": thread, "assistant_id": vendor.store.add_assistant("abab6-chat", instructions="Be brief.").id}


@pytest.fixture
def start(client: httpx.Client, asked: Which) -> Callable[..., Which]:
    """Give what starts a run and names it."""

    def started(**more: Any) -> Which:
        run = client.post("threads/run/create", json={**asked, **more}).json()
        return {"thread_id": asked["thread_id"], "run_id": run["id"]}

    return started


def code(response: httpx.Response) -> int:
    return int(response.json()["base_resp"]["status_code"])


def look(client: httpx.Client, which: Which) -> dict[str, Any]:
    return dict(client.get("threads/run/retrieve", params=which).json())


def ended(client: httpx.Client, which: Which) -> dict[str, Any]:
    """Look until a run has ended."""
    for _ in range(10):
        run = look(client, which)
        if run["status"] not in {"queued", "in_progress", "cancelling"}:
            return run
    raise AssertionError(f"still {run['status']}")


def said(vendor: MiniMaxEmulator, which: Which) -> list[str]:
    return [row.text for row in vendor.store.messages(which["thread_id"]) if row.role == "assistant"]


# From queued to the end.


def test_a_created_run_has_the_fields_of_the_page(vendor: MiniMaxEmulator, client: httpx.Client, asked: Which) -> None:
    vendor.store.now = lambda: NOON
    answer = client.post("threads/run/create", json={**asked, "metadata": {"a": "1"}}).json()

    (stored,) = vendor.store.runs(asked["thread_id"])
    assert answer == {
        "id": stored.id,
        "object": "thread.run",
        "created_at": STAMP,
        **asked,
        "status": "queued",
        "started_at": 0,
        "expires_at": STAMP + 600,
        "cancelled_at": 0,
        "failed_at": 0,
        "completed_at": 0,
        "last_error": None,
        "model": "abab6-chat",
        "instructions": "Be brief.",
        "tools": [],
        "file_ids": [],
        "metadata": {"a": "1"},
        "required_action": {"type": "", "submit_tool_outputs": None},
        "base_resp": SUCCESS,
    }


def test_a_run_may_have_its_own_model_and_instructions(vendor: MiniMaxEmulator, start: Callable[..., Which]) -> None:
    which = start(model="abab6.5s-chat", instructions="Be long.", tools=[{"type": "retrieval"}])

    run = vendor.store.run(which["thread_id"], which["run_id"])
    assert (run.model, run.instructions, run.tools) == ("abab6.5s-chat", "Be long.", ({"type": "retrieval"},))


@pytest.mark.parametrize("more", [{"additional_instructions": "x"}, {"model": ""}, {"metadata": {"a": 1}}])
def test_a_run_of_another_shape_is_refused(client: httpx.Client, asked: Which, more: dict[str, Any]) -> None:
    assert code(client.post("threads/run/create", json={**asked, **more})) == 2013
    assert code(client.post("threads/run/create", json={"thread_id": asked["thread_id"]})) == 2013


@pytest.mark.parametrize(
    ("polls", "states"),
    [
        (0, ["completed", "completed"]),
        (1, ["in_progress", "completed"]),
        (2, ["queued", "in_progress", "completed"]),
        (3, ["queued", "in_progress", "in_progress", "completed"]),
    ],
)
def test_a_run_ends_after_so_many_polls(
    vendor: MiniMaxEmulator, client: httpx.Client, start: Callable[..., Which], polls: int, states: list[str]
) -> None:
    vendor.configure(polls=polls)
    which = start()

    assert [look(client, which)["status"] for _ in states] == states
    assert said(vendor, which) == ["Answer 1 to: hi"]


def test_the_reply_names_its_run_and_so_does_the_question(
    vendor: MiniMaxEmulator, client: httpx.Client, start: Callable[..., Which], asked: Which
) -> None:
    which = start()
    ended(client, which)

    def links() -> list[tuple[str, str]]:
        rows = client.get("threads/messages/list", params={"thread_id": asked["thread_id"], "order": "asc"}).json()
        return [(row["run_id"], row["assistant_id"]) for row in rows["data"]]

    link = (which["run_id"], asked["assistant_id"])
    assert links() == [link, link]
    vendor.configure(user_links="empty")
    assert links() == [("", ""), link]


def test_asking_again_adds_another_reply_and_keeps_the_first(
    vendor: MiniMaxEmulator, client: httpx.Client, start: Callable[..., Which]
) -> None:
    first, second = (ended(client, start()) for _ in range(2))

    rows = vendor.store.messages(first["thread_id"])
    assert [row.text for row in rows] == ["hi", "Answer 1 to: hi", "Answer 2 to: hi"]
    assert [row.run_id for row in rows] == [first["id"], first["id"], second["id"]]


def test_a_run_may_leave_two_messages(
    vendor: MiniMaxEmulator, client: httpx.Client, start: Callable[..., Which]
) -> None:
    vendor.configure(messages_per_run=2)
    which = start()
    ended(client, which)

    assert said(vendor, which) == ["Answer 1 to: hi", "Answer 2 to: hi"]
    assert len(client.get("threads/run_steps/list", params=which).json()["data"]) == 2


def test_the_middle_state_may_be_one_nobody_documented(
    vendor: MiniMaxEmulator, client: httpx.Client, start: Callable[..., Which]
) -> None:
    vendor.configure(polls=3, middle_state="warming_up")
    which = start()

    states = [look(client, which)["status"] for _ in range(4)]
    assert states == ["queued", "warming_up", "warming_up", "completed"]


@pytest.mark.parametrize(
    ("end", "stamp", "error"),
    [
        ("failed", "failed_at", {"code": "1013", "message": "internal service error"}),
        ("expired", None, None),
        ("cancelled", "cancelled_at", None),
        ("incomplete", None, None),
    ],
)
def test_a_run_may_end_badly_and_leaves_nothing(  # noqa: PLR0917 - a table
    vendor: MiniMaxEmulator,
    client: httpx.Client,
    start: Callable[..., Which],
    end: str,
    stamp: str | None,
    error: dict[str, str] | None,
) -> None:
    vendor.store.now = lambda: NOON
    vendor.configure(run_ends=end)
    which = start()
    run = ended(client, which)

    assert (run["status"], run["last_error"], said(vendor, which)) == (end, error, [])
    stamps = {name: STAMP if name == stamp else 0 for name in ("failed_at", "cancelled_at", "completed_at")}
    assert {name: run[name] for name in stamps} == stamps


def test_a_filtered_answer_fails_and_the_question_stays(vendor: MiniMaxEmulator, client: httpx.Client) -> None:
    which = {"thread_id": vendor.store.add_thread().id, "assistant_id": vendor.store.add_assistant().id}
    body = {"thread_id": which["thread_id"], "role": "user", "content": "a [filtered] word"}
    client.post("threads/messages/add", json=body)
    run_id = client.post("threads/run/create", json=which).json()["id"]
    run = ended(client, {"thread_id": which["thread_id"], "run_id": run_id})

    assert (run["status"], run["last_error"]["code"]) == ("failed", "1027")
    assert [row.text for row in vendor.store.messages(which["thread_id"])] == ["a [filtered] word"]


# What a run shows.


def test_a_completed_run_may_be_stamped_as_failed(
    vendor: MiniMaxEmulator, client: httpx.Client, start: Callable[..., Which]
) -> None:
    vendor.store.now = lambda: NOON
    run = ended(client, start())

    assert (run["status"], run["failed_at"], run["completed_at"]) == ("completed", 0, STAMP)
    vendor.configure(failed_at_on_completed=True)
    again = look(client, {"thread_id": run["thread_id"], "run_id": run["id"]})
    assert (again["status"], again["failed_at"], again["completed_at"]) == ("completed", STAMP, 0)


@pytest.mark.parametrize(("quirk", "unset"), [("zero", 0), ("null", None)])
def test_unset_times_are_zero_or_null(
    vendor: MiniMaxEmulator, client: httpx.Client, start: Callable[..., Which], quirk: str, unset: int | None
) -> None:
    vendor.configure(unset_times=quirk)
    which = start()
    run = ended(client, which)
    (step,) = client.get("threads/run_steps/list", params=which).json()["data"]

    assert (run["cancelled_at"], run["failed_at"], step["cancelled_at"]) == (unset, unset, unset)
    assert run["started_at"] > 0


def test_the_instructions_may_come_back_rewritten(
    vendor: MiniMaxEmulator, client: httpx.Client, start: Callable[..., Which]
) -> None:
    vendor.configure(instructions_rewritten=True)
    which = start(instructions="Be brief.")

    assert look(client, which)["instructions"] == "Be brief." + RULE
    assert vendor.store.run(which["thread_id"], which["run_id"]).instructions == "Be brief."


@pytest.mark.parametrize(("quirk", "offsets"), [("code_points", [23, 33]), ("utf16", [25, 35]), ("wrong", [24, 34])])
def test_citations_count_in_code_points_unless_asked_otherwise(
    vendor: MiniMaxEmulator, client: httpx.Client, asked: Which, quirk: str, offsets: list[int]
) -> None:
    vendor.configure(citation_offsets=quirk, polls=0)
    vendor.store.add_message(asked["thread_id"], "user", "[cite] 😀😀 ")
    run = client.post("threads/run/create", json=asked).json()
    ended(client, {"thread_id": asked["thread_id"], "run_id": run["id"]})

    (row, *_) = client.get("threads/messages/list", params={"thread_id": asked["thread_id"]}).json()["data"]
    text = row["content"][0]["text"]
    (citation,) = text["annotations"]
    assert text["value"] == f"Answer 1 to: [cite] 😀😀 {MARKER}"
    assert [citation["start_index"], citation["end_index"]] == offsets
    assert (citation["type"], citation["text"]) == ("web_citation", MARKER)
    assert citation["web_citation"] == {"quote": "What source 1 says."}
    if quirk == "code_points":
        assert text["value"][slice(*offsets)] == MARKER


# One run at a time.


@pytest.mark.parametrize(("quirk", "status"), [("409", 409), ("2013", 200)])
def test_a_second_run_waits_for_the_first(  # noqa: PLR0917 - a table
    vendor: MiniMaxEmulator, client: httpx.Client, asked: Which, start: Callable[..., Which], quirk: str, status: int
) -> None:
    vendor.configure(active_run=quirk)
    first = start()
    refused = client.post("threads/run/create", json=asked)

    assert refused.status_code == status
    assert refused.json().get("base_resp", {}).get("status_code") == (2013 if quirk == "2013" else None)
    assert first["run_id"] in refused.text
    client.post("threads/run/create", json=asked)
    assert vendor.store.run(**first).status == "completed"
    assert client.post("threads/run/create", json=asked).json()["status"] == "queued"


def test_a_second_run_may_be_allowed(
    vendor: MiniMaxEmulator, client: httpx.Client, asked: Which, start: Callable[..., Which]
) -> None:
    vendor.configure(active_run="allowed")
    runs = [start(), start()]

    assert [ended(client, which)["status"] for which in runs] == ["completed", "completed"]
    assert said(vendor, asked) == ["Answer 1 to: hi", "Answer 2 to: hi"]


def test_a_run_that_a_test_puts_there_keeps_the_thread_busy(
    vendor: MiniMaxEmulator, client: httpx.Client, asked: Which
) -> None:
    vendor.configure(polls=1000)
    stored = vendor.store.add_run(**asked, status="in_progress")

    assert client.post("threads/run/create", json=asked).status_code == 409
    vendor.store.change_run(asked["thread_id"], stored.id, status="expired")
    assert client.post("threads/run/create", json=asked).status_code == 200


# Lists, cancel and modify.


def test_the_list_of_runs_has_a_base_resp_in_each_row_and_lets_time_pass(
    vendor: MiniMaxEmulator, client: httpx.Client, asked: Which, start: Callable[..., Which]
) -> None:
    ended(client, start())
    start()

    query = {"thread_id": asked["thread_id"], "order": "asc"}
    pages = [client.get("threads/run/list", params=query).json() for _ in range(2)]
    assert [[row["status"] for row in page["data"]] for page in pages] == [
        ["completed", "in_progress"],
        ["completed", "completed"],
    ]
    assert [row["base_resp"] for row in pages[0]["data"]] == [SUCCESS, SUCCESS]
    assert (pages[0]["first_id"], "has_more" in pages[0]) == (pages[0]["data"][0]["id"], False)
    assert len(client.get("threads/run/list", params={**query, "limit": 1}).json()["data"]) == 1


@pytest.mark.parametrize("quirk", ["run", "base_resp"])
def test_a_cancelled_run_leaves_nothing_and_is_not_cancelled_twice(
    vendor: MiniMaxEmulator, client: httpx.Client, start: Callable[..., Which], quirk: str
) -> None:
    vendor.configure(cancel_answer=quirk)
    which = start()
    answer = client.post("threads/run/cancel", json=which).json()

    assert (answer["base_resp"], answer.get("run", {}).get("status")) == (
        SUCCESS,
        "cancelled" if quirk == "run" else None,
    )
    assert (look(client, which)["status"], said(vendor, which)) == ("cancelled", [])
    assert code(client.post("threads/run/cancel", json=which)) == 2013


def test_a_cancel_may_take_a_moment(vendor: MiniMaxEmulator, client: httpx.Client, start: Callable[..., Which]) -> None:
    vendor.configure(cancelling=True)
    which = start()
    answer = client.post("threads/run/cancel", json=which).json()

    assert answer["run"]["status"] == "cancelling"
    assert look(client, which)["status"] == "cancelled"


@pytest.mark.parametrize(("quirk", "kept"), [("replace", {}), ("merge", {"a": "1"})])
def test_a_modify_of_a_run_answers_with_the_run_inside(
    vendor: MiniMaxEmulator, client: httpx.Client, start: Callable[..., Which], quirk: str, kept: dict[str, str]
) -> None:
    vendor.configure(metadata_modify=quirk)
    which = start(metadata={"a": "1"})
    answer = client.post("threads/run/modify", json={**which, "metadata": {"b": "2"}}).json()

    assert (answer["run"]["id"], answer["run"]["metadata"]) == (which["run_id"], {**kept, "b": "2"})
    assert answer["run"]["status"] == "queued"


def test_a_run_has_a_step_for_its_message(
    vendor: MiniMaxEmulator, client: httpx.Client, asked: Which, start: Callable[..., Which]
) -> None:
    vendor.store.now = lambda: NOON
    which = start()
    assert client.get("threads/run_steps/list", params=which).json()["data"] == []
    ended(client, which)

    listed = client.get("threads/run_steps/list", params=which).json()
    (row,) = listed["data"]
    reply = vendor.store.messages(asked["thread_id"])[-1].id
    assert row == {
        "id": row["id"],
        "object": "thread.run.step",
        "created_at": STAMP,
        **asked,
        "run_id": which["run_id"],
        "type": "message_creation",
        "status": "completed",
        "cancelled_at": 0,
        "completed_at": STAMP,
        "expired_at": 0,
        "failed_at": 0,
        "last_error": None,
        "step_details": {"type": "message_creation", "message_creation": {"message_id": reply}},
    }
    one = client.get("threads/run_steps/retrieve", params={**which, "step_id": row["id"]}).json()
    assert one == {**row, "base_resp": SUCCESS}
    assert (row["id"].startswith("step_"), listed["last_id"]) == (True, row["id"])
