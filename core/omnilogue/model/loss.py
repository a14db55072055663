"""Losses: what does not survive an operation or a copy."""

from __future__ import annotations

from typing import Literal, TypeAlias, get_args

LossClass: TypeAlias = Literal["inherent", "metadata", "content"]

InherentLoss: TypeAlias = Literal["id", "time", "usage"]
MetadataLoss: TypeAlias = Literal[
    "metadata", "model", "status", "pinned", "title", "vendor_fields", "reasoning", "citation"
]
ContentLoss: TypeAlias = Literal[
    "text",
    "role",
    "part",
    "attachment",
    "tool_call",
    "instructions",
    "branch",
    "order",
    "filtered",
    "generation",
]
LossKind: TypeAlias = InherentLoss | MetadataLoss | ContentLoss

LOSS_CLASSES: dict[str, LossClass] = {
    **dict.fromkeys(get_args(InherentLoss), "inherent"),
    **dict.fromkeys(get_args(MetadataLoss), "metadata"),
    **dict.fromkeys(get_args(ContentLoss), "content"),
}
"""Every kind of loss and its class; inherent ones are reported and never need consent."""
