"""Building addresses that stay where they should: same origin, below the base path, ids as data."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TypeAlias
from urllib.parse import quote, urlencode, urlsplit

import httpx

from ..errors import ConfigurationError, InvalidInputError

Query: TypeAlias = Mapping[str, str | int | float | bool | None]

LONGEST_ID = 512
"""How many characters of an id go into an address; longer ones are no vendor's id."""

_FIELD = re.compile(r"\{([a-z_]+)\}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_TEMPLATE = re.compile(r"(?:[A-Za-z0-9._~!$&'()*+,;=:@-]|\{[a-z_]+\}|/(?!/))*")


def split_base_url(base_url: str) -> tuple[str, str]:
    """Give scheme and host of a base URL. Raises ValueError where it is none."""
    parts = urlsplit(base_url)
    if "@" in parts.netloc:
        raise ValueError("base_url must hold no credentials; give them as settings of their own")
    is_plain = base_url.isprintable() and " " not in base_url
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment or not is_plain:
        raise ValueError(f"base_url {base_url!r} must look like https://host/path")
    parts.hostname.encode("idna")  # raises ValueError for a name no resolver can take
    try:
        httpx.URL(base_url)
    except httpx.InvalidURL as error:
        raise ValueError(f"base_url {base_url!r}: {error}") from None
    parts.port  # noqa: B018  # raises ValueError for a port that is none
    return parts.scheme, parts.hostname


def in_one_form(base_url: str) -> str:
    """Give a base URL as all that mean the same are written: one slash at the end, a host without capitals."""
    return str(httpx.URL(base_url.rstrip("/") + "/"))


def socket_address(address: str, base_url: str, *, allow_http: bool = False) -> str:
    """Give the address of a websocket: one of its own, or a path below the base URL. Raises ValueError.

    Plain ws is for this machine only, unless `allow_http`.
    """
    if "://" not in address:
        place = base_url.rstrip("/") + "/" + fill(checked_template(address), {})
    elif address.startswith(("ws://", "wss://")):
        place = "http" + address.removeprefix("ws")
    else:
        raise ValueError(f"{address!r} must look like wss://host/path")
    scheme, host = split_base_url(place)
    if scheme == "http" and not (allow_http or is_loopback(host)):
        raise ValueError(f"{address!r} is a plain websocket; use wss, or set allow_http = true")
    return "ws" + place.removeprefix("http")


def is_loopback(host: str) -> bool:
    """Whether the host is this machine."""
    return host in {"localhost", "::1"} or bool(re.fullmatch(r"127(\.\d{1,3}){3}", host))


def checked_template(template: str) -> str:
    """Give the path template, relative to the base. Raises ConfigurationError where it could leave the base path."""
    path = template.lstrip("/")
    if _TEMPLATE.fullmatch(path) and not {".", ".."}.intersection(path.split("/")):
        return path
    raise ConfigurationError(f"the path {template[:200]!r} is not a plain path below the base URL")


def fill(template: str, values: Mapping[str, str | int]) -> str:
    """Put encoded values into a path template.

    Raises InvalidInputError for a value that is no id, ConfigurationError for a name that has no value.
    """

    def segment(found: re.Match[str]) -> str:
        if found[1] not in values:
            known = ", ".join(values) or "none"
            raise ConfigurationError(f"the path {template!r} wants {found[1]!r}, and there is {known}")
        return _segment(found[1], values[found[1]])

    return _FIELD.sub(segment, template)


def _segment(name: str, value: str | int) -> str:
    """Encode one id so that it can be nothing but one path segment."""
    text = str(value)
    if not text or text in {".", ".."} or len(text) > LONGEST_ID or _CONTROL.search(text):
        raise InvalidInputError(f"{text[:80]!r} cannot be a {name.replace('_', ' ')}")
    try:
        return quote(text, safe="")
    except UnicodeEncodeError:
        raise InvalidInputError(f"{text[:80]!r} holds characters that are no text") from None


def encode_query(query: Query | None) -> str:
    """Give `?a=b`, without what is None. Raises InvalidInputError for text that cannot be sent."""
    if not query:
        return ""
    pairs = [(name, _plain(value)) for name, value in query.items() if value is not None]
    try:
        return "?" + urlencode(pairs, quote_via=quote) if pairs else ""
    except UnicodeEncodeError:
        raise InvalidInputError("the query holds characters that are no text") from None


def _plain(value: str | float | bool) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
