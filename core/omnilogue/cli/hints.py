"""What to do about an error, in the words of the command line instead of the library's."""

from __future__ import annotations

from ..errors import LossRefusedError, OmnilogueError


def advise(error: OmnilogueError) -> OmnilogueError:
    """Give the error back with a hint that names options, where the library's own names arguments."""
    if isinstance(error, LossRefusedError):
        error.hint = f"allow it with --allow-loss={','.join(error.losses)}"
    elif error.code == "deadline":
        error.hint = "give it more time with --timeout SECONDS"
    return error
