"""Addresses stay where they should, whatever an id or a path setting holds."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import unquote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from omnilogue.errors import ConfigurationError, InvalidInputError
from omnilogue.http.address import LONGEST_ID, encode_query, fill, is_loopback, split_base_url

if TYPE_CHECKING:
    from tests.core.http.conftest import Door, Vendor

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("given_id", "sent"),
    [
        ("plain-1_2.3~", "plain-1_2.3~"),
        ("../x", "..%2Fx"),
        ("..\\x", "..%5Cx"),
        ("a/b", "a%2Fb"),
        ("a?b=c", "a%3Fb%3Dc"),
        ("#x", "%23x"),
        ("%2f", "%252f"),
        ("%2e%2e", "%252e%252e"),
        ("https://evil.example/x", "https%3A%2F%2Fevil.example%2Fx"),
        ("//evil.example", "%2F%2Fevil.example"),
        ("a b+c&d", "a%20b%2Bc%26d"),
        ("{id}", "%7Bid%7D"),
        ("\u4f60\u00a6", "%E4%BD%A0%C2%A6"),
        ("...", "..."),
        ("x" * LONGEST_ID, "x" * LONGEST_ID),
    ],
)
async def test_an_id_is_one_segment_and_arrives_as_it_was(door: Door, vendor: Vendor, given_id: str, sent: str) -> None:
    await door().request("GET", "things/{id}/parts", values={"id": given_id})

    assert vendor.asked[0].target == f"/api/things/{sent}/parts"


@pytest.mark.parametrize(
    "given_id", ["", ".", "..", "a\r\nb", "a\nx-evil: 1", "\x00", "\x7f", "x" * (LONGEST_ID + 1), "\ud800", "a\udfffb"]
)
async def test_what_cannot_be_an_id_is_refused_before_anything_leaves(
    door: Door, vendor: Vendor, given_id: str
) -> None:
    with pytest.raises(InvalidInputError) as caught:
        await door().request("GET", "things/{thing_id}", values={"thing_id": given_id})

    assert vendor.asked == []
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 500


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text())
async def test_any_text_is_refused_or_arrives_below_the_base(door: Door, vendor: Vendor, given_id: str) -> None:
    try:
        await door().request("GET", "things/{id}", values={"id": given_id})
    except InvalidInputError:
        return

    head, _, last = vendor.asked[-1].target.rpartition("/")
    assert (head, unquote(last)) == ("/api/things", given_id)


@pytest.mark.parametrize(
    "template",
    [
        "../admin",
        "a/../../admin",
        "..",
        "./x",
        "a/./b",
        "https://evil.example/x",
        "a//b",
        "a?b=c",
        "a#b",
        "a\\b",
        "%2e%2e/admin",
        "a b",
        "a\nb",
        "\u00fc",
        "{Bad}",
        "a{",
    ],
)
async def test_a_path_setting_cannot_leave_the_base(door: Door, vendor: Vendor, template: str) -> None:
    with pytest.raises(ConfigurationError):
        await door().request("GET", template)

    assert vendor.asked == []


@pytest.mark.parametrize("template", ["things", "/things", "//things"])
async def test_leading_slashes_of_a_path_mean_the_base(door: Door, vendor: Vendor, template: str) -> None:
    await door().request("GET", template)

    assert vendor.asked[0].target == "/api/things"


async def test_a_path_that_wants_an_unknown_name_is_told() -> None:
    with pytest.raises(ConfigurationError, match=r"wants 'sesion_id'.*there is session_id, other"):
        fill("x/{sesion_id}", {"session_id": 1, "other": 2})


@pytest.mark.parametrize("base", ["/api", "/api/", "/api//", "/a/b/c/", ""])
async def test_the_base_path_is_kept(door: Door, vendor: Vendor, base: str) -> None:
    await door(base_url=f"http://127.0.0.1:{vendor.port}{base}").request("GET", "x/{id}", values={"id": "1"})

    assert vendor.asked[0].target == base.rstrip("/") + "/x/1"


class TestQueries:
    def test_what_is_none_is_left_out_and_the_rest_is_encoded(self) -> None:
        query = {"a": None, "b": "x&y=z \r\n\u00fc/+", "c": True, "d": 5, "e": 0.5, "f": ""}

        assert encode_query(query) == "?b=x%26y%3Dz%20%0D%0A%C3%BC%2F%2B&c=true&d=5&e=0.5&f="

    @pytest.mark.parametrize("query", [None, {}, {"a": None}])
    def test_nothing_is_no_query(self, query: dict[str, None] | None) -> None:
        assert encode_query(query) == ""

    def test_half_a_character_is_refused(self) -> None:
        with pytest.raises(InvalidInputError):
            encode_query({"a": "\ud800"})


class TestBaseUrls:
    @pytest.mark.parametrize(
        "wrong",
        [
            "",
            "acme.example",
            "ftp://acme.example",
            "https://",
            "https://acme.example/?a=b",
            "https://acme.example/#a",
            "https://acme.example:port",
            "https://acme.example:70000",
            "https://acme.example/a b",
            "https://acme.ex\nample",
            "https://a..b",
            "https://" + "x" * 70 + ".example",
            "https://[::1",
            "https://\u00fc~",
        ],
    )
    def test_what_is_no_base_is_a_value_error(self, wrong: str) -> None:
        with pytest.raises(ValueError, match=r".+"):
            split_base_url(wrong)

    @pytest.mark.parametrize("address", ["https://me:k-secret@acme.example", "https://k-secret@acme.example/x y"])
    def test_credentials_are_refused_and_not_shown(self, address: str) -> None:
        with pytest.raises(ValueError, match="credentials") as caught:
            split_base_url(address)

        assert "k-secret" not in str(caught.value)

    @pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.8.9.1", "::1"])
    def test_this_machine_is_known(self, host: str) -> None:
        assert is_loopback(host)

    @pytest.mark.parametrize("host", ["127.0.0.1.evil.example", "localhost.evil.example", "0.0.0.0", "10.0.0.1"])
    def test_no_other_machine_is_taken_for_this_one(self, host: str) -> None:
        assert not is_loopback(host)
