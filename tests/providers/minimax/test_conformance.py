"""MiniMax does what it declares."""

from collections.abc import Callable
from typing import Any

import pytest

from omnilogue.emulator import Emulator
from omnilogue.testing import ProviderSuite


class TestMiniMax(ProviderSuite):
    provider = "minimax"

    @pytest.fixture
    def settings(self, omnilogue_emulator: Callable[..., Emulator]) -> dict[str, Any]:
        return {**omnilogue_emulator("minimax").settings, "poll_first": 0.01, "poll_longest": 0.05}
