"""Parts: unknown ones kept whole, files by their digest, nothing large inside."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from omnilogue.model import INLINE_BYTES, AudioPart, Citation, DataPart, FilePart, ImagePart, Part, TextPart

PART: TypeAdapter[Any] = TypeAdapter(Part)


@pytest.mark.parametrize(
    "vendors",
    [
        {"type": "poll", "question": "?", "answers": [1, {"a": None}]},
        {"type": "poll"},
        {"type": "poll", "kind": "inner", "value": 5},
        {"type": "", "x": 1},
    ],
)
def test_a_part_of_an_unknown_type_is_kept_whole(vendors: dict[str, Any]) -> None:
    part = PART.validate_python(vendors)

    assert part == DataPart(kind=vendors["type"], value=vendors)
    assert PART.validate_json(PART.dump_json(part)) == part


def test_data_that_looks_like_a_part_stays_data() -> None:
    part = DataPart(kind="outer", value={"type": "poll"})

    assert PART.validate_json(PART.dump_json(part)) == part


@pytest.mark.parametrize(
    "wrong",
    [
        {"type": "text"},
        {"type": "text", "text": 5},
        {"type": "tool_call", "id": "1"},
        {"type": "image", "size": -1},
        {"type": "image", "data": "%%%"},
        {"type": 5},
        "text",
        None,
    ],
)
def test_a_broken_part_of_a_known_type_is_refused(wrong: Any) -> None:
    with pytest.raises(ValidationError):
        PART.validate_python(wrong)


def test_bytes_are_base64_in_json() -> None:
    part = ImagePart(data=b"hello")

    assert json.loads(part.model_dump_json())["data"] == "aGVsbG8="
    assert PART.validate_json('{"type": "image", "data": "aGVsbG8="}') == part


def test_bytes_beyond_the_limit_are_refused() -> None:
    assert AudioPart(data=b"x" * INLINE_BYTES).data is not None

    with pytest.raises(ValidationError):
        AudioPart(data=b"x" * (INLINE_BYTES + 1))


def test_citations_stay_with_their_text() -> None:
    part = TextPart(text="see [1]", citations=(Citation(start=4, end=7, marker="[1]", url="https://acme.example"),))

    assert PART.validate_json(PART.dump_json(part)).citations[0].marker == "[1]"


class TestFilesOnDisk:
    @pytest.mark.parametrize("size", [0, 5, INLINE_BYTES])
    def test_a_small_file_brings_its_bytes(self, tmp_path: Path, size: int) -> None:
        content = b"x" * size
        (tmp_path / "note.txt").write_bytes(content)

        part = FilePart.from_path(tmp_path / "note.txt")

        assert (part.name, part.media_type, part.size) == ("note.txt", "text/plain", size)
        assert (part.data, part.sha256) == (content, hashlib.sha256(content).hexdigest())

    def test_a_large_file_is_only_described(self, tmp_path: Path) -> None:
        content = b"x" * (INLINE_BYTES + 1)
        path = tmp_path / "film.bin"
        path.write_bytes(content)

        part = FilePart.from_path(str(path))

        assert (part.data, part.size, part.path) == (None, len(content), path)
        assert part.sha256 == hashlib.sha256(content).hexdigest()

    def test_the_place_on_this_machine_is_not_in_the_json(self, tmp_path: Path) -> None:
        (tmp_path / "note.txt").write_bytes(b"x")

        part = FilePart.from_path(tmp_path / "note.txt")

        assert str(tmp_path) not in part.model_dump_json() + repr(part)
        assert FilePart.model_validate_json(part.model_dump_json()).path is None

    @pytest.mark.parametrize(("name", "kind"), [("a.png", "image/png"), ("a.nobody-knows", None), ("noext", None)])
    def test_the_media_type_is_told_by_the_name(self, tmp_path: Path, name: str, kind: str | None) -> None:
        (tmp_path / name).write_bytes(b"x")

        assert ImagePart.from_path(tmp_path / name).media_type == kind

    def test_a_file_that_cannot_be_read_is_told(self, tmp_path: Path) -> None:
        with pytest.raises(OSError, match="nowhere"):
            FilePart.from_path(tmp_path / "nowhere")


def test_bytes_are_written_in_the_standard_alphabet_and_read_in_both() -> None:
    part = ImagePart(data=b"\xff\xfe\xfd")

    written = json.loads(part.model_dump_json())["data"]

    assert written == "//79"
    for text in (written, "__79"):
        assert ImagePart.model_validate_json(json.dumps({"type": "image", "data": text})) == part
