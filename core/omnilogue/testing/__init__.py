"""For tests: the conformance suite, and a pytest plugin, loaded with `pytest_plugins = ["omnilogue.testing"]`."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .conforming import CaseResult, Report, conform
    from .fixtures import omnilogue_emulator
    from .suite import ProviderSuite

_PLACES = {
    "CaseResult": "conforming",
    "ProviderSuite": "suite",
    "Report": "conforming",
    "conform": "conforming",
    "omnilogue_emulator": "fixtures",
}
"""Where each public name lives; what needs pytest is imported when it is asked for, and not before."""


def __getattr__(name: str) -> Any:
    """Import a public name when it is first asked for."""
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(f".{_PLACES[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)


__all__ = ["CaseResult", "ProviderSuite", "Report", "conform", "omnilogue_emulator"]
