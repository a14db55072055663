import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from omnilogue_mindcraft.emulator import API_KEY, LEAKED_KEY, MindCraftEmulator

GUESSED = ["session/update/", "session/delete/", "message/update/", "message/delete/"]


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


def session_id(vendor: MindCraftEmulator) -> int:
    return vendor.store.sessions()[0].session_id


def contents(vendor: MindCraftEmulator) -> list[tuple[str, str]]:
    return [(row.category, row.content) for row in vendor.store.messages(session_id(vendor))]


# The door.


def test_the_settings_lead_to_version_one_with_a_key_that_looks_like_one(vendor: MindCraftEmulator) -> None:
    assert vendor.provider == "mindcraft"
    assert vendor.settings == {"base_url": vendor.url, "api_key": API_KEY}
    assert vendor.url.endswith("/v1/")
    assert all(re.fullmatch(r"MC-[0-9A-F]{32}", key) for key in (API_KEY, LEAKED_KEY))


@pytest.mark.parametrize("header", [{}, {"Authorization": "Bearer MC-WRONG"}, {"Authorization": f"Token {API_KEY}"}])
def test_a_request_without_the_right_key_is_401(vendor: MindCraftEmulator, header: dict[str, str]) -> None:
    answer = httpx.get(vendor.url + "session/", headers=header)

    assert (answer.status_code, answer.json()["status"]) == (401, 401)


def test_the_accepted_keys_can_be_changed(vendor: MindCraftEmulator, client: httpx.Client) -> None:
    vendor.keys = {"MC-" + "A" * 32}

    assert client.get("session/").status_code == 401
    assert client.get("session/", headers={"Authorization": "Bearer MC-" + "A" * 32}).status_code == 200


@pytest.mark.parametrize("path", ["session", "message", "message/clear", *(path[:-1] for path in GUESSED)])
def test_a_missing_slash_is_a_redirect_to_the_path_with_it(client: httpx.Client, path: str) -> None:
    answer = client.post(f"{path}?page=1", json={})

    assert (answer.status_code, answer.headers["location"]) == (301, f"/v1/{path}/?page=1")


@pytest.mark.parametrize("path", ["nothing/", "session/7/", "session%2F", "chat/completions/", "/session/"])
def test_an_unknown_path_is_an_html_404(vendor: MindCraftEmulator, client: httpx.Client, path: str) -> None:
    answer = client.get(str(httpx.URL(vendor.url).join(path)))

    assert (answer.status_code, answer.headers["content-type"]) == (404, "text/html; charset=utf-8")


@pytest.mark.parametrize(
    ("method", "path"),
    [("PUT", "session/"), ("DELETE", "message/"), ("GET", "message/clear/"), ("GET", "chat/completions")]
    + [("GET", path) for path in GUESSED],
)
def test_another_verb_than_the_documented_one_is_405(client: httpx.Client, method: str, path: str) -> None:
    assert client.request(method, path).status_code == 405


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b'"text"', b'{"session_name": 5}', b'{"nome": "x"}'])
def test_a_body_of_another_shape_is_400(vendor: MindCraftEmulator, client: httpx.Client, content: bytes) -> None:
    answer = client.post("session/", content=content, headers={"Content-Type": "application/json"})

    assert answer.status_code == 400
    assert vendor.store.sessions() == []


def test_a_body_that_is_not_said_to_be_json_is_415(client: httpx.Client) -> None:
    assert client.post("session/", data={"session_name": "x"}).status_code == 415


@pytest.mark.parametrize(
    "path", ["message/", "message/clear/", "session/update/", "session/delete/"], ids=lambda path: path.strip("/")
)
@pytest.mark.parametrize("names", [[], ["session_id", "session_token"]], ids=["none", "both"])
def test_a_conversation_has_exactly_one_of_its_names(
    vendor: MindCraftEmulator, client: httpx.Client, path: str, names: list[str]
) -> None:
    stored = vendor.store.add_session()
    which = {name: getattr(stored, name) for name in names}
    message = {"message_category": "user", "message_content": "x"} if path == "message/" else {}

    assert client.post(path, json={**which, **message}).status_code == 400
    assert client.get("message/", params=which).status_code == 400


