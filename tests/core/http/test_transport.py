"""Transports: shared by remotes with equal settings, closed once, honest about certificates and proxies."""

from __future__ import annotations

import asyncio
import shlex
import shutil
import socket
import ssl
import struct
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from omnilogue.errors import ConfigurationError, RequestTimeoutError, UnavailableError
from omnilogue.http import HttpSettings
from omnilogue.http.transport import Transports

if TYPE_CHECKING:
    from tests.core.http.conftest import Door, Vendor

pytestmark = pytest.mark.anyio

HTTPS = "https://acme.example/api"


def made(**given: Any) -> HttpSettings:
    return HttpSettings(**{"base_url": HTTPS, **given})


@pytest.fixture(autouse=True)
def _no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


class TestSharing:
    async def test_remotes_with_equal_settings_share_one(self, transports: Transports) -> None:
        first = transports.for_settings(made(rate="1/s", headers={"x-key": "a"}))

        assert transports.for_settings(made(base_url="https://other.example")) is first

    async def test_others_do_not(self, transports: Transports) -> None:
        first = transports.for_settings(made())

        assert transports.for_settings(made(verify=False)) is not first
        assert transports.for_settings(made(proxy="http://127.0.0.1:1")) is not first

    async def test_one_given_by_the_application_is_used_and_not_closed(self) -> None:
        class Given(httpx.AsyncBaseTransport):
            closed = False

            async def aclose(self) -> None:
                self.closed = True

        given = Given()
        transports = Transports(given)

        assert transports.for_settings(made()) is given
        await transports.aclose()
        assert not given.closed

    async def test_closing_is_harmless_twice_and_leaves_no_connection(
        self, door: Door, vendor: Vendor, transports: Transports
    ) -> None:
        await door().request("GET", "x")

        await transports.aclose()
        await transports.aclose()

        async with asyncio.timeout(1):
            assert await vendor.gone.wait()

    async def test_after_closing_a_new_one_is_opened(self, door: Door, transports: Transports) -> None:
        opened = door()
        await opened.request("GET", "x")
        await transports.aclose()

        assert (await opened.request("GET", "x")).status == 200


