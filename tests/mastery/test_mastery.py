"""The gain, the abilities and the page are read from what a learner really did."""

import re
from html import escape

import pytest

from bncourse import certificate, check, gain, hint
from bncourse.grading import progress
from bncourse.mastery.abilities import ABILITIES, abilities
from bncourse.mastery.gain import TOPICS, gains, normalised
from bncourse.registry import all_tasks, find
from bncourse.tasks.start_here.pre_test import QUESTIONS

learner = "Ada"  # whose progress the calls below are to read and write


def _letters(task_id, *wrong):
    task = find(task_id)
    right = {name: int(value) for name, value in task.reference({}).items()}
    return {n: chr(ord("a") + (k + (n in wrong)) % 4) for n, k in right.items()}


@pytest.fixture(autouse=True)
def _home(tmp_path, monkeypatch):
    monkeypatch.setenv("BNCOURSE_HOME", str(tmp_path / "home"))


def test_the_same_questions_come_in_another_order():
    before, after = find("0.1").form, find("10.9").form
    assert before.names == tuple(reversed(after.names)) and set(before.names) == set(TOPICS)
    assert {f.name: set(f.options) for f in before.fields} == {
        f.name: set(f.options) for f in after.fields
    }
    assert sum(before.field(n).options == after.field(n).options for n in QUESTIONS) <= 2


def test_gain_is_told_for_each_question():
    check("0.1", _letters("0.1", "axis", "why", "momentum"))
    check("10.9", _letters("10.9", "momentum", "divisor"))
    told = {g.question: g.told for g in gains()}
    assert told.pop("axis") == told.pop("why") == "learnt"
    assert told.pop("momentum") == "still open" and told.pop("divisor") == "lost"
    assert set(told.values()) == {"known before and after"}
    assert normalised(gains()) == pytest.approx((6 - 5) / (8 - 5))
    assert "5 of 8 right before, 6 after" in repr(gain()) and "33%" in repr(gain())
    assert "lesson 05" in repr(gain())


def test_gain_names_the_beliefs():
    check("0.1", _letters("0.1", "axis", "momentum"))
    check("10.9", _letters("10.9", "momentum"))
    found = {g.question: g for g in gains()}
    option = find("0.1").form.field("axis").read(_letters("0.1", "axis")["axis"])
    text = find("0.1").form.field("axis").options[int(option)]
    named = {"32, one for each sample": "a mean for each sample",
             "1, over the whole table": "one mean for the table",
             "320, one for each number": "a mean for each number"}  # fmt: skip
    assert found["axis"].belief == named[text] and found["axis"].belief_after == ""
    assert found["momentum"].belief and found["momentum"].belief_after in repr(gain())
    assert "1 of 2 open ones learnt; normalised gain 50%" in repr(gain())


def test_seven_answers_are_not_judged():
    verdict = check("10.9", _letters("10.9") | {"why": None})
    assert verdict.status.value == "unreadable" and "still empty: why" in verdict.seen[0]


def test_what_counts_is_the_last_answer_before_and_the_first_one_after():
    check("0.1", _letters("0.1", *TOPICS))
    check("0.1", _letters("0.1", *list(TOPICS)[:4]))
    check("0.1", dict.fromkeys(TOPICS))  # the empty cell of lesson 00, run again
    check("10.9", dict.fromkeys(TOPICS) | {"axis": "a"})  # not whole, so not counted
    check("10.9", _letters("10.9", "axis"))
    check("10.9", _letters("10.9"))
    check("0.1", _letters("0.1"))  # lesson 00 run once more, after the course
    assert normalised(gains()) == pytest.approx(3 / 4)


def test_what_was_left_out_is_named():
    check("0.1", _letters("0.1") | {"why": None})
    check("10.9", _letters("10.9"))
    assert "not answered both times: why it works" in repr(gain())


def test_without_answers_nothing_is_claimed():
    assert normalised(gains()) is None and {g.told for g in gains()} == {"not known"}
    assert "No answers of lesson 00" in repr(gain())
    check("0.1", _letters("0.1"))
    assert "not answered yet" in repr(gain())
    check("10.9", _letters("10.9"))
    assert normalised(gains()) is None and "nothing was left to gain" in repr(gain())


def test_an_ability_takes_both_proofs_and_no_last_hint():
    assert {i for ids in ABILITIES.values() for i in ids} <= set(all_tasks())
    name, (first, second) = next(iter(ABILITIES.items()))
    state = lambda: next(a.state for a in abilities() if a.text == name)  # noqa: E731
    progress.use_learner(learner)
    assert state() == "not started"
    progress.note("check", first, {"status": "correct"})
    assert state() == "tried"
    for rung in (1, 2, 3):
        progress.note("hint", second, {"rung": rung})
    progress.note("check", second, {"status": "correct"})
    assert state() == "with help"
    assert hint(first) is not None
    name, ids = list(ABILITIES.items())[1]
    for task in ids:
        progress.note("check", task, {"status": "correct"})
    assert state() == "independent"


def test_the_page_tells_what_was_reached_and_runs_nothing(tmp_path):
    progress.use_learner(learner)
    progress.note("check", "3.3", {"status": "correct"})
    told = repr(certificate(tmp_path))
    assert re.search(r"1 of \d+ objectives reached independently", told)
    (file,) = tmp_path.glob("batch-norm-*.html")
    text = file.read_text()
    assert "ada" in text and escape(find("3.3").objective) in text and "<script" not in text
    assert text.count('class="own"') == 1
    with pytest.raises(FileNotFoundError, match="make it first"):
        certificate(tmp_path / "nowhere")


def test_a_name_is_text_on_the_page(tmp_path, monkeypatch):
    monkeypatch.setitem(globals(), "learner", "<img src=x onerror=alert(1)>")
    certificate(tmp_path)
    (file,) = tmp_path.glob("*.html")
    assert "<img" not in file.read_text()
