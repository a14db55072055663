"""Settings as they may be shown: secrets as references, never as values."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..errors import OmnilogueError

if TYPE_CHECKING:
    from ..config import RemoteConfiguration
    from .session import Session

HIDDEN = "[hidden]"

_USER_OF_URL = re.compile(r"(?<=://)[^/@\s]+(?=@)")


def shown_settings(session: Session, remote: RemoteConfiguration) -> dict[str, Any]:
    """Give what was set for a remote. Where its provider cannot tell what is a secret, all text is hidden."""
    from ..config import provider_of, settings_for

    try:
        settings = settings_for(remote, provider_of(remote, session.plugins))
    except OmnilogueError as error:
        session.note(f"{remote.name}: {error}")
        hidden: dict[str, Any] = _hidden(remote.settings)
        return hidden
    shown: dict[str, Any] = _without_users(settings.model_dump(mode="json", exclude_unset=True))
    return shown


def _hidden(value: Any) -> Any:
    from ..http.secret import is_reference

    if isinstance(value, Mapping):
        return {str(key): _hidden(item) for key, item in value.items()}
    if isinstance(value, str):
        return value if is_reference(value) else HIDDEN
    return value if isinstance(value, (bool, int, float)) else HIDDEN


def _without_users(value: Any) -> Any:
    """Hide names and passwords in URLs."""
    if isinstance(value, dict):
        return {key: _without_users(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_without_users(item) for item in value]
    return _USER_OF_URL.sub(HIDDEN, value) if isinstance(value, str) else value