class TestProxies:
    async def test_that_of_the_settings_is_used(self, door: Door, vendor: Vendor) -> None:
        opened = door(base_url="http://acme.example/api", allow_http=True, proxy=f"http://127.0.0.1:{vendor.port}")

        await opened.request("GET", "x")

        assert vendor.asked[0].target == "http://acme.example/api/x"

    @pytest.mark.parametrize("form", ["http://127.0.0.1:{}", "127.0.0.1:{}"])
    async def test_that_of_the_environment_is_used(
        self, door: Door, vendor: Vendor, monkeypatch: pytest.MonkeyPatch, form: str
    ) -> None:
        monkeypatch.setenv("http_proxy", form.format(vendor.port))

        await door(base_url="http://acme.example", allow_http=True).request("GET", "x")

        assert vendor.asked[0].target == "http://acme.example/x"

    async def test_this_machine_is_reached_without_one(
        self, door: Door, vendor: Vendor, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")

        await door().request("GET", "x")

        assert vendor.asked[0].target == "/api/x"

    async def test_a_host_can_be_left_out(self, transports: Transports, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("https_proxy", "http://127.0.0.1:1")
        monkeypatch.setenv("no_proxy", "acme.example")

        assert transports.for_settings(made()) is not transports.for_settings(made(base_url="https://other.example"))

    @pytest.mark.parametrize("proxy", ["ftp://me:k-secret@x", "http://me:k-secret@x:port", "nonsense"])
    async def test_one_that_is_none_is_told_without_its_credentials(
        self, door: Door, vendor: Vendor, proxy: str
    ) -> None:
        with pytest.raises(ConfigurationError, match="proxy") as caught:
            await door(proxy=proxy).request("GET", "x")

        assert "k-secret" not in str(caught.value)
        assert caught.value.__context__ is None

    async def test_one_that_refuses_is_told(self, door: Door, vendor: Vendor) -> None:
        vendor.usual = vendor.answer(403)

        with pytest.raises(UnavailableError) as caught:
            await door(base_url=HTTPS, proxy=f"http://127.0.0.1:{vendor.port}").request("POST", "x")

        assert (caught.value.code, caught.value.outcome) == ("connect_failed", "not_sent")
        assert vendor.asked[0].method == "CONNECT"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tls")
    command = (
        "openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem -days 2 -subj /CN=localhost "
        "-addext subjectAltName=DNS:localhost -addext basicConstraints=critical,CA:TRUE"
    )
    subprocess.run(
        shlex.split(command),
        cwd=folder,
        check=True,
        capture_output=True,
    )
    return folder / "cert.pem"


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl to make a certificate")
class TestCertificates:
    @pytest.fixture
    async def secure(self, vendor: Vendor, certificate: Path) -> AsyncIterator[str]:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certificate, certificate.with_name("key.pem"))
        server = await asyncio.start_server(vendor.accept, "127.0.0.1", 0, ssl=context)
        yield f"https://localhost:{server.sockets[0].getsockname()[1]}/api"
        server.close()

    async def test_one_nobody_trusts_is_refused_at_once(self, door: Door, vendor: Vendor, secure: str) -> None:
        with pytest.raises(UnavailableError) as caught:
            await door(base_url=secure).request("POST", "x")

        assert (caught.value.code, caught.value.outcome, caught.value.attempts) == ("tls", "not_sent", 1)
        assert vendor.asked == []

    async def test_a_bundle_makes_it_trusted(self, door: Door, secure: str, certificate: Path) -> None:
        assert (await door(base_url=secure, verify=certificate).request("GET", "x")).status == 200

    async def test_another_name_is_refused(self, door: Door, secure: str, certificate: Path) -> None:
        with pytest.raises(UnavailableError) as caught:
            await door(base_url=secure.replace("localhost", "127.0.0.1"), verify=certificate).request("GET", "x")

        assert caught.value.code == "tls"

    async def test_without_checking_anything_goes(self, door: Door, secure: str) -> None:
        assert (await door(base_url=secure, verify=False).request("GET", "x")).status == 200

    async def test_a_vendor_that_speaks_no_tls_is_told(self, door: Door) -> None:
        def greet(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(b"220 no tls here\r\n")
            writer.close()

        server = await asyncio.start_server(greet, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]

        with pytest.raises(UnavailableError) as caught:
            await door(base_url=f"https://127.0.0.1:{port}").request("GET", "x")

        server.close()
        assert caught.value.code == "tls"

    async def test_silence_and_a_lost_connection_are_what_they_are_without(
        self, door: Door, vendor: Vendor, secure: str, certificate: Path
    ) -> None:
        async def stall(_: asyncio.StreamWriter) -> None:
            await asyncio.sleep(30)

        async def reset(writer: asyncio.StreamWriter) -> None:
            await asyncio.sleep(0.05)
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()

        opened = door(base_url=secure, verify=certificate, read_timeout=0.2, max_attempts=1)
        vendor.script = [stall, b"", reset]

        with pytest.raises(RequestTimeoutError):
            await opened.request("GET", "x")
        for _ in range(2):
            with pytest.raises(UnavailableError) as caught:
                await opened.request("GET", "x")
            assert (caught.value.code, caught.value.retryable) == ("connection_lost", True)

    async def test_a_handshake_that_is_never_answered_is_no_answer_in_time(self, door: Door, vendor: Vendor) -> None:
        opened = door(base_url=f"https://127.0.0.1:{vendor.port}", read_timeout=0.2, max_attempts=1)

        with pytest.raises(UnavailableError) as caught:
            await opened.request("POST", "x")

        assert (caught.value.code, caught.value.outcome) == ("connect_failed", "not_sent")

    @pytest.mark.parametrize("content", [None, b"no certificate"])
    async def test_a_bundle_that_cannot_be_read_is_told(
        self, transports: Transports, tmp_path: Path, content: bytes | None
    ) -> None:
        bundle = tmp_path / "ca.pem"
        if content is not None:
            bundle.write_bytes(content)

        with pytest.raises(ConfigurationError, match=f"verify: the CA bundle {bundle} cannot be read"):
            transports.for_settings(made(verify=bundle))

    async def test_a_folder_of_certificates_is_a_bundle(self, transports: Transports, tmp_path: Path) -> None:
        assert transports.for_settings(made(verify=tmp_path)) is not None
