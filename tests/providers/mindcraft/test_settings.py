from typing import Any

import pytest
from pydantic import ValidationError

from omnilogue.provider.loading import check_contract
from omnilogue_mindcraft import MindCraftSettings, omnilogue_providers
from omnilogue_mindcraft.provider import narrowed

KEY = "MC-" + "0" * 32


def made(**given: Any) -> MindCraftSettings:
    return MindCraftSettings.model_validate({"api_key": KEY, **given})


def test_only_the_key_has_to_be_given() -> None:
    settings = made()

    assert settings.base_url == "https://api.mindcraft.com.cn/v1/"
    assert settings.persist == "client"
    assert settings.timezone == "Asia/Shanghai"


def test_a_missing_key_is_named() -> None:
    with pytest.raises(ValidationError, match="api_key"):
        MindCraftSettings.model_validate({})


def test_the_key_shows_nowhere() -> None:
    assert KEY not in repr(made()) + made().model_dump_json()


@pytest.mark.parametrize("zone", ["", "Asia", "Mars/Olympus", "../etc/passwd", "UTC+8"])
def test_a_time_zone_nobody_knows_is_refused(zone: str) -> None:
    with pytest.raises(ValidationError, match="is no time zone"):
        made(timezone=zone)


@pytest.mark.parametrize(
    "given",
    [
        {"persist": "vendor"},
        {"paths": {"message_edit": "message/edit/"}},
        {"paths": {"message_update": ""}},
        {"role_names": {"tool": "tool"}},
        {"page_size": 0},
        {"history_messages": 0},
        {"base_url": "http://api.example.com/v1/"},
    ],
)
def test_what_cannot_be_meant_is_refused(given: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        made(**given)


def test_one_path_can_be_changed_alone() -> None:
    settings = made(paths={"message_update": "message/edit/"})

    assert settings.paths.message_update == "message/edit/"
    assert settings.paths.message_delete == "message/delete/"


def test_every_guess_says_that_it_is_one() -> None:
    paths = type(made().paths).model_fields

    assert all(
        "inferred" in (paths[name].description or "")
        for name in ("session_update", "session_delete", "message_update", "message_delete")
    )


def test_every_setting_explains_itself() -> None:
    fields = {**MindCraftSettings.model_fields}

    assert [name for name, field in fields.items() if not field.description] == []


def test_the_hook_presents_a_provider_that_keeps_the_contract() -> None:
    (info,) = omnilogue_providers()

    assert (info.name, info.settings) == ("mindcraft", MindCraftSettings)
    check_contract(info)


def test_importing_the_provider_does_not_import_its_server() -> None:
    import subprocess
    import sys

    code = "import sys, omnilogue_mindcraft; sys.exit('aiohttp' in sys.modules)"

    assert (
        subprocess.run([sys.executable, "-c", code], env={"PYTHONPATH": ":".join(sys.path)}, check=False).returncode
        == 0
    )


def test_features_follow_the_settings() -> None:
    unordered = narrowed(made(message_ordering="", page_size=20))
    by_vendor = narrowed(made(persist="auto"))

    assert unordered.list_messages.limits.order == ()
    assert unordered.list_conversations.limits.page_size == 20
    assert narrowed(made()).list_messages.limits.order == ("asc", "desc")
    assert by_vendor.send.limits.answers_late is True
    assert "metadata" not in (by_vendor.stream.limits.fields or ())
    assert "metadata" in (narrowed(made()).send.limits.fields or ())
