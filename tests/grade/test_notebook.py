"""One notebook graded: credit, reasons, notes and flags."""

import time
from dataclasses import replace

import numpy as np
import pytest

from bncourse.authoring.proof import right_answers, wrong_answers
from bncourse.grade.exercise import exercises, points, tasks_of
from bncourse.grade.notebook import Grader, Submitted, _of_a_form
from bncourse.grade.prepared import personal, prepare, run_seed_for
from bncourse.grading.asked import from_data, to_data
from bncourse.grading.outcome import Outcome
from bncourse.grading.run_local import run_cases
from bncourse.grading.sandbox.box import Sandbox
from bncourse.grading.verdict import Status
from bncourse.registry import all_tasks, find
from tests.grade.conftest import NAME, code_cells, data, defines, notebook, with_answers


@pytest.fixture(scope="module")
def grader():
    with Sandbox(2.0) as box:
        yield Grader(box, "a run", {"bncourse": "0"})


def grade(grader, content, **changes):
    made = dict(learner="ada", name="Ada", exercise=NAME, source="x.ipynb", fingerprint="f")
    return grader.grade(Submitted(**(made | changes), data=content))


def statuses(result):
    return {t.verdict.task: t.verdict.status for t in result.tasks}


@pytest.mark.parametrize("name", exercises())
def test_the_solution_has_all_points(grader, name):
    result = grade(grader, data(notebook(name=name)), exercise=name)
    assert result.score == result.out_of == sum(points(t) for t in tasks_of(name))
    assert result.notes == () and result.flags == () and result.failure == ""
    assert result.tier == grader.box.tier and result.personal == "solution"
    assert set(statuses(result).values()) == {Status.CORRECT}


@pytest.mark.parametrize("name", exercises())
def test_the_untouched_exercise_has_none_and_says_so_gently(grader, name):
    result = grade(grader, data(notebook("exercises", name)), exercise=name)
    assert result.score == 0 and set(statuses(result).values()) == {Status.NOT_STARTED}
    nameless = "The notebook has no name in `learner`: its forms were marked with nobody's numbers."
    assert result.notes == (nameless,) * any(t.personal for t in tasks_of(name))


ODD = {
    "01_mini_batches": {
        # Batches without end, and a driver that is replaced where the learner's code runs.
        "minibatch_indices": "def minibatch_indices(n, batch_size, rng, drop_last=False):\n"
        "    while True:\n        yield np.arange(1000)",
        "batch_gradients": "import sys\n"
        "for module in list(sys.modules.values()):\n"
        "    if hasattr(module, '_joined'):\n"
        "        module._joined = lambda batches: np.arange(12)\n"
        "def batch_gradients(X, y, w, batches):\n    return np.full(3, 1j), np.full(9, np.nan)",
    },
    "02_input_normalisation": {
        "fit_standardizer": "def fit_standardizer(X):\n    return np.zeros((9, 9)), np.zeros(1)",
        "apply_standardizer": "apply_standardizer = type('C', (), {'__call__': 3})()",
        "predict_test": "def predict_test(X, y, n_train):\n    return X, y, 'all right'",
        "whiten": "def whiten(X, eps):\n"
        "    return np.full(X.shape, np.inf), np.full((X.shape[1],) * 2, np.nan)",
    },
}


@pytest.mark.parametrize("name", ODD)
def test_odd_answers_get_a_verdict_and_no_credit(grader, name):
    book = with_answers(ODD[name], notebook("exercises", name))
    result = grade(grader, data(book), exercise=name)
    assert result.score == 0 and result.failure == ""
    told = {t.verdict.task: t.verdict for t in result.tasks}
    for task in tasks_of(name):
        if task.entry in ODD[name]:
            assert told[task.id].status is not Status.CORRECT and told[task.id].seen


def test_a_misconception_is_named_and_the_rest_keeps_its_credit(grader):
    book = with_answers(
        {"undo_bn": "def undo_bn(x, eps):\n    return x.std(axis=0), x.mean(axis=0)"}, notebook()
    )
    result = grade(grader, data(book))
    wrong = next(t for t in result.tasks if t.verdict.task == "3.5")
    assert wrong.verdict.status is Status.NAMED and wrong.verdict.looks_like
    assert wrong.verdict.seed == run_seed_for("a run", "3.5")
    assert result.score == result.out_of - 1


