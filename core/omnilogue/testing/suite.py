"""The suite as a pytest class: derive from it, name the provider, and give its settings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, ClassVar

from ..provider import Plugins
from .case import Case, perform
from .cases import CASES
from .pytest_needed import pytest
from .staging import settings_on_the_spot


class ProviderSuite:
    """Each case is one test on a fresh remote, `test_conforms[NAME]`.

    `provider` names the provider. The fixture `settings` gives the remote's settings, with which a plain send must
    work; without one the provider's emulator, or a temporary file, is used. `skips` maps the names of cases to the
    reasons why they are not played; it is the only way to leave one out.
    """

    provider: ClassVar[str] = ""
    skips: ClassVar[Mapping[str, str]] = MappingProxyType({})
    pytestmark: ClassVar[Any] = pytest.mark.anyio

    def __init_subclass__(cls, **given: Any) -> None:
        """Refuse a class that takes cases away by redefining the tests."""
        super().__init_subclass__(**given)
        for name in ("test_conforms", "test_skips_are_explained"):
            if name in vars(cls):
                raise TypeError(f"{cls.__name__}.{name} would take cases away; name them in `skips`, with reasons")

    @pytest.fixture
    def anyio_backend(self) -> str:
        """Play the cases on asyncio, whatever else the author's tests run on."""
        return "asyncio"

    @pytest.fixture
    def settings(self) -> Iterator[Mapping[str, Any]]:
        """Give settings where the author gives none."""
        plugins = Plugins()
        with settings_on_the_spot(plugins.provider(self.provider), plugins) as settings:
            yield settings

    @pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
    async def test_conforms(self, case: Case, settings: Mapping[str, Any]) -> None:
        """Play one case."""
        if case.name in self.skips:
            reason = self.skips[case.name]
            if not isinstance(reason, str) or not reason.strip():
                pytest.fail(f"{case.name} is skipped without a reason", pytrace=False)
            pytest.skip(reason)
        await perform(case, self.provider, settings)

    def test_skips_are_explained(self) -> None:
        """A skip names a case there is, and has a reason."""
        unknown = sorted(self.skips.keys() - {case.name for case in CASES})
        silent = sorted(name for name, reason in self.skips.items() if not str(reason or "").strip())
        if unknown or silent:
            pytest.fail(f"skips of no case: {unknown}; skips without a reason: {silent}", pytrace=False)