def test_an_unknown_conversation_is_404(client: httpx.Client) -> None:
    assert client.get("message/", params={"session_id": 1}).status_code == 404
    assert client.post("message/clear/", json={"session_token": "nope"}).status_code == 404
    assert client.post("session/delete/", json={"session_id": 10**40}).status_code == 404


@pytest.mark.parametrize(
    ("form", "status", "body"),
    [
        ("envelope", 404, {"message": "Session not found.", "status": 404}),
        ("in_200", 200, {"message": "Session not found.", "status": 404}),
        ("detail", 404, {"detail": "Session not found."}),
        ("field_map", 404, {"non_field_errors": ["Session not found."]}),
    ],
)
def test_errors_come_in_several_forms(
    vendor: MindCraftEmulator, client: httpx.Client, form: str, status: int, body: dict[str, Any]
) -> None:
    vendor.configure(error_form=form)

    answer = client.get("message/", params={"session_id": 1})
    assert (answer.status_code, answer.json()) == (status, body)


def test_errors_may_be_an_object_or_a_page_or_name_the_field(vendor: MindCraftEmulator, client: httpx.Client) -> None:
    vendor.configure(error_form="error_object")
    assert client.get("message/", params={"session_id": 1}).json()["error"]["message"] == "Session not found."
    vendor.configure(error_form="html")
    answer = client.get("message/", params={"session_id": 1})
    assert (answer.status_code, answer.headers["content-type"]) == (404, "text/html; charset=utf-8")
    vendor.configure(error_form="field_map")
    assert list(client.post("session/", json={"model": 5}).json()) == ["model"]


# Conversations.


def test_a_created_conversation_has_the_fields_of_the_page(vendor: MindCraftEmulator, client: httpx.Client) -> None:
    vendor.store.now = lambda: datetime(2026, 1, 1, 23, 30, 5, 999_000, tzinfo=UTC)
    fields = {"session_name": "Trip", "prompt": "Be brief.", "session_remark": '{"a": 1}', "config_data": {"b": 2}}
    answer = client.post("session/", json={**fields, "model": "gpt-4o", "temperature": 1, "history_length": 8})

    token = answer.json()["data"]["session_token"]
    assert vendor.store.session_by_token(token).session_id == 1001
    assert answer.json() == {
        "message": "",
        "status": 201,
        "data": {
            "session_id": 1001,
            "session_token": token,
            "api_id": 70,
            "device_id": None,
            "session_name": "Trip",
            "session_config": {
                "data": {"b": 2},
                "model": "gpt-4o",
                "prompt": "Be brief.",
                "max_tokens": 4000,
                "temperature": 1,
                "history_length": 8,
            },
            "session_remark": '{"a": 1}',
            "created_at": "2026-01-02 07:30:05",
            "updated_at": "2026-01-02 07:30:05",
        },
    }


def test_the_status_of_a_create_is_201_in_the_body_and_a_quirk_outside(
    vendor: MindCraftEmulator, client: httpx.Client, session: dict[str, str]
) -> None:
    message = {**session, "message_category": "user", "message_content": "x"}

    for status in (200, 201):
        vendor.configure(create_http_status=status)
        for path, body in (("session/", {}), ("message/", message)):
            answer = client.post(path, json=body)
            assert (answer.status_code, answer.json()["status"]) == (status, 201)


def test_a_create_may_tell_the_token_only(vendor: MindCraftEmulator, client: httpx.Client) -> None:
    vendor.configure(create_answer="token_only")

    assert list(client.post("session/", json={}).json()["data"]) == ["session_token"]


