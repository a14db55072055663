"""Secrets in files of their own."""

import stat
from pathlib import Path
from typing import Any, cast

import pytest

from omnilogue.config import add_remote, keep_secret, load, settings_for
from omnilogue.errors import ConfigurationError
from omnilogue.provider import ProviderInfo

pytestmark = pytest.mark.anyio


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


async def test_a_kept_secret_is_found_through_its_reference(work: Path, acme: ProviderInfo) -> None:
    path = work / "settings/my.toml"

    add_remote(path, "work", "acme", {"api_key": keep_secret(path, "work", "api_key", "k-very-secret\n")})

    settings = cast("Any", settings_for(load(path).remotes["work"], acme))
    await settings.api_key.load()
    assert settings.api_key.reveal() == "k-very-secret"
    assert "k-very-secret" not in path.read_text(encoding="utf-8")


def test_only_its_owner_can_read_it(work: Path) -> None:
    (work / "omnilogue.secrets").mkdir(mode=0o755)

    reference = keep_secret(work / "omnilogue.toml", "work", "api_key", "k-one")

    assert reference == "file:omnilogue.secrets/work.api_key"
    assert mode(work / "omnilogue.secrets") == 0o700
    assert mode(work / "omnilogue.secrets/work.api_key") == 0o600


def test_a_new_secret_replaces_the_old_one_and_its_mode(work: Path) -> None:
    keep_secret(work / "omnilogue.toml", "work", "api_key", "k-one")
    file = work / "omnilogue.secrets/work.api_key"
    file.chmod(0o644)

    keep_secret(work / "omnilogue.toml", "work", "api_key", "k-two")

    assert (file.read_text(encoding="utf-8"), mode(file)) == ("k-two", 0o600)


def test_a_link_in_its_place_is_not_followed(work: Path) -> None:
    keep_secret(work / "omnilogue.toml", "work", "api_key", "k-one")
    file, elsewhere = work / "omnilogue.secrets/work.api_key", work / "elsewhere"
    elsewhere.write_text("untouched", encoding="utf-8")
    file.unlink()
    file.symlink_to(elsewhere)

    keep_secret(work / "omnilogue.toml", "work", "api_key", "k-two")

    assert elsewhere.read_text(encoding="utf-8") == "untouched"
    assert file.read_text(encoding="utf-8") == "k-two"


def test_a_folder_that_is_a_link_is_refused(work: Path) -> None:
    (work / "elsewhere").mkdir()
    (work / "omnilogue.secrets").symlink_to(work / "elsewhere")

    with pytest.raises(ConfigurationError, match="symbolic link"):
        keep_secret(work / "omnilogue.toml", "work", "api_key", "k-one")

    assert list((work / "elsewhere").iterdir()) == []


def test_what_cannot_be_replaced_is_told(work: Path) -> None:
    (work / "omnilogue.secrets/work.api_key").mkdir(parents=True)

    with pytest.raises(ConfigurationError, match="cannot keep secrets"):
        keep_secret(work / "omnilogue.toml", "work", "api_key", "k-one")


@pytest.mark.parametrize("key", ["../x", "a/b", "", ".hidden", "a\nb"])
def test_a_key_cannot_lead_elsewhere(work: Path, key: str) -> None:
    with pytest.raises(ConfigurationError, match="cannot be the name of a setting"):
        keep_secret(work / "omnilogue.toml", "work", key, "k-one")


def test_an_empty_secret_is_refused(work: Path) -> None:
    with pytest.raises(ConfigurationError, match="empty"):
        keep_secret(work / "omnilogue.toml", "work", "api_key", " \n")
