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


class TestPersistServer(TestMindCraft):
    persist = "server"


class TestPersistAuto(TestMindCraft):
    persist = "auto"
