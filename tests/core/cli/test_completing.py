"""Shell completion."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import pytest

Cli: TypeAlias = Callable[..., Any]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_of_a_shell_knows_the_commands(cli: Cli, shell: str) -> None:
    found = cli("completion", shell)

    assert found.code == 0
    assert "regenerate" in found.out
    assert "adopt" in found.out
    assert "upgrade" in found.out
    assert "--max-output-tokens" in found.out or "max-output-tokens" in found.out


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash")
def test_bash_takes_its_script(cli: Cli) -> None:
    script = cli("completion", "bash").out

    assert subprocess.run(["bash", "-n"], input=script, text=True, check=False).returncode == 0


def test_it_is_installed_where_the_shell_looks(cli: Cli) -> None:
    found = cli("--install-completion", "--shell", "fish")

    path = Path(found.out.removeprefix("installed ").split(";", maxsplit=1)[0])
    assert found.code == 0
    assert path.is_file()
    assert Path.home() in path.parents


def test_a_shell_that_is_not_known_is_a_usage_error(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    from cyclopts.completion.detect import ShellDetectionError

    def lost() -> None:
        raise ShellDetectionError

    monkeypatch.setattr("cyclopts.completion.detect.detect_shell", lost)

    assert cli("completion", "tcsh").code == 2
    assert "name it: bash" in cli("completion").err


def test_addresses_are_completed(work: str) -> None:
    from omnilogue.cli.words import remote_names

    assert remote_names() == ["work:"]