def test_the_list_is_paged_and_has_the_documented_envelope(vendor: MindCraftEmulator, client: httpx.Client) -> None:
    for number in range(25):
        vendor.store.add_session(f"name {number}")

    page = client.get("session/", params={"ordering": "session_id", "page": 3, "size": 10}).json()
    assert {name: page[name] for name in page if name != "results"} == {
        "message": "",
        "status": 200,
        "count": 25,
        "max_pages": 3,
        "current_page": 3,
    }
    assert [row["session_id"] for row in page["results"]] == [1021, 1022, 1023, 1024, 1025]
    assert "session_token" not in page["results"][0]
    assert len(client.get("session/").json()["results"]) == 10


def test_the_list_may_show_tokens(vendor: MindCraftEmulator, client: httpx.Client, session: dict[str, str]) -> None:
    vendor.configure(list_shows_token=True)

    assert client.get("session/").json()["results"][0]["session_token"] == session["session_token"]


@pytest.mark.parametrize(
    ("ordering", "names"),
    [
        (None, "cba"),
        ("session_id", "abc"),
        ("-session_id", "cba"),
        ("created_at", "bac"),
        ("-created_at", "cab"),
        ("updated_at", "acb"),
        ("-updated_at", "bca"),
        ("api_use_count", "bca"),
        ("-api_use_count", "acb"),
    ],
)
def test_the_list_is_ordered_as_asked(
    vendor: MindCraftEmulator, client: httpx.Client, ordering: str | None, names: str
) -> None:
    stamps = {"a": (2, 3, 2), "b": (1, 5, 0), "c": (4, 4, 1)}
    for name, (created, updated, uses) in stamps.items():
        number = vendor.store.add_session(name).session_id
        vendor.store.now = lambda second=updated: datetime(2026, 1, 1, 0, 0, second, tzinfo=UTC)  # type: ignore[misc]
        vendor.store.change_session(number, created_at=f"2026-01-01 08:00:0{created}", api_use_count=uses)

    rows = client.get("session/", params={"ordering": ordering} if ordering else {}).json()["results"]
    assert "".join(row["session_name"] for row in rows) == names


@pytest.mark.parametrize(
    "query", ["ordering=title", "page=x", "page=0", "size=0", "name=x", "session_id=1001", "page=1&page=2"]
)
def test_an_undocumented_query_of_the_list_is_400(client: httpx.Client, query: str) -> None:
    assert client.get(f"session/?{query}").status_code == 400


def test_names_are_found_in_part_or_exactly(vendor: MindCraftEmulator, client: httpx.Client) -> None:
    for name in ("Trip", "Trip to Rome", "Work"):
        vendor.store.add_session(name)

    def found() -> list[str]:
        rows = client.get("session/", params={"session_name": "Trip", "ordering": "session_id"}).json()["results"]
        return [row["session_name"] for row in rows]

    assert found() == ["Trip", "Trip to Rome"]
    vendor.configure(name_filter="exact")
    assert found() == ["Trip"]


@pytest.mark.parametrize("path", ["session/", "message/"])
def test_a_page_past_the_end_is_404_or_empty(
    vendor: MindCraftEmulator, client: httpx.Client, session: dict[str, str], path: str
) -> None:
    query = {"page": "2", **(session if path == "message/" else {})}

    assert client.get(path, params=query).status_code == 404
    vendor.configure(past_end="empty")
    assert client.get(path, params=query).json()["results"] == []


def test_a_size_above_the_largest_is_cut(vendor: MindCraftEmulator, client: httpx.Client) -> None:
    for _ in range(101):
        vendor.store.add_session()

    assert [len(client.get("session/?size=1000").json()["results"]), vendor.quirks.max_size] == [100, 100]
    vendor.configure(max_size=1000)
    assert len(client.get("session/?size=1000").json()["results"]) == 101


def test_an_update_changes_only_what_is_given(
    vendor: MindCraftEmulator, client: httpx.Client, session: dict[str, str]
) -> None:
    before = vendor.store.sessions()[0]
    answer = client.post("session/update/", json={**session, "session_name": "New", "prompt": "Long."})

    after = vendor.store.sessions()[0]
    assert (answer.json()["status"], answer.json()["data"]["session_name"]) == (200, "New")
    assert after.config == {**before.config, "prompt": "Long."}
    assert (after.session_remark, after.created_at) == (before.session_remark, before.created_at)


