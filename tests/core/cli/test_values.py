"""Reading what is typed."""

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from omnilogue import AudioPart, FilePart, ImagePart, InvalidInputError
from omnilogue.cli import values

NOW = datetime(2026, 11, 21, 12, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("2026-05-01", datetime(2026, 5, 1, tzinfo=UTC)),
        ("2026-05-01T10:00", datetime(2026, 5, 1, 10, tzinfo=UTC)),
        ("2026-05-01T10:00:00Z", datetime(2026, 5, 1, 10, tzinfo=UTC)),
        ("2026-05-01 10:00+08:00", datetime(2026, 5, 1, 10, tzinfo=timezone(timedelta(hours=8)))),
        ("30d", NOW - timedelta(days=30)),
        ("12h", NOW - timedelta(hours=12)),
        ("90s", NOW - timedelta(seconds=90)),
        ("15m", NOW - timedelta(minutes=15)),
        (" 2w ", NOW - timedelta(weeks=2)),
    ],
)
def test_a_time_is_a_date_an_iso_time_or_an_age(said: str, meant: datetime) -> None:
    found = values.moment("--since", said, NOW)

    assert found == meant
    assert found.tzinfo is not None


@pytest.mark.parametrize("said", ["", "3", "yesterday", "d", "-3d", "999999w", "2026-13-01", "2026-05-01T25:00"])
def test_what_is_no_time_is_refused_by_name(said: str) -> None:
    with pytest.raises(InvalidInputError, match=r"--since .* is no time"):
        values.moment("--since", said, NOW)


def test_pairs_are_split_at_the_first_equals_sign() -> None:
    assert values.pairs("--meta", ["a=b=c", "empty="]) == {"a": "b=c", "empty": ""}


@pytest.mark.parametrize("said", [["a"], ["=b"], [""], ["a=1", "a=2"]])
def test_what_is_no_pair_is_refused(said: list[str]) -> None:
    with pytest.raises(InvalidInputError, match="--meta"):
        values.pairs("--meta", said)


@pytest.mark.parametrize(
    ("said", "meant"),
    [("3", 3), ("true", True), ('"3"', "3"), ("[1, 2]", [1, 2]), ("plain", "plain"), ("", ""), ("[" * 100_000, None)],
)
def test_an_option_is_json_where_it_parses(said: str, meant: object) -> None:
    found = values.json_pairs("--option", [f"key={said}"])

    assert found == {"key": said if meant is None else meant}


@pytest.mark.parametrize(
    ("name", "kind"),
    [("a.png", ImagePart), ("a.wav", AudioPart), ("a.pdf", FilePart), ("a", FilePart), ("a.txt", FilePart)],
)
def test_an_attachment_is_of_the_kind_its_name_says(tmp_path: Path, name: str, kind: type) -> None:
    (tmp_path / name).write_bytes(b"content")

    part = values.attachment(tmp_path / name)

    assert type(part) is kind
    assert part.data == b"content"


def test_an_attachment_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match=r"missing\.png cannot be read: No such file"):
        values.attachment(tmp_path / "missing.png")
