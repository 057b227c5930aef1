"""The forms in the notebook, driven without a kernel."""

import importlib

import ipywidgets
import pytest

from bncourse.ask import FormQuestion, LinesQuestion, ask
from bncourse.grading import progress
from bncourse.grading.form import Form
from bncourse.grading.learner import personal_seed
from bncourse.registry import all_tasks, find

FORMS = [t for t in all_tasks().values() if isinstance(t.form, Form)]


@pytest.fixture
def shown(monkeypatch):
    out = []
    monkeypatch.setattr(importlib.import_module("bncourse.ask"), "display", out.append)
    return out


def fill(question, values):
    for name, value in values.items():
        box, _ = question.inputs[name]
        target = box if isinstance(box, ipywidgets.Text) else box.children[1]
        target.value = str(value) if isinstance(target, ipywidgets.Text) else value


@pytest.mark.parametrize("task", FORMS, ids=lambda t: t.id)
def test_a_form_takes_the_right_answer_and_shows_the_line_to_keep(task):
    from bncourse.authoring.proof import typed_form

    progress.use_learner("ada")
    question = FormQuestion(task)
    case = task.draw(personal_seed("ada", task.id))[0]
    fill(question, typed_form(task, task.reference(*case.args)))
    question.button.click()
    assert ("recorded" if task.recorded else "correct") in question.verdict.value
    line = question.line.value
    assert f"{task.entry} = {{" in line
    assert progress.latest("check", task.id) is not None


def test_an_empty_form_is_not_started():
    question = FormQuestion(find("3.1"))
    question.button.click()
    assert "not started" in question.verdict.value


def test_a_wrong_form_says_what_it_looks_like():
    progress.use_learner("ada")
    task = find("3.1")
    x = task.draw(personal_seed("ada", "3.1"))[0].args[0]["x"]
    question = FormQuestion(task)
    fill(question, {"mean": x.mean(), "variance": x.var(ddof=1)})
    question.button.click()
    assert "N − 1" in question.verdict.value


def test_lines_are_added_by_buttons_or_by_typing():
    question = LinesQuestion(find("3.2"))
    for name in "KDHECA":
        next(b for b in question.lines if b.tooltip == f"Add line {name}").click()
    assert question.order.value == "K D H E C A"
    assert "if training:" in question.preview.value
    question.button.click()
    assert "correct" in question.verdict.value
    assert question.line.value == "step_order = 'K D H E C A'"
    assert question.keep.layout.display is None
    question._take_back()
    assert question.order.value == "K D H E C"
    assert question.verdict.value == "" and question.keep.layout.display == "none"
    question.order.value = "kdheca"
    assert "if training:" in question.preview.value
    question.order.value = "K Q"
    assert "no line Q" in question.preview.value
    question.order.value = "k d g e c a"
    question.button.click()
    assert "newest batch" in question.verdict.value


def test_a_question_is_asked_with_the_learners_own_numbers(shown):
    scope = {"ask": ask, "learner": "ada"}
    exec('ask("3.1")', scope)
    x = find("3.1").draw(personal_seed("ada", "3.1"))[0].args[0]["x"]
    assert ", ".join(f"{v:g}" for v in x) in shown[0].data
    assert isinstance(shown[1], FormQuestion)


@pytest.mark.parametrize("task", [t for t in all_tasks().values() if t.form], ids=lambda t: t.id)
def test_every_question_can_be_asked(task, shown):
    exec(f'ask("{task.id}")', {"ask": ask, "learner": "ada"})
    assert len(shown) == 2


def test_a_function_is_not_asked_in_a_form():
    with pytest.raises(ValueError, match=r"check\(batchnorm_forward\)"):
        ask("3.3")


def test_the_table_of_gradients_shows_one_idle_parameter():
    task = find("3.4")
    text = task.form.question(task.draw(5)[0].args[0])
    sizes = [float(row.split("|")[2]) for row in text.splitlines() if row.startswith("| (")]
    assert len(sizes) == 6
    assert sum(size < 1e-12 for size in sizes) == 1 and sum(size > 1e-3 for size in sizes) == 5


def test_numbers_of_nobody_in_particular_say_so(shown):
    exec('ask("3.1")', {"ask": ask, "learner": " "})
    assert "anybody's numbers" in shown[1].data