def test_an_update_merges_the_data_of_the_configuration_or_replaces_it(
    vendor: MindCraftEmulator, client: httpx.Client
) -> None:
    number = vendor.store.add_session(config={"data": {"a": 1}}).session_id

    client.post("session/update/", json={"session_id": number, "config_data": {"b": 2}})
    assert vendor.store.session(number).config["data"] == {"a": 1, "b": 2}
    vendor.configure(update_merges_config=False)
    client.post("session/update/", json={"session_id": number, "config_data": {"c": 3}})
    assert vendor.store.session(number).config["data"] == {"c": 3}


def test_a_deleted_conversation_is_gone_with_its_messages(
    vendor: MindCraftEmulator, client: httpx.Client, session: dict[str, str]
) -> None:
    message = vendor.store.add_message(session_id(vendor), "user", "x").message_id

    assert client.post("session/delete/", json=session).json()["status"] == 200
    assert vendor.store.sessions() == []
    assert client.post("session/delete/", json=session).status_code == 404
    assert client.post("message/delete/", json={"message_id": message}).status_code == 404


def test_answers_about_conversations_may_have_no_status(
    vendor: MindCraftEmulator, client: httpx.Client, session: dict[str, str]
) -> None:
    vendor.configure(session_answers_status=False)

    calls: list[httpx.Response] = [client.get("session/"), client.post("session/", json={})]
    calls += [client.post(path, json=session) for path in ("session/update/", "session/delete/")]
    assert [(call.status_code, "status" in call.json()) for call in calls] == [(200, False)] * 4


# The paths nobody documented.


@pytest.mark.parametrize("path", GUESSED)
def test_the_guessed_paths_may_be_missing_or_closed_or_elsewhere(
    vendor: MindCraftEmulator, client: httpx.Client, path: str
) -> None:
    def statuses() -> tuple[int, int]:
        return client.post(path, json={}).status_code, client.post(f"moved/{path}", json={}).status_code

    assert statuses() == (400, 404)
    vendor.configure(guessed_paths="missing", elsewhere_prefix="moved/")
    assert statuses() == (404, 404)
    vendor.configure(guessed_paths="not_allowed")
    assert statuses() == (405, 404)
    vendor.configure(guessed_paths="elsewhere")
    assert statuses() == (404, 400)


# Messages.


def test_a_message_of_any_role_is_stored_and_answered(
    vendor: MindCraftEmulator, client: httpx.Client, session: dict[str, str]
) -> None:
    vendor.store.now = lambda: datetime(2025, 3, 2, 1, 15, tzinfo=UTC)
    fields = {"message_category": "critic", "message_content": "hello", "meta_data": {"lang": "en"}}

    assert client.post("message/", json={**session, **fields}).json() == {
        "message": "",
        "status": 201,
        "data": {
            "message_id": 50_001,
            "session_id": 1001,
            **session,
            "message_category": "critic",
            "message_content": "hello",
            "message_meta": {"data": {"lang": "en"}},
            "created_at": "2025-03-02 09:15:00",
        },
    }
    assert contents(vendor) == [("critic", "hello")]


def test_what_a_message_shows_is_a_quirk(
    vendor: MindCraftEmulator, client: httpx.Client, session: dict[str, str]
) -> None:
    vendor.store.add_message(session_id(vendor), "assistant", "one two", data={"k": 1})
    vendor.configure(message_shows_token=False, meta_extra=True, assistant_word="ai")

    (item,) = client.get("message/", params=session).json()["results"]
    assert "session_token" not in item
    assert item["message_category"] == "ai"
    assert item["message_meta"] == {"data": {"k": 1}, "source": "api", "words": 2}


