"""A class graded: reports, resuming, replaying, and what happens when something breaks."""

import csv
import io
import json
import shutil
import sys
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import replace

import pytest

from bncourse.grade import run as runs
from bncourse.grade import worker
from bncourse.grade.classroom import local_executor
from bncourse.grade.journal import Journal
from bncourse.grade.replay import replay
from bncourse.grade.settings import Settings
from bncourse.grading.report.tables import read_grades
from bncourse.grading.sandbox.tiers import IsolationError
from bncourse.grading.submissions import SubmissionsError
from tests.grade.conftest import NAME, data, notebook, with_answers

SETTINGS = Settings("seed", time_limit=2.0)


@contextmanager
def one():
    with local_executor(1) as executor:
        yield executor, 1


@contextmanager
def two():
    with local_executor(2) as executor:
        yield executor, 2


def grade(folder, out, pool=one, settings=SETTINGS, **more):
    return runs.run([folder], out, settings, pool, **more)


def scores(summary):
    return {r.learner: r.score for r in summary.results}


ALL = {"ada": 6, "bob": 0, "cyd": 0, "dan": 0}


@pytest.mark.parametrize("pool", [one, two])
def test_a_class_is_graded_and_everything_is_written(class_folder, tmp_path, pool):
    out = tmp_path / "out"
    summary = grade(class_folder, out, pool)
    assert scores(summary) == ALL and summary.graded == 4 and summary.pages == 4
    rows = list(csv.DictReader(io.StringIO((out / "grades.csv").read_text("utf-8-sig"))))
    assert {row["learner"]: float(row["score"]) for row in rows} == ALL
    assert {r.learner: r.score for r in read_grades(out / "grades.json")} == ALL
    assert {p.name for p in (out / "feedback").iterdir()} == {f"{n}.html" for n in ALL}
    page = (out / "feedback" / "cyd.html").read_text()
    assert "ZeroDivisionError" in page and "eps" in page
    overview = (out / "class.html").read_text()
    assert "eps forgotten" in overview or "eps" in overview
    dan = next(r for r in summary.results if r.learner == "dan")
    assert "cut short" in dan.failure and dan.out_of == 6


def test_only_what_has_changed_is_graded_again(class_folder, tmp_path):
    out = tmp_path / "out"
    before = grade(class_folder, out)
    told = []
    again = grade(class_folder, out, begin=lambda *counts: told.append(counts) or (lambda n: None))
    assert again.graded == 0 and again.pages == 0 and told == [(4, 0)]
    assert again.results == before.results
    (class_folder / "bob" / f"{NAME}.ipynb").write_bytes(data(notebook()))
    changed = grade(class_folder, out)
    assert changed.graded == 1 and scores(changed)["bob"] == 6
    assert grade(class_folder, out, again=True).graded == 4


def test_who_is_gone_is_gone_from_the_reports(class_folder, tmp_path):
    out = tmp_path / "out"
    grade(class_folder, out)
    shutil.rmtree(class_folder / "bob")
    without = grade(class_folder, out)
    assert set(scores(without)) == {"ada", "cyd", "dan"} and without.left_out == 1
    assert not (out / "feedback" / "bob.html").exists()


def test_another_course_or_limit_means_grading_anew(class_folder, tmp_path, monkeypatch):
    out = tmp_path / "out"
    grade(class_folder, out)
    assert grade(class_folder, out, settings=replace(SETTINGS, time_limit=3.0)).graded == 4
    monkeypatch.setattr("bncourse.grade.settings.course_digest", lambda: "another course")
    assert grade(class_folder, out, settings=replace(SETTINGS, time_limit=3.0)).graded == 4


def test_an_interrupted_run_goes_on_where_it_was(class_folder, tmp_path):
    out, told = tmp_path / "out", []

    def begin(_all, new):
        told.append(new)

        def interrupt(_n):
            raise KeyboardInterrupt

        return interrupt

    with pytest.raises(KeyboardInterrupt):
        grade(class_folder, out, begin=begin)
    summary = grade(class_folder, out)
    assert told == [4] and summary.graded < 4 and scores(summary) == ALL


