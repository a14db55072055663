"""What cannot be sent is found before anything leaves."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import SecretStr

from omnilogue.errors import ConfigurationError, InvalidInputError
from omnilogue.http import ErrorTable, KeyAuth, Secret
from omnilogue.http.call import encode_json, header_value

if TYPE_CHECKING:
    from tests.core.http.conftest import Door, Vendor

pytestmark = pytest.mark.anyio


def endless_list() -> list[Any]:
    inside: list[Any] = []
    inside.append(inside)
    return inside


def deep_list() -> list[Any]:
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    return deep


@pytest.mark.parametrize(
    "value",
    ["\ud800", {"a": ["\udfff"]}, {"\ud800": 1}, float("nan"), float("inf"), object(), {1, 2}, b"x", endless_list()],
)
async def test_what_json_cannot_hold_is_refused(door: Door, vendor: Vendor, value: Any) -> None:
    with pytest.raises(InvalidInputError) as caught:
        await door().request("POST", "things", json={"value": value})

    assert vendor.asked == []
    assert str(caught.value).isprintable()


def test_what_is_nested_too_deeply_is_refused() -> None:
    with pytest.raises(InvalidInputError):
        encode_json(deep_list())


@pytest.mark.parametrize("text", ["", "\x00", "\u2028", "\U0001f600", "a\u0301", "\u202e", "x" * 1_000_000])
async def test_text_arrives_as_it_was(door: Door, vendor: Vendor, text: str) -> None:
    await door().request("POST", "things", json={"text": text})

    assert json.loads(vendor.asked[0].body) == {"text": text}
    assert vendor.asked[0].headers["content-type"] == "application/json"


async def test_without_json_there_is_no_body(door: Door, vendor: Vendor) -> None:
    await door().request("POST", "things")

    assert vendor.asked[0].body == b""
    assert "content-type" not in vendor.asked[0].headers


@pytest.mark.parametrize("key", ["k-\u00e4", "k\r\nx-evil: 1", "k\x00", "k\u200b", " k-space", "k-space ", "\ud800"])
async def test_a_key_no_header_can_hold_is_told_without_showing_it(door: Door, vendor: Vendor, key: str) -> None:
    closed = door().using(ErrorTable(), KeyAuth(Secret(SecretStr(key)), header="x-key", prefix=""))

    with pytest.raises(ConfigurationError) as caught:
        await closed.request("GET", "things")

    assert (caught.value.code, vendor.asked) == ("secret", [])
    assert "x-key" in str(caught.value)
    assert key not in str(caught.value)
    assert caught.value.attempts == 1


def test_an_empty_key_is_no_header() -> None:
    with pytest.raises(ConfigurationError):
        header_value("authorization", "Bearer ")
