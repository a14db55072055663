from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, get_args

import httpx
import pytest

from omnilogue_minimax.emulator import API_KEY, MiniMaxEmulator
from omnilogue_minimax.emulator_quirks import Path

SUCCESS = {"status_code": 0, "status_msg": "success"}
NOON = datetime(2026, 1, 1, 12, 0, 5, 999_000, tzinfo=UTC)
STAMP = 1_767_268_805
MESSAGE = {"role": "user", "content": "hello"}


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
def thread(vendor: MiniMaxEmulator) -> str:
    """Give the id of an empty thread."""
    return vendor.store.add_thread().id


def code(response: httpx.Response) -> int:
    return int(response.json()["base_resp"]["status_code"])


def texts(answer: dict[str, Any]) -> list[str]:
    return [row["content"][0]["text"]["value"] for row in answer["data"]]


# The door.


def test_the_settings_lead_to_version_one_with_a_key_and_its_group(vendor: MiniMaxEmulator) -> None:
    assert vendor.provider == "minimax"
    assert vendor.settings == {"base_url": vendor.url, "api_key": API_KEY, "group_id": "1234"}
    assert vendor.url.endswith("/v1/")


@pytest.mark.parametrize("header", [{}, {"Authorization": "Bearer wrong"}, {"Authorization": f"Token {API_KEY}"}])
@pytest.mark.parametrize("answered", [1004, 2049])
def test_a_request_without_the_right_key_is_refused_in_the_body(
    vendor: MiniMaxEmulator, header: dict[str, str], answered: int
) -> None:
    vendor.configure(wrong_key_code=answered)

    answer = httpx.post(vendor.url + "threads/create?GroupId=1234", headers=header)
    assert (answer.status_code, code(answer)) == (200, answered)


def test_the_accepted_keys_can_be_changed(vendor: MiniMaxEmulator, client: httpx.Client) -> None:
    vendor.keys = {"another"}

    assert code(client.post("threads/create")) == 1004
    assert code(client.post("threads/create", headers={"Authorization": "Bearer another"})) == 0


@pytest.mark.parametrize("query", ["", "?GroupId=", "?GroupId=4321", "?group_id=1234"])
def test_the_group_is_needed_unless_the_host_is_the_newer_one(vendor: MiniMaxEmulator, query: str) -> None:
    def answered() -> int:
        url = f"{vendor.url}threads/create{query}"
        return code(httpx.post(url, headers={"Authorization": f"Bearer {API_KEY}"}))

    assert answered() == 1004
    vendor.configure(needs_group=False)
    assert answered() == 0


def test_every_answer_has_a_trace_id_of_its_own(vendor: MiniMaxEmulator, client: httpx.Client, thread: str) -> None:
    vendor.refuse_next(1002)
    calls = [client.get("threads/retrieve"), client.get("nothing"), client.post("threads/create")]
    calls.append(client.post("threads/messages/add", json={"thread_id": thread, **MESSAGE}))

    assert len({call.headers["trace_id"] for call in calls}) == 4


@pytest.mark.parametrize(
    "path", ["", "threads", "threads/", "threads/create/", "threads%2Fcreate", "files/uploads", "/x"]
)
def test_an_unknown_path_is_404(vendor: MiniMaxEmulator, client: httpx.Client, path: str) -> None:
    assert client.post(str(httpx.URL(vendor.url).join(path))).status_code == 404


def test_the_paths_of_the_quirks_are_those_that_answer_and_each_knows_one_verb(
    vendor: MiniMaxEmulator, client: httpx.Client
) -> None:
    for path in get_args(Path):
        statuses = {method: client.request(method, path).status_code for method in ("GET", "POST", "DELETE")}
        assert sorted(statuses.values()) == [200, 405, 405], path


@pytest.mark.parametrize("path", get_args(Path))
def test_any_path_may_be_missing_on_a_host(vendor: MiniMaxEmulator, client: httpx.Client, path: str) -> None:
    vendor.configure(missing_paths=(path,))

    answers = {each: client.post(each).status_code for each in (path, "threads/create", "assistants/create")}
    assert [each for each, status in answers.items() if status == 404] == [path]


def test_a_retired_service_knows_no_path(vendor: MiniMaxEmulator, client: httpx.Client) -> None:
    vendor.configure(retired=True)

    assert {client.post(path).status_code for path in get_args(Path)} == {404}


