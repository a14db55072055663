"""The command line, `omnilogue`."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command of this process and end it; `--version` is answered before anything is imported."""
    if sys.argv[1:2] == ["--version"]:
        if code := _tell_version():
            sys.exit(code)
        return
    import gc

    gc.disable()  # nothing that is imported becomes garbage; `run` turns it on again
    from .running import run

    sys.exit(run(sys.argv[1:], owns_process=True))


def _tell_version() -> int:
    from .._version import __version__

    if sys.stdout is None:  # closed
        return 0
    try:
        sys.stdout.write(__version__ + "\n")
        sys.stdout.flush()
    except OSError as error:
        from .unwritable import give_up

        return give_up(error)
    return 0
