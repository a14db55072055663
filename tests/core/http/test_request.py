"""One request in, one answer or one error of the tree out."""

from __future__ import annotations

import asyncio
import copy
import logging
import pickle
import traceback
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import SecretStr

from omnilogue.errors import ConfigurationError, OmnilogueError, UnavailableError
from omnilogue.http import ErrorTable, KeyAuth, Observer, Secret, SystemClock

if TYPE_CHECKING:
    from tests.core.http.conftest import Door, FakeClock, Vendor

pytestmark = pytest.mark.anyio

CANARY = "k-canary-0123456789abcdef"


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
async def test_the_method_is_sent(door: Door, vendor: Vendor, method: str) -> None:
    await door().request(method, "things", query={"a": 1})

    assert (vendor.asked[0].method, vendor.asked[0].target) == (method, "/api/things?a=1")


async def test_headers_of_the_settings_and_credentials_are_sent(door: Door, vendor: Vendor) -> None:
    opened = door(headers={"X-Team": "blue", "Authorization": "not this"})

    await opened.using(ErrorTable(), KeyAuth(Secret("k-1"))).request("GET", "things")

    headers = vendor.asked[0].headers
    assert vendor.asked[0].names.count("authorization") == 1
    assert (headers["x-team"], headers["authorization"]) == ("blue", "Bearer k-1")
    assert headers["user-agent"].startswith("omnilogue/")
    assert headers["accept"] == "application/json"


async def test_cookies_are_not_kept_between_requests(door: Door, vendor: Vendor) -> None:
    vendor.then(200, b"{}", set_cookie="session=1; Path=/")
    opened = door()

    await opened.request("GET", "a")
    await opened.request("GET", "b")

    assert "cookie" not in vendor.asked[1].headers


async def test_secrets_are_prepared_once_before_the_first_request(door: Door, vendor: Vendor) -> None:
    prepared: list[int] = []

    async def prepare() -> None:
        prepared.append(len(vendor.asked))

    opened = door({"prepare": prepare})
    await opened.request("GET", "a")
    await opened.request("GET", "b")

    assert prepared == [0]


async def test_a_failed_preparation_sends_nothing_and_is_made_again(door: Door, vendor: Vendor) -> None:
    failing = [ConfigurationError("no secret", code="secret")]

    async def prepare() -> None:
        if failing:
            raise failing.pop()

    opened = door({"prepare": prepare})
    with pytest.raises(ConfigurationError):
        await opened.request("POST", "a")
    assert vendor.asked == []

    await opened.request("POST", "a")
    assert len(vendor.asked) == 1


class TestSecretsStayInside:
    """A key in a header, a hostile vendor that repeats it, and every way an error can be looked at."""

    @pytest.fixture
    def opened(self, door: Door) -> Any:
        key = Secret(SecretStr(CANARY))
        return door(headers={"x-second": f"{CANARY}-2"}).using(ErrorTable({9: "auth"}, at="code"), KeyAuth(key))

    @staticmethod
    def everything(error: BaseException) -> str:
        shown = [str(error), repr(error), repr(error.args), "".join(traceback.format_exception(error))]
        if isinstance(error, OmnilogueError):
            shown += [repr(vars(error)), repr(error.to_dict()), repr(pickle.dumps(error)), repr(copy.copy(error))]
        for chained in (error.__context__, error.__cause__):
            if chained is not None:
                shown.append(TestSecretsStayInside.everything(chained) + repr(vars(chained)))
        return "".join(shown)

    @pytest.mark.parametrize(
        "step",
        [
            (400, f'{{"message": "bad key {CANARY}"}}'),
            (401, f"<html><title>{CANARY}</title>"),
            (403, "x" * 485 + CANARY),
            (404, f'{{"message": ["{CANARY}", "and Bearer abcdef123456"]}}'),
            (429, CANARY * 100),
            (500, f'{{"detail": {{"message": "{CANARY}"}}}}'),
            (302, CANARY),
            (200, f'{{"code": 9, "message": "{CANARY}"}}'),
        ],
    )
    async def test_no_error_shows_them(
        self, opened: Any, vendor: Vendor, step: tuple[int, str], caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG)
        status, body = step
        vendor.usual = vendor.answer(status, body.encode(), x_request_id=CANARY, location=f"/?token={CANARY}")

        with pytest.raises(OmnilogueError) as caught:
            await opened.request("GET", "things/{id}", values={"id": "1"})

        shown = self.everything(caught.value) + caplog.text + repr([vars(record) for record in caplog.records])
        assert vendor.asked[0].headers["authorization"] == f"Bearer {CANARY}"
        assert CANARY[:12] not in shown
        assert "abcdef123456" not in shown

    @pytest.mark.parametrize("kind", ["drop", "nonsense", "refused", "silent"])
    async def test_no_failure_of_the_connection_shows_them(
        self, door: Door, vendor: Vendor, caplog: pytest.LogCaptureFixture, kind: str
    ) -> None:
        async def stall(_: asyncio.StreamWriter) -> None:
            await asyncio.sleep(30)

        caplog.set_level(logging.DEBUG)
        vendor.usual = f"{CANARY}\r\n\r\n".encode() if kind == "nonsense" else stall if kind == "silent" else b""
        base_url = "http://127.0.0.1:1/" if kind == "refused" else vendor.url
        opened = door(base_url=base_url, read_timeout=0.1)

        with pytest.raises(OmnilogueError) as caught:
            await opened.using(ErrorTable(), KeyAuth(Secret(CANARY))).request("POST", "things")

        assert caught.value.__context__ is None
        assert CANARY[:12] not in self.everything(caught.value) + caplog.text

    async def test_an_error_names_the_template_and_neither_id_nor_query(self, opened: Any, vendor: Vendor) -> None:
        vendor.usual = vendor.answer(404)
        values, query = {"id": "id-4711"}, {"token": "t-0815"}

        with pytest.raises(OmnilogueError) as caught:
            await opened.request("GET", "things/{id}", values=values, query=query)

        assert caught.value.endpoint == f"GET {vendor.url}things/{{id}}"
        assert "4711" not in self.everything(caught.value)
        assert "0815" not in self.everything(caught.value)