def test_a_line_that_was_cut_off_is_graded_again_and_costs_no_other(class_folder, tmp_path):
    out = tmp_path / "out"
    grade(class_folder, out)
    journal = out / "journal.jsonl"
    journal.write_bytes(journal.read_bytes()[:-100])
    summary = grade(class_folder, out)
    assert summary.graded == 1 and scores(summary) == ALL
    assert grade(class_folder, out).graded == 0


def test_two_runs_into_one_folder_do_not_mix(class_folder, tmp_path):
    with Journal(tmp_path / "out"), pytest.raises(BlockingIOError, match="another run"):
        grade(class_folder, tmp_path / "out")


def test_a_replay_repeats_every_verdict(class_folder, tmp_path):
    out = tmp_path / "out"
    grade(class_folder, out, settings=Settings("first", time_limit=2.0))
    replayed = list(replay([class_folder], out, Settings("second", time_limit=2.0)))
    assert len(replayed) == 28 and all(r.same for r in replayed)
    (chosen,) = replay([class_folder], out, SETTINGS, "cyd", "3.5")
    assert chosen.same and chosen.now.misconceptions and chosen.now.seed == chosen.before.seed
    with pytest.raises(KeyError, match="nobody"):
        list(replay([class_folder], out, SETTINGS, "nobody"))
    with pytest.raises(KeyError, match=r"9\.9"):
        list(replay([class_folder], out, SETTINGS, "cyd", "9.9"))


def test_a_replay_notices_that_something_has_changed(class_folder, tmp_path):
    out = tmp_path / "out"
    grade(class_folder, out)
    shutil.copy(class_folder / "ada" / f"{NAME}.ipynb", class_folder / "cyd")
    other = [r for r in replay([class_folder], out, SETTINGS, "cyd") if not r.same]
    assert {r.before.task for r in other} >= {"3.3", "3.5"}


class Breaking(Executor):
    """Like a pool one of whose workers is killed: that chunk fails, then nothing is taken."""

    def __init__(self):
        self.taken = 0

    def submit(self, function, *args):
        self.taken += 1
        if self.taken > 1:
            raise BrokenProcessPool("a process in the pool was terminated abruptly")
        future = Future()
        future.set_exception(BrokenProcessPool("a process was terminated abruptly"))
        return future


def test_a_lost_worker_loses_nothing_and_nothing_is_graded_twice(class_folder, tmp_path):
    @contextmanager
    def breaking():
        yield Breaking(), 1

    out = tmp_path / "out"
    assert scores(grade(class_folder, out, breaking)) == ALL
    assert len((out / "journal.jsonl").read_text().splitlines()) == 4


def test_a_fault_of_the_grader_costs_one_notebook_and_says_so(class_folder, tmp_path, monkeypatch):
    real = worker.grade_chunk

    def faulty(settings, chunk):
        if any(s.learner == "ada" for s in chunk):
            raise ZeroDivisionError("a fault of ours")
        return real(settings, chunk)

    monkeypatch.setattr("bncourse.grade.classroom.grade_chunk", faulty)

    @contextmanager
    def threads():
        with ThreadPoolExecutor(1) as pool:
            yield pool, 1
            pool.submit(worker.close).result()

    summary = grade(class_folder, tmp_path / "out", threads)
    ada = next(r for r in summary.results if r.learner == "ada")
    assert scores(summary) == ALL | {"ada": 0}
    assert "could not be graded: ZeroDivisionError" in ada.failure and ada.flags
    monkeypatch.undo()
    assert grade(class_folder, tmp_path / "out").graded == 1, "it is tried again the next time"


def test_isolation_that_cannot_be_had_ends_the_run(class_folder, tmp_path, monkeypatch):
    monkeypatch.setattr("shutil.which", lambda _name: None)
    with pytest.raises(IsolationError, match="bubblewrap"):
        grade(class_folder, tmp_path / "out", settings=replace(SETTINGS, at_least="namespaces"))


