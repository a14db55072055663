"""Grades, operations and kinds of loss."""

from typing import get_args

import pytest

from omnilogue.model import LOSS_CLASSES, OPERATIONS, Grade, LossClass


def test_grades_are_ordered_from_the_best() -> None:
    assert [grade.rank for grade in (Grade.NATIVE, Grade.EMULATED, Grade.LOSSY, Grade.UNSUPPORTED)] == [0, 1, 2, 3]


@pytest.mark.parametrize("word", ["native", "emulated", "lossy", "unsupported"])
def test_a_grade_equals_its_word(word: str) -> None:
    assert Grade(word) == word
    assert str(Grade(word)) == word


def test_operations_are_named_once() -> None:
    assert len(OPERATIONS) == len(set(OPERATIONS)) == 26


@pytest.mark.parametrize(("kind", "loss_class"), [("id", "inherent"), ("title", "metadata"), ("text", "content")])
def test_every_kind_of_loss_has_its_class(kind: str, loss_class: str) -> None:
    assert LOSS_CLASSES[kind] == loss_class
    assert set(LOSS_CLASSES.values()) == set(get_args(LossClass))
