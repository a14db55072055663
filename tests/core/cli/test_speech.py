"""`send --audio FILE --save-audio DIR`."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from omnilogue_mindcraft.emulator import MindCraftEmulator

Cli: TypeAlias = Callable[..., Any]


@pytest.fixture
def vendor() -> Iterator[MindCraftEmulator]:
    with MindCraftEmulator(list_shows_token=True) as emulator:
        yield emulator


@pytest.fixture
def voice(vendor: MindCraftEmulator, cli: Cli) -> str:
    """Give the address of a conversation with an agent that hears and speaks."""
    Path("omnilogue.toml").write_text(
        f'[remotes.voice]\nprovider = "mindcraft"\nbase_url = "{vendor.url}"\n'
        f'api_key = "env:VOICE_KEY"\ngeneration = "agent"\nupload.interval = 0\n'
    )
    return f"voice:{vendor.store.add_session('Trip').session_id}"


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VOICE_KEY", MindCraftEmulator.credentials["api_key"])


def test_a_recording_is_asked_and_the_spoken_answer_saved(cli: Cli, voice: str) -> None:
    Path("question.wav").write_bytes(b"1234" * 100)

    found = cli("send", voice, "--audio", "question.wav", "--save-audio", "answers/today")

    assert found.code == 0, found.err
    assert "Heard 400 bytes of wav at 16000" in found.out
    names = sorted(path.name for path in Path("answers/today").iterdir())
    assert names == [f"{number:03}.mp3" for number in range(1, len(names) + 1)]
    assert Path("answers/today/002.mp3").read_bytes().endswith(b"/static/agent/a/2.mp3")
    assert "Saved answers/today/001.mp3" in found.err


def test_the_format_can_be_told(cli: Cli, voice: str) -> None:
    Path("question.bin").write_bytes(b"1234")

    found = cli(
        "send", voice, "--audio", "question.bin", "--option", "upload_format=amr", "--option", "upload_sample_rate=8000"
    )

    assert "of amr at 8000" in found.out


def test_a_typed_question_is_answered_aloud_too(cli: Cli, voice: str) -> None:
    found = cli("send", voice, "Hello there", "--save-audio", "answers", "--json")

    assert found.document["text"] == "Answer 1 to: Hello there"
    assert len(list(Path("answers").iterdir())) == len(found.document["audio"])


def test_no_file_is_overwritten(cli: Cli, voice: str, tmp_path: Path) -> None:
    folder = Path("answers")
    folder.mkdir()
    (folder / "001.mp3").write_bytes(b"mine")
    (folder / "002.mp3").symlink_to(tmp_path / "elsewhere")

    found = cli("send", voice, "Hello there", "--save-audio", "answers")

    assert found.code == 0
    assert (folder / "001.mp3").read_bytes() == b"mine"
    assert not (tmp_path / "elsewhere").exists()
    assert {"001-2.mp3", "002-2.mp3"} <= {path.name for path in folder.iterdir()}


def test_a_piece_that_cannot_be_had_is_told_and_the_others_are_saved(
    cli: Cli, voice: str, vendor: MindCraftEmulator
) -> None:
    vendor.fail_next("status", path="/static/agent/a/2.mp3", times=9, status=404)

    found = cli("send", voice, "Hello there my friend", "--save-audio", "answers")

    assert found.code == 4
    assert sorted(path.name for path in Path("answers").iterdir()) == ["001.mp3", "003.mp3", "004.mp3"]


def test_a_remote_that_does_not_speak_is_refused_before_anything_is_asked(cli: Cli, talk: str) -> None:
    found = cli("send", talk, "Hello", "--save-audio", "answers")

    assert found.code == 2
    assert "receive_audio" in found.err
    assert not Path("answers").exists()


@pytest.mark.parametrize("options", [["--audio", "missing.wav"], ["Hello", "--save-audio", "a-file"]])
def test_what_cannot_be_read_or_written_is_told_first(
    cli: Cli, voice: str, vendor: MindCraftEmulator, options: list[str]
) -> None:
    Path("a-file").write_text("no folder")

    found = cli("send", voice, *options)

    assert found.code == 2
    assert len(vendor.journal) == 0


def test_text_beside_a_recording_is_refused_where_the_vendor_takes_one_of_them(cli: Cli, voice: str) -> None:
    Path("question.wav").write_bytes(b"1234")

    found = cli("send", voice, "And this?", "--audio", "question.wav")

    assert (found.code, "not by both" in found.err) == (2, True)


@pytest.mark.parametrize(
    ("name", "media_type", "suffix"),
    [
        ("a.mp3", None, ".mp3"),
        ("a.MP3", None, ".mp3"),
        ("../../etc/passwd", "audio/mpeg", ".mp3"),
        ("a.m p3", None, ".audio"),
        (".bashrc", None, ".audio"),
        (None, None, ".audio"),
        ("a.verylongsuffix", "audio/x-wav", ".wav"),
    ],
)
def test_of_the_vendors_name_only_a_plain_ending_is_taken(name: Any, media_type: Any, suffix: str) -> None:
    from omnilogue.cli.speech import _suffix
    from omnilogue.model import AudioPart

    assert _suffix(AudioPart(name=name, media_type=media_type)) == suffix
