"""Providers that are installed for one test only, through the door every plugin comes in by."""

import sys
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from types import ModuleType
from typing import Any, TypeAlias

import pytest

from omnilogue.errors import OmnilogueError
from omnilogue.provider import Provider, ProviderInfo, ProviderSettings, hookimpl
from omnilogue.testing.case import perform
from omnilogue.testing.cases import CASES
from omnilogue.testing.expecting import UnmetError
from omnilogue_memory.settings import MemorySettings

Install: TypeAlias = Callable[..., str]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Give what installs a provider as a distribution of its own, and tells its name."""

    def installed(
        provider: type[Provider[Any]],
        name: str = "fake",
        *,
        settings: type[ProviderSettings] = MemorySettings,
        emulator: str | None = None,
    ) -> str:
        module = ModuleType(f"omnilogue_{name}_plugin")

        @hookimpl
        def omnilogue_providers() -> Iterable[ProviderInfo]:
            return [ProviderInfo(name, name.title(), provider, settings, emulator)]

        vars(module).update(OMNILOGUE_HOOKS=1, omnilogue_providers=omnilogue_providers)
        folder = tmp_path / name / f"{name}-1.0.dist-info"
        folder.mkdir(parents=True)
        (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        (folder / "entry_points.txt").write_text(f"[omnilogue]\n{name} = {module.__name__}\n")
        monkeypatch.setitem(sys.modules, module.__name__, module)
        monkeypatch.syspath_prepend(str(folder.parent))
        return name

    return installed


@pytest.fixture
def complaint(install: Install) -> Callable[[type[Provider[Any]], str], Awaitable[str]]:
    """Give what plays one case on a provider and tells what the case complains of; empty where it does not."""

    async def complained(provider: type[Provider[Any]], case: str) -> str:
        name = install(provider)
        played = next(one for one in CASES if one.name == case)
        try:
            await perform(played, name, {})
        except (UnmetError, OmnilogueError) as error:
            return str(error)
        return ""

    return complained
