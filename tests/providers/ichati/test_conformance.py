"""iChati does what it declares, whatever a regenerate does to the old reply and whatever a PATCH shows."""

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

import pytest

from omnilogue.testing import ProviderSuite
from omnilogue_ichati.emulator import IChatiEmulator

MODELS = {"models": {"another-model": "2", "third-model": "3"}}


class TestIChati(ProviderSuite):
    provider = "ichati"


class TestTheOtherReading(ProviderSuite):
    provider = "ichati"
    quirks: ClassVar[Mapping[str, Any]] = {
        "patch_echo": "fresh",
        "list_order": "newest_first",
        "list_without_series": False,
        "regenerate_target": "user",
        "regenerate_effect": "adds",
        "equal_times": False,
        "post_status": 200,
        "piece_bytes": 1,
        "tail": "strings",
        "tail_end": "\r\n",
        "left_early": "partial",
    }

    @pytest.fixture
    def settings(self) -> Iterator[Mapping[str, Any]]:
        with IChatiEmulator(**self.quirks) as emulator:
            yield {**emulator.settings, **MODELS}
