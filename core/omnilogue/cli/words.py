"""The types of arguments that several commands take, with their help."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, TypeAlias

from cyclopts import Parameter

ConversationAddress: TypeAlias = Annotated[str, Parameter(help="The conversation, work:ID.")]

Text: TypeAlias = Annotated[
    str | None,
    Parameter(help="What to say; - is standard input. It may begin with a hyphen.", allow_leading_hyphen=True),
]

Meta: TypeAlias = Annotated[tuple[str, ...], Parameter(help="Metadata; repeatable.", metavar="KEY=VALUE")]

Attach: TypeAlias = Annotated[
    tuple[Path, ...], Parameter(help="A file to go along: an image, audio or any other; repeatable.", metavar="FILE")
]
