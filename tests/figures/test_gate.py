import math

import pytest

from bncourse.figures.gate import Choice, Explanation, Number, Prediction

QUESTIONS = (
    Number("size", "How large?"),
    Choice("way", "Which way?", ("up", "down")),
)


@pytest.fixture
def answers():
    return []


@pytest.fixture
def gate(answers):
    return Prediction(QUESTIONS, answers.append)


def fill(gate, size, way="down"):
    gate.fields["size"].value, gate.fields["way"].value = size, way


def test_nothing_is_chosen_beforehand(gate):
    assert gate.fields["size"].value == ""
    assert gate.fields["way"].value is None


@pytest.mark.parametrize(("size", "way"), [("", "up"), ("  ", "up"), ("3", None), ("", None)])
def test_a_blank_prediction_gets_a_gentle_message(gate, answers, size, way):
    fill(gate, size, way)
    gate.button.click()
    assert answers == []
    assert "Not everything is answered" in gate.message.value
    assert 'role="status"' in gate.message.value
    assert not gate.button.disabled


@pytest.mark.parametrize("size", ["many", "1..2", "nan", "<b>"])
def test_what_is_no_number_is_asked_for_again(gate, answers, size):
    fill(gate, size)
    assert not gate.lock()
    assert answers == []
    assert "should be a number" in gate.message.value
    assert "<b>" not in gate.message.value


@pytest.mark.parametrize(
    ("typed", "number"),
    [("20", 20), (" -1.5 ", -1.5), ("85 %", 85), ("1e3", 1000), ("1/2", 0.5), ("inf", math.inf)],
)
def test_locking_in_hands_over_the_answers_once(gate, answers, typed, number):
    fill(gate, typed)
    gate.button.click()
    assert answers == [{"size": number, "way": "down"}]
    assert gate.button.disabled and all(field.disabled for field in gate.fields.values())


def test_enter_in_the_number_box_locks_in(gate, answers):
    fill(gate, "7", "up")
    gate.fields["size"]._handle_custom_msg({"event": "submit"}, [])
    gate.fields["size"]._handle_custom_msg({"event": "submit"}, [])
    assert answers == [{"size": 7, "way": "up"}]


def test_a_gap_in_the_prediction_can_be_filled_later(gate, answers):
    assert not gate.lock()
    fill(gate, "1")
    assert gate.lock()
    assert len(answers) == 1


def test_an_explanation_is_kept_and_a_blank_one_is_not():
    kept = []
    explanation = Explanation("Why?", kept.append)
    explanation.button.click()
    assert kept == [] and "Nothing is written" in explanation.message.value
    explanation.text.value = " because of the sd \n"
    explanation.button.click()
    assert kept == ["because of the sd"] and "Kept" in explanation.message.value
