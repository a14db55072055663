"""Settings of every provider that speaks HTTP."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from omnilogue.http import HttpSettings

HTTPS = "https://acme.example/api"


@pytest.mark.parametrize("base_url", [HTTPS, "http://localhost:8080", "http://127.0.0.1/x", "http://[::1]:1/"])
def test_https_and_this_machine_are_allowed(base_url: str) -> None:
    assert HttpSettings(base_url=base_url).base_url == base_url


def test_plain_http_elsewhere_must_be_asked_for() -> None:
    with pytest.raises(ValidationError, match="allow_http = true"):
        HttpSettings(base_url="http://acme.example")

    assert HttpSettings(base_url="http://acme.example", allow_http=True).allow_http


@pytest.mark.parametrize(
    "wrong",
    [
        {"read_timeout": 0},
        {"max_attempts": 0},
        {"max_attempts": 21},
        {"max_connections": 0},
        {"rate": "fast"},
        {"headers": {"a b": "x"}},
        {"headers": {"": "x"}},
        {"headers": {"a\n": "x"}},
        {"headers": {"Host": "evil.example"}},
        {"headers": {"content-length": "5"}},
        {"verify": 1.5},
        {"reed_timeout": 5},
    ],
)
def test_what_cannot_be_meant_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        HttpSettings(base_url=HTTPS, **wrong)


@pytest.mark.parametrize(
    ("given", "meant"), [(True, True), (False, False), ("false", False), ("yes", True), ("ca.pem", Path("ca.pem"))]
)
def test_verify_is_a_switch_or_a_path(given: Any, meant: bool | Path) -> None:
    assert HttpSettings(base_url=HTTPS, verify=given).verify == meant


def test_header_values_are_secrets() -> None:
    settings = HttpSettings(base_url=HTTPS, headers={"x-key": "k-literal"})  # type: ignore[dict-item]

    assert "k-literal" not in repr(settings) + settings.model_dump_json()
