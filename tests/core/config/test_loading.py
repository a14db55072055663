"""Where a configuration comes from, and what is wrong with one."""

from collections.abc import Callable
from pathlib import Path

import pytest

from omnilogue.config import load
from omnilogue.errors import ConfigurationError

ONE = '[remotes.work]\nprovider = "acme"\nrate = "8/s"\n'

Write = Callable[..., Path]


class TestWhichFile:
    def test_without_any_file_there_are_no_remotes(self) -> None:
        configuration = load()

        assert (configuration.path, configuration.default, dict(configuration.remotes)) == (None, None, {})

    def test_a_named_file_comes_before_all_others(self, write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
        named = write('[remotes.named]\nprovider = "acme"\n', "other/x.toml")
        monkeypatch.setenv("OMNILOGUE_CONFIG", str(write(ONE, "variable.toml")))
        write(ONE)

        configuration = load(named)

        assert list(configuration.remotes) == ["named"]
        assert configuration.path == named
        assert configuration.trusted

    def test_the_variable_comes_before_the_working_directory(
        self, write: Write, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        named = write(ONE, "elsewhere/my.toml")
        write('[remotes.near]\nprovider = "acme"\n')
        monkeypatch.setenv("OMNILOGUE_CONFIG", "elsewhere/my.toml")

        configuration = load()

        assert (configuration.path, list(configuration.remotes), configuration.trusted) == (named, ["work"], True)

    def test_an_empty_variable_names_no_file(self, write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
        path = write(ONE)
        monkeypatch.setenv("OMNILOGUE_CONFIG", "")

        assert load().path == path

    def test_a_file_above_the_working_directory_is_found_and_not_trusted(
        self, write: Write, work: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = write(ONE)
        (work / "a/b").mkdir(parents=True)
        monkeypatch.chdir(work / "a/b")

        configuration = load()

        assert (configuration.path, configuration.trusted) == (path, False)

    def test_the_nearest_file_is_the_only_one(self, write: Write, work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        write(ONE)
        write('[remotes.inner]\nprovider = "acme"\n', "a/omnilogue.toml")
        monkeypatch.chdir(work / "a")

        assert list(load().remotes) == ["inner"]

    def test_the_users_own_file_is_the_last_and_trusted(
        self, write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "own"))
        path = write(ONE, str(tmp_path / "own/omnilogue/omnilogue.toml"))

        configuration = load()

        assert (configuration.path, configuration.trusted) == (path, True)

    def test_false_reads_neither_file_nor_environment(self, write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
        write(ONE)
        monkeypatch.setenv("OMNILOGUE_DEFAULT", "nobody")
        monkeypatch.setenv("OMNILOGUE_REMOTES__WORK__PROVIDER", "acme")

        configuration = load(False)

        assert (configuration.path, dict(configuration.remotes)) == (None, {})

    def test_a_missing_named_file_is_told(self) -> None:
        with pytest.raises(ConfigurationError, match=r"no configuration file .*nowhere\.toml"):
            load("nowhere.toml")

    def test_a_missing_file_of_the_variable_is_told_with_its_name(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("OMNILOGUE_CONFIG", "/nowhere/x.toml")

        with pytest.raises(ConfigurationError, match="OMNILOGUE_CONFIG"):
            load()

    def test_a_folder_is_no_file(self, work: Path) -> None:
        with pytest.raises(ConfigurationError, match="cannot be read"):
            load(work)


class TestEnvironment:
    def test_it_wins_over_the_file(self, write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
        write(f'default = "old"\n{ONE}api_key = "env:A"\n[remotes.old]\nprovider = "acme"\n')
        monkeypatch.setenv("OMNILOGUE_DEFAULT", "work")
        monkeypatch.setenv("OMNILOGUE_REMOTES__WORK__API_KEY", "from-the-environment")
        monkeypatch.setenv("OMNILOGUE_REMOTES__WORK__PATHS__SESSION_UPDATE", "sessions/change")

        configuration = load()

        assert configuration.default == "work"
        assert configuration.remotes["work"].settings == {
            "rate": "8/s",
            "api_key": "from-the-environment",
            "paths": {"session_update": "sessions/change"},
        }

    def test_it_can_make_a_remote_alone(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("OMNILOGUE_REMOTES__WORK__PROVIDER", "acme")

        configuration = load()

        assert (configuration.default, configuration.remotes["work"].provider) == ("work", "acme")

    def test_empty_and_foreign_variables_are_no_settings(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("OMNILOGUE_DEFAULT", "")
        monkeypatch.setenv("OMNILOGUE_LOG", "debug")
        monkeypatch.setenv("OMNILOGUE_PORT_80_TCP_ADDR", "10.0.0.1")
        monkeypatch.setenv("OMNILOGUE_REMOTES__WORK__PROVIDER", "")

        assert dict(load().remotes) == {}

    def test_an_unknown_key_names_its_variable_and_the_nearest(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("OMNILOGUE_REMOTE__WORK__PROVIDER", "acme")

        with pytest.raises(ConfigurationError, match=r"OMNILOGUE_REMOTE__WORK__PROVIDER.*did you mean 'remotes'"):
            load()

    def test_two_variables_that_exclude_each_other_are_named(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("OMNILOGUE_REMOTES__WORK__PATHS", "x")
        monkeypatch.setenv("OMNILOGUE_REMOTES__WORK__PATHS__SESSION_UPDATE", "y")

        with pytest.raises(ConfigurationError, match=r"PATHS__SESSION_UPDATE and OMNILOGUE_REMOTES__WORK__PATHS "):
            load()

    def test_a_remote_without_provider_names_the_variable(self, write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("OMNILOGUE_REMOTES__WORK__API_KEY", "k-123456")
        write('[remotes.old]\nprovider = "acme"\n')

        with pytest.raises(ConfigurationError, match=r"remotes\.work\.provider is missing .*WORK__API_KEY"):
            load()


class TestGivenRemotes:
    def test_a_given_remote_stands_for_itself(self, write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
        write(f'{ONE}[remotes.old]\nprovider = "acme"\n')
        monkeypatch.setenv("OMNILOGUE_REMOTES__WORK__MAX_ATTEMPTS", "9")

        configuration = load(remotes={"work": {"provider": "other", "settle": 1}})

        assert configuration.remotes["work"].provider == "other"
        assert configuration.remotes["work"].settings == {"settle": 1}
        assert configuration.remotes["old"].provider == "acme"

    def test_the_only_one_is_the_default(self) -> None:
        assert load(False, remotes={"work": {"provider": "acme"}}).default == "work"

    def test_of_two_none_is_the_default(self) -> None:
        assert load(False, remotes={"work": {"provider": "acme"}, "old": {"provider": "acme"}}).default is None

    def test_a_name_that_is_none_is_refused(self) -> None:
        with pytest.raises(ConfigurationError, match="'Work' cannot be the name"):
            load(False, remotes={"Work": {"provider": "acme"}})


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('defalt = "work"\n' + ONE, "unknown key 'defalt'.*line 1.*did you mean 'default'"),
        (ONE + '[stat]\nurl = "memory:"\n', "unknown key 'stat'.*line 4.*did you mean 'state'"),
        ('default = "wrk"\n' + ONE, "default names 'wrk'.*line 1.*did you mean 'work'"),
        ('default = "nobody"\n' + ONE, "default names 'nobody'.*there are: work"),
        ("default = 3\n" + ONE, "default must be the name of a remote.*line 1"),
        ("remotes = 3\n", "remotes is no table.*line 1"),
        ("# one\n[remotes]\nwork = 3\n", r"remotes\.work is no table.*line 3"),
        ('[remotes.work]\nrate = "8/s"\n', r"remotes\.work\.provider is missing.*line 1"),
        ("[remotes.work]\nprovider = 3\n", r"remotes\.work\.provider must be the name.*line 2"),
        ('\n[remotes.w]\nprovider = "acme"\n', "'w' cannot be the name of a remote.*line 2"),
        ('[remotes."a b"]\nprovider = "acme"\n', "'a b' cannot be the name of a remote.*line 1"),
        ("[remotes.work\n", r"line 1, column 14: Expected '\]'"),
        ('[remotes.work]\nprovider = "acme', "line 2, column 17: Unterminated string"),
        ("x = " + "9" * 5000 + "\n", r"omnilogue\.toml: "),
        ("x = " + "[" * 100_000 + "\n", "nested too deeply"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(write: Write, text: str, words: str) -> None:
    path = write(text)

    with pytest.raises(ConfigurationError, match=words) as caught:
        load()

    assert str(path) in str(caught.value)
    assert caught.value.code == "config"
    assert "\n" not in str(caught.value)


def test_a_file_that_is_no_text_is_told(work: Path) -> None:
    (work / "omnilogue.toml").write_bytes(b'default = "\xff"\n')

    with pytest.raises(ConfigurationError, match="not UTF-8: byte 11"):
        load()


def test_a_byte_order_mark_and_windows_line_ends_are_read(work: Path) -> None:
    (work / "omnilogue.toml").write_bytes(b"\xef\xbb\xbf" + ONE.replace("\n", "\r\n").encode())

    assert load().remotes["work"].settings == {"rate": "8/s"}


def test_nothing_that_is_written_down_shows_in_a_repr(write: Write) -> None:
    write(f'{ONE}api_key = "k-literal-value"\n')

    assert "k-literal-value" not in repr(load())


# The state


def test_a_state_is_relative_to_its_file(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(ONE + '[state]\nurl = "sqlite:///kept/state.db"\n')
    monkeypatch.chdir("/")

    assert load(path).state == f"sqlite:///{path.parent / 'kept/state.db'}"
    assert load(write(ONE)).state is None
    assert load(False).state is None


def test_a_state_of_the_environment_is_relative_to_the_working_directory(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    write('[state]\nurl = "memory:"\n')
    assert load().state == "memory:"

    monkeypatch.setenv("OMNILOGUE_STATE__URL", "sqlite:///here.db")
    assert load().state == f"sqlite:///{Path.cwd() / 'here.db'}"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('state = "memory:"', "state is no table.*line 1"),
        ('[state]\nuri = "memory:"', "unknown key 'uri' in .state..*line 2.*did you mean 'url'"),
        ("[state]\nurl = 3", "state.url must be text.*line 2"),
        ('[state]\nurl = "postgresql://user:hush@host/x"', "PostgreSQL.*line 2.*sqlite:///PATH"),
        ('[state]\nurl = "redis://hush"', "redis.*line 2.*sqlite:///PATH or memory:"),
    ],
)
def test_a_state_that_is_none_is_told_with_its_place(write: Write, text: str, words: str) -> None:
    with pytest.raises(ConfigurationError, match=f"(?s){words}") as raised:
        load(write(text))
    assert "hush" not in str(raised.value)
