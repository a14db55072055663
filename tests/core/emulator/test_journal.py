import threading

import httpx

from omnilogue.emulator import Emulator, Journal, Recorded


def test_a_request_is_recorded_with_what_it_was_answered(vendor: Emulator, client: httpx.Client) -> None:
    client.post("notes/", params={"a": "1"}, json={"text": "hello"}, headers={"X-Thing": "seen"})

    (entry,) = vendor.journal
    assert (entry.method, entry.path, entry.query, entry.status, entry.fault) == (
        "POST",
        "notes/",
        {"a": "1"},
        201,
        None,
    )
    assert entry.body == {"text": "hello"}
    assert entry.headers["x-thing"] == "seen"


def test_credentials_are_not_recorded(vendor: Emulator, client: httpx.Client) -> None:
    secret = "MC-CANARY"
    client.get("notes/", headers={"Authorization": f"Bearer {secret}", "X-Api-Key": secret, "Cookie": secret})

    assert secret not in repr(vendor.journal)


def test_a_body_that_is_no_json_is_recorded_as_text_and_none_as_none(vendor: Emulator, client: httpx.Client) -> None:
    client.post("notes/", content=b"plain \xff")
    client.post("notes/", content=b"[" * 100_000)
    client.get("notes/")

    bodies = [entry.body for entry in vendor.journal]
    assert bodies == ["plain \ufffd", "[" * 100_000, None]


def test_paths_are_as_sent_and_relative_to_the_base(vendor: Emulator, client: httpx.Client) -> None:
    client.get("notes/%2e%2Fx")
    httpx.get(httpx.URL(vendor.url).join("/elsewhere"))

    assert [(entry.path, entry.status) for entry in vendor.journal] == [("notes/%2e%2Fx", 404), ("/elsewhere", 404)]


def test_requests_are_chosen_by_path_and_method(vendor: Emulator, client: httpx.Client) -> None:
    client.get("notes/")
    client.post("notes/", content=b"x")
    client.post("speak/")

    def chosen(path_prefix: str | None = None, method: str | None = None) -> list[tuple[str, str]]:
        return [(entry.method, entry.path) for entry in vendor.journal.requests(path_prefix, method)]

    assert chosen("notes/") == [("GET", "notes/"), ("POST", "notes/")]
    assert chosen("/api/notes/") == chosen("notes/")
    assert chosen(method="post") == [("POST", "notes/"), ("POST", "speak/")]
    assert chosen("speak/", "GET") == []
    assert len(chosen()) == 3


def test_it_is_like_a_list_and_can_be_cleared(vendor: Emulator, client: httpx.Client) -> None:
    client.get("notes/")
    client.post("notes/", content=b"x")

    assert [len(vendor.journal), vendor.journal[0].method, vendor.journal[-1].method] == [2, "GET", "POST"]
    assert vendor.journal[:1] == [vendor.journal[0]]
    vendor.journal.clear()
    assert list(vendor.journal) == []
    assert not vendor.journal


def test_an_entry_cleared_before_its_answer_stays_cleared() -> None:
    journal = Journal()
    number = journal.add(Recorded("GET", "notes/"))
    journal.clear()
    journal.complete(number, status=200)

    assert len(journal) == 0


def test_the_oldest_entries_go_when_there_are_too_many() -> None:
    journal = Journal(limit=3)
    for number in range(10):
        journal.add(Recorded("GET", str(number)))

    assert [entry.path for entry in journal] == ["7", "8", "9"]


def test_it_can_be_read_while_other_threads_write() -> None:
    journal = Journal(limit=50)
    writers = [
        threading.Thread(target=lambda: [journal.add(Recorded("GET", "x")) for _ in range(2000)]) for _ in range(3)
    ]
    for writer in writers:
        writer.start()
    for _ in range(200):
        assert len(list(journal)) <= 50
    for writer in writers:
        writer.join()

    assert len(journal) == 50
