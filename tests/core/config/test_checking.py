"""Checking a remote's settings: one error for all, no value in it; paths and secrets placed."""

import logging
import pickle
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest
from pydantic import SecretStr

from omnilogue.config import RemoteConfiguration, load, settings_for
from omnilogue.errors import ConfigurationError
from omnilogue.provider import ProviderInfo, Secret

Write = Callable[..., Path]


def check(acme: ProviderInfo, **given: Any) -> Any:
    return cast("Any", settings_for(load(**given).remotes["work"], acme))


def problem(acme: ProviderInfo, **given: Any) -> ConfigurationError:
    with pytest.raises(ConfigurationError) as caught:
        check(acme, **given)
    return caught.value


class TestProblems:
    def test_an_unknown_setting_is_told_with_line_and_nearest_name(self, write: Write, acme: ProviderInfo) -> None:
        path = write('[remotes.work]\nprovider = "acme"\napi_kye = "k-very-secret"\n')

        error = problem(acme)

        assert error.message == f"remotes.work.api_kye: unknown setting ({path}, line 3)"
        assert error.hint == "did you mean 'api_key'?"

    def test_the_nearest_name_is_found_in_tables_too(self, write: Write, acme: ProviderInfo) -> None:
        write('[remotes.work]\nprovider = "acme"\n[remotes.work.paths]\nsession_updat = "x"\n')

        error = problem(acme)

        assert "remotes.work.paths.session_updat: unknown setting" in error.message
        assert "line 4" in error.message
        assert error.hint == "did you mean 'session_update'?"

    def test_all_problems_are_in_one_line_and_three_are_named(self, write: Write, acme: ProviderInfo) -> None:
        write('[remotes.work]\nprovider = "acme"\nrate = "fast"\nsettle = -1\nmax_attempts = 0\ntimeout = "x"\nq = 1\n')

        error = problem(acme)

        assert error.message.count("remotes.work.") == 3
        assert error.message.endswith("and 2 more")
        assert "\n" not in str(error)

    def test_a_variable_is_named_where_it_said_the_value(
        self, write: Write, acme: ProviderInfo, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        write('[remotes.work]\nprovider = "acme"\nmax_attempts = 2\n')
        monkeypatch.setenv("OMNILOGUE_REMOTES__WORK__MAX_ATTEMPTS", "many")

        error = problem(acme)

        assert "remotes.work.max_attempts" in error.message
        assert "(OMNILOGUE_REMOTES__WORK__MAX_ATTEMPTS)" in error.message

    def test_a_given_mapping_has_no_place(self, acme: ProviderInfo) -> None:
        error = problem(acme, config=False, remotes={"work": {"provider": "acme", "settle": "x"}})

        assert error.message.startswith("remotes.work.settle: ")
        assert "(" not in error.message

    def test_both_arms_of_a_setting_are_one_problem(self, acme: ProviderInfo) -> None:
        error = problem(acme, config=False, remotes={"work": {"provider": "acme", "verify": 3.5}})

        assert error.message.count("remotes.work.verify") == 1

    def test_a_problem_of_the_whole_is_the_remotes(self, write: Write, acme: ProviderInfo) -> None:
        write('[remotes.work]\nprovider = "acme"\nbase_url = "http://acme.example"\n')

        assert problem(acme).message.startswith("remotes.work: base_url is plain http")

    @pytest.mark.parametrize("wrong", [["k-very-secret", 3], {"key": "k-very-secret"}, [[]], 123456789])
    def test_a_rejected_secret_is_nowhere(self, acme: ProviderInfo, wrong: Any) -> None:
        error = problem(acme, config=False, remotes={"work": {"provider": "acme", "api_key": wrong}})

        everything = repr(vars(error)) + repr(pickle.dumps(error)) + "".join(traceback.format_exception(error))
        assert error.message == "remotes.work.api_key: a secret is text, or a list of words: a command"
        assert str(wrong) not in everything
        assert "k-very-secret" not in everything
        assert error.__context__ is None
        assert error.__cause__ is None

    def test_credentials_in_an_address_are_refused_and_not_shown(self, acme: ProviderInfo) -> None:
        remotes = {"work": {"provider": "acme", "base_url": "https://me:k-very-secret@acme.example"}}

        error = problem(acme, config=False, remotes=remotes)

        assert "credentials" in error.message
        assert "k-very-secret" not in str(error)


class TestValuesOfTheEnvironment:
    def test_text_becomes_what_the_setting_is(self, acme: ProviderInfo, monkeypatch: pytest.MonkeyPatch) -> None:
        for name, text in {
            "PROVIDER": "acme",
            "MAX_ATTEMPTS": "7",
            "VERIFY": "false",
            "SETTLE": "0.5",
            "SERIES": "[1, 2]",
            "MODELS": '{"fast": "x-1"}',
            "PATHS__SESSION_DELETE": "gone",
        }.items():
            monkeypatch.setenv(f"OMNILOGUE_REMOTES__WORK__{name}", text)

        settings = check(acme)

        assert (settings.max_attempts, settings.verify, settings.settle) == (7, False, 0.5)
        assert (settings.series, settings.models, settings.paths.session_delete) == ((1, 2), {"fast": "x-1"}, "gone")

    def test_what_looks_like_a_list_and_is_none_names_the_variable(
        self, acme: ProviderInfo, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("OMNILOGUE_REMOTES__WORK__PROVIDER", "acme")
        monkeypatch.setenv("OMNILOGUE_REMOTES__WORK__SERIES", "[1, 2")

        assert "(OMNILOGUE_REMOTES__WORK__SERIES)" in problem(acme).message

    def test_a_secret_that_looks_like_a_list_stays_text(
        self, acme: ProviderInfo, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("OMNILOGUE_REMOTES__WORK__PROVIDER", "acme")
        monkeypatch.setenv("OMNILOGUE_REMOTES__WORK__API_KEY", '["a", "b"]')

        assert check(acme).api_key.reveal() == '["a", "b"]'


class TestPaths:
    def test_relative_paths_of_a_file_are_relative_to_it(
        self, write: Write, acme: ProviderInfo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = write(
            '[remotes.work]\nprovider = "acme"\nstore = "a/b.db"\nattachments = ["one", "/two"]\n'
            'verify = "ca.pem"\napi_key = "file:keys/acme"\n',
            "settings/my.toml",
        )
        monkeypatch.chdir(tmp_path)

        settings = check(acme, config=path)

        here = path.parent
        assert settings.store == here / "a/b.db"
        assert settings.attachments == [here / "one", Path("/two")]
        assert settings.verify == here / "ca.pem"
        assert settings.api_key.reference == f"file:{here}/keys/acme"

    def test_home_is_expanded_everywhere(self, write: Write, acme: ProviderInfo, tmp_path: Path) -> None:
        write('[remotes.work]\nprovider = "acme"\nstore = "~/b.db"\napi_key = "file:~/.secrets/acme"\n')

        settings = check(acme)

        assert settings.store == tmp_path / "home/b.db"
        assert settings.api_key.reference == f"file:{tmp_path}/home/.secrets/acme"

    def test_a_home_nobody_has_is_told(self, write: Write, acme: ProviderInfo) -> None:
        write('[remotes.work]\nprovider = "acme"\nstore = "~nobody_of_that_name/b.db"\n')

        assert "remotes.work.store: the path ~nobody_of_that_name/b.db" in problem(acme).message

    def test_those_of_the_environment_are_relative_to_the_working_directory(
        self, write: Write, work: Path, acme: ProviderInfo, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = write('[remotes.work]\nprovider = "acme"\nstore = "a.db"\n', "settings/my.toml")
        monkeypatch.setenv("OMNILOGUE_REMOTES__WORK__STORE", "b.db")

        assert check(acme, config=path).store == work / "b.db"

    def test_those_given_are_relative_to_the_working_directory(self, work: Path, acme: ProviderInfo) -> None:
        assert check(acme, config=False, remotes={"work": {"provider": "acme", "store": "c.db"}}).store == work / "c.db"

    def test_a_default_is_left_as_it_is(self, write: Write, acme: ProviderInfo) -> None:
        write('[remotes.work]\nprovider = "acme"\n')

        assert check(acme).store == Path("kept/as-it-is.db")


class TestSecrets:
    def test_one_written_out_in_a_file_is_warned_about_without_showing_it(
        self,
        write: Write,
        acme: ProviderInfo,
        caplog: pytest.LogCaptureFixture,
        warnings_logged: Callable[[], list[dict[str, Any]]],
    ) -> None:
        caplog.set_level(logging.DEBUG)
        path = write('[remotes.work]\nprovider = "acme"\napi_key = "k-very-secret"\n')

        check(acme)

        [event] = warnings_logged()
        assert event.items() >= {"event": "secret_in_file", "remote": "work", "key": "api_key"}.items()
        assert event["path"] == str(path)
        assert "k-very-secret" not in caplog.text

    @pytest.mark.parametrize("reference", ["env:ACME_KEY", "file:x", "keyring:a/b"])
    def test_a_reference_is_not_warned_about(
        self, write: Write, acme: ProviderInfo, caplog: pytest.LogCaptureFixture, reference: str
    ) -> None:
        write(f'[remotes.work]\nprovider = "acme"\napi_key = "{reference}"\n')

        check(acme)

        assert not caplog.records

    def test_one_of_the_environment_is_not_warned_about(
        self, write: Write, acme: ProviderInfo, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        write('[remotes.work]\nprovider = "acme"\n')
        monkeypatch.setenv("OMNILOGUE_REMOTES__WORK__API_KEY", "k-very-secret")

        assert check(acme).api_key.reveal() == "k-very-secret"
        assert not caplog.records

    @pytest.mark.parametrize("command", ['"command:pass show acme"', '["pass", "show", "acme"]'])
    def test_a_command_in_an_untrusted_file_is_refused(self, write: Write, acme: ProviderInfo, command: str) -> None:
        write(f'[remotes.work]\nprovider = "acme"\napi_key = {command}\n')

        error = problem(acme)

        assert error.code == "secret"
        assert "remotes.work.api_key" in error.message
        assert "line 3" in error.message
        assert "--config" in error.hint

    def test_a_command_among_headers_is_refused_too(self, write: Write, acme: ProviderInfo) -> None:
        write('[remotes.work]\nprovider = "acme"\nheaders = { x-key = "command:pass" }\n')

        assert "remotes.work.headers.x-key" in problem(acme).message

    def test_a_command_in_a_named_file_is_taken(self, write: Write, acme: ProviderInfo) -> None:
        path = write('[remotes.work]\nprovider = "acme"\napi_key = "command:pass show acme"\n')

        assert check(acme, config=path).api_key.reference == "command:pass show acme"

    def test_a_command_of_the_environment_is_taken_beside_an_untrusted_file(
        self, write: Write, acme: ProviderInfo, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        write('[remotes.work]\nprovider = "acme"\n')
        monkeypatch.setenv("OMNILOGUE_REMOTES__WORK__API_KEY", "command:pass show acme")

        assert check(acme).api_key.reference == "command:pass show acme"

    @pytest.mark.parametrize("given", [Secret("k-given"), SecretStr("k-given"), "k-given"])
    def test_every_form_is_taken_from_an_application(self, acme: ProviderInfo, given: object) -> None:
        remote = RemoteConfiguration("work", "acme", {"api_key": given})

        settings = cast("Any", settings_for(remote, acme))

        assert settings.api_key.reveal() == "k-given"
