"""What all tests share."""

import pytest

pytest_plugins = ["omnilogue.testing", "pytester"]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"