def test_only_the_accepted_roles_are_taken(
    vendor: MindCraftEmulator, client: httpx.Client, session: dict[str, str]
) -> None:
    vendor.configure(accepts_roles=("user", "ai"))

    def status(role: str) -> int:
        return client.post("message/", json={**session, "message_category": role, "message_content": ""}).status_code

    assert [status("user"), status("ai"), status("assistant")] == [200, 200, 400]


@pytest.mark.parametrize(
    ("quirk", "ordering", "order"),
    [
        ("asked", None, [3, 2, 1]),
        ("asked", "message_id", [1, 2, 3]),
        ("asked", "-message_id", [3, 2, 1]),
        ("asked", "created_at", [1, 2, 3]),
        ("asked", "-created_at", [3, 2, 1]),
        ("newest_first", "message_id", [3, 2, 1]),
        ("oldest_first", "-message_id", [1, 2, 3]),
        ("oldest_first", None, [1, 2, 3]),
    ],
)
def test_messages_come_newest_first_unless_another_order_is_asked_and_obeyed(  # noqa: PLR0917 - a table
    vendor: MindCraftEmulator,
    client: httpx.Client,
    session: dict[str, str],
    quirk: str,
    ordering: str | None,
    order: list[int],
) -> None:
    vendor.configure(message_order=quirk)
    for number in (1, 2, 3):
        vendor.store.add_message(session_id(vendor), "user", str(number))

    rows = client.get("message/", params={**session, **({"ordering": ordering} if ordering else {})}).json()["results"]
    assert [int(row["message_content"]) for row in rows] == order


@pytest.mark.parametrize("query", ["ordering=updated_at", "session_name=x", "size=-1", "limit=5"])
def test_an_undocumented_query_of_the_messages_is_400(
    client: httpx.Client, session: dict[str, str], query: str
) -> None:
    assert client.get(f"message/?session_token={session['session_token']}&{query}").status_code == 400


def test_messages_are_paged(vendor: MindCraftEmulator, client: httpx.Client, session: dict[str, str]) -> None:
    for number in range(5):
        vendor.store.add_message(session_id(vendor), "user", str(number))

    page = client.get("message/", params={**session, "size": 2, "page": 2}).json()
    assert [row["message_content"] for row in page["results"]] == ["2", "1"]
    assert (page["count"], page["max_pages"], page["current_page"]) == (5, 3, 2)


def test_an_edited_message_keeps_what_is_not_given(
    vendor: MindCraftEmulator, client: httpx.Client, session: dict[str, str]
) -> None:
    before = vendor.store.add_message(session_id(vendor), "user", "old", data={"k": 1})
    answer = client.post("message/update/", json={"message_id": before.message_id, "message_content": "new"})

    assert answer.json()["data"]["message_content"] == "new"
    assert vendor.store.message(before.message_id).data == {"k": 1}
    assert vendor.store.message(before.message_id).created_at == before.created_at
    client.post("message/update/", json={"message_id": before.message_id, "meta_data": {"m": 2}})
    assert vendor.store.message(before.message_id).data == {"m": 2}
    assert contents(vendor) == [("user", "new")]


def test_a_deleted_message_is_gone(vendor: MindCraftEmulator, client: httpx.Client, session: dict[str, str]) -> None:
    first, second = (vendor.store.add_message(session_id(vendor), "user", text) for text in ("first", "second"))

    assert client.post("message/delete/", json={"message_id": first.message_id}).json()["status"] == 200
    assert vendor.store.messages(session_id(vendor)) == [second]
    assert client.post("message/delete/", json={"message_id": first.message_id}).status_code == 404


def test_a_clear_removes_every_message_and_answers_with_a_key_as_documented(
    vendor: MindCraftEmulator, client: httpx.Client, session: dict[str, str]
) -> None:
    vendor.store.add_message(session_id(vendor), "system", "x")
    record = client.post("message/clear/", json=session).json()
    vendor.configure(clear_answer="envelope")

    assert contents(vendor) == []
    assert (record["api_key"], record["is_status"], "status" in record) == (LEAKED_KEY, False, False)
    assert client.post("message/clear/", json=session).json() == {"message": "", "status": 200, "data": {}}
