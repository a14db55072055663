from typing import Any

import pytest
from pydantic import ValidationError

from omnilogue.log import redact
from omnilogue.provider.loading import check_contract
from omnilogue_minimax import MiniMaxSettings, omnilogue_providers
from omnilogue_minimax.provider import narrowed

KEY = "a-key-of-nobody"


def made(**given: Any) -> MiniMaxSettings:
    return MiniMaxSettings.model_validate({"api_key": KEY, **given})


def test_only_the_key_has_to_be_given() -> None:
    settings = made()

    assert settings.base_url == "https://api.minimax.chat/v1"
    assert (settings.group_id, settings.assistant_id, settings.assistant_word) == (None, None, None)
    assert (settings.get_params, settings.page_size) == ("both", 50)
    assert (settings.poll_first, settings.poll_longest) == (0.5, 5.0)


def test_a_missing_key_is_named() -> None:
    with pytest.raises(ValidationError, match="api_key"):
        MiniMaxSettings.model_validate({})


def test_neither_key_nor_group_shows() -> None:
    settings = made(group_id="9876543210")

    assert KEY not in repr(settings) + settings.model_dump_json()
    assert "9876543210" not in repr(settings)


def test_a_group_in_an_address_is_redacted() -> None:
    (info,) = omnilogue_providers()
    check_contract(info)

    said = redact("GET https://api.minimax.chat/v1/threads?a=1&GroupId=9876543210&b=2 and GroupId=987")

    assert "987" not in said
    assert "&b=2" in said


@pytest.mark.parametrize(
    "given",
    [
        {"get_params": "header"},
        {"paths": {"thread_delete": "threads/delete"}},
        {"paths": {"run_create": ""}},
        {"page_size": 0},
        {"poll_first": 0},
        {"poll_first": 6},
        {"assistant_id": ""},
        {"base_url": "http://api.example.com/v1"},
    ],
)
def test_what_cannot_be_meant_is_refused(given: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        made(**given)


def test_one_path_can_be_changed_alone() -> None:
    settings = made(paths={"run_stream": "threads/run/stream"})

    assert settings.paths.run_stream == "threads/run/stream"
    assert settings.paths.run_create == "threads/run/create"


def test_every_setting_explains_itself() -> None:
    fields = {**MiniMaxSettings.model_fields, **type(made().paths).model_fields}

    assert [name for name, field in fields.items() if not field.description] == []


def test_the_hook_presents_a_provider_that_keeps_the_contract() -> None:
    (info,) = omnilogue_providers()

    assert (info.name, info.settings) == ("minimax", MiniMaxSettings)
    check_contract(info)


def test_importing_the_provider_does_not_import_its_server() -> None:
    import subprocess
    import sys

    code = "import sys, omnilogue_minimax; sys.exit('aiohttp' in sys.modules)"

    ended = subprocess.run([sys.executable, "-c", code], env={"PYTHONPATH": ":".join(sys.path)}, check=False)
    assert ended.returncode == 0


def test_features_follow_the_settings() -> None:
    assert narrowed(made(page_size=20)).list_messages.limits.page_size == 20
    assert "metadata" not in (narrowed(made()).stream.limits.fields or ())
    assert narrowed(made()).message_metadata.limits.metadata_pairs == 16
