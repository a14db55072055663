"""Messages become pairs for a target that answers whatever it is told."""

from collections.abc import Iterator

import pytest

from omnilogue.mapping.expected import CopyOptions
from omnilogue.mapping.turns import Turns, WantedTurn, generates, turns
from omnilogue.migrate.digest import digest
from omnilogue.model import FilePart, Message, TextPart
from omnilogue.provider import Features, native, unsupported

TARGET = Features(send=native(text_bytes=60), edit_message=native())


def of(*lines: str) -> list[Message]:
    """Make messages of lines such as `user: hi`."""
    return [Message.of(role, text) for role, text in (line.split(": ", 1) for line in lines)]


def pairs(*lines: str) -> list[tuple[str, str]]:
    return [(turn.user.text, turn.assistant.text) for turn in turns(of(*lines), TARGET)]


def told(turn: WantedTurn) -> list[tuple[str, str]]:
    return [(item.kind, item.action) for item in turn.losses if item.is_lost]


def test_it_is_about_targets_that_store_nothing_without_answering() -> None:
    assert generates(TARGET)
    assert not generates(TARGET.replace(append_user=native()))
    assert not generates(TARGET.replace(edit_message=unsupported()))
    assert not generates(TARGET.replace(send=unsupported()))


def test_a_question_and_its_answer_are_a_pair_that_costs_a_generation() -> None:
    first, second = turns(of("user: a", "assistant: b", "user: c", "assistant: d"), TARGET)

    assert (first.user, first.assistant) == (Message.user("a"), Message.assistant("b"))
    assert (second.user_sources, second.assistant_sources) == ((2,), (3,))
    assert told(first) == [("generation", "flattened")]
    assert digest(first.user) == digest(Message.user("a"))


def test_messages_of_one_role_are_joined() -> None:
    (turn,) = turns(of("user: a", "user: b", "assistant: c", "assistant: d"), TARGET)

    assert (turn.user.text, turn.assistant.text) == ("a\n\nb", "c\n\nd")
    assert (turn.user_sources, turn.assistant_sources) == ((0, 1), (2, 3))
    assert told(turn) == [("text", "flattened"), ("text", "flattened"), ("generation", "flattened")]


def test_system_text_stands_before_the_question() -> None:
    (turn,) = turns(of("system: Be brief.", "user: a", "assistant: b"), TARGET)

    assert turn.user.text == "Be brief.\n\na"
    assert ("role", "flattened") in told(turn)


def test_an_answer_without_a_question_gets_one() -> None:
    first, second = turns(of("assistant: Welcome!", "user: a", "assistant: b"), TARGET)

    assert (first.user.text, first.user_sources, first.assistant_sources) == ("[no question]", (), (0,))
    assert ("order", "placeholder") in told(first)
    assert told(second) == [("generation", "flattened")]


def test_a_question_without_an_answer_gets_one() -> None:
    (turn,) = turns(of("user: a"), TARGET)

    assert (turn.assistant.text, turn.assistant_sources) == ("[no reply]", ())
    assert told(turn) == [("generation", "placeholder")]


def test_joined_text_is_cut_to_what_the_target_takes() -> None:
    (turn,) = turns(of(f"user: {'a' * 50}", f"user: {'b' * 50}", "assistant: c"), TARGET)

    assert len(turn.user.text.encode()) <= 60
    assert ("text", "dropped") in told(turn)


def test_a_file_is_named() -> None:
    (turn,) = turns([Message(role="user", parts=(TextPart(text="Read"), FilePart(name="a.pdf")))], TARGET)

    assert turn.user.text == "Read\n[file: a.pdf]"
    assert ("attachment", "placeholder") in told(turn)


def test_what_is_left_out_is_in_no_pair() -> None:
    options = CopyOptions(roles=frozenset({"user", "assistant"}))

    (turn,) = turns(of("system: s", "user: a", "assistant: b", "tool: t"), TARGET, options)
    assert (turn.user.text, turn.assistant.text) == ("a", "b")
    assert (turn.user_sources, turn.assistant_sources) == ((0,), (1,))
    assert told(turn) == [("generation", "flattened")]


def test_messages_of_two_pairs_that_are_there_already_stay_apart() -> None:
    made = Turns(TARGET)

    assert made.add(Message.user("a"), number=0) is None
    first = made.add(Message.assistant("b"), number=1)
    second = made.add(Message.user("c"))
    assert first is not None
    assert (first.user.text, first.assistant.text) == ("a", "[no reply]")
    assert second is not None
    assert (second.user.text, second.assistant.text) == ("[no question]", "b")
    assert made.end() is not None


def test_pairs_come_as_the_messages_come() -> None:
    taken: list[int] = []

    def endless() -> Iterator[Message]:
        for number in range(10**9):
            taken.append(number)
            yield Message.of(("user", "assistant")[number % 2], str(number))

    made = turns(endless(), TARGET)
    assert [next(made).user.text, next(made).user.text] == ["0", "2"]
    assert len(taken) == 5


@pytest.mark.parametrize("lines", [(), ("user: a", "assistant: b"), ("assistant: a", "assistant: b", "user: c")])
def test_copying_the_pairs_again_changes_nothing(lines: tuple[str, ...]) -> None:
    once = list(turns(of(*lines), TARGET))

    again = turns([side for turn in once for side in (turn.user, turn.assistant)], TARGET)
    assert [(turn.user, turn.assistant) for turn in again] == [(turn.user, turn.assistant) for turn in once]
