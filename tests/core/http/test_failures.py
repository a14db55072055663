"""From what went wrong to an error: one row per status, and vendors' words in every form."""

from __future__ import annotations

import json
import ssl

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from omnilogue.errors import BY_CODE
from omnilogue.http.failures import (
    STATUS_CODES,
    ErrorTable,
    code_of_status,
    outcome_of,
    refusal,
    transport_failure,
    vendor_words,
)
from omnilogue.http.limits import TooLarge, Undecodable
from omnilogue.log import forget_secret, remember_secret


@pytest.mark.parametrize(
    ("status", "code", "retryable", "outcome"),
    [
        (400, "bad_request", False, "rejected"),
        (401, "auth", False, "rejected"),
        (402, "quota", False, "rejected"),
        (403, "forbidden", False, "rejected"),
        (404, "not_found", False, "rejected"),
        (405, "bad_request", False, "rejected"),
        (407, "auth", False, "rejected"),
        (408, "timeout", True, "unknown"),
        (409, "conflict", False, "rejected"),
        (410, "not_found", False, "rejected"),
        (412, "conflict", False, "rejected"),
        (413, "content_too_large", False, "rejected"),
        (415, "bad_request", False, "rejected"),
        (418, "bad_request", False, "rejected"),
        (422, "bad_request", False, "rejected"),
        (423, "conflict", False, "rejected"),
        (429, "rate_limit", True, "rejected"),
        (451, "content_filtered", False, "rejected"),
        (500, "server", True, "unknown"),
        (501, "server", True, "unknown"),
        (502, "server", True, "unknown"),
        (503, "server", True, "unknown"),
        (504, "server", True, "unknown"),
        (521, "server", True, "unknown"),
        (529, "server", True, "unknown"),
        (599, "server", True, "unknown"),
    ],
)
def test_each_status_has_its_meaning(status: int, code: str, retryable: bool, outcome: str) -> None:
    error = refusal(code_of_status(status), "words", endpoint="POST x", status=status, writes=True)

    assert (error.code, error.retryable, error.outcome, error.http_status) == (code, retryable, outcome, status)
    assert isinstance(error, BY_CODE[code])
    assert str(error).startswith(f"POST x answered {status}: words")


def test_every_code_of_a_status_has_a_class() -> None:
    assert set(STATUS_CODES.values()) <= BY_CODE.keys()


def test_a_read_has_no_outcome() -> None:
    assert outcome_of("server", writes=False) is None


@pytest.mark.parametrize(
    ("error", "code", "outcome"),
    [
        (httpx.ConnectError("x"), "connect_failed", "not_sent"),
        (httpx.ConnectTimeout("x"), "connect_failed", "not_sent"),
        (httpx.PoolTimeout("x"), "connect_failed", "not_sent"),
        (httpx.ProxyError("x"), "connect_failed", "not_sent"),
        (httpx.UnsupportedProtocol("x"), "connect_failed", "not_sent"),
        (httpx.ReadTimeout("x"), "timeout", "unknown"),
        (httpx.WriteTimeout("x"), "timeout", "unknown"),
        (httpx.ReadError("x"), "connection_lost", "unknown"),
        (httpx.WriteError("x"), "connection_lost", "unknown"),
        (httpx.RemoteProtocolError("x"), "connection_lost", "unknown"),
        (httpx.StreamClosed(), "connection_lost", "unknown"),
        (OSError(24, "Too many open files"), "connection_lost", "unknown"),
        (httpx.DecodingError("x"), "bad_response", "unknown"),
        (Undecodable("x"), "bad_response", "unknown"),
        (TooLarge(), "too_large", "unknown"),
    ],
)
def test_each_failure_of_the_transport_has_its_code(error: Exception, code: str, outcome: str) -> None:
    failure = transport_failure(error, endpoint="POST x", writes=True)

    assert (failure.code, failure.outcome) == (code, outcome)
    assert failure.__context__ is None


def test_a_certificate_nobody_trusts_is_told_and_not_repeated() -> None:
    error = httpx.ConnectError("x")
    error.__cause__ = ssl.SSLCertVerificationError("self-signed certificate")

    failure = transport_failure(error, endpoint="GET x", writes=False)

    assert (failure.code, failure.retryable) == ("tls", False)
    assert "verify" in failure.hint


class TestVendorWords:
    @pytest.mark.parametrize(
        ("body", "words"),
        [
            ({"message": "no"}, "no"),
            ({"message": ["a", "b"]}, "a; b"),
            ({"detail": "no"}, "no"),
            ({"error": {"message": "no", "type": "x"}}, "no"),
            ({"error": "no"}, "no"),
            ({"status_msg": "no"}, "no"),
            ({"name": ["must not be empty"], "age": ["a", "b"]}, "name: must not be empty; age: a; b"),
            ("no", "no"),
            ({"message": 3}, ""),
            ({}, ""),
            ([], ""),
            (None, ""),
            (5, ""),
        ],
    )
    def test_they_are_found_in_json_of_every_shape(self, body: object, words: str) -> None:
        assert vendor_words(json.dumps(body).encode()) == words

    def test_those_beside_the_code_come_first(self) -> None:
        body = b'{"message": "outer", "base_resp": {"status_code": 1, "status_msg": "inner"}}'

        assert vendor_words(body, "base_resp.status_code") == "inner"
        assert vendor_words(b'{"message": "outer", "base_resp": null}', "base_resp.status_code") == "outer"

    @pytest.mark.parametrize(
        ("body", "words"),
        [
            (b"plain  words\n\n", "plain words"),
            (b"", ""),
            (b"\xef\xbb\xbf" + b'{"message": "no"}', "no"),
            (b"\xff\xfe", "\ufffd\ufffd"),
            (b"<html><TITLE lang=x> 502 \n Bad </TITLE>", "a web page (502 Bad)"),
            (b"<html><title>never closed", "a web page"),
        ],
    )
    def test_they_are_found_in_what_is_no_json(self, body: bytes, words: str) -> None:
        assert vendor_words(body) == words

    def test_half_a_secret_at_the_end_is_not_left(self) -> None:
        remember_secret("k-0123456789")

        words = vendor_words(b"x" * 493 + b" k-0123456789")

        forget_secret("k-0123456789")
        assert "k-0" not in words

    @given(st.binary(max_size=300))
    def test_no_body_can_break_it(self, body: bytes) -> None:
        assert len(vendor_words(body, "a.b")) <= 500

    @given(st.recursive(st.none() | st.text() | st.integers(), lambda x: st.lists(x) | st.dictionaries(st.text(), x)))
    def test_no_json_can_break_it(self, body: object) -> None:
        assert len(vendor_words(json.dumps(body).encode(), "message.x")) <= 500


class TestTables:
    def test_the_code_is_found_at_its_place(self) -> None:
        table = ErrorTable({7: "auth"}, at="a.b")

        assert table.vendor_code({"a": {"b": 7}}) == 7

    @pytest.mark.parametrize("body", [None, 7, "7", [], {}, {"a": None}, {"a": {"b": "7"}}, {"a": {"b": True}}])
    def test_anything_else_is_no_code(self, body: object) -> None:
        assert ErrorTable(at="a.b").vendor_code(body) is None

    @pytest.mark.parametrize(
        ("table", "code"),
        [
            (ErrorTable({7: "auth"}, at="a"), "vendor_error"),
            (ErrorTable({404: "quota"}, at="a"), "quota"),
            (ErrorTable(at="a", like_http=True), "not_found"),
        ],
    )
    def test_codes_outside_the_table_are_read_as_it_says(self, table: ErrorTable, code: str) -> None:
        assert table.code_for(404) == code
