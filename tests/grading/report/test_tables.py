"""grades.csv opens as a table and not as formulas; grades.json reads back as what it was."""

import csv
import io
import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bncourse.grading.record import to_json
from bncourse.grading.report.files import write_text
from bncourse.grading.report.sheet import csv_text, text_cell
from bncourse.grading.report.tables import grades_csv, grades_json, read_grades
from bncourse.grading.verdict import Status
from tests.grading.report.made_up import HOSTILE, class_of, hostile_result, result, verdict

SIGNS = "=+-@＝＋－＠"


def table(text):
    assert text.startswith("\ufeff")
    return list(csv.DictReader(io.StringIO(text[1:], newline=""), strict=True))


def test_a_row_for_each_learners_exercise():
    whole = class_of(3, exercises=("00_start_here", "03_batch_norm"))
    rows = table(grades_csv(whole))
    assert [row["learner"] for row in rows] == [r.learner for r in whole]
    for row, r in zip(rows, whole, strict=True):
        assert float(row["score"]) == r.score and float(row["out_of"]) == r.out_of
        assert float(row["percent"]) == pytest.approx(100 * r.score / r.out_of, abs=1e-3)
        told = [row[f"task {t.verdict.task}"] for t in r.tasks]
        assert [float(text) if text else None for text in told] == [
            t.earned if t.points else None
            for t in r.tasks  # what is not marked stays empty
        ]
        keys = [key for t in r.tasks for key in t.verdict.misconceptions]
        assert row["misconceptions"] == "; ".join(keys)


def test_columns_are_in_order_and_a_task_that_an_exercise_lacks_is_empty():
    early = result(verdict(Status.CORRECT, task="0.1"), exercise="00")
    late = result(verdict(task="3.1"), verdict(Status.NOT_STARTED, task="3.2"), points=2.5)
    text = grades_csv([late, early])
    assert text.splitlines()[0] == (
        "\ufefflearner,name,exercise,score,out_of,percent,task 0.1,task 3.1,task 3.2,"
        "misconceptions,notes,failure,flags,tier"
    )
    first, second = table(text)
    assert (first["task 0.1"], first["task 3.1"]) == ("", "0")
    assert (second["task 0.1"], second["task 3.1"], second["score"]) == ("1", "", "1")


def test_notes_failure_and_flags_are_kept():
    task = replace(result().tasks[0], flags=("torch used",))
    one = replace(
        result(notes=("one", "two"), failure="cut off", flags=("seen twice",)), tasks=(task,)
    )
    (row,) = table(grades_csv([one]))
    assert row["notes"] == "one; two" and row["failure"] == "cut off"
    assert row["flags"] == "seen twice; 3.3: torch used" and row["tier"] == "landlock"


def test_nothing_marked_is_no_division():
    (row,) = table(grades_csv([result(verdict(Status.RECORDED), points=0.0)]))
    assert row["percent"] == "" and row["score"] == "0"


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_text_is_no_formula_and_breaks_no_row(text):
    rows = table(grades_csv([hostile_result(text), result()]))
    assert len(rows) == 2 and rows[1]["learner"] == "ada"
    for cell in rows[0].values():
        assert not cell.lstrip().startswith(tuple(SIGNS)) and "\n" not in cell
        for part in cell.split(";")[1:]:
            assert not part.lstrip().startswith(tuple(SIGNS))


@given(st.text(max_size=60))
def test_no_text_becomes_a_formula(text):
    cell = text_cell(text)
    assert not cell.lstrip().startswith(tuple(SIGNS))
    whole = io.StringIO(csv_text(["a", "b"], [[text, 1]], bom=False), newline="")
    assert list(csv.reader(whole, strict=True)) == [["a", "b"], [cell, "1"]]


def test_numbers_stay_numbers():
    assert csv_text(["a", "b"], [[-1.5, None], ["-1.5", 2]], bom=False) == (
        "a,b\r\n-1.5,\r\n'-1.5,2\r\n"
    )


