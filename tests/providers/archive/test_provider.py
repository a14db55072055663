from pathlib import Path

import pytest
from pydantic import ValidationError

import omnilogue_archive
from omnilogue.provider import ProviderInfo
from omnilogue.provider.loading import check_contract
from omnilogue_archive.provider import Archive
from omnilogue_archive.settings import ArchiveSettings

SILENT = {"send", "stream", "stop", "regenerate", "receive_audio"}


def test_the_hook_presents_a_provider_that_keeps_the_contract() -> None:
    [info] = omnilogue_archive.omnilogue_providers()

    check_contract(info)

    assert info == ProviderInfo(name="archive", title="Archive", provider=Archive, settings=ArchiveSettings)
    assert omnilogue_archive.OMNILOGUE_HOOKS == 1


def test_it_keeps_everything_and_does_not_answer() -> None:
    unsupported = {name for name, row in Archive.features.items() if row.grade == "unsupported"}

    assert unsupported == SILENT
    assert {row.grade.value for row in Archive.features.values()} == {"native", "unsupported"}
    assert Archive.features.send.note == "an archive keeps, it does not answer"


def test_it_takes_any_role_and_long_texts() -> None:
    for name in ("append_user", "append_assistant", "append_system"):
        limits = Archive.features[name].limits
        assert limits.roles == ("developer", "tool", "other:*")
        assert limits.text_bytes == 64 * 1024 * 1024
        assert limits.batch
    assert Archive.features.create_conversation.limits.create_with_messages


def test_a_path_must_name_a_file() -> None:
    for path in ("", ".", "/", "a\0b", "~nobody-of-this-name/a.db"):
        with pytest.raises(ValidationError):
            ArchiveSettings(path=Path(path))
    assert ArchiveSettings(path=Path("~/a.db")).path == Path.home() / "a.db"
    assert ArchiveSettings(path=Path("friday.db")).path == Path("friday.db")
