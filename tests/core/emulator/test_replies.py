import pytest

from omnilogue.emulator import DeterministicModel, split_pieces


def test_an_answer_depends_on_the_question_and_on_how_many_came_before() -> None:
    model = DeterministicModel()

    assert model.generate("hello").text == "Answer 1 to: hello"
    assert model.generate("hello").text == "Answer 2 to: hello"


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("one two  three", ["one ", "two  ", "three"]),
        ("你好\uff0cok 吗", ["你", "好", "\uff0c", "ok ", "吗"]),
        (" led by space", [" ", "led ", "by ", "space"]),
        ("👩‍👩‍👧 \U0001f600x\n\n¦", ["👩‍👩‍👧 ", "\U0001f600x\n\n", "¦"]),
        ("", []),
    ],
)
def test_a_text_is_cut_by_words_with_their_spaces_and_chinese_by_character(text: str, pieces: list[str]) -> None:
    assert split_pieces(text) == pieces
    assert "".join(pieces) == text


def test_an_answer_is_cut_when_fewer_pieces_are_allowed_than_it_has() -> None:
    model = DeterministicModel()

    cut = model.generate("hello", limit=2)
    whole = model.generate("hello", limit=4)

    assert (cut.text, cut.finish) == ("Answer 1 ", "length")
    assert (whole.text, whole.finish) == ("Answer 2 to: hello", "stop")


def test_the_filter_refuses_a_text_with_its_marker() -> None:
    refused = DeterministicModel().generate("say [filtered] please")

    assert (refused.text, refused.finish) == ("", "filtered")
