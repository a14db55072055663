"""Runs the Python examples of the documentation as tests."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from sybil import Example, Sybil
from sybil.evaluators.python import PythonEvaluator
from sybil.parsers.markdown import CodeBlockParser

CONFIGURATION = """
default = "work"

[remotes.work]
provider = "memory"

[remotes.backup]
provider = "archive"
path = "conversations.db"
"""


class PythonExamples(CodeBlockParser):
    """Python blocks; one marked `python notest` is only shown."""

    language = "python"


class FromTheTop(PythonEvaluator):
    """Runs an example after those that stand before it on its page, also where another process has run them."""

    def __call__(self, example: Example) -> None:
        """Run what has not run yet of the page, down to this example."""
        done: set[int] = example.namespace["_done"]
        for each in example.document.examples():
            if each.start <= example.start and each.start not in done:
                done.add(each.start)
                super().__call__(each)


def into_a_folder_of_its_own(namespace: dict[str, Any]) -> None:
    """Give each page a working directory with the configuration that the examples speak of."""
    import tempfile

    namespace["_done"] = set()
    namespace["_folder"] = folder = tempfile.TemporaryDirectory()
    namespace["_before"] = Path.cwd(), os.environ.get("XDG_DATA_HOME")
    os.environ["XDG_DATA_HOME"] = str(Path(folder.name, "data"))
    Path(folder.name, "omnilogue.toml").write_text(CONFIGURATION, encoding="utf-8")
    os.chdir(folder.name)


def back(namespace: dict[str, Any]) -> None:
    """Leave nothing behind."""
    folder, data = namespace["_before"]
    os.chdir(folder)
    os.environ.pop("XDG_DATA_HOME")
    if data is not None:
        os.environ["XDG_DATA_HOME"] = data
    namespace["_folder"].cleanup()


pytest_collect_file = Sybil(
    parsers=[PythonExamples(evaluator=FromTheTop())],
    patterns=["README.md", "docs/*.md", "docs/**/*.md"],
    setup=into_a_folder_of_its_own,
    teardown=back,
).pytest()
