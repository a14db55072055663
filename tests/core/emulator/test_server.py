import asyncio
import socket
import threading
import time
from collections.abc import Callable

import httpx
import pytest

from omnilogue.emulator import Emulator


def threads_of(emulator: Emulator) -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == f"{emulator.provider}-emulator"]


def test_the_url_is_the_base_of_a_running_server(vendor: Emulator) -> None:
    assert httpx.get(vendor.url + "notes/").json() == []
    assert vendor.url.startswith("http://127.0.0.1:")
    assert vendor.url.endswith("/api/")


def test_the_settings_are_those_of_a_remote(vendor: Emulator) -> None:
    assert vendor.settings == {"base_url": vendor.url, "token": "made-up"}


def test_a_server_that_was_never_started_has_no_url(idle: Emulator) -> None:
    with pytest.raises(RuntimeError, match="start"):
        _ = idle.url


def test_with_starts_and_stops(idle: Emulator) -> None:
    with idle as emulator:
        assert httpx.get(emulator.url + "notes/").status_code == 200
    with pytest.raises(httpx.ConnectError):
        httpx.get(emulator.url + "notes/")


def test_stop_leaves_no_thread_and_no_open_socket_and_is_harmless_twice(vendor: Emulator) -> None:
    with httpx.Client() as client:  # its connection is kept alive
        client.get(vendor.url + "notes/")
        assert len(threads_of(vendor)) == 1

        vendor.stop()
        vendor.stop()

        assert not threads_of(vendor)
        with pytest.raises(httpx.TransportError):
            client.get(vendor.url + "notes/")


def test_stop_does_not_wait_for_a_stalled_or_a_late_request(
    vendor: Emulator, stored: list[str], is_soon: Callable[[Callable[[], bool]], bool]
) -> None:
    vendor.fail_next("late", method="post", seconds=30)
    with pytest.raises(httpx.RemoteProtocolError):
        httpx.post(vendor.url + "notes/", content=b"never")
    vendor.fail_next("stall")
    failures: list[Exception] = []

    def wait() -> None:
        try:
            httpx.get(vendor.url + "notes/")
        except httpx.HTTPError as error:
            failures.append(error)

    waiting = threading.Thread(target=wait)
    waiting.start()
    assert is_soon(lambda: len(vendor.journal) == 2)
    begun = time.monotonic()
    vendor.stop()
    took = time.monotonic() - begun
    waiting.join()

    assert took < 1.0
    assert len(failures) == 1
    assert stored == []


def test_a_stopped_server_starts_again_with_what_it_has_stored(vendor: Emulator) -> None:
    httpx.post(vendor.url + "notes/", content=b"kept")
    port = httpx.URL(vendor.url).port
    vendor.stop()
    vendor.start(port or 0)

    assert httpx.URL(vendor.url).port == port
    assert httpx.get(vendor.url + "notes/").json() == ["kept"]


def test_starting_twice_is_refused_and_names_the_running_url(vendor: Emulator) -> None:
    with pytest.raises(RuntimeError, match=vendor.url):
        vendor.start()


def test_a_port_that_is_taken_is_an_os_error_and_leaves_no_thread(idle: Emulator) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(OSError, match="address already in use"):
        idle.start(taken.getsockname()[1])

    assert not threads_of(idle)
    idle.start()
    assert httpx.get(idle.url + "notes/").status_code == 200


def test_starting_and_stopping_takes_milliseconds(idle: Emulator) -> None:
    def once() -> float:
        begun = time.perf_counter()
        with idle:
            pass
        return time.perf_counter() - begun

    assert min(once() for _ in range(5)) < 0.05


def test_it_serves_an_asynchronous_test_from_its_own_thread(vendor: Emulator) -> None:
    async def main() -> list[int]:
        async with httpx.AsyncClient(base_url=vendor.url) as client:
            answers = await asyncio.gather(*(client.post("notes/", content=b"x") for _ in range(20)))
            return [answer.status_code for answer in answers]

    assert asyncio.run(main()) == [201] * 20


def test_connections_are_kept_alive(vendor: Emulator, client: httpx.Client) -> None:
    first = client.get("notes/").extensions["network_stream"].get_extra_info("client_addr")
    second = client.get("notes/").extensions["network_stream"].get_extra_info("client_addr")

    assert first == second


def test_a_body_of_eight_mebibytes_is_taken(client: httpx.Client, stored: list[str]) -> None:
    assert client.post("notes/", content=b"x" * (8 << 20)).status_code == 201
    assert stored == ["x" * 100]


def test_a_client_that_leaves_in_the_middle_of_its_body_changes_nothing(
    vendor: Emulator, stored: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    url = httpx.URL(vendor.url)
    with socket.create_connection((url.host, url.port or 0)) as connection:
        connection.sendall(b"POST /api/notes/ HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf")
    assert httpx.get(vendor.url + "notes/").json() == []

    assert stored == []
    assert not [record for record in caplog.records if record.levelname in {"WARNING", "ERROR"}]


def test_quirks_are_keyword_arguments_and_can_be_changed_while_running(
    vendor: Emulator, client: httpx.Client, stored: list[str]
) -> None:
    stored.append("quiet")

    assert client.get("notes/").json() == ["quiet"]
    vendor.configure(loud=True)
    assert client.get("notes/").json() == ["QUIET"]
    vendor.configure(paper="yellow")
    assert (vendor.quirks.loud, vendor.quirks.paper) == (True, "yellow")


def test_an_unknown_quirk_is_refused_with_the_known_ones(vendor: Emulator, stored: list[str]) -> None:
    kind = type(vendor)

    with pytest.raises(ValueError, match=r"unknown quirk 'lowd'; known: loud, paper, spoken"):
        vendor.configure(lowd=True)
    with pytest.raises(ValueError, match=r"unknown quirk"):
        kind(stored, lowd=True)  # type: ignore[call-arg]


def test_a_bad_value_of_a_quirk_is_refused_and_changes_nothing(vendor: Emulator) -> None:
    with pytest.raises(ValueError, match="quirk 'paper' must be 'white' or 'yellow'"):
        vendor.configure(loud=True, paper="blue")

    assert (vendor.quirks.loud, vendor.quirks.paper) == (False, "white")


def test_a_quirk_given_as_text_is_read_as_its_type(vendor: Emulator) -> None:
    vendor.configure(loud="true", spoken="3")

    assert (vendor.quirks.loud, vendor.quirks.spoken) == (True, 3)
