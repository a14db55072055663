"""Memory does what it declares."""

from typing import Any

import pytest

from omnilogue.testing import ProviderSuite


class TestMemory(ProviderSuite):
    provider = "memory"

    @pytest.fixture
    def settings(self) -> dict[str, Any]:
        return {}


class TestMemoryWithReplies(ProviderSuite):
    """Replies that are told beforehand are stored like any other."""

    provider = "memory"

    @pytest.fixture
    def settings(self) -> dict[str, Any]:
        return {"replies": ["One word", "Two words more"], "markers": False}
