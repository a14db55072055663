"""Plugins as they come: good ones, and ones that are broken in every way."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

HEAD = "from omnilogue.provider import Command, ProviderInfo, hookimpl\nOMNILOGUE_HOOKS = 1\n"

COMMANDS = '''
def hello(name: str = "you", *, times: int = 1):
    """Greet.

    Examples:
      omnilogue hello Ann
    """
    return "\\n".join([f"hello {name}\\x1b"] * times)

async def later(code: int):
    """End with a code."""
    return code

def fails():
    """Fail."""
    raise LookupError("lost")

def odd(value: "Nowhere"):
    """Cannot be parsed."""

@hookimpl
def omnilogue_commands():
    return [Command("hello", hello), Command("later", later), Command("fails", fails), Command("odd", odd),
            Command("ls", hello), Command("twice", hello), Command("twice", later)]
'''

BROKEN = {
    "raises": ("omnilogue", "raises", "raise RuntimeError('no')"),
    "leaves": ("omnilogue", "leaves", "raise SystemExit(7)"),
    "ends": ("omnilogue.extensions", "ends", "import os; os._exit(9)"),
    "prints": ("omnilogue.extensions", "prints", f"print('noise')\n{HEAD}"),
    "taken": ("omnilogue", "memory", "raise RuntimeError('never imported')"),
    "wrong_version": ("omnilogue", "wrong_version", "OMNILOGUE_HOOKS = 99"),
    "missing": ("omnilogue.extensions", "missing", None),
    "rival_one": ("omnilogue", "rival", HEAD),
    "rival_two": ("omnilogue", "rival", HEAD),
}

OURS = (["--help"], ["new", ":archive:a.db"], ["providers", "memory"])


def install(folder: Path, distribution: str, group: str, entry: str, source: str | None) -> None:
    """Put a distribution with one entry point where Python finds it."""
    module = f"plugin_{distribution}"
    information = folder / f"{distribution}-1.0.dist-info"
    information.mkdir(parents=True)
    (information / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.0\n")
    (information / "entry_points.txt").write_text(f"[{group}]\n{entry} = {module}\n")
    if source is not None:
        (folder / f"{module}.py").write_text(source)


def omnilogue(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "omnilogue", *arguments],
        env={**os.environ, "PYTHONPATH": str(folder)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=30,
        check=False,
    )


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    """All the broken plugins at once, but the one that ends every process that imports it."""
    folder = tmp_path / "site"
    for name, (group, entry, source) in BROKEN.items():
        if name != "ends":
            install(folder, name, group, entry, source)
    return folder


@pytest.fixture
def good(tmp_path: Path) -> Path:
    folder = tmp_path / "good"
    install(folder, "good", "omnilogue.extensions", "good", HEAD + COMMANDS)
    return folder


def test_help_and_our_own_commands_do_not_know_of_plugins(tmp_path: Path, broken: Path) -> None:
    install(broken, "ends", *BROKEN["ends"])

    for arguments in OURS:
        found = omnilogue(broken, *arguments)
        assert (found.returncode, "noise" in found.stdout + found.stderr) == (0, False)


def test_broken_plugins_are_named_and_stop_nothing_else(broken: Path) -> None:
    plugins = omnilogue(broken, "plugins", "--json")
    providers = omnilogue(broken, "providers", "--json")
    demo = omnilogue(broken, "demo", "--json")

    items = [(item["distribution"], item["name"], item["status"]) for item in json.loads(plugins.stdout)["items"]]
    assert plugins.returncode == providers.returncode == demo.returncode == 0
    assert {name for name, _, status in items if status == "broken"} == set(BROKEN) - {"prints", "ends"}
    assert ("prints", "prints", "ok") in items
    assert ("omnilogue", "memory", "ok") in items
    assert "memory" in [item["name"] for item in json.loads(providers.stdout)["items"]]
    assert "raises: left out:" in providers.stderr
    assert {row["provider"] for row in json.loads(demo.stdout)["items"]} >= {"memory", "archive"}


def test_without_plugins_nothing_of_them_is_seen(broken: Path) -> None:
    install(broken, "ends", *BROKEN["ends"])

    items = json.loads(omnilogue(broken, "plugins", "--json", "--no-plugins").stdout)["items"]
    unknown = omnilogue(broken, "--no-plugins", "hello")

    assert {item["distribution"] for item in items} == {"omnilogue"}
    assert unknown.returncode == 2


def test_an_unknown_command_is_told_whatever_plugins_do(broken: Path) -> None:
    found = omnilogue(broken, "hello", "--json")

    assert found.returncode == 2
    assert 'Unknown command "hello"' in json.loads(found.stdout)["error"]["message"]


def test_a_plugin_brings_commands(good: Path) -> None:
    greeted = omnilogue(good, "hello", "Ann", "--times", "2")
    helped = omnilogue(good, "hello", "--help")

    assert (greeted.returncode, greeted.stdout) == (0, "hello Ann\nhello Ann\n")
    assert "Greet." in helped.stdout
    assert "omnilogue hello Ann" in helped.stdout
    assert omnilogue(good, "later", "7").returncode == 7
    assert "hello, later" in omnilogue(good, "plugins").stdout
    assert omnilogue(good, "hello", "--tiems", "2").returncode == 2


@pytest.mark.parametrize(
    ("name", "told"), [("fails", "LookupError: lost"), ("odd", "NameError"), ("twice", "2 plugins bring a command")]
)
def test_a_command_that_is_broken_is_the_plugins_fault(good: Path, name: str, told: str) -> None:
    found = omnilogue(good, name, "x")

    assert found.returncode == 2
    assert told in found.stderr or name == "fails"
    assert found.stderr.count("\n") == 1


def test_our_own_names_are_ours(good: Path) -> None:
    assert "hello" not in omnilogue(good, "ls").stdout
