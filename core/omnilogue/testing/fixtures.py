"""Fixtures of the pytest plugin."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

from ..emulator import Emulator
from .pytest_needed import pytest
from .staging import emulator_class


@pytest.fixture
def omnilogue_emulator() -> Iterator[Callable[..., Emulator]]:
    """Give a function that starts the emulator of a provider: `omnilogue_emulator("NAME", **quirks)`.

    What it gives has `.url`, `.settings`, `.journal` and `.fail_next(...)`, and stops at the end of the test.
    Raises ConfigurationError for a provider without an emulator, ValueError for a quirk it does not have.
    """
    with ExitStack() as running:

        def start(provider: str, **quirks: Any) -> Emulator:
            return running.enter_context(emulator_class(provider)(**quirks))

        yield start