def test_json_reads_back_as_it_was(tmp_path):
    whole = class_of(20, exercises=("00", "03")) + [hostile_result(text) for text in HOSTILE]
    write_text(tmp_path / "grades.json", grades_json(whole, "2026-03-14T10:00:00+00:00"))
    assert read_grades(tmp_path / "grades.json") == whole


def test_json_says_what_it_is_and_holds_the_seeds():
    versions = {"bncourse": "0.2.0", "numpy": "2.4.6"}
    whole = [result(verdict(seed=2**63 + 1)), result(tier="process", versions=versions)]
    data = json.loads(grades_json(whole, "2026-03-14T10:00:00+00:00"))
    assert (data["format"], data["version"]) == ("bncourse grades", 1)
    assert data["when"] == "2026-03-14T10:00:00+00:00"
    assert data["tiers"] == ["landlock", "process"]
    assert data["versions"] == {"bncourse": ["0.1.0", "0.2.0"], "numpy": ["2.4.6"]}
    assert data["results"][0]["tasks"][0]["verdict"]["seed"] == 2**63 + 1


def test_no_results_are_a_file_too(tmp_path):
    write_text(tmp_path / "grades.json", grades_json([]))
    assert read_grades(tmp_path / "grades.json") == []
    assert table(grades_csv([])) == []


def broken(**changes):
    data = json.loads(grades_json([result(), result(learner="ben")]))
    return json.dumps({**data, **changes})


def broken_result(**changes):
    return broken(results=[to_json(result()), {**to_json(result(learner="ben")), **changes}])


def broken_verdict(**changes):
    row = to_json(result(learner="ben"))
    row["tasks"][0]["verdict"].update(changes)
    return broken(results=[row])


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "not JSON .Expecting value at line 1, column 1"),
        ('{"format": "bncourse grades",', "not JSON"),
        ("[1, 2]", "not a file of grades"),
        ("[" * 100_000, "nested too deeply"),
        (broken(format="another"), "not a file of grades"),
        (broken(version=99), "version 99; this bncourse reads version 1"),
        (broken(results={}), "it has no list of results"),
        (broken(results=[7]), "result 1: "),
        (broken_result(tasks=None), r"result 2 \(ben\): "),
        (broken_result(name=5), r"result 2 \(ben\): name is 5"),
        (broken_result(notes=[1]), r"result 2 \(ben\): notes is"),
        (broken_result(ids=["x"]), r"result 2 \(ben\): ids is"),
        (broken_verdict(status="splendid"), r"result 1 \(ben\): 'splendid' is not a valid Status"),
        (broken_verdict(credit="1"), r"result 1 \(ben\): credit is '1'"),
        (broken_verdict(seen="abc"), r"result 1 \(ben\): seen is 'abc'"),
        (broken_verdict(credit=float("nan")), "NaN is no number"),
        (broken_result(learner="\x1b[31mben", name=5), r"result 2 \(ben\)"),
    ],
)
def test_a_damaged_file_is_named_with_its_fault(tmp_path, text, fault):
    path = tmp_path / "grades.json"
    path.write_text(text)
    with pytest.raises(ValueError, match=f"grades.json: .*{fault}"):
        read_grades(path)


def test_a_field_that_is_missing_is_named(tmp_path):
    row = to_json(result())
    del row["fingerprint"]
    (tmp_path / "g.json").write_text(broken(results=[row]))
    with pytest.raises(ValueError, match=r"g.json: result 1 \(ada\): 'fingerprint' is missing"):
        read_grades(tmp_path / "g.json")


def test_bytes_that_are_no_text_are_named(tmp_path):
    (tmp_path / "g.json").write_bytes(b'{"a": "\xff"}')
    with pytest.raises(ValueError, match=r"g\.json: not UTF-8"):
        read_grades(tmp_path / "g.json")


def test_a_missing_file_is_an_os_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        read_grades(tmp_path / "none.json")
