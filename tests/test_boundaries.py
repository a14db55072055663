"""The core names no provider, and a provider knows only its vendor."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
CORE = ROOT / "core" / "omnilogue"
PROVIDERS = sorted(path.parent for path in (ROOT / "providers").glob("*/__init__.py"))
OURS = ("omnilogue.provider", "omnilogue.model", "omnilogue.errors", "omnilogue.http")
PLAIN_WORDS = {"archive", "memory"}
"""Names of providers that are also English; the core may say them, and may not decide by them."""

NAMES = {path.name.removeprefix("omnilogue_") for path in PROVIDERS} | {"mindcraft", "minimax", "ichati"}


def sources(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file() and path.suffix != ".pyc")


def imported(path: Path) -> Iterator[str]:
    """Give the modules that a file imports from outside its own package."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield node.module or ""


def is_in(module: str, packages: tuple[str, ...]) -> bool:
    return any(module == package or module.startswith(f"{package}.") for package in packages)


def test_the_core_names_no_vendor() -> None:
    vendors = re.compile("|".join(sorted(NAMES - PLAIN_WORDS)), re.IGNORECASE)
    named = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in sources(CORE)
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if vendors.search(line) or vendors.search(path.name)
    ]

    assert named == []


def test_the_core_compares_nothing_with_a_providers_name() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in sources(CORE)
        if path.suffix == ".py"
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value in NAMES
    ]

    assert found == []


def test_the_core_imports_no_provider() -> None:
    packages = tuple(path.name for path in PROVIDERS)
    found = [path.name for path in CORE.rglob("*.py") for module in imported(path) if is_in(module, packages)]

    assert found == []


@pytest.mark.parametrize("provider", PROVIDERS, ids=lambda path: path.name)
def test_a_provider_imports_what_its_author_may_read(provider: Path) -> None:
    for path in provider.rglob("*.py"):
        allowed = (*OURS, "omnilogue.emulator") if path.name.startswith("emulator") else OURS
        wrong = [module for module in imported(path) if is_in(module, ("omnilogue",)) and not is_in(module, allowed)]
        assert wrong == [], f"{path.relative_to(ROOT)} imports {wrong}"


@pytest.mark.parametrize("provider", PROVIDERS, ids=lambda path: path.name)
def test_a_provider_knows_no_other(provider: Path) -> None:
    others = tuple(path.name for path in PROVIDERS if path != provider)
    for path in provider.rglob("*.py"):
        wrong = [module for module in imported(path) if is_in(module, others)]
        assert wrong == [], f"{path.relative_to(ROOT)} imports {wrong}"


@pytest.mark.parametrize("provider", PROVIDERS, ids=lambda path: path.name)
def test_a_provider_stays_in_its_package(provider: Path) -> None:
    for path in provider.rglob("*.py"):
        depth = len(path.relative_to(provider).parts)
        nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        assert all(node.level <= depth for node in nodes if isinstance(node, ast.ImportFrom)), path.name


@pytest.mark.parametrize("provider", PROVIDERS, ids=lambda path: path.name)
def test_a_provider_is_proven(provider: Path) -> None:
    name = provider.name.removeprefix("omnilogue_")

    assert (ROOT / "tests" / "providers" / name / "test_conformance.py").is_file()


def test_tests_are_no_packages() -> None:
    # A `tests/core/http/__init__.py` would hide the standard library's `http`.
    assert list((ROOT / "tests").rglob("__init__.py")) == []


def test_every_module_says_in_one_sentence_what_it_is_for() -> None:
    for path in [*CORE.rglob("*.py"), *(file for folder in PROVIDERS for file in folder.rglob("*.py"))]:
        said = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
        assert said, f"{path.relative_to(ROOT)} has no docstring"
