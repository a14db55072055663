"""Where a case is played: settings to run with, and the class of a provider's emulator."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from ..errors import ConfigurationError, PluginError
from ..model import Grade
from ..provider import Plugins, ProviderInfo

if TYPE_CHECKING:
    from ..emulator import Emulator

MODEL = "omnilogue-suite"
"""The model that is asked for where settings name none; most emulators take any."""

MODELS = ("another-model", "third-model")
"""Models that cases choose."""


def emulator_class(provider: str, *, plugins: Plugins | None = None) -> type[Emulator]:
    """Give the class of a provider's emulator.

    Raises ConfigurationError for an unknown provider and for one without an emulator, PluginError for a broken one.
    """
    info = (plugins or Plugins()).provider(provider)
    if info.emulator is None:
        raise ConfigurationError(
            f"provider {provider!r} has no emulator", hint="give the settings of a real remote, or name another one"
        )
    from ..emulator import Emulator

    module, _, name = info.emulator.partition(":")
    try:
        found = getattr(import_module(module), name)
    except (ImportError, AttributeError, ValueError) as error:
        reason = f"{type(error).__name__}: {error}"
    else:
        if isinstance(found, type) and issubclass(found, Emulator):
            return found
        reason = "it is no Emulator"
    raise PluginError(f"provider {provider!r}: its emulator {info.emulator!r} cannot be used: {reason}")


@contextmanager
def settings_on_the_spot(info: ProviderInfo, plugins: Plugins) -> Iterator[Mapping[str, Any]]:
    """Give settings with which a provider can be tried: its emulator's, a temporary file's, else none.

    Raises ConfigurationError where that is not enough.
    """
    if info.emulator is not None:
        with emulator_class(info.name, plugins=plugins)() as emulator:
            yield {**emulator.settings, **(_models(emulator.model_word) if _chooses_models(info) else {})}
    elif (field := info.settings.model_fields.get("path")) is not None and field.is_required():
        with TemporaryDirectory(prefix="omnilogue-") as folder:
            yield {"path": str(Path(folder) / "conversations")}
    else:
        _require_nothing(info)
        yield {}


def _require_nothing(info: ProviderInfo) -> None:
    """Raise ConfigurationError where a provider cannot be tried without settings that nobody gave."""
    needed = [name for name, field in info.settings.model_fields.items() if field.is_required()]
    if needed:
        raise ConfigurationError(
            f"provider {info.name!r} cannot be tried: it names no emulator, and needs {', '.join(needed)}",
            hint="name its emulator in ProviderInfo, or run ProviderSuite in pytest with a fixture `settings`",
        )


def _models(word: str) -> dict[str, Any]:
    """Name a model for each turn; where the vendor takes no word of ours, ours mean one of its own."""
    named: dict[str, Any] = {"defaults": {"model": MODEL}}
    return {**named, "models": dict.fromkeys((MODEL, *MODELS), word)} if word else named


def _chooses_models(info: ProviderInfo) -> bool:
    return info.provider.features.choose_model.grade is not Grade.UNSUPPORTED