def test_a_missing_path_must_be_one_of_the_paths() -> None:
    with pytest.raises(ValueError, match="missing_paths"):
        MiniMaxEmulator(missing_paths=("threads/delete",))


@pytest.mark.parametrize(
    "content", [b"{", b"[]", b"null", b'"x"', b'{"name": 1}', b"\xff", b"[" * 100_000, b'{"metadata": null}']
)
def test_a_body_of_another_shape_is_refused(vendor: MiniMaxEmulator, client: httpx.Client, content: bytes) -> None:
    answer = client.post("threads/create", content=content, headers={"Content-Type": "application/json"})

    assert (answer.status_code, code(answer)) == (200, 2013)
    assert vendor.store.threads() == []


def test_a_body_that_is_not_said_to_be_json_is_refused(client: httpx.Client) -> None:
    assert code(client.post("threads/create", content=b"{}")) == 2013


def test_refusals_may_come_with_another_http_status(vendor: MiniMaxEmulator, client: httpx.Client) -> None:
    vendor.configure(error_http_status=400)

    answer = client.post("threads/modify", json={})
    assert (answer.status_code, code(answer)) == (400, 2013)


@pytest.mark.parametrize(
    ("method", "path", "fields"),
    [
        ("POST", "threads/messages/add", {"id": "", "object": "", "created_at": 0, "thread_id": "", "metadata": None}),
        ("GET", "threads/messages/list", {"object": "", "data": None, "first_id": "", "last_id": ""}),
        ("POST", "threads/modify", {"thread": None}),
        ("POST", "threads/run/cancel", {"run": None}),
    ],
)
def test_refusals_may_show_empty_fields(
    vendor: MiniMaxEmulator, client: httpx.Client, method: str, path: str, fields: dict[str, Any]
) -> None:
    assert list(client.request(method, path).json()) == ["base_resp"]
    vendor.configure(errors_with_fields=True)
    answer = client.request(method, path).json()
    assert (answer.pop("base_resp")["status_code"], answer) == (2013, fields)


def test_the_next_requests_can_be_refused_with_any_code(
    vendor: MiniMaxEmulator, client: httpx.Client, thread: str
) -> None:
    vendor.refuse_next(1002, times=2)
    vendor.refuse_next(1039, "slowly", path="threads/messages/add")
    body = {"thread_id": thread, **MESSAGE}
    answers = [client.post("threads/messages/add", json=body).json()["base_resp"] for _ in range(4)]

    assert [answer["status_code"] for answer in answers] == [1002, 1002, 1039, 0]
    assert [answers[0]["status_msg"], answers[2]["status_msg"]] == ["rate limit exceeded(RPM)", "slowly"]
    assert len(vendor.store.messages(thread)) == 1


def test_a_refusal_may_come_after_the_deed(vendor: MiniMaxEmulator, client: httpx.Client, thread: str) -> None:
    vendor.refuse_next(1001, is_applied=True)

    assert code(client.post("threads/messages/add", json={"thread_id": thread, **MESSAGE})) == 1001
    assert len(vendor.store.messages(thread)) == 1


@pytest.mark.parametrize(
    ("quirk", "status", "answered"), [("2013", 200, 2013), ("1000", 200, 1000), ("404", 404, None)]
)
def test_an_id_nobody_has_is_refused_in_several_forms(
    vendor: MiniMaxEmulator, client: httpx.Client, quirk: str, status: int, answered: int | None
) -> None:
    vendor.configure(not_found=quirk, not_found_words="不存在")

    answer = client.get("threads/retrieve", params={"thread_id": "thread_x"})
    assert answer.status_code == status
    assert answer.json().get("base_resp", {}).get("status_code") == answered
    assert "thread thread_x 不存在" in answer.text.encode().decode("unicode_escape")


