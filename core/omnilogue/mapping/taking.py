"""What a target takes: which role becomes which, by which row, and what that row keeps."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache

from pydantic import JsonValue

from ..model import Grade
from ..provider import Feature, Features, native
from ..remote.grades import ROLE_ROWS, text_limit

INSTEAD = {"system": ("user",), "developer": ("system", "user"), "tool": ("assistant", "user"), "assistant": ("user",)}
"""The roles that a message may have where its own is not taken, the best first; any other becomes `user`."""


@dataclass(frozen=True, slots=True)
class CopyOptions:
    """What a copy was asked for that changes content.

    `roles` are the only ones to be copied (None: all; `other:*` stands for any word of a vendor), `add_metadata`
    goes to each conversation and message. With `keeps_origin` the caller tells in the origin of each message where
    it is from; without, ids and times are dropped, and an origin is that of an earlier copy. Where it `is_compared`
    afterwards, a file that could not be is not stored. `downloads`: files that the source only names are fetched.
    Where the `source_answers` its models are its own, wherever a conversation came from before.
    """

    roles: frozenset[str] | None = None
    add_metadata: dict[str, JsonValue] = field(default_factory=dict)
    source_provider: str = ""
    target_provider: str = ""
    keeps_origin: bool = True
    is_compared: bool = True
    downloads: bool = False
    source_answers: bool = False

    @property
    def is_foreign(self) -> bool:
        """Whether the target is of another provider than the source."""
        return self.source_provider != self.target_provider


def has(features: Features, operation: str) -> bool:
    """Whether the target can do this at all."""
    return features[operation].grade is not Grade.UNSUPPORTED


def answers(features: Features) -> bool:
    """Whether the vendor makes answers, so that names of models mean something to it."""
    return has(features, "send") or has(features, "stream")


def generates(features: Features) -> bool:
    """Whether the target stores nothing without answering it, and what it stored can be rewritten."""
    return not has(features, "append_user") and has(features, "send") and has(features, "edit_message")


def is_asked_for(role: str, roles: frozenset[str] | None) -> bool:
    """Whether messages of this role are to be copied."""
    return roles is None or role in roles or (role.startswith("other:") and "other:*" in roles)


def role_on(features: Features, role: str) -> str:
    """Give the role a message gets on the target; its own where the target takes none at all."""
    if _takes_role(features, role):
        return role
    return next((other for other in INSTEAD.get(role, ("user",)) if _takes_role(features, other)), role)


def _takes_role(features: Features, role: str) -> bool:
    if generates(features):
        return role in {"user", "assistant"}
    named = features.append_user.limits.roles or ()
    if role == "developer" and role not in named:
        return False
    if operation := ROLE_ROWS.get(role):
        return has(features, operation)
    return has(features, "append_user") and (role in named or (role.startswith("other:") and "other:*" in named))


def row_for(features: Features, role: str) -> Feature:
    """Give the row by which a message of a role that is taken gets there."""
    if generates(features):
        return _plain_row(min(text_limit(features.send), text_limit(features.edit_message)))
    return features[ROLE_ROWS.get(role, "append_user")]


@lru_cache(maxsize=16)
def _plain_row(text_bytes: int) -> Feature:
    """A turn that is sent and then rewritten is plain text, and nothing else of a message is kept."""
    return native(parts=("text",), fields=(), text_bytes=text_bytes)


def keeps(row: Feature, name: str) -> bool:
    """Whether a field is kept by what this row does."""
    return row.limits.fields is None or name in row.limits.fields
