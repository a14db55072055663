"""Files in and out: the formats that come with Omnilogue, and what reads a remote into them and back."""

from collections.abc import Iterable

from omnilogue.provider import Format, hookimpl

OMNILOGUE_HOOKS = 1


@hookimpl
def omnilogue_formats() -> Iterable[Format]:
    """Give the formats of this package."""
    from . import jsonl, markdown

    return [jsonl.JSONL, markdown.MARKDOWN]
