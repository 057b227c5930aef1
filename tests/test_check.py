"""What a learner calls: check, hint, explain, progress; and what each prints."""

import time

import numpy as np
import pytest

from bncourse.check import check, explain, hint, progress
from bncourse.grading import progress as log
from bncourse.grading.verdict import Status
from bncourse.tasks.capstone.patient import built

learner = "ada"


def undo_bn(x, eps):
    return np.sqrt(x.var(axis=0) + eps), x.mean(axis=0)


def notebook(**names):
    """The names of a notebook, whose cells call the course's functions."""
    scope = {"check": check, "hint": hint, "explain": explain, "progress": progress, **names}
    return lambda cell: eval(compile(cell, "<cell>", "eval"), scope)


def test_a_function_is_found_by_its_name():
    assert notebook(undo_bn=undo_bn)("check(undo_bn)").ok
    assert notebook(undo_bn=undo_bn)('check("3.5")').ok
    assert notebook(undo_bn=undo_bn)('check("undo_bn")').ok


def test_an_answer_can_be_given_at_once():
    assert notebook()('check("3.2", "K D H E C A")').ok


def test_the_learners_name_draws_the_numbers():
    from bncourse.grading.learner import personal_seed

    found = {
        n: notebook(learner=n, by_hand={"mean": 1})('check("3.1")').seed for n in ("ada", "bo")
    }
    assert found == {n: personal_seed(n, "3.1") for n in ("ada", "bo")}


def test_a_missing_answer_says_which_cell_to_run():
    found = notebook()('check("3.1")')
    assert found.status is Status.NOT_STARTED and "no by_hand yet" in repr(found)


def test_an_unknown_task_says_which_there_are():
    with pytest.raises(KeyError, match=r"3\.3 \(batchnorm_forward\)"):
        notebook()('check("9.99")')


def test_a_verdict_can_be_replayed_from_its_seed():
    wrong = {"undo_bn": lambda x, eps: (x.std(axis=0), x.mean(axis=0))}
    first = notebook(**wrong)('check("3.5")')
    again = notebook(**wrong)(f'check("3.5", seed={first.seed})')
    other = notebook(**wrong)('check("3.5")')
    assert first.seen == again.seen and first.seed == again.seed
    assert other.seed != first.seed


def test_a_panel_escapes_what_a_learner_wrote():
    found = notebook()('check("3.2", ["<script>alert(1)</script>"])')
    html = found._repr_mimebundle_()["text/html"]
    assert "<script>" not in html and "&lt;SCRIPT&gt;" in html


def test_plain_text_fits_a_terminal():
    found = notebook(undo_bn=lambda x, eps: (x.std(axis=0), -x.mean(axis=0)))('check("3.5")')
    assert found.status is Status.NAMED and len(found.looks_like) == 2
    assert max(len(line) for line in repr(found).splitlines()) <= 96


def test_nothing_but_the_right_answer_passes_under_nbgrader(monkeypatch):
    monkeypatch.setenv("NBGRADER_EXECUTION", "autograde")
    assert notebook(undo_bn=undo_bn)("check(undo_bn)").ok
    with pytest.raises(AssertionError, match="not started"):
        notebook(undo_bn=lambda x, eps: (None, None))('check("3.5")')
    notebook(before_after=None)('check("3.6")')  # a checkpoint has no points to lose


def test_hints_climb_with_attempts():
    cell = notebook(learner="ada", step_order="K")
    first = cell('hint("3.2")')
    assert "Start with the branch" in repr(first)
    assert "Try something with this first" in repr(cell('hint("3.2")'))
    time.sleep(0.002)
    cell('check("3.2")')
    time.sleep(0.002)
    assert "can only use names" in repr(cell('hint("3.2")'))
    assert "of 3" not in repr(first) and "left" not in repr(first)


def test_the_last_hint_asks_for_an_explanation_which_is_kept():
    log.use_learner("ada")
    log.note("hint", "3.2", {"rung": 3})
    cell = notebook(learner="ada")
    assert 'explain("3.2"' in repr(cell('hint("3.2")'))
    assert "short sentence" in repr(cell('explain("3.2", "oh")'))
    assert "kept" in repr(cell('explain("3.2", "the old average keeps alpha")'))
    assert log.latest("explanation", "3.2")["payload"]["text"] == "the old average keeps alpha"


def test_progress_shows_objectives_in_words():
    cell = notebook(learner="ada", undo_bn=undo_bn)
    cell("check(undo_bn)")
    text = repr(cell('progress("batch_norm")'))
    assert "Objectives of ada" in text and "tried" in text and "not started" in text
    assert "%" not in text
    with pytest.raises(KeyError, match="no lesson"):
        cell('progress("astrology")')


def test_a_discreet_task_names_no_fault_before_the_second_hint():
    cls = built("layer_norm", frozenset({"layer norm along the batch"}))["LayerNorm"]
    cell = notebook(LayerNorm=cls, learner="ada")
    first = cell('check("C.3")')
    assert not first.looks_like and first.asks and first.seen and "second hint" in first.notes[-1]
    assert "batch norm without a memory" not in repr(first)
    cell('hint("C.3")')
    assert not cell('check("C.3")').looks_like
    log.note("hint", "C.3", {"rung": 2})
    told = cell('check("C.3")')
    assert told.looks_like and not told.notes
