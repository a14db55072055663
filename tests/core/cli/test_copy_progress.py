"""Progress of a copy on standard error."""

import io
import sys

import pytest

from omnilogue import CopyProgress
from omnilogue.cli.copy_progress import CopyTelling, line, span
from omnilogue.cli.session import Session


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def copied(done: int, seconds: float) -> CopyProgress:
    return CopyProgress("copy", done, 40, 20 * done, seconds)


def test_a_line_has_counts_rate_and_time_left() -> None:
    assert line(copied(10, 20.0)) == "10 of 40 conversations copied, 200 messages, 0.5/s, about 1 min left"
    assert line(copied(40, 20.0)) == "40 of 40 conversations copied, 800 messages, 2.0/s"
    assert line(CopyProgress("plan", 0, 40)) == "0 of 40 conversations read"


def test_a_copy_is_told_by_messages_where_it_is_known_how_many_come() -> None:
    def under_way(done: int, messages: int, seconds: float) -> str:
        return line(CopyProgress("copy", done, 2, messages, seconds, expected=10_000))

    assert under_way(0, 0, 0.0) == "0 of 2 conversations copied"
    assert under_way(0, 2_500, 100.0) == (
        "0 of 2 conversations copied, 2,500 of 10,000 messages, 25.0 messages/s, about 5 min left"
    )
    assert under_way(1, 10_010, 100.0) == (
        "1 of 2 conversations copied, 10,010 messages, 100.1 messages/s, about 0 s left"
    )
    assert under_way(2, 10_000, 100.0) == ("2 of 2 conversations copied, 10,000 of 10,000 messages, 100.0 messages/s")


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(0.4, "0 s"), (59, "59 s"), (90, "2 min"), (3600, "1 h"), (7500, "2 h 5 min"), (90_000, "25 h")],
)
def test_durations_are_for_people(seconds: float, told: str) -> None:
    assert span(seconds) == told


def test_elsewhere_there_are_plain_lines_now_and_then(capsys: pytest.CaptureFixture[str]) -> None:
    with CopyTelling(Session()) as telling:
        for second in range(35):
            telling(copied(second, float(second)))

    told = capsys.readouterr().err
    assert [each.split(" of ")[0] for each in told.splitlines()] == ["10", "20", "30"]
    assert "\r" not in told


def test_on_a_terminal_one_line_changes_and_goes_away(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)

    with CopyTelling(Session()) as telling:
        telling(copied(1, 0.0))
        telling(copied(2, 0.1))
        telling(copied(3, 0.3))

    told = terminal.getvalue()
    assert "\n" not in told
    assert ("1 of 40" in told, "2 of 40" in told, "3 of 40" in told) == (True, False, True)
    assert told.endswith("\r")
    assert told.rstrip("\r").rpartition("\r")[2].strip() == ""


def test_an_outage_is_told_at_once_with_the_seconds_waited(capsys: pytest.CaptureFixture[str]) -> None:
    with CopyTelling(Session()) as telling:
        telling(copied(1, 1.0))
        for second in range(45):
            telling(CopyProgress("copy", 1, 40, 20, float(second), "outage", "work: refused\x1b[2J"))
        telling(copied(2, 50.0))

    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "waiting for an end that does not answer, 0 s so far: work: refused[2J"
    assert [each.split(", ")[1].split(" so far")[0] for each in lines[1:5]] == ["10 s", "20 s", "30 s", "40 s"]
    assert lines[-1].startswith("2 of 40")


def test_quiet_tells_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with CopyTelling(Session(quiet=True)) as telling:
        telling(copied(20, 100.0))

    assert capsys.readouterr().err == ""
