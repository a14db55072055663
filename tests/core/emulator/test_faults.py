import json
import time
import tracemalloc
import zlib
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from omnilogue.emulator import Emulator, Fault
from omnilogue.emulator.answering import gzipped_spaces


def test_a_status_is_answered_without_applying(vendor: Emulator, client: httpx.Client, stored: list[str]) -> None:
    vendor.fail_next("status", status=429, headers={"Retry-After": "3"}, body={"why": "too many"})

    answer = client.post("notes/", content=b"note")
    assert (answer.status_code, answer.headers["retry-after"], answer.json()) == (429, "3", {"why": "too many"})
    assert stored == []
    assert (vendor.journal[-1].status, vendor.journal[-1].fault) == (429, "status")
    assert client.post("notes/", content=b"second").status_code == 201


def test_a_status_is_500_without_a_body_when_nothing_is_said(vendor: Emulator, client: httpx.Client) -> None:
    vendor.fail_next("status")

    answer = client.get("notes/")
    assert (answer.status_code, answer.content) == (500, b"")


def test_a_status_can_have_text_with_a_type_of_its_own(vendor: Emulator, client: httpx.Client) -> None:
    vendor.fail_next("status", status=403, body="<h1>No</h1>", headers={"Content-Type": "text/html"})

    answer = client.get("notes/")
    assert (answer.text, answer.headers["content-type"]) == ("<h1>No</h1>", "text/html")


def test_a_status_after_is_answered_when_the_note_is_stored(
    vendor: Emulator, client: httpx.Client, stored: list[str]
) -> None:
    vendor.fail_next("status_after", status=504)

    assert client.post("notes/", content=b"note").status_code == 504
    assert stored == ["note"]


@pytest.mark.parametrize(("kind", "kept"), [("drop_before", []), ("drop_after", ["note"])])
@pytest.mark.parametrize("reset", [False, True])
def test_a_dropped_connection_tells_nothing_about_what_was_applied(  # noqa: PLR0917 - fixtures and parameters
    vendor: Emulator, client: httpx.Client, stored: list[str], kind: str, kept: list[str], reset: bool
) -> None:
    vendor.fail_next(kind, reset=reset)

    with pytest.raises(httpx.ReadError if reset else httpx.RemoteProtocolError):
        client.post("notes/", content=b"note")
    assert stored == kept
    assert (vendor.journal[-1].status, vendor.journal[-1].fault) == (None, kind)


def test_a_late_request_is_dropped_at_once_and_applied_afterwards(
    vendor: Emulator, client: httpx.Client, stored: list[str], is_soon: Callable[[Callable[[], bool]], bool]
) -> None:
    vendor.fail_next("late", seconds=0.1)
    with pytest.raises(httpx.RemoteProtocolError):
        client.post("notes/", content=b"note")
    at_once = list(stored)

    assert at_once == []
    assert is_soon(lambda: stored == ["note"])


def test_a_delay_comes_before_the_answer(vendor: Emulator, client: httpx.Client) -> None:
    vendor.fail_next("delay", seconds=0.15)
    begun = time.monotonic()

    assert client.get("notes/").status_code == 200
    assert time.monotonic() - begun >= 0.14


def test_a_stall_ends_with_the_client_and_applies_nothing(
    vendor: Emulator, client: httpx.Client, stored: list[str]
) -> None:
    vendor.fail_next("stall")

    with pytest.raises(httpx.ReadTimeout):
        client.post("notes/", content=b"note", timeout=0.1)
    assert stored == []
    assert client.get("notes/").status_code == 200


def test_a_stall_is_bounded(vendor: Emulator, client: httpx.Client) -> None:
    vendor.fail_next("stall", seconds=0.05)

    with pytest.raises(httpx.RemoteProtocolError):
        client.get("notes/")


