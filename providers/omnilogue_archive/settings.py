"""Settings of an archive: where its file lies."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, ClassVar

from pydantic import AfterValidator, Field

from omnilogue.provider import ProviderSettings


def _names_a_file(path: Path) -> Path:
    if not path.name or "\0" in str(path):
        raise ValueError("path must name a file")
    try:
        return path.expanduser()
    except RuntimeError as error:
        raise ValueError(f"path: {error}") from None


class ArchiveSettings(ProviderSettings):
    """An archive is one file; it is made by the first conversation that is created in it."""

    place: ClassVar = ("path",)

    path: Annotated[Path, AfterValidator(_names_a_file)] = Field(
        description="The SQLite file that keeps the conversations; its folder must exist."
    )
