from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from omnilogue_minimax.emulator import MiniMaxEmulator

SUCCESS = {"status_code": 0, "status_msg": "success"}
CLOCK = {"type": "function", "function": {"name": "clock", "parameters": {"type": "object"}}}
SUBMIT = "threads/run/submit_tool_outputs"


@pytest.fixture
def vendor() -> Iterator[MiniMaxEmulator]:
    with MiniMaxEmulator(polls=0) as emulator:
        yield emulator


@pytest.fixture
def client(vendor: MiniMaxEmulator) -> Iterator[httpx.Client]:
    headers = {"Authorization": f"Bearer {vendor.settings['api_key']}"}
    group = {"GroupId": vendor.settings["group_id"]}
    with httpx.Client(base_url=vendor.url, headers=headers, params=group, timeout=5.0, verify=False) as client:
        yield client


def code(response: httpx.Response) -> int:
    return int(response.json()["base_resp"]["status_code"])


def started(vendor: MiniMaxEmulator, client: httpx.Client, text: str, *tools: Any) -> dict[str, str]:
    """Give what names a run that answers a text with tools."""
    thread = vendor.store.add_thread().id
    vendor.store.add_message(thread, "user", text)
    body = {"thread_id": thread, "assistant_id": vendor.store.add_assistant().id, "tools": list(tools)}
    return {"thread_id": thread, "run_id": client.post("threads/run/create", json=body).json()["id"]}


def look(client: httpx.Client, which: dict[str, str]) -> dict[str, Any]:
    return dict(client.get("threads/run/retrieve", params=which).json())


def waiting(run: dict[str, Any]) -> list[dict[str, Any]]:
    return list(run["required_action"]["submit_tool_outputs"]["tool_calls"])


def outputs(run: dict[str, Any], **said: str) -> list[dict[str, str]]:
    return [{"tool_call_id": call["id"], "output": said[call["function"]["name"]]} for call in waiting(run)]


def test_a_run_requires_what_its_text_spells_out(vendor: MiniMaxEmulator, client: httpx.Client) -> None:
    which = started(vendor, client, 'Time? [tool clock {"zone": "UTC"}]', CLOCK)

    run = look(client, which)

    assert run["status"] == "requires_action"
    assert run["required_action"]["type"] == "submit_tool_outputs"
    (call,) = waiting(run)
    assert (call["type"], call["function"]) == ("function", {"name": "clock", "arguments": '{"zone": "UTC"}'})
    assert look(client, which) == run
    assert vendor.store.messages(which["thread_id"])[1:] == []


def test_a_tool_the_run_does_not_have_is_text(vendor: MiniMaxEmulator, client: httpx.Client) -> None:
    run = look(client, started(vendor, client, "Time? [tool sundial]", CLOCK))

    assert run["status"] == "completed"
    assert run["required_action"] == {"type": "", "submit_tool_outputs": None}


def test_outputs_let_a_run_go_on(vendor: MiniMaxEmulator, client: httpx.Client) -> None:
    which = started(vendor, client, "Time? [tool clock]", CLOCK)
    told = {**which, "tool_outputs": outputs(look(client, which), clock="noon")}

    answer = client.post(SUBMIT, json=told).json()

    assert (answer["id"], answer["status"], answer["run_id"]) == (which["run_id"], "queued", "")
    assert answer["required_action"] == {"type": "", "submit_tool_outputs": None}
    assert look(client, which)["status"] == "completed"
    assert vendor.store.messages(which["thread_id"])[-1].text == "Answer 1 to: Time? noon"
    assert code(client.post(SUBMIT, json=told)) == 2013


def test_all_outputs_are_needed_and_no_others(vendor: MiniMaxEmulator, client: httpx.Client) -> None:
    which = started(vendor, client, "[tool clock] [tool clock]", CLOCK)
    both = outputs(look(client, which), clock="noon")
    wrong: list[Any] = [
        [],
        both[:1],
        [*both, {"tool_call_id": "call_x", "output": ""}],
        [both[0], both[0]],
        [{**each, "output": 3} for each in both],
        [{**each, "is_error": True} for each in both],
        both[0],
    ]

    for told in wrong:
        assert code(client.post(SUBMIT, json={**which, "tool_outputs": told})) == 2013
    assert code(client.post(SUBMIT, json={**which, "tool_output": both})) == 2013
    assert look(client, which)["status"] == "requires_action"
    assert code(client.post(SUBMIT, json={**which, "tool_outputs": both})) == 0


