"""What the agent is told: options of a turn over those of the settings."""

from typing import Any

import pytest
from pydantic import ValidationError

from omnilogue.errors import InvalidInputError
from omnilogue.provider import Turn
from omnilogue_mindcraft.agent_options import AgentOptions, agent_options, parameters


def sent(settings: dict[str, Any] | None = None, **turn: Any) -> dict[str, Any]:
    options = agent_options(Turn(**turn), AgentOptions(**(settings or {})))
    return parameters(options, {"asr_text": "hi"})


def test_the_defaults_are_useful() -> None:
    assert sent() == {
        "agent_name": "chat_bot_v3",
        "mode": "pro",
        "max_tokens": 2000,
        "voice_id": "female-tianmei",
        "emotion_output": True,
        "asr_text": "hi",
    }


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("mode", "standard"),
        ("profile_uuid", "mc1"),
        ("character_uuid", "mc2"),
        ("llm_model", "GLM-4-Air"),
        ("max_tokens", 300),
        ("tts_model", "XF_TTS_realtime"),
        ("voice_id", "cute_boy"),
        ("speed", 0.5),
        ("emotion_output", False),
        ("language", "yue"),
        ("user_name", "Ming"),
        ("user_age", 9),
        ("bot_name", "Jiang"),
        ("bot_character_description", "a slime"),
        ("bot_personality", "lively"),
        ("bot_tone", "kind"),
        ("history_length", 4),
    ],
)
def test_every_option_is_sent(name: str, value: Any) -> None:
    assert sent(options={name: value})[name] == value
    assert sent({name: value})[name] == value


def test_the_turn_wins_over_the_settings() -> None:
    found = sent({"llm_model": "a", "max_tokens": 100}, model="b", max_output_tokens=200)

    assert (found["llm_model"], found["max_tokens"]) == ("b", 200)


def test_a_character_brings_its_own_voice() -> None:
    found = sent({"voice_id": "cute_boy"}, options={"character_uuid": "mc2"})

    assert "voice_id" not in found


def test_a_voice_of_the_turn_wins_over_a_character_of_the_settings() -> None:
    found = sent({"character_uuid": "mc2"}, options={"voice_id": "cute_boy"})

    assert (found.get("character_uuid"), found["voice_id"]) == (None, "cute_boy")


def test_a_persona_is_heeded_in_one_mode_only() -> None:
    assert sent(options={"bot_name": "Jiang"})["mode"] == "customize"
    with pytest.raises(InvalidInputError, match="bot_name"):
        sent(options={"bot_name": "Jiang", "mode": "pro"})


@pytest.mark.parametrize(
    "turn",
    [
        {"options": {"no_such": 1}},
        {"options": {"mode": "fast"}},
        {"options": {"max_tokens": 19}},
        {"max_output_tokens": 8001},
        {"options": {"upload_sample_rate": 44100}},
        {"options": {"upload_format": "mp3"}},
        {"options": {"language": "fr"}},
        {"options": {"voice_id": "a", "character_uuid": "b"}},
    ],
)
def test_what_the_agent_does_not_take_is_refused(turn: dict[str, Any]) -> None:
    with pytest.raises(InvalidInputError) as caught:
        sent(**turn)

    assert caught.value.outcome == "not_sent"


def test_the_settings_are_checked_by_the_same_class() -> None:
    with pytest.raises(ValidationError):
        AgentOptions(max_tokens=1)