def test_ids_of_every_kind_are_looked_up(vendor: MiniMaxEmulator, client: httpx.Client, thread: str) -> None:
    other = vendor.store.add_thread().id
    message = vendor.store.add_message(other, "user", "x").id
    run = vendor.store.add_run(other, vendor.store.add_assistant().id).id

    def words(method: str, path: str, **parameters: str) -> str:
        answer = client.request(method, path, **{"params" if method == "GET" else "json": parameters})  # type: ignore[arg-type]
        assert code(answer) == 2013
        return " ".join(answer.json()["base_resp"]["status_msg"].split()[:2])

    assert words("GET", "threads/messages/list", thread_id="t") == "thread t"
    assert words("GET", "threads/messages/retrieve", thread_id="t", message_id=message) == "thread t"
    assert words("GET", "threads/messages/retrieve", thread_id=thread, message_id=message) == f"message {message}"
    assert words("GET", "threads/run/list", thread_id="t") == "thread t"
    assert words("GET", "threads/run/retrieve", thread_id=thread, run_id=run) == f"run {run}"
    assert words("GET", "threads/run_steps/retrieve", thread_id=other, run_id=run, step_id="s") == "step s"
    assert words("GET", "assistants/retrieve", assistant_id="a") == "assistant a"
    assert words("POST", "assistants/delete", assistant_id="a") == "assistant a"
    assert words("POST", "assistants/modify", id="a") == "assistant a"
    assert words("POST", "threads/run/create", thread_id="t", assistant_id="a") == "thread t"
    assert words("POST", "threads/run/create", thread_id=thread, assistant_id="a") == "assistant a"
    assert words("POST", "threads/messages/add", thread_id="t", role="user", content="x") == "thread t"
    assert words("POST", "threads/run/cancel", thread_id="t", run_id=run) == "thread t"


# Where the parameters of GET calls are read.


@pytest.mark.parametrize(("quirk", "from_query", "from_body"), [("both", 0, 0), ("query", 0, 2013), ("body", 2013, 0)])
def test_parameters_of_get_calls_are_read_from_query_or_body(  # noqa: PLR0917 - a table
    vendor: MiniMaxEmulator, client: httpx.Client, thread: str, quirk: str, from_query: int, from_body: int
) -> None:
    vendor.configure(get_params=quirk)
    which: dict[str, Any] = {"thread_id": thread, "limit": 5, "order": "asc"}

    for path in ("threads/messages/list", "threads/run/list"):
        assert code(client.get(path, params=which)) == from_query
        assert code(client.request("GET", path, json=which)) == from_body
        assert code(client.request("GET", path, params=which, json=which)) == 0


def test_an_assistant_is_looked_up_in_the_query_everywhere(vendor: MiniMaxEmulator, client: httpx.Client) -> None:
    which = {"assistant_id": vendor.store.add_assistant().id}

    for quirk in ("both", "query", "body"):
        vendor.configure(get_params=quirk)
        assert code(client.get("assistants/retrieve", params=which)) == 0


def test_query_and_body_must_agree(vendor: MiniMaxEmulator, client: httpx.Client, thread: str) -> None:
    other = vendor.store.add_thread().id
    answer = client.request("GET", "threads/retrieve", params={"thread_id": thread}, json={"thread_id": other})

    assert code(answer) == 2013


def test_parameters_of_post_calls_are_read_from_the_body_only(client: httpx.Client, thread: str) -> None:
    assert code(client.post("threads/messages/add", params={"thread_id": thread}, json=MESSAGE)) == 2013


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=x", "limit=" + "9" * 5000, "order=up", "has_more=1", "order=asc&order=asc"]
)
def test_an_undocumented_query_is_refused(client: httpx.Client, thread: str, query: str) -> None:
    assert code(client.get(f"threads/messages/list?GroupId=1234&thread_id={thread}&{query}")) == 2013


def test_a_limit_in_a_body_is_a_number(client: httpx.Client, thread: str) -> None:
    body = {"thread_id": thread, "limit": "5"}

    assert code(client.request("GET", "threads/messages/list", json=body)) == 2013


# Threads.


@pytest.mark.parametrize("body", [None, {}, {"metadata": {"title": "Trip"}}])
def test_a_created_thread_has_the_fields_of_the_page(
    vendor: MiniMaxEmulator, client: httpx.Client, body: dict[str, Any] | None
) -> None:
    vendor.store.now = lambda: NOON
    answer = client.post("threads/create", json=body) if body is not None else client.post("threads/create")

    (stored,) = vendor.store.threads()
    assert stored.id.startswith("thread_")
    expected = {"id": stored.id, "object": "thread", "created_at": STAMP, "metadata": (body or {}).get("metadata", {})}
    assert answer.json() == {**expected, "base_resp": SUCCESS}
    assert client.get("threads/retrieve", params={"thread_id": stored.id}).json() == answer.json()


