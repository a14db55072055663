"""MindCraft does what it declares, whoever stores the turns."""

from collections.abc import Callable
from typing import Any, ClassVar

import pytest

from omnilogue.emulator import Emulator
from omnilogue.testing import ProviderSuite


class TestMindCraft(ProviderSuite):
    provider = "mindcraft"
    persist: ClassVar[str] = "client"

    @pytest.fixture
    def settings(self, omnilogue_emulator: Callable[..., Emulator]) -> dict[str, Any]:
        settings = omnilogue_emulator("mindcraft").settings
        return {**settings, "persist": self.persist, "defaults": {"model": "abab6.5s-chat"}}


class TestAgent(ProviderSuite):
    """The agent takes some models only, so the words of the suite mean one of them."""

    provider = "mindcraft"

    @pytest.fixture
    def settings(self, omnilogue_emulator: Callable[..., Emulator]) -> dict[str, Any]:
        emulator = omnilogue_emulator("mindcraft", agent_models=("GLM-4-Air",))
        words = dict.fromkeys(("omnilogue-suite", "another-model", "third-model"), "GLM-4-Air")
        defaults = {"model": "omnilogue-suite"}
        return {**emulator.settings, "generation": "agent", "models": words, "defaults": defaults}


class TestPersistServer(TestMindCraft):
    persist = "server"


class TestPersistAuto(TestMindCraft):
    persist = "auto"
