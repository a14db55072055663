"""Shell completion: `completion` and `--install-completion`."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from cyclopts import Parameter

from ..errors import InvalidInputError
from .app import build
from .session import DEFAULTS, Session

Shell: TypeAlias = Literal["bash", "zsh", "fish", "powershell"]


def completion(
    shell: Annotated[Shell | None, Parameter(help="Without it the shell in use.")] = None,
    /,
    *,
    session: Session = DEFAULTS,
) -> None:
    """Print the completion script of a shell.

    `omnilogue --install-completion` puts it in its place.

    Examples:
      omnilogue completion zsh > ~/.zfunc/_omnilogue
      omnilogue --install-completion
    """
    script = build().generate_completion(prog_name="omnilogue", shell=shell or _detected())
    session.output.stream.write(script)  # our own text, with escapes that belong there


def install(
    *,
    shell: Annotated[Shell | None, Parameter(help="Without it the shell in use.")] = None,
    session: Session = DEFAULTS,
) -> None:
    """Install completion for the shell in use.

    Examples:
      omnilogue --install-completion
      omnilogue --install-completion --shell zsh
    """
    path = build().install_completion(shell=shell or _detected())
    session.output.line(f"installed {path}; open a new shell to use it")


def _detected() -> Shell:
    from cyclopts.completion.detect import ShellDetectionError, detect_shell

    try:
        return detect_shell()
    except ShellDetectionError:
        problem = "it cannot be told which shell this is"
    raise InvalidInputError(problem, hint="name it: bash, zsh, fish or powershell")