@pytest.mark.parametrize("quirk", ["replace", "merge"])
def test_a_modify_calls_the_thread_id_and_replaces_or_merges_metadata(
    vendor: MiniMaxEmulator, client: httpx.Client, quirk: str
) -> None:
    vendor.configure(metadata_modify=quirk)
    thread = vendor.store.add_thread({"a": "1", "b": "2"}).id

    assert code(client.post("threads/modify", json={"thread_id": thread, "metadata": {}})) == 2013
    answer = client.post("threads/modify", json={"id": thread, "metadata": {"b": "3"}}).json()
    kept = {"a": "1"} if quirk == "merge" else {}
    assert (answer["thread"]["id"], answer["thread"]["metadata"]) == (thread, {**kept, "b": "3"})
    assert (sorted(answer), vendor.store.thread(thread).metadata) == (["base_resp", "thread"], {**kept, "b": "3"})


@pytest.mark.parametrize(
    "metadata",
    [{"a": 1}, {"a": None}, {"a": {}}, [], "x", {"k" * 65: ""}, {"k": "v" * 513}, {str(key): "" for key in range(17)}],
)
def test_metadata_are_few_short_strings(client: httpx.Client, thread: str, metadata: Any) -> None:
    bodies: dict[str, dict[str, Any]] = {
        "threads/create": {},
        "threads/modify": {"id": thread},
        "threads/messages/add": {"thread_id": thread, **MESSAGE},
        "assistants/create": {"model": "abab6-chat"},
    }
    for path, body in bodies.items():
        assert code(client.post(path, json={**body, "metadata": metadata})) == 2013


def test_metadata_may_be_as_large_as_the_limits(client: httpx.Client) -> None:
    metadata = {f"{number:064}": "中" * 512 for number in range(16)}

    assert client.post("threads/create", json={"metadata": metadata}).json()["metadata"] == metadata


def test_threads_and_messages_may_show_when_they_were_changed(
    vendor: MiniMaxEmulator, client: httpx.Client, thread: str
) -> None:
    vendor.store.now = lambda: NOON
    vendor.store.add_message(thread, "user", "x")

    def shown() -> list[Any]:
        which = {"thread_id": thread}
        rows = client.get("threads/messages/list", params=which).json()["data"]
        return [row.get("updated_at") for row in (client.get("threads/retrieve", params=which).json(), *rows)]

    assert shown() == [None, None]
    vendor.configure(updated_at=True)
    assert shown() == [STAMP, STAMP]


# Messages.


def test_a_message_goes_in_as_text_and_comes_out_in_parts(
    vendor: MiniMaxEmulator, client: httpx.Client, thread: str
) -> None:
    vendor.store.now = lambda: NOON
    file_id = str(vendor.store.files.add("note.txt", b"").id)
    body = {"thread_id": thread, **MESSAGE, "metadata": {"lang": "en"}, "file_ids": [file_id]}
    answer = client.post("threads/messages/add", json=body).json()

    (stored,) = vendor.store.messages(thread)
    assert answer == {
        "id": stored.id,
        "object": "message",
        "created_at": STAMP,
        "thread_id": thread,
        "role": "user",
        "content": [{"type": "text", "text": {"value": "hello", "annotations": []}}],
        "file_ids": [file_id],
        "assistant_id": "",
        "run_id": "",
        "metadata": {"lang": "en"},
        "base_resp": SUCCESS,
    }
    which = {"thread_id": thread, "message_id": stored.id}
    assert client.get("threads/messages/retrieve", params=which).json() == answer


def test_what_a_message_has_not_is_null(vendor: MiniMaxEmulator, client: httpx.Client, thread: str) -> None:
    vendor.configure(no_annotations="null")
    answer = client.post("threads/messages/add", json={"thread_id": thread, **MESSAGE}).json()

    assert (answer["file_ids"], answer["metadata"]) == (None, None)
    assert answer["content"] == [{"type": "text", "text": {"value": "hello", "annotations": None}}]


@pytest.mark.parametrize("content", [None, 5, ["x"], [{"type": "text", "text": "x"}]])
def test_a_content_that_is_not_a_text_is_refused(client: httpx.Client, thread: str, content: Any) -> None:
    body = {"thread_id": thread, "role": "user", "content": content}

    assert code(client.post("threads/messages/add", json=body)) == 2013