def test_a_dripped_answer_comes_byte_by_byte(vendor: Emulator, client: httpx.Client) -> None:
    vendor.fail_next("drip", interval=0.02)
    begun = time.monotonic()

    assert client.post("notes/", content=b"note").json() == {"stored": 1}
    assert time.monotonic() - begun >= 0.02 * len('{"stored": 1}') * 0.9


def test_an_endless_answer_never_ends(vendor: Emulator, client: httpx.Client) -> None:
    vendor.fail_next("endless")
    read = 0
    with client.stream("GET", "notes/") as response:
        for piece in response.iter_raw():
            read += len(piece)
            if read > 4 << 20:
                break

    assert read > 4 << 20
    assert vendor.journal[-1].status == 200


def test_an_endless_answer_is_bounded_and_may_be_a_stream_of_events(vendor: Emulator, client: httpx.Client) -> None:
    vendor.fail_next("endless", size=1000, chunk=b"data: 1\n\n", content_type="text/event-stream")
    lines = []
    with (  # noqa: PT012 - what came before the end is what is asked
        pytest.raises(httpx.RemoteProtocolError),
        client.stream("GET", "notes/") as response,
    ):
        for line in response.iter_lines():
            lines.append(line)  # noqa: PERF402 - kept when the iteration fails

    assert lines.count("data: 1") >= 111


@pytest.mark.parametrize(("sent", "got"), [(None, 6), (3, 3), (0, 0), (999, 13)])
def test_a_truncated_answer_promises_more_than_it_sends(
    vendor: Emulator, client: httpx.Client, stored: list[str], sent: int | None, got: int
) -> None:
    vendor.fail_next("truncate", sent=sent)

    with pytest.raises(httpx.RemoteProtocolError, match=f"received {got} bytes"):
        client.post("notes/", content=b"note")
    assert stored == ["note"]


def test_html_is_a_page_with_status_200(vendor: Emulator, client: httpx.Client) -> None:
    vendor.fail_next("html")

    answer = client.get("notes/")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert "<html>" in answer.text


def test_empty_is_an_empty_body_with_status_200(vendor: Emulator, client: httpx.Client) -> None:
    vendor.fail_next("empty")

    answer = client.get("notes/")
    assert (answer.status_code, answer.content) == (200, b"")


def test_deep_is_json_that_is_nested_too_deeply(vendor: Emulator, client: httpx.Client) -> None:
    vendor.fail_next("deep")

    answer = client.get("notes/")
    assert answer.content == b"[" * 100_000 + b"]" * 100_000
    with pytest.raises(RecursionError):
        answer.json()


def test_a_gzip_bomb_is_small_on_the_wire_and_large_behind_it(vendor: Emulator, client: httpx.Client) -> None:
    vendor.fail_next("gzip_bomb", size=(10 << 20) + 7)
    with client.stream("GET", "notes/") as response:
        raw = b"".join(response.iter_raw())

    assert len(raw) < 20_000
    assert zlib.decompress(raw, wbits=31) == b" " * ((10 << 20) + 7)


def test_a_gzip_bomb_of_a_gibibyte_is_made_in_little_memory() -> None:
    tracemalloc.start()
    try:
        blocks = gzipped_spaces(1 << 30)
        for _ in range(20):
            next(blocks)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert peak < 4 << 20


@pytest.mark.parametrize(
    ("body", "content"),
    [(b'{"a": NaN, "a": 1}', b'{"a": NaN, "a": 1}'), ("é", "é".encode()), ({"n": [1]}, b'{"n": [1]}'), (None, b"")],
)
def test_a_body_is_sent_as_given(vendor: Emulator, client: httpx.Client, body: Any, content: bytes) -> None:
    vendor.fail_next("body", body=body, content_type="application/json; charset=latin-1")

    answer = client.get("notes/")
    assert (answer.status_code, answer.content) == (200, content)
    assert answer.headers["content-type"] == "application/json; charset=latin-1"


