"""Progress is one local file that only grows, and hints come when they are due."""

import json
import time

from bncourse.grading import hints, objectives, progress
from bncourse.registry import tasks


def test_events_are_kept_in_order_for_each_learner():
    progress.use_learner("Ada")
    assert progress.note("check", "3.1", {"status": "named"})
    progress.use_learner("Emmy")
    progress.note("check", "3.1", {"status": "correct"})
    progress.use_learner(" ada ")
    assert [e["payload"]["status"] for e in progress.events("check", "3.1")] == ["named"]


def test_a_damaged_file_loses_only_the_damaged_line():
    progress.use_learner("ada")
    progress.note("check", "3.1", {"status": "named"})
    with progress.path().open("ab") as file:
        file.write(b'{"time": 1, "kind": "che\xff')
    progress.note("check", "3.2", {"status": "correct"})
    assert [e["name"] for e in progress.events("check")] == ["3.1", "3.2"]


def test_any_name_makes_a_file_inside_the_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("BNCOURSE_HOME", str(tmp_path / "deep" / "home"))
    for name in ("../../etc/passwd", "名前", "a" * 500, "", "con/aux", "x\n y"):
        progress.use_learner(name)
        assert progress.note("check", "3.1")
        assert progress.path().parent == tmp_path / "deep" / "home"
    assert len(list((tmp_path / "deep" / "home").iterdir())) == 6


def test_a_folder_that_cannot_be_written_is_said_and_stops_nothing(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("BNCOURSE_HOME", str(tmp_path / "file"))
    from bncourse.check import judge_answer
    from bncourse.registry import find

    verdict = judge_answer(find("3.2"), "K D H E C A")
    assert verdict.ok and "could not be written" in verdict.notes[-1]


def attempt(answer):
    progress.note("check", "3.1", {"status": "named", "answer": answer})
    time.sleep(0.002)


def rung(now):
    due = hints.next_hint("3.1", now)
    if due.new:
        progress.note("hint", "3.1", {"rung": due.rung})
        time.sleep(0.002)
    return due.rung


def test_the_next_hint_needs_another_attempt_or_a_minute():
    progress.use_learner("ada")
    attempt("a")
    assert rung(time.time()) == 1
    assert rung(time.time()) == 1
    attempt("a")  # the same answer once more is no attempt
    assert rung(time.time()) == 1
    attempt("b")
    assert rung(time.time()) == 2
    assert rung(time.time() + 30) == 2
    assert rung(time.time() + 61) == 3
    assert rung(time.time() + 1000) == 3


def test_independent_means_before_the_last_hint():
    progress.use_learner("ada")
    assert objectives.task_state("3.1") == "not started"
    progress.note("check", "3.1", {"status": "not started"})
    assert objectives.task_state("3.1") == "not started"
    progress.note("check", "3.1", {"status": "named"})
    assert objectives.task_state("3.1") == "tried"
    progress.note("hint", "3.1", {"rung": 3})
    progress.note("check", "3.1", {"status": "correct"})
    assert objectives.task_state("3.1") == "with help"
    progress.note("check", "3.2", {"status": "correct"})
    assert objectives.task_state("3.2") == "independent"


def test_an_objective_is_as_far_as_its_weakest_task():
    progress.use_learner("ada")
    progress.note("check", "3.5", {"status": "correct"})
    by_tasks = {o.tasks: o.state for o in objectives.objectives(tasks("batch_norm"))}
    assert by_tasks["3.5", "3.5b"] == "tried"
    progress.note("check", "3.5b", {"status": "correct"})
    by_tasks = {o.tasks: o.state for o in objectives.objectives(tasks("batch_norm"))}
    assert by_tasks["3.5", "3.5b"] == "independent"


def test_each_line_of_the_file_is_json():
    progress.use_learner("ada")
    progress.note("prediction", "five_samples", {"value": "2"})
    for line in progress.path().read_text().splitlines():
        assert json.loads(line)["kind"] == "prediction"
