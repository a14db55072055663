"""Ids that a caller names."""

from pathlib import Path

import pytest

from omnilogue import InvalidInputError
from omnilogue.migrate.naming import named


def test_ids_come_one_by_one_and_from_a_file_with_their_remote_or_without(tmp_path: Path) -> None:
    path = tmp_path / "ids.txt"
    path.write_text("work:2\n\n  3  \r\n")

    assert named(["1", "work:1"], path, "work") == ("1", "1", "2", "3")
    assert named(["work:1"], None) == ("work:1",)


@pytest.mark.parametrize(
    ("content", "told"), [(b"", "names no conversation"), (b"\xff", "is not UTF-8"), (b"work:\n", "ID is empty")]
)
def test_a_file_that_names_nothing_is_refused(tmp_path: Path, content: bytes, told: str) -> None:
    path = tmp_path / "ids.txt"
    path.write_bytes(content)

    with pytest.raises(InvalidInputError, match=told):
        named([], path, "work")


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match=r"nothing\.txt cannot be read: No such file"):
        named([], tmp_path / "nothing.txt")
