"""What every command is given: the common options, the client, and where results and notes go."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Group, Parameter

from ..errors import InvalidInputError
from .output import Output
from .terminal import clean

if TYPE_CHECKING:
    from ..client import AsyncClient
    from ..provider import Plugins
    from ..remote import AsyncRemote

ANY_LOSS = "any"

COMMON = Group("Common options", sort_key=90)


@Parameter(name="*", group=COMMON)
@dataclass(kw_only=True)
class Session:
    """One run of one command."""

    config: Annotated[Path | None, Parameter(help="Configuration file; without it the first one found.")] = None
    state: Annotated[
        str | None, Parameter(help="State: sqlite:///PATH or memory:; else the configured one.", metavar="URL")
    ] = None
    json: Annotated[bool, Parameter(help="Print one JSON document, errors too.")] = False
    out: Annotated[Path | None, Parameter(help="Write the result into a file, as a whole.")] = None
    timeout: Annotated[float | None, Parameter(help="Longest operation, seconds.", metavar="SECONDS")] = None
    allow_loss: Annotated[
        str | None, Parameter(help="Consent to losses: to all, or to kinds like text,order.", metavar="[=KINDS]")
    ] = None
    yes: Annotated[bool, Parameter(name=["--yes", "-y"], help="Ask nothing.")] = False
    verbose: Annotated[
        int, Parameter(name=["--verbose", "-v"], count=True, help="Tell what is decided; -vv each request.")
    ] = 0
    quiet: Annotated[bool, Parameter(name=["--quiet", "-q"], help="Tell errors only.")] = False
    no_plugins: Annotated[bool, Parameter(help="Use only what comes with Omnilogue itself.")] = False

    def check(self) -> None:
        """Refuse common options that cannot be meant. Raises InvalidInputError, ConfigurationError."""
        if self.timeout is not None and not self.timeout > 0:
            raise InvalidInputError(f"--timeout {self.timeout:g} must be more than 0 seconds")
        if self.state is not None:
            from ..state import path_of

            path_of(self.state)
        self.allowed_losses  # noqa: B018  # reading it checks it

    # What verbs are told

    @cached_property
    def allowed_losses(self) -> bool | tuple[str, ...]:
        """Which losses the user consents to."""
        if self.allow_loss is None or self.allow_loss == ANY_LOSS:
            return self.allow_loss is not None
        from ..model import LOSS_CLASSES

        kinds = tuple(kind.strip() for kind in self.allow_loss.split(","))
        if unknown := [kind for kind in kinds if kind not in LOSS_CLASSES]:
            raise InvalidInputError(
                f"--allow-loss: {unknown[0]!r} is no kind of loss", hint=f"kinds: {', '.join(LOSS_CLASSES)}"
            )
        return kinds

    @property
    def reading(self) -> dict[str, Any]:
        """Options for verbs that read."""
        return {} if self.timeout is None else {"timeout": self.timeout}

    @property
    def writing(self) -> dict[str, Any]:
        """Options for verbs that write."""
        return {**self.reading, "allow_loss": self.allowed_losses}

    # Remotes

    @cached_property
    def plugins(self) -> Plugins:
        """The plugins this run sees."""
        from ..provider import Plugins

        return Plugins(outside=not self.no_plugins)

    @cached_property
    def client(self) -> AsyncClient:
        """The client, made when it is first needed. Raises ConfigurationError."""
        from ..client import AsyncClient

        return AsyncClient(self.config, state=self.state, plugins=not self.no_plugins)

    def remote(self, address: str) -> AsyncRemote:
        """Give the remote of an address like `work:`. Raises InvalidInputError for one with an id."""
        from ..client import split_address

        name, conversation_id = split_address(address)
        if conversation_id is not None:
            raise InvalidInputError(f"{address} is a conversation", hint=f"name the remote only: {name}:")
        return self.client.remote(name)

    def conversation(self, address: str) -> tuple[AsyncRemote, str]:
        """Give remote and id of an address like `work:ID`. Raises InvalidInputError for one without an id."""
        from ..client import split_address

        name, conversation_id = split_address(address)
        if conversation_id is None or not conversation_id.strip():
            raise InvalidInputError(f"{address} names no conversation", hint=f"write it like {name}:ID")
        return self.client.remote(name), conversation_id

    async def aclose(self) -> None:
        """Close what was opened."""
        if "client" in self.__dict__:
            await self.client.aclose()

    # Telling

    @cached_property
    def output(self) -> Output:
        """Where the result goes."""
        return Output(self.out)

    def note(self, text: str) -> None:
        """Tell the user something beside the result, on standard error."""
        if not self.quiet:
            sys.stderr.write(clean(text) + "\n")

    @property
    def asks(self) -> bool:
        """Whether there is somebody to ask, who did not say yes to all."""
        return not self.yes and sys.stdin is not None and sys.stdin.isatty()

    def confirm(self, question: str) -> None:
        """Ask on a terminal, and go on without one. Raises InvalidInputError where the answer is not yes."""
        if not self.asks:
            return
        sys.stderr.write(clean(f"{question} [y/N] "))
        sys.stderr.flush()
        if sys.stdin.readline().strip().lower() not in {"y", "yes"}:
            raise InvalidInputError("not confirmed; nothing was done", hint="-y answers yes")


DEFAULTS = Session()
"""Stands for the session in signatures; a run always brings its own."""


@Parameter(name="*", group=COMMON)
@dataclass(kw_only=True)
class CopySession(Session):
    """One run of a command that copies: what may be lost is told by `--max-loss`, and by nothing else."""

    timeout: Annotated[
        float | None, Parameter(help="Longest run, seconds; a copy ends in good order.", metavar="SECONDS")
    ] = None
    allow_loss: Annotated[str | None, Parameter(show=False)] = None

    def check(self) -> None:
        """Refuse common options that cannot be meant. Raises InvalidInputError, ConfigurationError."""
        if self.allow_loss is not None:
            raise InvalidInputError("unknown option --allow-loss", hint="a copy has --max-loss none, metadata or any")
        super().check()


COPY_DEFAULTS = CopySession()
"""The same for a command that copies."""
