"""An archive does what it declares."""

from pathlib import Path

import pytest

from omnilogue.testing import ProviderSuite


class TestArchive(ProviderSuite):
    provider = "archive"

    @pytest.fixture
    def settings(self, tmp_path: Path) -> dict[str, str]:
        return {"path": str(tmp_path / "conversations.db")}
