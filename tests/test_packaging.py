"""What is declared is what is installed: entry points, folders, version, types."""

import re
import tomllib
from importlib.metadata import distribution, entry_points
from pathlib import Path
from typing import Any

import pytest

import omnilogue

ROOT = Path(__file__).parents[1]
AGAIN = "a provider is registered by installing again: pip install -e ."


@pytest.fixture(scope="module")
def metadata() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def folders() -> list[str]:
    return sorted(path.parent.name for path in (ROOT / "providers").glob("*/__init__.py"))


def installed(group: str) -> dict[str, str]:
    return {entry.name: entry.value for entry in distribution("omnilogue").entry_points if entry.group == group}


def test_declared_providers_are_installed(metadata: dict[str, Any]) -> None:
    assert installed("omnilogue") == metadata["project"]["entry-points"]["omnilogue"], AGAIN


def test_our_own_extensions_are_installed_like_anybodys(metadata: dict[str, Any]) -> None:
    group = "omnilogue.extensions"

    assert installed(group) == metadata["project"]["entry-points"][group] == {"formats": "omnilogue.formats"}, AGAIN


def test_every_folder_is_a_declared_provider(metadata: dict[str, Any]) -> None:
    declared = metadata["project"]["entry-points"]["omnilogue"]

    assert sorted(declared.values()) == folders(), "each folder under providers/ has its line in pyproject.toml"
    assert all(module == f"omnilogue_{name}" for name, module in declared.items())


def test_every_installed_provider_is_found() -> None:
    names = {entry.name for entry in entry_points(group="omnilogue") if entry.dist and entry.dist.name == "omnilogue"}

    assert {f"omnilogue_{name}" for name in names} == set(folders()), AGAIN


def test_the_command_is_installed(metadata: dict[str, Any]) -> None:
    assert installed("console_scripts") == metadata["project"]["scripts"] == {"omnilogue": "omnilogue.cli:main"}


def test_the_pytest_plugin_is_loaded_by_name_only() -> None:
    # Registered by an entry point it would load aiohttp into every test run on the machine.
    assert installed("pytest11") == {}


def test_a_wheel_holds_both_roots_and_nothing_else(metadata: dict[str, Any]) -> None:
    wheel = metadata["tool"]["hatch"]["build"]["targets"]["wheel"]

    assert wheel == {"only-include": ["core", "providers"], "sources": ["core", "providers"]}


def test_every_tool_knows_both_roots(metadata: dict[str, Any]) -> None:
    tools = metadata["tool"]

    assert tools["mypy"]["mypy_path"].split(":") == tools["pyright"]["extraPaths"] == ["core", "providers"]
    assert tools["ruff"]["src"][:2] == ["core", "providers"]


def test_types_are_shipped() -> None:
    assert (ROOT / "core" / "omnilogue" / "py.typed").read_bytes() == b""


def test_the_version_is_one(metadata: dict[str, Any]) -> None:
    assert metadata["project"]["dynamic"] == ["version"]
    assert re.fullmatch(r"\d+\.\d+\.\d+((a|b|rc)\d+)?", omnilogue.__version__)
    assert distribution("omnilogue").version == omnilogue.__version__, AGAIN


def test_the_missing_extra_that_is_named_exists(metadata: dict[str, Any]) -> None:
    extras = metadata["project"]["optional-dependencies"]
    named = {
        extra
        for path in (ROOT / "core").rglob("*.py")
        for extra in re.findall(r"omnilogue\[(\w+)\]", path.read_text(encoding="utf-8"))
    }

    assert named <= extras.keys()
    assert any(requirement.startswith("pytest>") for requirement in extras["test"])