def test_forms_are_marked_with_the_numbers_of_the_name_in_the_notebook(grader, solution):
    other = with_answers({"learner": 'learner = "somebody else"'}, notebook())
    result = grade(grader, data(other))
    assert result.personal == "somebody else"
    assert statuses(result)["3.3"] is Status.CORRECT
    assert statuses(result)["3.1"] is not Status.CORRECT


def test_a_cell_that_stops_before_the_answer_is_the_reason(grader):
    book = with_answers({"undo_bn": "import nowhere\ndef undo_bn(x, eps):\n    return x, x"})
    verdict = grade(grader, data(book)).tasks[4].verdict
    assert verdict.task == "3.5" and verdict.status is Status.ERROR
    assert verdict.seen[0] == "the cell that defines undo_bn stopped:"
    assert "ModuleNotFoundError: No module named 'nowhere'" in verdict.seen


def test_a_renamed_function_is_asked_after(grader):
    book = with_answers({"undo_bn": "def undo(x, eps):\n    return x, x"})
    verdict = grade(grader, data(book)).tasks[4].verdict
    assert verdict.status is Status.NOT_STARTED and "renamed" in verdict.notes[0]


def test_two_definitions_are_noted_and_the_last_counts(grader):
    book = notebook()
    book["cells"].append({"cell_type": "code", "source": "def undo_bn(x, eps):\n    return x, x"})
    result = grade(grader, data(book))
    assert "undo_bn is defined in several cells; the last one counts." in result.notes
    assert statuses(result)["3.5"] is not Status.CORRECT


def test_what_cannot_be_read_has_a_score_and_a_reason(grader):
    result = grade(grader, b"")
    assert result.score == 0 and result.out_of == 6 and result.failure and result.tier == ""


def test_a_shortcut_is_refused_and_flagged_for_the_instructor(grader):
    book = with_answers({
        "batchnorm_forward": "from bncourse.layers.batch_norm import batchnorm_forward"
    })  # fmt: skip
    result = grade(grader, data(book))
    assert result.flags == ("imports bncourse.layers",)
    assert statuses(result)["3.3"] is Status.NOT_STARTED and result.score == 0


def test_speaking_of_torchs_internals_is_flagged(grader):
    book = with_answers({"learner": "import torch\nlearner = 'x'\n", "undo_bn": "torch._C"})
    assert any("torch._C" in flag for flag in grade(grader, data(book)).flags)


def test_an_error_of_the_judge_is_no_error_of_the_grader(grader, solution, monkeypatch):
    def broken(*_args):
        raise ZeroDivisionError

    monkeypatch.setattr("bncourse.grade.notebook.judge", broken)
    result = grade(grader, solution)
    assert set(statuses(result).values()) == {Status.UNREADABLE} and result.score == 0


@pytest.mark.parametrize(
    "task", [t for t in all_tasks().values() if not t.recorded], ids=lambda t: t.id
)
def test_every_task_can_be_asked_without_its_answers(task):
    asked = replace(from_data(to_data(task)), oracle=task.oracle)
    assert (asked.entry, asked.outputs, asked.params) == (task.entry, task.outputs, task.params)
    cases = task.draw(5)
    for answer in dict(right_answers(task, cases)).values():
        here, there = run_cases(task, answer, cases), run_cases(asked, answer, cases)
        for one, other in zip(here, there, strict=True):
            assert one.failure == other.failure
            mine, theirs = one.values or {}, other.values or {}
            assert mine.keys() == theirs.keys()
            for name, value in mine.items():
                assert np.array_equal(value, theirs[name], equal_nan=True)


