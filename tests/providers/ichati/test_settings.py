from typing import Any

import pytest
from pydantic import ValidationError

from omnilogue.provider.loading import check_contract
from omnilogue_ichati import IChatiSettings, omnilogue_providers

TOKEN = "a-token-nobody-sees"


def made(**given: Any) -> IChatiSettings:
    return IChatiSettings.model_validate({"base_url": "https://chat.example.com/api", "token": TOKEN, **given})


def test_address_and_token_have_to_be_given_and_all_else_has_a_default() -> None:
    settings = made()

    assert (settings.auth_header, settings.enable_memory, settings.regenerate_target) == (
        "Authorization",
        True,
        "assistant",
    )
    assert (settings.series_id, settings.model_id, settings.series_ids) == (None, None, ())
    assert (settings.list_without_series, settings.list_body) == (True, False)


@pytest.mark.parametrize("name", ["base_url", "token"])
def test_what_is_missing_is_named(name: str) -> None:
    given = {"base_url": "https://chat.example.com", "token": TOKEN}
    del given[name]

    with pytest.raises(ValidationError, match=name):
        IChatiSettings.model_validate(given)


def test_the_token_shows_nowhere() -> None:
    assert TOKEN not in repr(made()) + made().model_dump_json()


@pytest.mark.parametrize(
    "given",
    [
        {"auth_header": ""},
        {"auth_header": "X Token"},
        {"auth_header": "Host"},
        {"auth_header": "Content-Type"},
        {"regenerate_target": "system"},
        {"series_id": -1},
        {"model_id": "gpt"},
        {"series_ids": ["one"]},
        {"list_without_series": False},
        {"paths": {"topics": ""}},
        {"paths": {"topics": "chat/topic/{topic_id}"}},
        {"paths": {"topic": "chat/topic"}},
        {"paths": {"messages": "chat/{id}/message"}},
        {"paths": {"message": "chat/topic/{topic_id}/message"}},
        {"paths": {"regenerate": "chat/{topic_id}/{topic_id}/{message_id}"}},
        {"paths": {"clear": "chat/clear"}},
        {"base_url": "http://chat.example.com/api"},
    ],
)
def test_what_cannot_be_meant_is_refused(given: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        made(**given)


@pytest.mark.parametrize(
    ("given", "series"),
    [({}, ()), ({"series_id": 1}, (1,)), ({"series_ids": [2, 3]}, (2, 3)), ({"series_id": 1, "series_ids": [2]}, (2,))],
)
def test_the_series_to_ask_for(given: dict[str, Any], series: tuple[int, ...]) -> None:
    assert made(**given).known_series == series


def test_one_path_can_be_changed_alone() -> None:
    settings = made(paths={"topics": "v2/topics"})

    assert settings.paths.topics == "v2/topics"
    assert settings.paths.topic == "chat/topic/{topic_id}"


def test_every_guess_says_that_it_is_one() -> None:
    fields = IChatiSettings.model_fields
    words = {"auth_header": "inferred", "regenerate_target": "inferred", "enable_memory": "inferred"}
    words |= {"list_without_series": "unknown", "list_body": "likely", "base_url": "documents none"}

    assert all(word in (fields[name].description or "") for name, word in words.items())


def test_the_hook_presents_a_provider_that_keeps_the_contract() -> None:
    (info,) = omnilogue_providers()

    assert (info.name, info.settings) == ("ichati", IChatiSettings)
    check_contract(info)


def test_importing_the_provider_does_not_import_its_server() -> None:
    import subprocess
    import sys

    code = "import sys, omnilogue_ichati; sys.exit('aiohttp' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], env={"PYTHONPATH": ":".join(sys.path)}, check=False)

    assert done.returncode == 0