def test_nothing_handed_in_is_told(tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(SubmissionsError):
        grade(tmp_path / "empty", tmp_path / "out")


def test_an_exercise_that_was_set_is_missed(class_folder, tmp_path):
    (class_folder / "eve").mkdir()
    (class_folder / "eve" / "notes.ipynb").write_bytes(data({"cells": [], "nbformat": 4}))
    summary = grade(class_folder, tmp_path / "out", wanted=[NAME])
    assert scores(summary)["eve"] == 0 and len(summary.results) == 5


def test_of_several_files_the_one_with_the_exercises_name_counts(class_folder, tmp_path):
    (class_folder / "ada" / "0_first_try.ipynb").write_bytes(data(notebook("exercises")))
    summary = grade(class_folder, tmp_path / "out")
    ada = next(r for r in summary.results if r.learner == "ada")
    assert ada.score == 6
    assert any("0_first_try.ipynb" in note and "was graded; not" in note for note in ada.notes)


def test_two_who_share_a_name_are_flagged_for_the_instructor(class_folder, tmp_path):
    shutil.copy(class_folder / "ada" / f"{NAME}.ipynb", class_folder / "dan")
    flags = {r.learner: r.flags for r in grade(class_folder, tmp_path / "out").results}
    assert flags["ada"] == ("has the same name in the notebook as dan",)
    assert flags["dan"] == ("has the same name in the notebook as ada",)
    assert flags["bob"] == flags["cyd"] == ()


def test_those_who_share_no_name_are_flagged_where_they_filled_in_a_form(tmp_path):
    nameless = with_answers({"by_hand": 'by_hand = {"mean": 1.0}'})
    for learner, book in {"bob": nameless, "eve": nameless, "una": notebook("exercises")}.items():
        (tmp_path / "in" / learner).mkdir(parents=True)
        (tmp_path / "in" / learner / f"{NAME}.ipynb").write_bytes(data(book))
    flags = {r.learner: r.flags for r in grade(tmp_path / "in", tmp_path / "out").results}
    assert flags["bob"][-1] == "has no name in the notebook, like eve"
    assert flags["eve"][-1] == "has no name in the notebook, like bob" and flags["una"] == ()


def test_a_results_json_holds_what_is_needed_to_repeat_it(class_folder, tmp_path):
    grade(class_folder, tmp_path / "out")
    told = json.loads((tmp_path / "out" / "grades.json").read_text())
    (cyd,) = [r for r in told["results"] if r["learner"] == "cyd"]
    assert cyd["tier"] in ("namespaces", "landlock", "process")
    assert {"bncourse", "numpy", "python", "tasks"} <= cyd["versions"].keys()
    wrong = next(t["verdict"] for t in cyd["tasks"] if t["verdict"]["task"] == "3.5")
    assert wrong["misconceptions"] and wrong["seed"] > 0 and wrong["seen"]


@pytest.mark.skipif(sys.platform == "win32", reason="no signals to send")
def test_a_cluster_gives_the_same_marks_and_survives_the_loss_of_a_worker(class_folder, tmp_path):
    distributed = pytest.importorskip("distributed")
    for k in range(16):
        who = "ada" if k % 2 else "cyd"
        shutil.copytree(class_folder / who, class_folder / f"learner{k:02}")
    here = grade(class_folder, tmp_path / "here")
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=None, processes=True
    ) as cluster:
        from bncourse.grade.classroom import cluster_executor

        @contextmanager
        def pool():
            with cluster_executor(cluster.scheduler_address) as made:
                yield made

        killed = []

        def begin(_all, _new):
            def kill_one(_n):
                if not killed:
                    killed.append(cluster.workers[0])
                    cluster.workers[0].process.process._process.kill()

            return kill_one

        there = grade(class_folder, tmp_path / "there", pool, begin=begin)
    assert killed and scores(there) == scores(here)
    lines = (tmp_path / "there" / "journal.jsonl").read_text().splitlines()
    assert len(lines) == len(there.results) == 20, "each was recorded once"
