"""One request as a provider describes it; what can be wrong with it is found before anything leaves."""

from __future__ import annotations

import json as json_codec
from collections.abc import Container, Mapping
from dataclasses import dataclass
from typing import Any, TypedDict

import httpx

from ..errors import ConfigurationError, InvalidInputError
from .address import Query, checked_template, encode_query, fill
from .forms import EncodedForm, Form
from .retry import Effect


class Description(TypedDict, total=False):
    """What a provider may say of a request; `Http.request` explains each member."""

    values: Mapping[str, str | int] | None
    query: Query | None
    json: Any
    form: Form | None
    effect: Effect | None
    accept: Container[int]
    guessed: bool
    private: bool
    raw: bool
    aside: bool


@dataclass(frozen=True, slots=True)
class Call:
    """A request ready to be attempted; `endpoint` is method, host and path template, without ids."""

    method: str
    endpoint: str
    address: httpx.URL
    body: bytes | EncodedForm | None
    effect: Effect
    accept: Container[int] = ()
    guessed: bool = False
    private: bool = False
    host: bytes | None = None
    """The Host header of a link, which gets no credentials; None for a call to the vendor."""
    raw: bool = False
    aside: bool = False

    @property
    def writes(self) -> bool:
        """Whether the vendor's state may change."""
        return self.effect != "read"

    @property
    def is_booked(self) -> bool:
        """Whether it decides what became of the verb that sends it."""
        return self.writes and not self.aside


class Base:
    """Where a vendor answers; what all its requests share is worked out once."""

    def __init__(self, base_url: str) -> None:
        self._url = httpx.URL(base_url.rstrip("/") + "/")
        self._netloc = self._url.netloc
        self._path = self._url.raw_path
        self._place = f"{self._url.scheme}://{self._netloc.decode('ascii')}{self._url.path}"
        self._templates: dict[tuple[str, str], tuple[str, str]] = {}
        self._fixed: dict[str, httpx.URL] = {}

    @property
    def host(self) -> bytes:
        """What the Host header says."""
        return self._netloc

    def describe(self, method: str, path: str, said: Description) -> Call:
        """Make the call. Raises InvalidInputError or ConfigurationError for what cannot or must not be sent."""
        template, endpoint = self._templates.get((method, path)) or self._know(method, path)
        json, form = said.get("json"), said.get("form")
        body = form.encoded() if form is not None else None if json is None else encode_json(json)
        return Call(
            method=method,
            endpoint=endpoint,
            address=self._address(template, said.get("values"), said.get("query")),
            body=body,
            effect=said.get("effect") or ("read" if method == "GET" else "add"),
            accept=said.get("accept", ()),
            guessed=said.get("guessed", False),
            private=said.get("private", False),
            raw=said.get("raw", False),
            aside=said.get("aside", False),
        )

    def _know(self, method: str, path: str) -> tuple[str, str]:
        template = checked_template(path)
        self._templates[method, path] = template, f"{method} {self._place}{template}"
        return self._templates[method, path]

    def _address(self, template: str, values: Mapping[str, str | int] | None, query: Query | None) -> httpx.URL:
        if values or query:
            return self._below(template, fill(template, values or {}) + encode_query(query))
        if template not in self._fixed:
            self._fixed[template] = self._below(template, fill(template, {}))
        return self._fixed[template]

    def _below(self, template: str, relative: str) -> httpx.URL:
        """Make the address, and look at what came out: same host, below the base path."""
        address = self._url.copy_with(raw_path=self._path + relative.encode("ascii"))
        if address.netloc != self._netloc or not address.raw_path.startswith(self._path):
            raise InvalidInputError(f"{template} with these values would leave {self._place}")
        return address


_ENCODER = json_codec.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def encode_json(value: Any) -> bytes:
    """Give JSON in UTF-8. Raises InvalidInputError for what JSON or UTF-8 cannot hold."""
    try:
        return _ENCODER.encode(value).encode("utf-8")
    except UnicodeEncodeError:
        raise InvalidInputError("the text holds half of a surrogate pair, which is no text") from None
    except (ValueError, TypeError, RecursionError) as error:
        raise InvalidInputError(f"a value cannot be sent as JSON: {error}") from None


def header_value(name: str, value: str) -> str:
    """Give the value back. Raises ConfigurationError [secret], without showing it, where no header can hold it."""
    if value.isascii() and value.isprintable() and value == value.strip():
        return value
    raise ConfigurationError(
        f"the value for the header {name} holds characters a header cannot carry",
        code="secret",
        hint="keys are plain ASCII; look for a copied space, quote or line end",
    )
