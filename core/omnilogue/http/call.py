"""One request as a provider describes it; what can be wrong with it is found before anything leaves."""

from __future__ import annotations

import json as json_codec
from collections.abc import Container, Mapping
from dataclasses import dataclass
from typing import Any, TypedDict

import httpx

from ..errors import ConfigurationError, InvalidInputError
from .address import Query, checked_template, encode_query, fill
from .retry import Effect


class Description(TypedDict, total=False):
    """What a provider may say of a request; `Http.request` explains each member."""

    values: Mapping[str, str | int] | None
    query: Query | None
    json: Any
    effect: Effect | None
    accept: Container[int]
    guessed: bool
    private: bool


@dataclass(frozen=True, slots=True)
class Call:
    """A request ready to be attempted; `endpoint` is method, host and path template, without ids."""

    method: str
    endpoint: str
    address: httpx.URL
    body: bytes | None
    effect: Effect
    accept: Container[int] = ()
    guessed: bool = False
    private: bool = False

    @property
    def writes(self) -> bool:
        """Whether the vendor's state may change."""
        return self.effect != "read"


def describe(base: httpx.URL, method: str, path: str, said: Description) -> Call:
    """Make the call. Raises InvalidInputError or ConfigurationError for what cannot or must not be sent."""
    template = checked_template(path)
    relative = fill(template, said.get("values") or {}) + encode_query(said.get("query"))
    address = base.copy_with(raw_path=base.raw_path + relative.encode("ascii"))
    if address.netloc != base.netloc or not address.raw_path.startswith(base.raw_path):
        raise InvalidInputError(f"{template} with these values would leave {base}")
    json = said.get("json")
    return Call(
        method=method,
        endpoint=f"{method} {base.scheme}://{base.netloc.decode('ascii')}{base.path}{template}",
        address=address,
        body=None if json is None else encode_json(json),
        effect=said.get("effect") or ("read" if method == "GET" else "add"),
        accept=said.get("accept", ()),
        guessed=said.get("guessed", False),
        private=said.get("private", False),
    )


def encode_json(value: Any) -> bytes:
    """Give JSON in UTF-8. Raises InvalidInputError for what JSON or UTF-8 cannot hold."""
    try:
        return json_codec.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode("utf-8")
    except UnicodeEncodeError:
        raise InvalidInputError("the text holds half of a surrogate pair, which is no text") from None
    except (ValueError, TypeError, RecursionError) as error:
        raise InvalidInputError(f"a value cannot be sent as JSON: {error}") from None


def header_value(name: str, value: str) -> str:
    """Give the value back. Raises ConfigurationError [secret], without showing it, where no header can hold it."""
    if value.isascii() and value.isprintable():
        return value
    raise ConfigurationError(
        f"the value for the header {name} holds characters a header cannot carry",
        code="secret",
        hint="keys are plain ASCII; look for a copied space, quote or line end",
    )