def test_a_run_that_waits_keeps_others_out_and_can_be_cancelled(vendor: MiniMaxEmulator, client: httpx.Client) -> None:
    which = started(vendor, client, "[tool clock]", CLOCK)
    look(client, which)
    again = {"thread_id": which["thread_id"], "assistant_id": vendor.store.assistants()[0].id}

    assert client.post("threads/run/create", json=again).status_code == 409
    assert code(client.post("threads/run/cancel", json=which)) == 0
    assert look(client, which)["status"] == "cancelled"


@pytest.mark.parametrize(
    ("tool", "call", "shown"),
    [
        ("retrieval", '{"query": "x"}', {"query": "x", "outputs": "what retrieval found"}),
        (
            "code_interpreter",
            '{"input": "1"}',
            {"input": "1", "outputs": [{"type": "logs", "logs": "what code_interpreter found"}]},
        ),
        ("web_search", "odd", {"query": "odd", "outputs": "what web_search found"}),
    ],
)
def test_the_vendors_own_tools_are_steps(
    vendor: MiniMaxEmulator, client: httpx.Client, tool: str, call: str, shown: dict[str, Any]
) -> None:
    which = started(vendor, client, f"[tool {tool} {call}]", {"type": tool})

    assert look(client, which)["status"] == "completed"
    first, second = client.get("threads/run_steps/list", params={**which, "order": "asc"}).json()["data"]
    assert (first["type"], second["type"]) == ("tool_calls", "message_creation")
    (made,) = first["step_details"]["tool_calls"]
    assert (made["type"], made[tool]) == (tool, shown)


def test_a_web_search_may_be_shown_as_in_the_sample(vendor: MiniMaxEmulator, client: httpx.Client) -> None:
    vendor.configure(search_fields="name_arguments_output")
    which = started(vendor, client, '[tool web_search {"query": "x"}]', {"type": "web_search"})
    look(client, which)

    (step, _) = client.get("threads/run_steps/list", params={**which, "order": "asc"}).json()["data"]

    assert step["step_details"]["tool_calls"][0]["web_search"] == {
        "name": "web_search",
        "arguments": '{"query": "x"}',
        "output": "what web_search found",
    }


@pytest.mark.parametrize(
    "tool",
    [
        {"type": "function", "function": {"name": "clock", "parameters": '{"type": "object"}'}},
        {"type": "function", "function": {"name": ""}},
        {"type": "function"},
        {"name": "clock"},
        {"type": "dance"},
        {"type": "web_search", "function": {"name": "clock"}},
    ],
)
def test_tools_of_another_form_are_refused(vendor: MiniMaxEmulator, client: httpx.Client, tool: Any) -> None:
    thread, assistant = vendor.store.add_thread().id, vendor.store.add_assistant().id
    body = {"thread_id": thread, "assistant_id": assistant, "tools": [tool]}

    assert code(client.post("threads/run/create", json=body)) == 2013


@pytest.mark.parametrize(
    "more",
    [
        {"stream": 1, "t2a_option": {"voice_id": "v"}},
        {"stream": 1, "messages": [{"type": 2, "role": "user", "content": "00"}]},
        {"stream": 2, "messages": [{"type": 2, "role": "user", "content": "0g"}]},
        {"stream": 2, "t2a_option": {"format": "mp3"}},
        {"stream": 3},
    ],
)
def test_a_voice_of_another_form_is_refused(
    vendor: MiniMaxEmulator, client: httpx.Client, more: dict[str, Any]
) -> None:
    thread, assistant = vendor.store.add_thread().id, vendor.store.add_assistant().id
    body = {"thread_id": thread, "assistant_id": assistant, "messages": [], **more}

    assert code(client.post("threads/run/create_stream", json=body)) == 2013
    assert vendor.store.messages(thread) == []
