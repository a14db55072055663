"""Where `--out` writes."""

import subprocess
import sys
from pathlib import Path

import pytest

OMNILOGUE = f"{sys.executable} -m omnilogue"
PLACES = ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1", "link"]

pytestmark = pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="open files have no paths here")


def shell(command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=False)


@pytest.fixture
def printed() -> str:
    return shell(f"{OMNILOGUE} providers --json").stdout


@pytest.fixture(autouse=True)
def link(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("/dev/stdout")


@pytest.mark.parametrize("place", PLACES)
def test_a_path_of_standard_output_is_standard_output(place: str, printed: str) -> None:
    found = shell(f"{OMNILOGUE} providers --json --out {place}")

    assert (found.returncode, found.stdout, found.stderr) == (0, printed, "")


@pytest.mark.parametrize("place", PLACES)
def test_a_file_that_the_shell_has_put_there_is_written_and_not_replaced(place: str, printed: str) -> None:
    file = Path("kept.txt")
    file.write_text("before\n")
    number = file.stat().st_ino

    found = shell(f"{OMNILOGUE} providers --json --out {place} >> kept.txt; echo after >> kept.txt")

    assert found.stderr == ""
    assert file.read_text() == f"before\n{printed}after\n"
    assert file.stat().st_ino == number


def test_another_open_file_is_written_through(printed: str) -> None:
    shell(f"{OMNILOGUE} providers --json --out /dev/fd/3 3> kept.txt")

    assert Path("kept.txt").read_text() == printed


def test_an_open_file_that_is_not_there_is_told() -> None:
    found = shell(f"{OMNILOGUE} providers --json --out /dev/fd/77")

    assert found.returncode == 2
    assert "/dev/fd/77 cannot be written" in found.stdout


def test_a_reader_who_leaves_early_is_no_error_there_either() -> None:
    found = shell(f"({OMNILOGUE} providers --json --out /dev/stdout; echo $? >&2) | true")

    assert found.stderr == "0\n"


def test_a_named_pipe_is_written_as_it_is(printed: str) -> None:
    found = shell(f"mkfifo pipe; cat pipe & {OMNILOGUE} providers --json --out pipe; wait")

    assert found.stdout == printed
    assert Path("pipe").is_fifo()
