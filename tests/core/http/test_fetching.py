"""Links that an answer names: fetched without credentials, from allowed hosts, never into a private network."""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from omnilogue.errors import ConfigurationError, InvalidInputError, OmnilogueError, UnavailableError
from omnilogue.http import ErrorTable, Http, HttpSettings, KeyAuth, Secret
from omnilogue.http.fetching import call_for_link

if TYPE_CHECKING:
    from tests.core.http.conftest import Door, FakeClock, Vendor

pytestmark = pytest.mark.anyio

BASE = "https://api.example.com/v1/"
PUBLIC, PRIVATE = "93.184.216.34", "10.0.0.7"


@pytest.fixture
def resolved(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """Give what names resolve to."""
    names: dict[str, list[str]] = {}

    async def getaddrinfo(_: Any, host: str, port: int, **_more: Any) -> list[Any]:
        if host not in names:
            raise socket.gaierror(-2, "Name or service not known")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, port)) for one in names[host]]

    monkeypatch.setattr(asyncio.BaseEventLoop, "getaddrinfo", getaddrinfo)
    return names


async def test_the_vendors_own_link_comes_without_credentials(door: Door, vendor: Vendor) -> None:
    vendor.then(200, b"\x00\xffsound", content_type="audio/mpeg")
    http = door(headers={"X-Team": Secret("blue")}).using(ErrorTable(), KeyAuth(Secret("a-key-nobody-sees")))

    data = await http.fetch(f"http://127.0.0.1:{vendor.port}/static/a.mp3?x=1#end")

    assert data == b"\x00\xffsound"
    asked = vendor.asked[0]
    assert asked.target == "/static/a.mp3?x=1"
    assert asked.headers["host"] == f"127.0.0.1:{vendor.port}"
    assert sorted(asked.names) == ["accept", "accept-encoding", "host", "user-agent"]


async def test_the_address_that_was_looked_at_is_the_one_that_is_called(
    clock: FakeClock, resolved: dict[str, list[str]]
) -> None:
    resolved["cdn.example.net"] = [PUBLIC]
    seen: list[httpx.Request] = []

    async def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, stream=httpx.ByteStream(b"sound"))

    http = Http(HttpSettings(base_url=BASE), lambda: httpx.MockTransport(answer), clock)

    assert await http.fetch("https://cdn.example.net/a.mp3", hosts=["cdn.example.net"]) == b"sound"
    assert (seen[0].url.host, seen[0].headers["host"]) == (PUBLIC, "cdn.example.net")
    assert seen[0].extensions["sni_hostname"] == "cdn.example.net"


@pytest.mark.parametrize(
    "addresses",
    [[PRIVATE], [PUBLIC, PRIVATE], ["127.0.0.1"], ["169.254.169.254"], ["::1"], ["fe80::1%eth0"], ["100.64.0.1"], []],
)
async def test_no_link_leads_into_a_private_network(resolved: dict[str, list[str]], addresses: list[str]) -> None:
    resolved["cdn.example.net"] = addresses

    with pytest.raises(ConfigurationError, match="private"):
        await call_for_link("https://cdn.example.net/a", BASE, ["cdn.example.net"], allow_http=True)


async def test_a_name_that_nobody_knows_is_told(resolved: dict[str, list[str]]) -> None:
    with pytest.raises(UnavailableError) as caught:
        await call_for_link("https://cdn.example.net/a", BASE, ["cdn.example.net"], allow_http=False)

    assert caught.value.code == "connect_failed"


@pytest.mark.parametrize(
    "link", ["https://elsewhere.example/a", "http://api.example.com/a", "https://api.example.com.evil.example/a"]
)
async def test_what_nobody_allowed_is_not_fetched(link: str) -> None:
    with pytest.raises(ConfigurationError):
        await call_for_link(link, BASE, (), allow_http=False)


@pytest.mark.parametrize("link", ["", "a.mp3", "file:///etc/passwd", "https://u:p@api.example.com/", "x" * 9000])
async def test_what_is_no_link_is_a_mistake(link: str) -> None:
    with pytest.raises(InvalidInputError):
        await call_for_link(link, BASE, (), allow_http=False)


@pytest.mark.parametrize(("status", "code"), [(302, "config"), (404, "not_found"), (500, "server")])
async def test_a_link_that_gives_no_file_is_told_without_its_path(
    door: Door, vendor: Vendor, status: int, code: str
) -> None:
    vendor.then(status, b"", location="http://elsewhere.example/")

    with pytest.raises(OmnilogueError) as caught:
        await door(max_attempts=1).fetch(f"http://127.0.0.1:{vendor.port}/secret-path")

    assert caught.value.code == code
    assert "secret-path" not in f"{caught.value!r} {vars(caught.value)}"
    assert len(vendor.asked) == 1


async def test_an_endless_file_is_refused(door: Door, vendor: Vendor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("omnilogue.http.request.BODY_BYTES", 100)
    vendor.then(200, b"x" * 101)

    with pytest.raises(OmnilogueError) as caught:
        await door().fetch(f"http://127.0.0.1:{vendor.port}/a")

    assert caught.value.code == "too_large"
