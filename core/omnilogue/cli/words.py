"""The types of arguments that several commands take, with their help."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, TypeAlias

from cyclopts import Parameter


def remote_names(_context: object = None) -> list[str]:
    """Give the beginnings of addresses that a shell can offer."""
    from ..config import load

    return [f"{name}:" for name in load().remotes]


ConversationAddress: TypeAlias = Annotated[str, Parameter(help="The conversation, work:ID.", completer=remote_names)]

RemoteAddress: TypeAlias = Annotated[str, Parameter(help="The remote, work:.", completer=remote_names)]

IdsFrom: TypeAlias = Annotated[
    Path | None,
    Parameter(
        help="Conversations whose ids this file names, one a line; - is standard input.",
        metavar="FILE",
        allow_leading_hyphen=True,
    ),
]

Text: TypeAlias = Annotated[
    str | None,
    Parameter(help="What to say; - is standard input. It may begin with a hyphen.", allow_leading_hyphen=True),
]

Meta: TypeAlias = Annotated[tuple[str, ...], Parameter(help="Metadata; repeatable.", metavar="KEY=VALUE")]

Attach: TypeAlias = Annotated[
    tuple[Path, ...], Parameter(help="A file to go along: an image, audio or any other; repeatable.", metavar="FILE")
]


FormatName: TypeAlias = Annotated[
    str | None,
    Parameter(name="--format", help="Its format; told by the suffix where it can be: .jsonl, .md.", metavar="NAME"),
]

Source: TypeAlias = Annotated[str, Parameter(help="What is copied: work: or work:ID.", completer=remote_names)]

Target: TypeAlias = Annotated[str, Parameter(help="The remote it is copied to, work:.", completer=remote_names)]

Compared: TypeAlias = Annotated[str, Parameter(help="What is compared: work: or work:ID.", completer=remote_names)]

ComparedWith: TypeAlias = Annotated[
    str, Parameter(help="The remote it is compared with, work:.", completer=remote_names)
]

MigrationId: TypeAlias = Annotated[str, Parameter(name="ID", help="The migration; `omnilogue migrations` lists them.")]
