"""Transcripts on disk: whole or not at all, and for their owner only."""

import os
import stat
import threading
from pathlib import Path

import pytest

from omnilogue.errors import InvalidInputError
from omnilogue.formats.files import opened, replaced


def test_a_file_is_there_as_a_whole_and_for_its_owner(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text("old")
    path.chmod(0o644)

    with replaced(path) as file:
        file.write(b"new")
        assert path.read_text() == "old"

    assert path.read_text() == "new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert os.listdir(tmp_path) == ["a.jsonl"]


@pytest.mark.parametrize("error", [RuntimeError("stop"), KeyboardInterrupt()])
def test_what_fails_leaves_all_as_it_was(tmp_path: Path, error: BaseException) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text("old")

    with pytest.raises(type(error)), replaced(path) as file:  # noqa: PT012  # what is written comes before
        file.write(b"new")
        raise error

    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["a.jsonl"]


@pytest.mark.parametrize("target", ["there.txt", "nowhere.txt"])
def test_a_symbolic_link_is_not_followed(tmp_path: Path, target: str) -> None:
    (tmp_path / "there.txt").write_text("kept")
    link = tmp_path / "link.md"
    link.symlink_to(tmp_path / target)

    with pytest.raises(InvalidInputError, match="is a symbolic link"), replaced(link):
        pass

    assert (tmp_path / "there.txt").read_text() == "kept"
    assert link.is_symlink()


def test_a_folder_and_a_place_that_is_none_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="is a folder"), replaced(tmp_path):
        pass
    nowhere = replaced(tmp_path / "none" / "a.md")
    with pytest.raises(InvalidInputError, match="cannot be written: No such file or directory"), nowhere:
        pass


def test_a_full_disk_is_told() -> None:
    full = replaced(Path("/dev/full"))
    with pytest.raises(InvalidInputError, match="/dev/full cannot be written: No space left"), full as file:
        file.write(b"x" * 100_000)


def test_a_pipe_is_written_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    found: list[bytes] = []
    reader = threading.Thread(target=lambda: found.append(path.read_bytes()))
    reader.start()

    with replaced(path) as file:
        file.write(b"new")

    reader.join(10)
    assert found == [b"new"]
    assert stat.S_ISFIFO(path.stat().st_mode)


def test_a_file_that_is_not_there_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="cannot be read: No such file"), opened(tmp_path / "a"):
        pass