@pytest.mark.parametrize(
    "task", [t for t in all_tasks().values() if not t.recorded], ids=lambda t: t.id
)
def test_remembering_changes_no_verdict(task):
    from bncourse.grading.judge import judge

    ready = prepare(task, 11)
    ready = personal(ready, "ada") if task.personal else ready
    for _key, answer in wrong_answers(task, ready.cases):
        outcomes = run_cases(task, answer, ready.cases)
        plain = judge(task, ready.cases, outcomes, ready.seed)
        assert judge(ready.task, ready.cases, outcomes, ready.seed) == plain


FORGED = {
    "text of numbers": {"mean": np.zeros(3)},
    "missing": {},
    "not there": "another",
    "infinite": {"mean": np.array(-np.inf)},
    "complex": {"mean": np.array(1j)},
    "small": {"mean": np.array(1.0, "f4")},
    "true": {"mean": np.array(True)},
    "empty": {"mean": np.zeros(0)},
}


@pytest.mark.parametrize("how", FORGED)
def test_forged_forms_are_unreadable(how):
    task = find("3.1")
    values = {name: np.array(1.0) for name in task.form.names}
    change = FORGED[how]
    values = {"other": np.array(1.0)} if change == "another" else values | change
    if how == "missing":
        del values["mean"]
    outcome = _of_a_form(task, Outcome(values))
    assert outcome.values is None and outcome.failure.kind == "form"


def test_an_entry_that_cannot_be_read_costs_its_own_field_alone(grader):
    book = notebook()
    (cell,) = [c for c in code_cells(book) if defines("by_hand", "".join(c["source"]))]
    slips = 'by_hand |= {"mean": "1..5", "nowhere": 3, "confidence": "very"}'
    cell["source"] = "".join(cell["source"]) + "\n" + slips
    result = grade(grader, data(book))
    (found,) = [t.verdict for t in result.tasks if t.verdict.task == "3.1"]
    assert found.status is Status.UNFINISHED and found.failed == ("mean",)
    assert 'mean: the entry cannot be read; check("3.1") in the notebook says why' in found.seen
    assert found.credit == pytest.approx(len(found.passed) / (len(found.passed) + 1))
    assert result.failure == "" and len(found.passed) == len(find("3.1").form.names) - 1


def test_a_choice_that_there_is_not_is_unreadable():
    task = find("3.4")
    values = {name: np.array(np.nan) for name in task.form.names}
    assert _of_a_form(task, Outcome(values)).values is not None
    for wrong in (99.0, -1.0, 0.5):
        forged = values | {"idle": np.array(wrong)}
        assert _of_a_form(task, Outcome(forged)).failure.kind == "form"


def test_judging_has_a_time_limit(grader, solution, monkeypatch):
    def endless(*_args):
        while True:
            time.sleep(0.01)

    monkeypatch.setattr("bncourse.grade.notebook.JUDGING", 0.2)
    monkeypatch.setattr("bncourse.grade.notebook.judge", endless)
    result = grade(grader, solution)
    assert result.score == 0 and set(statuses(result).values()) == {Status.UNREADABLE}
    assert "could not be compared within 0.2 seconds" in result.tasks[0].verdict.seen[0]


def test_forms_without_a_name_are_flagged_and_untouched_ones_are_not(grader, stub):
    filled = with_answers({"by_hand": 'by_hand = {"mean": 1.0}'})
    assert "no name" in grade(grader, data(filled)).flags[0]
    assert grade(grader, stub).flags == ()


NO_NORM = """
import numpy as np

class Same:
    def __init__(self, num_features): self.gamma = np.ones(num_features)
    def train(self): pass
    def eval(self): pass
    def forward(self, x, t=0): return x
    def backward(self, dy): return dy, dy.sum(0), dy.sum(0)

sequence_norm = Same
"""


def test_an_oracle_begins_anew_with_each_notebook_and_is_left_as_it_was():
    task = find("C.8")
    ready = prepare(task, 3)
    with Sandbox(5.0) as box:
        for _notebook in range(2):
            ran = box.run([(1, NO_NORM)], [ready.question])
            assert [outcome.failure for outcome in ran.outcomes["C.8"]] == [None]
    for _run in range(2):
        orders, _arrays = task.oracle("begin", *ready.cases[0].args)
        assert len(orders) > 1
