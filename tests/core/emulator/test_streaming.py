from collections.abc import Callable
from typing import Any

import httpx
import pytest

from omnilogue.emulator import Emulator

WHOLE = b"piece 0;piece 1;piece 2;piece 3;piece 4;"


def test_pieces_are_sent_one_by_one_and_the_end_is_the_vendors(client: httpx.Client, stored: list[str]) -> None:
    with client.stream("POST", "speak/") as response:
        assert response.headers["transfer-encoding"] == "chunked"
        assert b"".join(response.iter_bytes()) == WHOLE

    assert stored == ["spoken"]


@pytest.mark.parametrize("after", [0, 2, 5, 9])
def test_a_cut_stream_ends_after_so_many_pieces_and_is_applied_as_a_whole(
    vendor: Emulator, client: httpx.Client, stored: list[str], after: int
) -> None:
    vendor.fail_next("stream_cut", after=after)
    got = b""
    with (  # noqa: PT012 - what came before the cut is what is asked
        pytest.raises(httpx.RemoteProtocolError, match="incomplete chunked read"),
        client.stream("POST", "speak/") as response,
    ):
        for piece in response.iter_bytes():
            got += piece

    assert got.count(b";") == min(after, 5)
    assert stored == ["spoken"]
    assert vendor.journal[-1].fault == "stream_cut"


def test_a_cut_can_reset_the_connection(vendor: Emulator, client: httpx.Client) -> None:
    vendor.fail_next("stream_cut", after=1, reset=True)

    with pytest.raises(httpx.ReadError):
        client.post("speak/")


def test_a_cut_waits_for_a_streamed_answer(vendor: Emulator, client: httpx.Client) -> None:
    vendor.fail_next("stream_cut", after=1)

    assert client.get("notes/").status_code == 200
    assert [fault.kind for fault in vendor.faults] == ["stream_cut"]
    with pytest.raises(httpx.RemoteProtocolError):
        client.post("speak/")
    assert vendor.faults == ()
    assert client.post("speak/").content == WHOLE


def test_a_client_that_leaves_closes_the_vendors_generator_where_it_stands(
    vendor: Emulator,
    client: httpx.Client,
    stored: list[str],
    is_soon: Callable[[Callable[[], bool]], bool],
    caplog: pytest.LogCaptureFixture,
) -> None:
    vendor.configure(spoken=10_000)
    with client.stream("POST", "speak/") as response:
        next(response.iter_bytes())

    assert is_soon(lambda: len(stored) == 1)
    assert stored[0].startswith("left after")
    assert not [record for record in caplog.records if record.levelname in {"WARNING", "ERROR"}]


@pytest.mark.parametrize(("kind", "detail"), [("drip", "interval"), ("delay", "seconds")])
def test_other_faults_let_the_whole_stream_arrive(
    vendor: Emulator, client: httpx.Client, stored: list[str], kind: str, detail: str
) -> None:
    details: dict[str, Any] = {detail: 0.001}
    vendor.fail_next(kind, **details)

    assert client.post("speak/").content == WHOLE
    assert stored == ["spoken"]


def test_a_stream_is_applied_but_not_seen_when_its_answer_is_lost(
    vendor: Emulator, client: httpx.Client, stored: list[str]
) -> None:
    vendor.fail_next("status_after", status=502)
    assert client.post("speak/").status_code == 502
    vendor.fail_next("drop_after")
    with pytest.raises(httpx.RemoteProtocolError):
        client.post("speak/")

    assert stored == ["spoken", "spoken"]


def test_a_stream_is_not_applied_when_it_fails_before(
    vendor: Emulator, client: httpx.Client, stored: list[str]
) -> None:
    vendor.fail_next("status", status=503)

    assert client.post("speak/").status_code == 503
    assert stored == []
