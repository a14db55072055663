"""iChati does what it declares, whatever a regenerate does to the old reply."""

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

import pytest

from omnilogue.testing import ProviderSuite


class TestIChati(ProviderSuite):
    provider = "ichati"
