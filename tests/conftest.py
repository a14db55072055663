"""What all tests share."""

import pytest

pytest_plugins = ["omnilogue.testing"]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"
