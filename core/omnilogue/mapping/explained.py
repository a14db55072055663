"""What happens to what is lost, in a sentence per kind and action: the table of the documentation."""

from __future__ import annotations

from collections.abc import Mapping

from ..model import LossKind
from .losses import Action

EXPLAINED: Mapping[LossKind, Mapping[Action, str]] = {
    "id": {
        "mapped": "The target gives ids of its own; the old one is kept in the marker.",
        "dropped": "The target gives ids of its own and has no metadata for a marker (the copy's map of ids has both), "
        "or it keeps no ids of runs.",
    },
    "time": {
        "mapped": "The target sets its own times; the old one is kept in the marker.",
        "dropped": "The target sets its own times and has no metadata for a marker.",
    },
    "usage": {"dropped": "The target does not keep how many tokens a message took."},
    "metadata": {
        "mapped": "The pair of a conversation is kept in the state, not at the vendor.",
        "dropped": "The target keeps no metadata, the pair is one too many or too long, or its key is reserved.",
    },
    "model": {
        "mapped": "The model of a conversation is kept in the state, not at the vendor.",
        "dropped": "The target does not keep the model, or the name means nothing at another provider.",
    },
    "status": {"dropped": "The target does not keep that a message is partial or failed."},
    "pinned": {"dropped": "The target pins nothing."},
    "title": {
        "mapped": "The title is kept in the state, not at the vendor.",
        "flattened": "The title is cut to the length the target takes.",
        "placeholder": "Halves of surrogate pairs in the title become U+FFFD.",
        "dropped": "The target keeps no title.",
    },
    "vendor_fields": {"dropped": "What the vendor told besides (`raw`) is kept only by archives."},
    "reasoning": {"dropped": "The target does not keep what a model thought."},
    "citation": {"dropped": "The target keeps no citations, or the text they point into was cut."},
    "text": {
        "flattened": "Messages of one role that follow each other become one, with a blank line between.",
        "placeholder": "A message without text becomes `[no text]`; halves of surrogate pairs become U+FFFD.",
        "dropped": "The text is cut to the length the target takes; a note at its end counts the missing bytes.",
    },
    "role": {
        "mapped": "A developer's message becomes a system message.",
        "flattened": "The target lacks the role: system, developer and unknown roles become user, tool assistant.",
    },
    "part": {"placeholder": "A part of an unknown kind becomes its name in brackets."},
    "attachment": {"placeholder": "An image, recording or file becomes a line such as `[file: notes.pdf]`."},
    "tool_call": {"flattened": "A call of a tool and its result become text."},
    "instructions": {
        "mapped": "The instructions are kept in the state and go with each run.",
        "placeholder": "Halves of surrogate pairs in the instructions become U+FFFD.",
        "dropped": "The target keeps no instructions, or takes none with a run: they are kept and nothing heeds them.",
    },
    "branch": {"dropped": "The target keeps one branch; messages on the others are left out."},
    "order": {
        "flattened": "The message comes elsewhere than its time puts it.",
        "placeholder": "An answer without a question gets the question `[no question]`.",
    },
    "filtered": {"dropped": "An option of the copy left the message out."},
    "generation": {
        "flattened": "The target makes an answer, which costs a generation and is then rewritten.",
        "placeholder": "The target makes an answer to a question that had none; it is rewritten to `[no reply]`.",
    },
}
"""By kind and action; a provider whose operations are declared lossy may cause further ones, `flattened`."""
