"""Building the transports that carry requests, shared by all remotes with equal settings.

Transports are used without the HTTP library's client around them: a client would share cookies between
accounts, follow its own rules for redirects and log full addresses.
"""

from __future__ import annotations

import logging
import ssl
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.request import getproxies, proxy_bypass

import httpx

from ..errors import ConfigurationError
from .address import is_loopback, split_base_url

if TYPE_CHECKING:
    from .settings import HttpSettings

IDLE_CONNECTIONS = 64
IDLE_SECONDS = 30.0


@cache
def _context(verify: bool | Path) -> ssl.SSLContext:
    """Make the one TLS context per setting: it costs some 20 ms."""
    if not isinstance(verify, Path):
        return httpx.create_ssl_context(verify=verify)
    if verify.is_dir():
        return ssl.create_default_context(capath=verify)
    return ssl.create_default_context(cafile=verify)


def tls_context(verify: bool | Path) -> ssl.SSLContext:
    """Give the TLS context for a setting. Raises ConfigurationError for a bundle that cannot be read."""
    try:
        return _context(verify)
    except OSError as error:
        raise ConfigurationError(f"verify: the CA bundle {verify} cannot be read: {error.strerror or error}") from None


class Transports:
    """Opens a transport at first need and keeps it until closed; what differs is how, never whose."""

    def __init__(self, given: httpx.AsyncBaseTransport | None = None) -> None:
        self._given = given
        self._open: dict[tuple[object, ...], httpx.AsyncBaseTransport] = {}
        self._found: dict[tuple[object, ...], httpx.AsyncBaseTransport] = {}

    def for_settings(self, settings: HttpSettings) -> httpx.AsyncBaseTransport:
        """Give the transport for these settings. Raises ConfigurationError for a bundle that cannot be read."""
        if self._given is not None:
            return self._given
        wanted = (settings.base_url, settings.verify, settings.proxy)
        found = self._found.get(wanted)  # asked for each request: the environment is read once per address
        if found is None:
            found = self._found[wanted] = self._shared(settings)
        return found

    def _shared(self, settings: HttpSettings) -> httpx.AsyncBaseTransport:
        proxy = settings.proxy or proxy_of_environment(settings.base_url)
        key = (settings.verify, proxy)
        if key not in self._open:
            self._open[key] = _open_transport(settings.verify, proxy)
        return self._open[key]

    async def aclose(self) -> None:
        """Close what was opened here; a transport given by the application is its own to close."""
        opened = list(self._open.values())
        self._open.clear()
        self._found.clear()
        for transport in opened:
            await transport.aclose()


def _open_transport(verify: bool | Path, proxy: str | None) -> httpx.AsyncHTTPTransport:
    logging.getLogger("httpcore").setLevel(logging.WARNING)  # its debug events show headers
    context = tls_context(verify)
    limits = httpx.Limits(
        max_connections=None, max_keepalive_connections=IDLE_CONNECTIONS, keepalive_expiry=IDLE_SECONDS
    )
    try:
        return httpx.AsyncHTTPTransport(verify=context, limits=limits, proxy=proxy, trust_env=False, retries=0)
    except (ValueError, ImportError, httpx.InvalidURL) as error:
        problem = f"proxy: {error}"
    raise ConfigurationError(problem)  # out here, so that a proxy's credentials do not hang on the error


def proxy_of_environment(base_url: str) -> str | None:
    """Give the proxy that the environment names for this address, None for none."""
    scheme, host = split_base_url(base_url)
    if is_loopback(host) or proxy_bypass(host):
        return None
    proxies = getproxies()
    proxy = proxies.get(scheme) or proxies.get("all")
    return proxy if proxy is None or "://" in proxy else f"http://{proxy}"
