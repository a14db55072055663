"""Links that a vendor's answer names: what may be fetched, and from where. They were written by others."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Container

import httpx

from ..errors import ConfigurationError, InvalidInputError, UnavailableError
from .address import is_loopback, split_base_url
from .call import Call

LONGEST_LINK = 8192


async def call_for_link(link: str, base_url: str, hosts: Container[str], *, allow_http: bool) -> Call:
    """Make the request for a link: https, of the vendor's own host or an allowed one, to a public address.

    The address that was looked at is the one that is called: a name that changes meanwhile leads nowhere else.
    Raises InvalidInputError for what is no link, ConfigurationError for a host nobody allowed.
    """
    url = _parsed(link)
    base_scheme, own = split_base_url(base_url)
    endpoint = f"GET {url.scheme}://{url.host}/"
    if url.host != own and url.host not in hosts:
        raise ConfigurationError(
            f"{endpoint}: links to this host are not fetched", outcome="not_sent", hint="allow it in the settings"
        )
    if url.scheme != "https" and not (allow_http or (base_scheme == "http" and is_loopback(url.host))):
        raise ConfigurationError(
            f"{endpoint}: the link is plain http", outcome="not_sent", hint="set allow_http = true"
        )
    address = url
    if url.host != own:  # the vendor's own host was chosen by whoever made the settings
        address = url.copy_with(host=await _public_address(url, endpoint))
    return Call("GET", endpoint, address, None, "read", host=url.netloc)


def _parsed(link: str) -> httpx.URL:
    try:
        url = httpx.URL(link) if len(link) <= LONGEST_LINK else None
    except (httpx.InvalidURL, ValueError):
        url = None
    if url is None or url.scheme not in {"http", "https"} or not url.host or url.userinfo:
        raise InvalidInputError("the part's url is no link that can be fetched", outcome="not_sent")
    return url.copy_with(fragment=None)


async def _public_address(url: httpx.URL, endpoint: str) -> str:
    port = url.port or (443 if url.scheme == "https" else 80)
    try:
        found = await asyncio.get_running_loop().getaddrinfo(url.host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise UnavailableError(
            f"{endpoint} could not be reached: {error}", code="connect_failed", retryable=True
        ) from None
    addresses = [str(entry[4][0]) for entry in found]
    if not addresses or not all(ipaddress.ip_address(one.partition("%")[0]).is_global for one in addresses):
        raise ConfigurationError(f"{endpoint}: the link leads into a private network", outcome="not_sent")
    return addresses[0]
