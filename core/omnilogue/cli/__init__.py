"""The command line, `omnilogue`."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command of this process and end it; `--version` is answered before anything is imported."""
    if sys.argv[1:2] == ["--version"]:
        from .._version import __version__

        sys.stdout.write(__version__ + "\n")
        return
    import gc

    gc.disable()  # nothing that is imported becomes garbage; `run` turns it on again
    from .running import run

    sys.exit(run(sys.argv[1:], owns_process=True))