def test_parts_of_other_types_are_shown_as_they_are_stored(
    vendor: MiniMaxEmulator, client: httpx.Client, thread: str
) -> None:
    parts: list[dict[str, Any]] = [
        {"type": "image_file", "image_file": {"file_id": "9007199254740993"}},
        {"type": "new", "x": 1},
    ]
    vendor.store.add_message(thread, "assistant", parts)

    (row,) = client.get("threads/messages/list", params={"thread_id": thread}).json()["data"]
    assert row["content"] == parts


@pytest.mark.parametrize(
    ("accepted", "codes"),
    [
        (("user", "assistant"), [0, 0, 2013, 2013]),
        (("user", "ai"), [0, 2013, 0, 2013]),
        (("user",), [0, 2013, 2013, 2013]),
        (("user", "assistant", "ai", "system"), [0, 0, 0, 0]),
    ],
)
def test_only_the_accepted_roles_are_taken(
    vendor: MiniMaxEmulator, client: httpx.Client, thread: str, accepted: tuple[str, ...], codes: list[int]
) -> None:
    vendor.configure(accepts_roles=accepted)

    def answered(role: str) -> int:
        return code(client.post("threads/messages/add", json={"thread_id": thread, "role": role, "content": ""}))

    assert [answered(role) for role in ("user", "assistant", "ai", "system")] == codes


@pytest.mark.parametrize("word", ["ai", "assistant"])
def test_the_role_of_the_assistant_is_read_as_another_word(
    vendor: MiniMaxEmulator, client: httpx.Client, thread: str, word: str
) -> None:
    vendor.configure(accepts_roles=("user", "assistant", "ai"), assistant_word=word)
    for role in ("user", "assistant", "ai"):
        client.post("threads/messages/add", json={"thread_id": thread, "role": role, "content": ""})

    rows = client.get("threads/messages/list", params={"thread_id": thread, "order": "asc"}).json()["data"]
    assert [row["role"] for row in rows] == ["user", word, word]
    assert [message.role for message in vendor.store.messages(thread)] == ["user", "assistant", "assistant"]


# Lists.


@pytest.fixture
def ids(vendor: MiniMaxEmulator, thread: str) -> list[str]:
    """Give the ids of 25 messages, oldest first."""
    return [vendor.store.add_message(thread, "user", str(number)).id for number in range(25)]


def test_a_list_has_the_documented_fields_twenty_rows_and_the_newest_first(
    client: httpx.Client, thread: str, ids: list[str]
) -> None:
    answer = client.get("threads/messages/list", params={"thread_id": thread}).json()

    assert [row["id"] for row in answer.pop("data")] == ids[:4:-1]
    assert answer == {"object": "list", "first_id": ids[-1], "last_id": ids[5], "base_resp": SUCCESS}


def test_an_empty_list_has_empty_ids(client: httpx.Client, thread: str) -> None:
    answer = client.get("threads/messages/list", params={"thread_id": thread}).json()

    assert (answer["data"], answer["first_id"], answer["last_id"]) == ([], "", "")


@pytest.mark.parametrize(
    ("order", "after", "before", "numbers"),
    [
        ("asc", None, None, [0, 1, 2]),
        ("asc", 2, None, [3, 4, 5]),
        ("asc", 23, None, [24]),
        ("asc", 24, None, []),
        ("desc", 2, None, [1, 0]),
        ("asc", None, 2, [0, 1]),
        ("desc", None, 22, [24, 23]),
        ("asc", 4, 7, [5, 6]),
    ],
)
def test_cursors_are_ids_in_the_asked_order(  # noqa: PLR0917 - a table
    client: httpx.Client,
    thread: str,
    ids: list[str],
    order: str,
    after: int | None,
    before: int | None,
    numbers: list[int],
) -> None:
    query: dict[str, Any] = {"thread_id": thread, "limit": 3, "order": order}
    query |= {name: ids[place] for name, place in (("after", after), ("before", before)) if place is not None}

    assert texts(client.get("threads/messages/list", params=query).json()) == [str(number) for number in numbers]


def test_a_cursor_nobody_has_is_refused(client: httpx.Client, thread: str, ids: list[str]) -> None:
    for cursor in ("after", "before"):
        assert code(client.get("threads/messages/list", params={"thread_id": thread, cursor: "msg_x"})) == 2013


def test_cursors_may_be_ignored(vendor: MiniMaxEmulator, client: httpx.Client, thread: str, ids: list[str]) -> None:
    vendor.configure(cursors_ignored=True)

    query = {"thread_id": thread, "after": ids[3], "limit": "2"}
    assert texts(client.get("threads/messages/list", params=query).json()) == ["24", "23"]


