"""The error tree: one line each, nothing secret inside, and whole after every journey."""

import copy
import json
import pickle
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omnilogue import errors
from omnilogue.errors import BY_CODE, VENDOR_TEXT_LIMIT, OmnilogueError, Outcome, RateLimitError, UnavailableError
from omnilogue.log import forget_secret, remember_secret
from omnilogue.model import Message, Reply

CLASSES = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, OmnilogueError)]

EVERYTHING: dict[str, Any] = {
    "provider": "acme",
    "operation": "send",
    "endpoint": "POST https://acme.example/x/{id}",
    "http_status": 429,
    "vendor_code": "1002",
    "vendor_message": "slow down",
    "request_id": "r-1",
    "retry_after": 1.5,
    "outcome": "rejected",
    "retryable": True,
    "attempts": 3,
    "elapsed": 0.5,
    "partial": Reply(messages=(Message.assistant("so far"),)),
    "hint": "wait",
    "losses": ("id",),
}


@pytest.mark.parametrize("kind", CLASSES)
def test_every_attribute_is_there_with_an_empty_default(kind: type[OmnilogueError]) -> None:
    error = kind("what happened")

    assert error.code == kind.codes[0]
    assert {name: bool(getattr(error, name)) for name in EVERYTHING} == dict.fromkeys(EVERYTHING, False)
    assert (str(error), error.message, error.args) == ("what happened",) * 2 + (("what happened",),)


def test_every_code_belongs_to_one_class() -> None:
    codes = [code for kind in CLASSES for code in kind.codes]

    assert len(codes) == len(set(codes))
    assert set(BY_CODE) == set(codes)
    assert all(code in BY_CODE[code].codes for code in codes)


def test_the_tree_is_as_it_is_drawn() -> None:
    drawn = errors.__doc__ or ""

    for kind in CLASSES[1:]:
        line = next(line for line in drawn.splitlines() if f"- {kind.__name__} " in line)
        assert line.split(kind.__name__)[1].split(";")[0].strip() == ", ".join(kind.codes)
        expected = 3 * (len(kind.__mro__) - len(OmnilogueError.__mro__) - 1)
        assert line.index("- ") - 1 == expected


@pytest.mark.parametrize("outcome", [None, "not_sent", "rejected", "unknown", "applied"])
def test_it_is_safe_to_repeat_only_what_did_not_happen(outcome: Any) -> None:
    assert OmnilogueError("x", outcome=outcome).is_safe_to_retry is (outcome in {"not_sent", "rejected"})


@pytest.mark.parametrize("kind", CLASSES)
@pytest.mark.parametrize("travel", [copy.copy, copy.deepcopy, lambda error: pickle.loads(pickle.dumps(error))])
def test_it_is_whole_after_a_journey(kind: type[OmnilogueError], travel: Any) -> None:
    error = kind("what happened", code=kind.codes[-1], **EVERYTHING)
    error.add_note("a note")

    arrived = travel(error)

    assert type(arrived) is kind
    assert vars(arrived) == vars(error)
    assert (str(arrived), arrived.args) == (str(error), error.args)


def test_the_machine_form_has_the_documented_keys() -> None:
    document = RateLimitError("what happened", **EVERYTHING).to_dict()

    assert json.loads(json.dumps(document)) == {
        "code": "rate_limit",
        "message": "what happened",
        "provider": "acme",
        "operation": "send",
        "http_status": 429,
        "vendor_code": "1002",
        "request_id": "r-1",
        "retryable": True,
        "outcome": "rejected",
        "retry_after": 1.5,
        "attempts": 3,
        "hint": "wait",
    }


def test_a_hint_follows_in_brackets() -> None:
    assert str(OmnilogueError("what happened", hint="what to do")) == "what happened (what to do)"


@given(st.text(st.characters()), st.text(st.characters()), st.text(st.characters()))
def test_any_text_becomes_one_line_that_can_be_encoded(message: str, hint: str, said: str) -> None:
    error = OmnilogueError(message, hint=hint, vendor_message=said, request_id=said)

    for text in (str(error), error.vendor_message, error.request_id or ""):
        assert len(text.splitlines()) <= 1
        assert text.encode("utf-8") is not None
        assert not any(character in text for character in "\x1b\x00\x9b\u202e\u2066")


def test_a_vendors_text_is_kept_short() -> None:
    assert len(OmnilogueError("x", vendor_message="y" * 10_000).vendor_message) == VENDOR_TEXT_LIMIT


def test_a_known_secret_is_in_none_of_its_texts() -> None:
    remember_secret("k-errors-0123456789")
    texts = dict.fromkeys(["hint", "vendor_message", "request_id"], "see k-errors-0123456789 here")

    error = OmnilogueError("see k-errors-0123456789", **texts)  # type: ignore[arg-type]

    forget_secret("k-errors-0123456789")
    assert "k-errors" not in repr(vars(error)) + str(error) + repr(error) + repr(pickle.dumps(error))


@pytest.mark.parametrize(
    ("operation", "outcome", "safe"),
    [
        ("list_messages", None, True),
        ("send", None, False),
        ("send", "rejected", True),
        ("send", "not_sent", True),
        ("send", "unknown", False),
        ("send", "applied", False),
    ],
)
def test_repeating_is_safe_for_reads_and_for_writes_that_changed_nothing(
    operation: str, outcome: Outcome | None, safe: bool
) -> None:
    error = UnavailableError("down", operation=operation, outcome=outcome)

    assert error.is_safe_to_retry is safe
