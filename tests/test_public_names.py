"""What `omnilogue` offers by name, and what importing it costs."""

import inspect
import subprocess
import sys

import pytest

import omnilogue

CLASSES = [name for name in omnilogue.__all__ if inspect.isclass(getattr(omnilogue, name))]


def test_the_names_are_sorted_and_each_has_its_place() -> None:
    assert omnilogue.__all__ == sorted(omnilogue.__all__)
    assert set(omnilogue.__all__) == {*omnilogue._PLACES, "__version__"}
    assert list(omnilogue._PLACES) == sorted(omnilogue._PLACES)


@pytest.mark.parametrize("name", omnilogue.__all__)
def test_each_name_can_be_imported(name: str) -> None:
    assert getattr(omnilogue, name) is not None


def test_nothing_else_is_offered() -> None:
    offered: dict[str, object] = {}
    exec("from omnilogue import *", offered)
    del offered["__builtins__"]

    assert sorted(offered) == dir(omnilogue) == omnilogue.__all__
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        _ = omnilogue.nothing


def test_each_place_offers_the_name_itself() -> None:
    for name, place in omnilogue._PLACES.items():
        module = sys.modules[f"omnilogue.{place}"] if getattr(omnilogue, name) else None
        exported = getattr(module, "__all__", None)
        assert exported is None or name in exported, f"{name} is missing in omnilogue.{place}.__all__"


@pytest.mark.parametrize("name", CLASSES)
def test_each_class_explains_itself_and_what_it_offers(name: str) -> None:
    kind = getattr(omnilogue, name)

    assert inspect.getdoc(kind), name
    for attribute, value in vars(kind).items():
        if attribute.startswith(("_", "model_")):
            continue
        function = value.fget if isinstance(value, property) else getattr(value, "__func__", value)
        if inspect.isfunction(function) and function.__module__.startswith("omnilogue"):
            assert inspect.getdoc(function), f"{name}.{attribute}"


FRESH = """
import sys
import omnilogue
heavy = {"aiohttp", "anyio", "asyncio", "cyclopts", "httpx", "pluggy", "pydantic", "pytest", "rich", "structlog"}
print(sorted(heavy & sys.modules.keys()), omnilogue.__version__)
omnilogue.Message
print(sorted({"aiohttp", "anyio", "cyclopts", "httpx", "pluggy", "pytest", "rich", "structlog"} & sys.modules.keys()))
omnilogue.Client, omnilogue.AsyncClient
print(sorted({"aiohttp", "cyclopts", "pytest"} & sys.modules.keys()))
"""


def test_importing_it_imports_nothing_heavy() -> None:
    run = subprocess.run([sys.executable, "-c", FRESH], capture_output=True, text=True, timeout=30, check=True)

    assert run.stdout.splitlines() == [f"[] {omnilogue.__version__}", "[]", "[]"]