def test_a_redirect_leads_elsewhere(vendor: Emulator, client: httpx.Client) -> None:
    vendor.fail_next("redirect", location="http://other.example/")

    answer = client.get("notes/")
    assert (answer.status_code, answer.headers["location"]) == (302, "http://other.example/")


def test_what_comes_instead_of_the_answer_may_come_after_applying(
    vendor: Emulator, client: httpx.Client, stored: list[str]
) -> None:
    vendor.fail_next("html", applied=True)
    client.post("notes/", content=b"first")
    vendor.fail_next("html")
    client.post("notes/", content=b"second")

    assert stored == ["first"]


def test_a_fault_hits_the_next_matching_requests_only(vendor: Emulator, client: httpx.Client) -> None:
    vendor.fail_next("status", times=2, method="post", path="notes/")

    calls = [client.get("notes/"), client.post("speak/"), *(client.post("notes/") for _ in range(3))]
    assert [answer.status_code for answer in calls] == [200, 200, 500, 500, 201]


def test_the_path_of_a_fault_is_a_beginning_with_or_without_the_base(vendor: Emulator, client: httpx.Client) -> None:
    vendor.fail_next("status", path="/api/no")

    assert [client.post("speak/").status_code, client.get("notes/").status_code] == [200, 500]


def test_every_nth_request_is_hit_until_the_faults_are_cleared(vendor: Emulator, client: httpx.Client) -> None:
    vendor.fail_next("status", every=3)

    first = [client.get("notes/").status_code for _ in range(7)]
    vendor.clear_faults()
    second = [client.get("notes/").status_code for _ in range(3)]

    assert first == [200, 200, 500, 200, 200, 500, 200]
    assert second == [200, 200, 200]


def test_of_several_faults_the_one_armed_first_comes_first(vendor: Emulator, client: httpx.Client) -> None:
    vendor.fail_next("status", status=500)
    vendor.fail_next("status", status=503)

    assert [client.get("notes/").status_code for _ in range(3)] == [500, 503, 200]


def test_a_fault_also_hits_a_path_that_does_not_exist(vendor: Emulator, client: httpx.Client) -> None:
    vendor.fail_next("status_after", status=502, path="nowhere/")

    assert [client.get("nowhere/").status_code for _ in range(2)] == [502, 404]


def test_unknown_kinds_and_details_are_refused_with_the_known_ones(vendor: Emulator) -> None:
    with pytest.raises(ValueError, match=r"unknown fault 'explode'; known: body, deep, delay"):
        vendor.fail_next("explode")
    with pytest.raises(ValueError, match=r"fault 'status' has no detail 'code'; known: applied, body, headers, status"):
        vendor.fail_next("status", code=500)
    with pytest.raises(ValueError, match="count from 1"):
        vendor.fail_next("status", times=0)
    assert vendor.faults == ()


def test_a_fault_has_its_details_completed() -> None:
    assert dict(Fault("late", details={"seconds": 2.0}).details) == {"seconds": 2.0, "reset": False}


@pytest.mark.parametrize("kind", ["drip", "endless", "gzip_bomb", "stall", "delay"])
def test_a_client_that_leaves_leaves_no_trace_in_the_log(
    vendor: Emulator, client: httpx.Client, caplog: pytest.LogCaptureFixture, kind: str
) -> None:
    vendor.fail_next(kind)
    try:
        with client.stream("GET", "notes/", timeout=0.05) as response:
            next(response.iter_raw())
    except httpx.TimeoutException:
        pass
    time.sleep(0.1)
    vendor.stop()

    assert not [record for record in caplog.records if record.levelname in {"WARNING", "ERROR"}]


def test_a_journal_line_of_a_faulty_request_still_has_its_body(vendor: Emulator, client: httpx.Client) -> None:
    vendor.fail_next("status")
    client.post("notes/", content=json.dumps({"text": "x"}))

    assert vendor.journal[-1].body == {"text": "x"}
