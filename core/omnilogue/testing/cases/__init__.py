"""All cases, in the order they are played."""

from ..case import Case
from . import (
    appending,
    changing,
    contract,
    conversations,
    listing,
    messages,
    metadata,
    parts,
    streaming,
    talking,
    texts,
    tools,
    unknown,
)

CASES: tuple[Case, ...] = tuple(
    found
    for module in (
        contract,
        conversations,
        listing,
        messages,
        appending,
        texts,
        changing,
        metadata,
        talking,
        streaming,
        parts,
        tools,
        unknown,
    )
    for found in module.CASES
)

__all__ = ["CASES"]
