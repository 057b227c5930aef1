"""admit, trial and score_card as a learner calls them."""

import numpy as np
import pytest

import bncourse
from bncourse.check import check
from bncourse.clinic import admit, trial
from bncourse.grading import progress as log
from bncourse.score_card import score_card
from bncourse.tasks.capstone.layers_tried import LayerNorm
from bncourse.tasks.capstone.patient import PARTS, built, faults_of, source

learner = "Ada"


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("BNCOURSE_HOME", str(tmp_path))
    log.use_learner(None)
    return tmp_path


class Shell:
    """A notebook's shell, as far as admit looks at it."""

    kernel = True

    def __init__(self, cell):
        self.history_manager = self
        self.input_hist_raw = ["", cell]
        self.next = None

    def set_next_input(self, text, replace):
        assert replace
        self.next = text


@pytest.mark.parametrize("part", PARTS)
def test_without_a_notebook_the_patient_is_a_file_that_is_written_once(part, home, capsys):
    admit(part)
    (file,) = home.glob(f"patient-ada-{part}.py")
    assert str(file) in capsys.readouterr().out
    assert file.read_text().endswith(source(part, faults_of("ada")))
    file.write_text("mended")
    admit(part)
    assert file.read_text() == "mended"


@pytest.mark.parametrize(
    ("cell", "replaced"),
    [
        ('admit("data")', True),
        ('# Run this cell once.\n\nadmit("data")\n', True),
        ('admit("data")\nprepare = 1', False),
    ],
)
def test_only_a_cell_that_holds_nothing_else_is_replaced(cell, replaced, monkeypatch, capsys):
    shell = Shell(cell)
    monkeypatch.setattr("bncourse.clinic._shell", lambda: shell)
    admit("data")
    assert bool(shell.next) == replaced
    assert ("left alone" in capsys.readouterr().out) == (not replaced)
    if replaced:
        assert "def prepare" in shell.next and shell.next.startswith("# ada's patient")


def test_a_patient_needs_a_name_and_has_four_parts(capsys, monkeypatch):
    monkeypatch.setitem(globals(), "learner", "  ")
    admit("layer_norm")
    assert "learner" in capsys.readouterr().out
    with pytest.raises(KeyError, match="batch_norm, group_norm"):
        admit("kidneys")


def test_a_trial_prints_the_same_numbers_again(capsys):
    trial(LayerNorm, 32, [1, 2, 3])
    first = capsys.readouterr().out
    trial(LayerNorm, 32, [1, 2, 3])
    assert capsys.readouterr().out == first and "accuracies [0." in first
    trial(lambda num_features: None, 32, [1, 2, 3])
    assert "Nothing to try yet" in capsys.readouterr().out
    trial(lambda num_features: 7, 32, [1, 2, 3])
    assert "cannot be tried" in capsys.readouterr().out
    trial(LayerNorm, 1, [1, 2, 3])
    told = capsys.readouterr().out
    assert told.startswith("This cannot be tried: batch_size should be") and told.count("\n") == 1


def test_the_score_card_adds_up_the_latest_checks():
    assert score_card().earned == 0 and score_card().points == 100
    check("C.4", built("data", frozenset({"batches of one class"}))["prepare"])
    check("C.3", built("layer_norm")["LayerNorm"])
    card = score_card()
    assert card.learner == "ada" and card.earned == pytest.approx(6.5)
    assert "A small batches (25.0 points): look at C.6" in card.advice
    text = repr(card)
    assert "6.5 of  25   not checked yet: C.1, C.2" in text and "grader's run" in text
    html = card._repr_mimebundle_()["text/html"]
    assert html.count("<rect") == 14 and "What counts is the grader" in html
    check("C.4", built("data")["prepare"])
    assert score_card().earned == pytest.approx(9)


def test_the_score_card_says_what_each_check_saw():
    check("C.4", built("data", frozenset({"batches of one class"}))["prepare"])
    check("C.5", lambda make: True)
    lines = score_card().missing
    assert lines[0].startswith("C.4: not yet right: ") and "batches of eight" in lines[0]
    assert lines[1].startswith("C.5: your tests reject 0 of 30 wrong layers")
    html = score_card()._repr_mimebundle_()["text/html"]
    assert html.count("<li>") == 2 and "font-family" in html
    check("C.4", built("data")["prepare"])
    assert len(score_card().missing) == 1


def test_notebooks_import_them_from_the_course():
    assert bncourse.admit is admit and bncourse.score_card is score_card
    assert bncourse.trial is trial
    assert np.isfinite(score_card().earned)
