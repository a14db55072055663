"""Adding and removing remotes in a file people edit too."""

import stat
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from omnilogue.config import add_remote, file_to_write, keep_secret, load, remove_remote
from omnilogue.errors import ConfigurationError
from omnilogue.provider import Secret

Write = Callable[..., Path]

FILE = """# my remotes
default = "work"   # the usual one

[remotes.work]
provider = "acme"  # for daily use
rate = "8/s"

[remotes.work.models]
fast = "x-1"

# the end
"""


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def parsed(path: Path) -> dict[str, Any]:
    return tomllib.loads(path.read_text(encoding="utf-8"))


class TestAdding:
    def test_a_new_file_is_its_owners_alone(self, work: Path) -> None:
        path = work / "new/omnilogue.toml"

        add_remote(path, "work", "acme", {"rate": "8/s", "series": [1, 2], "paths": {"a": "b"}, "timeout": None})

        assert parsed(path) == {
            "remotes": {"work": {"provider": "acme", "rate": "8/s", "series": [1, 2], "paths": {"a": "b"}}}
        }
        assert mode(path) == 0o600

    def test_what_was_there_stays_as_it_was(self, write: Write) -> None:
        path = write(FILE)
        path.chmod(0o640)

        add_remote(path, "old", "acme", {"api_key": Secret("env:OLD_KEY"), "store": Path("a.db")})

        assert path.read_text(encoding="utf-8").startswith(FILE)
        assert parsed(path)["remotes"]["old"] == {"provider": "acme", "api_key": "env:OLD_KEY", "store": "a.db"}
        assert mode(path) == 0o640
        assert [file.name for file in path.parent.iterdir()] == [path.name]

    @pytest.mark.parametrize(
        "text",
        [
            'remotes = { work = { provider = "acme" } }\n',
            '[remotes]\nwork.provider = "acme"\n',
            '[remotes.work]\r\nprovider = "acme"\r\n',
            '[remotes.work]\nprovider = "acme"',
            "# nothing yet\n",
        ],
    )
    def test_every_way_to_write_remotes_is_kept(self, write: Write, text: str) -> None:
        path = write("")
        path.write_bytes(text.encode())

        add_remote(path, "old", "acme", {"rate": "1/s"})

        expected = tomllib.loads(text)
        expected["remotes"] = {**expected.get("remotes", {}), "old": {"provider": "acme", "rate": "1/s"}}
        assert tomllib.loads(path.read_bytes().decode()) == expected

    def test_what_cannot_be_edited_safely_is_left_alone(self, write: Write) -> None:
        text = 'remotes.work.provider = "acme"\nremotes.work.rate = "8/s"\n'
        path = write(text)

        with pytest.raises(ConfigurationError, match="edit it by hand"):
            add_remote(path, "old", "acme", {})

        assert path.read_text(encoding="utf-8") == text

    def test_a_name_that_is_taken_is_refused(self, write: Write) -> None:
        with pytest.raises(ConfigurationError, match="has a remote 'work' already"):
            add_remote(write(FILE), "work", "acme", {})

    def test_a_name_that_is_none_is_refused(self, work: Path) -> None:
        with pytest.raises(ConfigurationError, match="cannot be the name"):
            add_remote(work / "x.toml", "a.b", "acme", {})

        assert not (work / "x.toml").exists()

    def test_a_secret_is_never_written_out(self, work: Path) -> None:
        with pytest.raises(ConfigurationError, match="api_key") as caught:
            add_remote(work / "x.toml", "work", "acme", {"api_key": Secret("k-very-secret")})

        assert "k-very-secret" not in str(caught.value)
        assert not (work / "x.toml").exists()

    def test_a_broken_file_is_told_and_left_alone(self, write: Write) -> None:
        path = write("[remotes.work\n")

        with pytest.raises(ConfigurationError, match="line 1"):
            add_remote(path, "old", "acme", {})

        assert path.read_text(encoding="utf-8") == "[remotes.work\n"

    def test_what_is_no_text_is_told_and_leaves_nothing(self, work: Path) -> None:
        with pytest.raises(ConfigurationError, match="no text"):
            add_remote(work / "x.toml", "work", "acme", {"note": "\udcff"})

        assert list(work.iterdir()) == []

    def test_a_place_that_cannot_be_written_is_told(self, work: Path) -> None:
        (work / "file").write_text("", encoding="utf-8")

        with pytest.raises(ConfigurationError, match="cannot be written"):
            add_remote(work / "file/x.toml", "work", "acme", {})

    def test_a_link_is_not_followed(self, write: Write, work: Path) -> None:
        path = write(FILE)
        link = work / "link.toml"
        link.symlink_to(path)

        with pytest.raises(ConfigurationError, match="symbolic link"):
            add_remote(link, "old", "acme", {})

        assert path.read_text(encoding="utf-8") == FILE
        assert link.is_symlink()

    def test_what_was_added_can_be_loaded(self, work: Path) -> None:
        path = work / "x.toml"

        add_remote(path, "work", "acme", {"note": 'quotes " and \\ and \u00fc and\nlines'})

        assert load(path).remotes["work"].settings == {"note": 'quotes " and \\ and \u00fc and\nlines'}

    def test_several_processes_that_add_at_the_same_moment_lose_nothing(self, work: Path) -> None:
        code = (
            "import sys; from pathlib import Path; from omnilogue.config import add_remote\n"
            "print('ready', flush=True); sys.stdin.read(1)\n"
            "for number in range(12): add_remote(Path('x.toml'), f'{sys.argv[1]}{number}', 'acme', {})"
        )
        running = [
            subprocess.Popen([sys.executable, "-c", code, name], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            for name in ("ant", "bee", "cat")
        ]
        for one in running:
            assert one.stdout is not None
            one.stdout.readline()

        for one in running:
            assert one.stdin is not None
            one.stdin.write(b".")
            one.stdin.flush()
        for one in running:
            one.communicate()

        assert [one.returncode for one in running] == [0, 0, 0]
        assert len(parsed(work / "x.toml")["remotes"]) == 36
        assert [file.name for file in work.iterdir()] == ["x.toml"]

    def test_a_file_that_another_process_changes_for_long_is_told(
        self, work: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("omnilogue.config.writing.PATIENCE", 0)
        path = work / "x.toml"
        code = (
            "import sys; from pathlib import Path; from omnilogue.config.writing import editing\n"
            "with editing(Path(sys.argv[1])): print('held', flush=True); sys.stdin.read()"
        )
        with subprocess.Popen(
            [sys.executable, "-c", code, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        ) as other:
            assert other.stdout is not None
            other.stdout.readline()

            with pytest.raises(ConfigurationError, match="being changed by another process"):
                add_remote(path, "work", "acme", {})

            other.communicate()

        add_remote(path, "work", "acme", {})

    def test_without_a_state_folder_the_lock_lies_beside_the_file(
        self, work: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (work / "file").write_text("", encoding="utf-8")
        monkeypatch.setenv("XDG_STATE_HOME", str(work / "file"))

        add_remote(work / "x.toml", "work", "acme", {})

        assert parsed(work / "x.toml")["remotes"]["work"] == {"provider": "acme"}
        assert mode(work / ".x.toml.lock") == 0o600


COMMENTED = """# all of it

# about work
[remotes.work]
provider = "acme"
# of work

[remotes.work.models]
fast = "x-1"

# about old
# and more about old
[remotes.old]
provider = "acme"  # old

# the end
"""


class TestRemoving:
    def test_comments_above_the_next_table_stay(self, write: Write) -> None:
        path = write(COMMENTED)

        remove_remote(path, "work")

        assert path.read_text(encoding="utf-8") == (
            "# all of it\n\n# about work\n"
            '\n# about old\n# and more about old\n[remotes.old]\nprovider = "acme"  # old\n\n# the end\n'
        )

    def test_comments_at_the_end_stay(self, write: Write) -> None:
        path = write(COMMENTED)

        remove_remote(path, "old")

        text = path.read_text(encoding="utf-8")
        assert text.startswith(COMMENTED.partition("[remotes.old]")[0])
        assert text.endswith("\n# the end\n")

    @pytest.mark.parametrize(
        "text",
        [
            'remotes = { work = { provider = "acme" }, old = { provider = "acme" } }\n',
            '[remotes]\nwork = { provider = "acme" }\nold.provider = "acme"\n',
            '[remotes.work]\nprovider = "acme"\nseries = [\n [1],\n]\n# old\n[remotes.old]\nprovider = "acme"\n',
            '[remotes.work]\r\nprovider = "acme"\r\n\r\n# old\r\n[remotes.old]\r\nprovider = "acme"\r\n',
            '[remotes.work]\nprovider = "acme"\nnote = """\n[remotes.old]\n"""\n[remotes.old]\nprovider = "acme"',
            '[remotes.old]\nprovider = "acme"\n[remotes.work]\nprovider = "acme"',
        ],
    )
    def test_every_way_to_write_remotes_is_understood(self, write: Write, text: str) -> None:
        path = write("")
        path.write_bytes(text.encode())

        assert remove_remote(path, "work") is True

        kept = path.read_bytes().decode()
        assert tomllib.loads(kept) == {"remotes": {"old": {"provider": "acme"}}}
        assert ("# old" in kept) is ("# old" in text)

    def test_only_the_remote_goes(self, write: Write) -> None:
        path = write(FILE.replace('default = "work"   # the usual one\n', ""))
        add_remote(path, "old", "acme", {})

        assert remove_remote(path, "work") is True

        assert parsed(path) == {"remotes": {"old": {"provider": "acme"}}}
        assert path.read_text(encoding="utf-8").startswith("# my remotes\n")

    def test_a_default_that_names_it_goes_too(self, write: Write) -> None:
        path = write(FILE)

        remove_remote(path, "work")

        assert load(path).default is None

    @pytest.mark.parametrize("text", ["", FILE])
    def test_one_that_is_not_there_changes_nothing(self, write: Write, text: str) -> None:
        path = write(text)

        assert remove_remote(path, "nobody") is False
        assert path.read_text(encoding="utf-8") == text

    def test_a_missing_file_has_none(self, work: Path) -> None:
        assert remove_remote(work / "x.toml", "work") is False

    def test_the_secrets_kept_for_it_go_too_and_no_others(self, write: Write) -> None:
        path = write(FILE)
        keep_secret(path, "work", "api_key", "k-one")
        keep_secret(path, "work2", "api_key", "k-two")

        remove_remote(path, "work")

        assert [file.name for file in (path.parent / "omnilogue.secrets").iterdir()] == ["work2.api_key"]

    def test_the_folder_of_the_last_secret_goes_too(self, write: Write) -> None:
        path = write(FILE)
        keep_secret(path, "work", "api_key", "k-one")

        remove_remote(path, "work")

        assert not (path.parent / "omnilogue.secrets").exists()


class TestTheFileToWrite:
    def test_it_is_the_one_in_use(self, write: Write) -> None:
        path = write(FILE)

        assert file_to_write(load()) == path

    def test_without_one_it_is_the_users_own(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "own"))

        assert file_to_write(load()) == tmp_path / "own/omnilogue/omnilogue.toml"