def test_ids_may_repeat_inside_a_page_and_still_lead_on(
    vendor: MiniMaxEmulator, client: httpx.Client, thread: str, ids: list[str]
) -> None:
    vendor.configure(repeated_ids=True)
    query = {"thread_id": thread, "order": "asc", "limit": "20"}
    page = client.get("threads/messages/list", params=query).json()

    assert {row["id"] for row in page["data"]} | {page["first_id"], page["last_id"]} == {ids[19]}
    rest = client.get("threads/messages/list", params={**query, "after": page["last_id"]}).json()
    assert texts(page) + texts(rest) == [str(number) for number in range(25)]


def test_a_limit_above_the_largest_is_cut_or_refused(
    vendor: MiniMaxEmulator, client: httpx.Client, thread: str, ids: list[str]
) -> None:
    vendor.configure(max_limit=10)
    query = {"thread_id": thread, "limit": "11"}

    assert len(client.get("threads/messages/list", params=query).json()["data"]) == 10
    vendor.configure(over_max_limit="2013")
    assert code(client.get("threads/messages/list", params=query)) == 2013
    assert len(client.get("threads/messages/list", params={**query, "limit": "10"}).json()["data"]) == 10


# Assistants.


def test_a_created_assistant_shows_what_was_given_and_is_available(
    vendor: MiniMaxEmulator, client: httpx.Client
) -> None:
    vendor.store.now = lambda: NOON
    given: dict[str, Any] = {"model": "abab6-chat", "name": "Ann", "instructions": "Be brief.", "metadata": {"a": "1"}}
    given |= {"tools": [{"type": "web_search"}], "rolemeta": {"tone": "dry"}}
    answer = client.post("assistants/create", json=given).json()

    (stored,) = vendor.store.assistants()
    defaults = {"description": "", "file_ids": [], "t2a_option": {}}
    fixed = {"id": stored.id, "object": "assistant", "created_at": STAMP, "status": "available"}
    assert answer == {**fixed, **defaults, **given, "base_resp": SUCCESS}
    assert client.get("assistants/retrieve", params={"assistant_id": stored.id}).json() == answer


def test_an_assistant_needs_a_model(client: httpx.Client) -> None:
    assert code(client.post("assistants/create", json={"name": "Ann"})) == 2013
    assert code(client.post("assistants/create", json={"model": ""})) == 2013


def test_the_list_of_assistants_tells_whether_there_are_more(vendor: MiniMaxEmulator, client: httpx.Client) -> None:
    names = [vendor.store.add_assistant().id for _ in range(3)]

    first = client.get("assistants/list", params={"limit": 2}).json()
    rest = client.get("assistants/list", params={"limit": 2, "after": first["last_id"]}).json()
    assert [row["id"] for row in first["data"] + rest["data"]] == names[::-1]
    assert (first["has_more"], rest["has_more"]) == (True, False)


def test_a_modify_changes_what_is_given_of_an_assistant(vendor: MiniMaxEmulator, client: httpx.Client) -> None:
    stored = vendor.store.add_assistant("abab6-chat", name="Ann", metadata={"a": "1"})
    change = {"id": stored.id, "instructions": "Be long.", "metadata": {"b": "2"}}
    answer = client.post("assistants/modify", json=change).json()

    shown = answer["assistant"]
    assert (shown["id"], shown["name"], shown["instructions"]) == (stored.id, "Ann", "Be long.")
    assert (shown["model"], shown["metadata"]) == ("abab6-chat", {"b": "2"})
    vendor.configure(metadata_modify="merge")
    client.post("assistants/modify", json={"id": stored.id, "metadata": {"c": "3"}})
    assert vendor.store.assistant(stored.id).fields["metadata"] == {"b": "2", "c": "3"}
    assert code(client.post("assistants/modify", json={"assistant_id": stored.id})) == 2013


def test_a_deleted_assistant_is_gone(vendor: MiniMaxEmulator, client: httpx.Client) -> None:
    which = {"assistant_id": vendor.store.add_assistant().id}
    answer = client.post("assistants/delete", json=which).json()

    deleted = {"id": which["assistant_id"], "object": "assistant.deleted", "deleted": True}
    assert answer == {**deleted, "base_resp": SUCCESS}
    assert vendor.store.assistants() == []
    assert code(client.post("assistants/delete", json=which)) == 2013
