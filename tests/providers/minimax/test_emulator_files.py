from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from omnilogue_minimax.emulator import MiniMaxEmulator

SUCCESS = {"status_code": 0, "status_msg": "success"}
NOTE = b"--A note.\r\n\r\n--\r\n"


@pytest.fixture
def vendor() -> Iterator[MiniMaxEmulator]:
    with MiniMaxEmulator() as emulator:
        yield emulator


@pytest.fixture
def client(vendor: MiniMaxEmulator) -> Iterator[httpx.Client]:
    headers = {"Authorization": f"Bearer {vendor.settings['api_key']}"}
    group = {"GroupId": vendor.settings["group_id"]}
    with httpx.Client(base_url=vendor.url, headers=headers, params=group, timeout=5.0, verify=False) as client:
        yield client


def code(response: httpx.Response) -> int:
    return int(response.json()["base_resp"]["status_code"])


def upload(client: httpx.Client, content: bytes = NOTE, **fields: str) -> httpx.Response:
    named = {"purpose": "assistants", **fields}
    return client.post("files/upload", data=named, files={"file": ("note.txt", content, "text/plain")})


def test_a_file_is_a_form_with_a_purpose(vendor: MiniMaxEmulator, client: httpx.Client) -> None:
    answer = upload(client).json()

    (stored,) = vendor.store.files.all()
    assert answer == {
        "file": {
            "file_id": stored.id,
            "bytes": len(NOTE),
            "created_at": stored.created_at,
            "filename": "note.txt",
            "purpose": "assistants",
        },
        "base_resp": SUCCESS,
    }
    assert stored.content == NOTE
    assert float(stored.id) != stored.id or int(float(stored.id)) != stored.id


def test_files_are_listed_read_and_deleted(vendor: MiniMaxEmulator, client: httpx.Client) -> None:
    first, second = upload(client).json()["file"], upload(client, purpose="retrieval").json()["file"]
    which = {"file_id": first["file_id"]}

    assert client.get("files/list").json()["files"] == [first, second]
    assert client.get("files/list", params={"purpose": "retrieval"}).json()["files"] == [second]
    assert client.get("files/retrieve", params=which).json()["file"] == first
    content = client.get("files/retrieve_content", params=which)
    assert (content.content, content.headers["content-type"]) == (NOTE, "application/octet-stream")
    assert client.post("files/delete", json=which).json() == {**which, "base_resp": SUCCESS}
    for path in ("files/retrieve", "files/retrieve_content"):
        assert code(client.get(path, params=which)) == 2013
    assert code(client.post("files/delete", json=which)) == 2013


@pytest.mark.parametrize(
    "request_",
    [
        {"json": {"purpose": "assistants"}},
        {"data": {"purpose": "assistants"}},
        {"files": {"file": ("note.txt", b"x")}},
        {"files": {"note": ("note.txt", b"x")}, "data": {"purpose": "assistants"}},
        {"files": {"file": ("", b"x")}, "data": {"purpose": "assistants"}},
        {"files": {"file": ("a", b"x")}, "data": {"purpose": "fun"}},
        {"files": {"file": ("a", b"x")}, "data": {"purpose": "assistants", "more": "1"}},
        {"content": b"x", "headers": {"Content-Type": "multipart/form-data; boundary=y"}},
        {"content": b"--y\r\n\r\nx", "headers": {"Content-Type": "multipart/form-data; boundary=y"}},
        {},
    ],
)
def test_another_form_is_refused(vendor: MiniMaxEmulator, client: httpx.Client, request_: dict[str, Any]) -> None:
    assert code(client.post("files/upload", **request_)) == 2013
    assert vendor.store.files.all() == []


@pytest.mark.parametrize("wrong", [{"file_id": "7"}, {"file_id": 0}, {"file_id": 1.5}, {}, {"id": 7}])
def test_a_file_is_deleted_by_its_number(client: httpx.Client, wrong: dict[str, Any]) -> None:
    assert code(client.post("files/delete", json=wrong)) == 2013


def test_a_message_names_files_that_are_there(vendor: MiniMaxEmulator, client: httpx.Client) -> None:
    thread = vendor.store.add_thread().id
    file_id = str(upload(client).json()["file"]["file_id"])
    message = {"thread_id": thread, "role": "user", "content": "hi"}

    assert client.post("threads/messages/add", json={**message, "file_ids": [file_id]}).json()["file_ids"] == [file_id]
    assert code(client.post("threads/messages/add", json={**message, "file_ids": ["7"]})) == 2013
    assert len(vendor.store.messages(thread)) == 1


def test_uploads_need_the_key_too(vendor: MiniMaxEmulator) -> None:
    answer = httpx.post(f"{vendor.url}files/upload", files={"file": ("a", b"x")}, verify=False)

    assert code(answer) == 1004
