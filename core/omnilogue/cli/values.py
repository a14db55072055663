"""Reading what is typed: times, pairs, texts, files."""

from __future__ import annotations

import json
import mimetypes
import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import InvalidInputError
from ..migrate import naming
from ..migrate.naming import STDIN

if TYPE_CHECKING:
    from ..model import AudioPart, FilePart, ImagePart

ROLES = ("user", "assistant", "system", "developer", "tool")

_AGE = re.compile(r"(\d{1,6})([smhdw])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def moment(option: str, said: str, now: datetime) -> datetime:
    """Read a date, an ISO time or an age like `30d` or `12h`; without a zone it is UTC. Raises InvalidInputError."""
    try:
        if age := _AGE.fullmatch(said.strip()):
            return now - timedelta(**{_UNITS[age[2]]: int(age[1])})
        found = datetime.fromisoformat(said.strip())
        return found if found.tzinfo else found.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        problem = f"{option} {said!r} is no time"
    raise InvalidInputError(problem, hint="write 2026-05-01, 2026-05-01T10:00Z, 30d or 12h")


def pairs(option: str, said: Iterable[str]) -> dict[str, str]:
    """Read `KEY=VALUE` words; the value may be empty, the key may not. Raises InvalidInputError."""
    found: dict[str, str] = {}
    for word in said:
        key, equals, value = word.partition("=")
        if not equals or not key:
            raise InvalidInputError(f"{option} {word!r} is no KEY=VALUE")
        if key in found:
            raise InvalidInputError(f"{option} {key} is given twice")
        found[key] = value
    return found


def json_pairs(option: str, said: Iterable[str]) -> dict[str, Any]:
    """Read `KEY=VALUE` words whose values are JSON where they parse as such, else text."""
    return {key: _json_or_text(value) for key, value in pairs(option, said).items()}


def _json_or_text(value: str) -> Any:
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return value


def required(what: str, said: str) -> str:
    """Give text back. Raises InvalidInputError for an empty one."""
    if not said.strip():
        raise InvalidInputError(f"{what} is empty")
    return said


def role(said: str) -> str:
    """Give a role back. Raises InvalidInputError for what is none."""
    if said in ROLES or (said.startswith("other:") and len(said) > len("other:")):
        return said
    raise InvalidInputError(f"--role {said!r} is no role", hint=f"write {', '.join(ROLES)} or other:WORD")


def text(said: str) -> str:
    """Give the text that was typed, or standard input for `-`. Raises InvalidInputError where it is empty."""
    return required("TEXT", read_stdin() if said == STDIN else said)


def read_stdin() -> str:
    """Read standard input as UTF-8 to its end, or until a signal comes. Raises InvalidInputError for what is none."""
    from .interrupts import ended_by_signals

    with ended_by_signals():
        return naming.read_stdin()


def lines_of(source: Path) -> list[str]:
    """Give the lines of a file, or of standard input for `-`, without empty ones. Raises InvalidInputError."""
    from .interrupts import ended_by_signals

    with ended_by_signals():
        return naming.lines_of(source)


def attachment(path: Path) -> ImagePart | AudioPart | FilePart:
    """Make a part of a file: an image, an audio or a file, as its name's media type says."""
    from ..model import AudioPart, FilePart, ImagePart

    kinds: dict[str, type[ImagePart | AudioPart | FilePart]] = {"image": ImagePart, "audio": AudioPart}
    family = (mimetypes.guess_type(path.name)[0] or "").partition("/")[0]
    try:
        return kinds.get(family, FilePart).from_path(path)
    except OSError as error:
        problem = f"--attach {path} cannot be read: {error.strerror}"
    raise InvalidInputError(problem)


def recording(path: Path) -> AudioPart:
    """Make a part of a recording, whatever its name's media type. Raises InvalidInputError."""
    from ..model import AudioPart

    try:
        return AudioPart.from_path(path)
    except OSError as error:
        problem = f"--audio {path} cannot be read: {error.strerror}"
    raise InvalidInputError(problem)


def content(said: str | None, attached: Iterable[Path], audio: Path | None = None) -> list[Any]:
    """Give the text that was typed and the files that go along. Raises InvalidInputError where there is nothing."""
    parts: list[Any] = [attachment(path) for path in attached]
    if audio is not None:
        parts.append(recording(audio))
    if said is None and not parts:
        raise InvalidInputError("TEXT is missing", hint="write it behind the address, or - for standard input")
    return parts if said is None else [text(said), *parts]