class Watching(Observer):
    def __init__(self) -> None:
        self.seen: list[tuple[Any, ...]] = []

    def on_request(self, endpoint: str, status: int | None, seconds: float) -> None:
        self.seen.append(("request", endpoint.rpartition("/")[2], status))

    def on_retry(self, endpoint: str, error: OmnilogueError, seconds: float) -> None:
        self.seen.append(("retry", endpoint.rpartition("/")[2], error.code))


class Failing(Observer):
    def on_request(self, endpoint: str, status: int | None, seconds: float) -> None:
        raise RuntimeError("an observer's own fault")

    on_retry = on_request  # type: ignore[assignment]


class TestObservers:
    async def test_they_see_each_request_and_retry(self, door: Door, vendor: Vendor) -> None:
        watching = Watching()
        vendor.script = [vendor.answer(500), b""]

        await door({"observers": (watching,)}).request("GET", "a/{id}", values={"id": "secret-id"})

        assert watching.seen == [
            ("request", "{id}", 500),
            ("retry", "{id}", "server"),
            ("request", "{id}", None),
            ("retry", "{id}", "connection_lost"),
            ("request", "{id}", 200),
        ]

    async def test_a_broken_one_changes_nothing(
        self, door: Door, vendor: Vendor, caplog: pytest.LogCaptureFixture
    ) -> None:
        vendor.then(500)
        watching = Watching()

        answer: Any = await door({"observers": (Failing(), watching)}).request("GET", "a")

        assert (answer.status, len(watching.seen)) == (200, 3)
        assert "observer_failed" in caplog.text


async def test_each_request_is_logged_without_its_id_and_query(
    door: Door, vendor: Vendor, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, logger="omnilogue")

    await door().request("GET", "things/{id}", values={"id": "id-4711"}, query={"a": "t-0815"})

    [record] = [record for record in caplog.records if record.name == "omnilogue"]
    fields = record.__dict__["fields"]
    assert (record.__dict__["event"], fields["status"], fields["attempt"]) == ("request", 200, 1)
    assert fields["endpoint"].endswith("things/{id}")
    assert "4711" not in caplog.text + repr(vars(record))


class TestCancelling:
    async def test_it_closes_the_connection_at_once(self, door: Door, vendor: Vendor) -> None:
        async def stall(_: asyncio.StreamWriter) -> None:
            await asyncio.sleep(30)

        vendor.usual = stall
        asking: asyncio.Task[Any] = asyncio.create_task(door().request("POST", "a"))
        await vendor.arrived.wait()

        asking.cancel()

        async with asyncio.timeout(1):
            with pytest.raises(asyncio.CancelledError):
                await asking

    async def test_it_ends_a_pause(self, door: Door, vendor: Vendor) -> None:
        vendor.usual = vendor.answer(503, b"", retry_after="1000")
        asking: asyncio.Task[Any] = asyncio.create_task(door({"clock": SystemClock()}).request("GET", "a"))
        await vendor.arrived.wait()

        asking.cancel()

        async with asyncio.timeout(1):
            with pytest.raises(asyncio.CancelledError):
                await asking
        assert len(vendor.asked) == 1


async def test_errors_tell_attempts_and_seconds(door: Door, vendor: Vendor, clock: FakeClock) -> None:
    vendor.usual = vendor.answer(503, b"", retry_after="2")

    with pytest.raises(UnavailableError) as caught:
        await door().request("GET", "a")

    assert (caught.value.attempts, caught.value.elapsed, caught.value.retry_after) == (3, 4.0, 2.0)
    assert clock.slept == [2.0, 2.0]
