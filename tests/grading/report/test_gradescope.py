"""Gradescope's results.json: plain texts, the flags hidden from learners."""

import json
from dataclasses import replace

import pytest

from bncourse.grading import panel
from bncourse.grading.record import TaskResult
from bncourse.grading.report.exports.gradescope import gradescope, gradescope_text
from bncourse.grading.verdict import Status
from tests.grading.report.made_up import HOSTILE, LONG, class_of, hostile_result, result, verdict

TOP = {"score", "execution_time", "output", "output_format", "visibility", "stdout_visibility"}
TEST = {
    "name", "name_format", "number", "score", "max_score", "status", "output", "output_format",
    "visibility", "extra_data",
}  # fmt: skip


def test_the_fields_are_gradescopes():
    for one in class_of(20):
        data = json.loads(gradescope_text([one]))
        assert set(data) == TOP | {"tests", "extra_data"}
        assert data["score"] == one.score and data["stdout_visibility"] == "hidden"
        assert round(sum(test["score"] for test in data["tests"]), 3) == one.score
        shown = [test for test in data["tests"] if test["visibility"] == "visible"]
        assert all(set(test) == TEST and test["output_format"] == "text" for test in shown)
        assert [test["number"] for test in shown] == [t.verdict.task for t in one.tasks]
        keys = [key for t in one.tasks for key in t.verdict.misconceptions]
        assert data["extra_data"]["misconceptions"] == keys
        assert [key for t in shown for key in t["extra_data"]["misconceptions"]] == keys


@pytest.mark.parametrize("status", Status)
def test_a_test_passes_only_with_a_right_or_recorded_answer(status):
    (test,) = gradescope([result(verdict(status))])["tests"]
    right = status in (Status.CORRECT, Status.RECORDED)
    assert test["status"] == ("passed" if right else "failed")
    assert panel.HEADLINE[status] in test["output"]
    assert (test["score"], test["max_score"]) == (float(status is Status.CORRECT), 1.0)


def test_the_panel_and_what_to_do_next_are_told():
    data = gradescope([result(notes=("Cell 3 stopped.",))])
    assert "Looks like   The variance was divided by n - 1." in data["tests"][0]["output"]
    assert data["output"].startswith("Exercise 03: batch norm: 0 of 1 point\nNote: Cell 3 stopped.")
    assert '`check("3.3")`' in data["output"]


def test_a_broken_file_says_why():
    blank = verdict(Status.NOT_STARTED)
    data = gradescope([result(blank, failure="The file is empty.")])
    assert "could not be graded. The file is empty." in data["output"] and data["score"] == 0
    assert data["tests"][0]["status"] == "failed"


def test_flags_are_for_instructors_alone():
    task = TaskResult(verdict(), 1.0, ("FLAG used torch",))
    one = replace(result(flags=("FLAG copied",)), tasks=(task,))
    for visibility in ("visible", "after_published"):
        data = gradescope([one], visibility)
        *shown, hidden = data["tests"]
        assert hidden["visibility"] == "hidden" and hidden["max_score"] == 0
        assert hidden["output"] == "FLAG copied\n3.3: FLAG used torch"
        assert "FLAG" not in json.dumps({**data, "tests": shown})
        assert {test["visibility"] for test in shown} == {visibility}


@pytest.mark.parametrize("text", [*HOSTILE, LONG])
def test_hostile_texts_are_plain_and_short(text):
    data = gradescope([hostile_result(text)])
    texts = [data["output"], *(test["output"] + test["name"] for test in data["tests"])]
    for said in texts:
        assert said.replace("\n", "").isprintable() or "\u200d" in said
        assert len(said) < 5000


def test_what_is_not_gradescopes_is_refused():
    with pytest.raises(ValueError, match="none of visible, after_due_date"):
        gradescope([result()], "never")
    with pytest.raises(ValueError, match="one learner"):
        gradescope([result(), result(learner="ben")])
