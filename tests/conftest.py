"""What all tests share."""

from itertools import count
from pathlib import Path

import pytest

pytest_plugins = ["omnilogue.testing", "pytester"]

NUMBERS = count(1)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def _data_folders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("data")


@pytest.fixture(autouse=True)
def user_data(_data_folders: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the folder that stands for the user's own data, one per test: the real one is never touched."""
    folder = _data_folders / str(next(NUMBERS))
    monkeypatch.setenv("XDG_DATA_HOME", str(folder))
    return folder / "omnilogue"
