"""Secrets by reference: looked up once, never shown, and a missing one names where it should be."""

from __future__ import annotations

import asyncio
import logging
import sys
import types
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, SecretStr, TypeAdapter, ValidationError

from omnilogue.errors import ConfigurationError
from omnilogue.http import Secret
from omnilogue.http import secret as secret_module
from omnilogue.log import redact

pytestmark = pytest.mark.anyio

VALUE = "k-value-0123456789"


async def loaded(given: Any) -> str:
    secret = Secret(given)
    await secret.load()
    return secret.reveal()


async def refusal(given: Any) -> ConfigurationError:
    with pytest.raises(ConfigurationError) as caught:
        await Secret(given).load()
    assert caught.value.code == "secret"
    assert caught.value.__context__ is None
    return caught.value


class TestForms:
    def test_a_value_is_shown_nowhere(self) -> None:
        class Settings(BaseModel):
            key: Secret

        settings = Settings.model_validate({"key": VALUE})

        assert settings.key.reveal() == VALUE
        assert VALUE not in f"{settings.key} {settings.key!r} {settings!r} {settings.model_dump_json()}"
        assert settings.model_dump() == {"key": "[value]"}

    @pytest.mark.parametrize("reference", ["env:NAME", "file:~/x", "keyring:a/b", "command:pass show x"])
    def test_a_reference_is_shown_as_it_is(self, reference: str) -> None:
        assert (str(Secret(reference)), Secret(reference).is_reference) == (f"Secret({reference!r})", True)
        assert Secret(reference).reveal() == ""

    @pytest.mark.parametrize("given", ["sk:colon", "http://x", "environment:x", "", "env"])
    def test_any_other_text_is_the_value_itself(self, given: str) -> None:
        assert (Secret(given).reveal(), Secret(given).is_reference) == (given, False)

    def test_a_secret_string_is_the_value_whatever_it_looks_like(self) -> None:
        assert Secret(SecretStr("env:HOME")).reveal() == "env:HOME"

    @pytest.mark.parametrize("wrong", [3, None, [], [3], {"a": "b"}])
    def test_anything_else_is_one_problem(self, wrong: Any) -> None:
        with pytest.raises(ValidationError) as caught:
            TypeAdapter(Secret).validate_python(wrong)

        assert caught.value.error_count() == 1

    def test_equal_secrets_are_equal(self) -> None:
        assert Secret("a-value") == Secret(SecretStr("a-value"))
        assert Secret("a-value") != Secret("b-value")
        assert Secret("env:A") == Secret("env:A")
        assert Secret("env:A") != Secret("env:B")
        assert len({Secret("env:A"), Secret("env:A"), Secret("a-value")}) == 2

    def test_only_an_empty_value_is_false(self) -> None:
        assert [bool(Secret(given)) for given in ("", "x", "env:X")] == [False, True, True]

    async def test_a_copy_of_a_reference_is_still_looked_up(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("ACME_KEY", VALUE)

        assert await loaded(Secret("env:ACME_KEY")) == VALUE


class TestLookingUp:
    async def test_a_variable(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("ACME_KEY", f" {VALUE}\n")

        assert await loaded("env:ACME_KEY") == VALUE

    @pytest.mark.parametrize("reference", ["env:NOBODY_SET_THIS", "env:"])
    async def test_a_missing_variable_is_named(self, reference: str) -> None:
        assert f"no secret at {reference}: the environment has no such variable" in str(await refusal(reference))

    async def test_an_empty_one_is_missing(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("ACME_KEY", " ")

        assert "it is empty" in str(await refusal("env:ACME_KEY"))

    async def test_a_file(self, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
        file = tmp_path / "key"
        file.write_bytes(b"\xef\xbb\xbf" + VALUE.encode() + b"\r\n")
        file.chmod(0o600)

        assert await loaded(f"file:{file}") == VALUE
        assert not caplog.records

    async def test_a_file_others_can_read_is_warned_about(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG)
        file = tmp_path / "key"
        file.write_text(VALUE, encoding="utf-8")
        file.chmod(0o644)

        assert await loaded(f"file:{file}") == VALUE
        assert "secret_file_readable_by_others" in caplog.text
        assert VALUE not in caplog.text

    async def test_a_file_in_the_home_folder(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("HOME", str(tmp_path))
        (tmp_path / "key").write_text(VALUE, encoding="utf-8")

        assert await loaded("file:~/key") == VALUE

    async def test_a_missing_file_is_named(self) -> None:
        assert "no secret at file:/nowhere/key: there is no such file" in str(await refusal("file:/nowhere/key"))

    async def test_a_folder_is_no_secret(self, tmp_path: Path) -> None:
        assert "directory" in str(await refusal(f"file:{tmp_path}"))

    async def test_bytes_that_are_no_text_are_not_shown(self, tmp_path: Path) -> None:
        (tmp_path / "key").write_bytes(b"k-\xff-secret")

        error = await refusal(f"file:{tmp_path}/key")

        assert "not UTF-8" in str(error)
        assert "k-" not in str(error).replace(str(tmp_path), "")

    async def test_a_file_without_end_is_no_secret(self) -> None:
        async with asyncio.timeout(5):
            assert "too large" in str(await refusal("file:/dev/zero"))

    @pytest.mark.parametrize("given", ["command:echo  k-one", ["echo", "k-one"], "command:echo 'k-one'"])
    async def test_a_command(self, given: str | list[str]) -> None:
        assert await loaded(given) == "k-one"

    async def test_a_command_that_cannot_be_read_is_named(self) -> None:
        assert "command:echo 'x" in str(await refusal("command:echo 'x"))


class TestKeyring:
    @pytest.fixture
    def keyring(self, monkeypatch: pytest.MonkeyPatch) -> types.SimpleNamespace:
        stored = {("acme", "me"): VALUE, ("a/b", "me"): "k-nested"}
        library = types.SimpleNamespace(get_password=lambda service, user: stored.get((service, user)))
        monkeypatch.setitem(sys.modules, "keyring", library)
        return library

    @pytest.mark.usefixtures("keyring")
    async def test_an_entry_is_found(self) -> None:
        assert [await loaded("keyring:acme/me"), await loaded("keyring:a/b/me")] == [VALUE, "k-nested"]

    @pytest.mark.usefixtures("keyring")
    async def test_a_missing_entry_is_told(self) -> None:
        assert "no such entry" in str(await refusal("keyring:acme/you"))

    @pytest.mark.usefixtures("keyring")
    @pytest.mark.parametrize("reference", ["keyring:acme", "keyring:", "keyring:/me", "keyring:acme/"])
    async def test_a_reference_without_service_or_user_is_told(self, reference: str) -> None:
        assert "SERVICE/USER" in str(await refusal(reference))

    async def test_one_that_fails_is_told(self, keyring: types.SimpleNamespace) -> None:
        def fail(service: str, user: str) -> None:
            raise RuntimeError("no backend")

        keyring.get_password = fail

        assert "does not answer: no backend" in str(await refusal("keyring:acme/me"))

    async def test_a_missing_library_is_told_with_the_command_that_installs_it(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setitem(sys.modules, "keyring", None)

        assert "pip install 'omnilogue[keyring]'" in str(await refusal("keyring:acme/me"))


class TestLife:
    async def test_it_is_looked_up_once_also_by_many_at_once(self, monkeypatch: pytest.MonkeyPatch) -> None:
        asked: list[object] = []

        async def look_up(reference: object) -> str:
            asked.append(reference)
            await asyncio.sleep(0)
            return VALUE

        monkeypatch.setattr(secret_module, "look_up", look_up)
        secret = Secret("env:X")

        await asyncio.gather(*(secret.load() for _ in range(5)))
        await secret.load()

        assert (asked, secret.reveal()) == (["env:X"], VALUE)

    async def test_it_is_redacted_until_it_is_forgotten(self, monkeypatch: pytest.MonkeyPatch) -> None:
        value = "k-another-value-98765"
        monkeypatch.setenv("ACME_KEY", value)
        first, second = Secret("env:ACME_KEY"), Secret("env:ACME_KEY")
        await first.load()
        await second.load()

        assert redact(f"x {value}") == "x [redacted]"
        first.forget()
        assert redact(f"x {value}") == "x [redacted]"
        second.forget()
        second.forget()
        assert redact(f"x {value}") == f"x {value}"
        assert second.reveal() == ""

    async def test_a_forgotten_reference_is_looked_up_again(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("ACME_KEY", VALUE)
        secret = Secret("env:ACME_KEY")
        await secret.load()
        secret.forget()
        monkeypatch.setenv("ACME_KEY", "k-rotated")

        await secret.load()

        assert secret.reveal() == "k-rotated"
        secret.forget()
