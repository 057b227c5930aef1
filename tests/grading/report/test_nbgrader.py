"""nbgrader's table, which a comma or a line end in a name does not break."""

import csv
import io

import pytest

from bncourse.grading.report.exports.nbgrader import COLUMNS, nbgrader_csv, split_name
from bncourse.grading.verdict import Status
from tests.grading.report.made_up import HOSTILE, class_of, hostile_result, result, verdict


def rows(text):
    return list(csv.reader(io.StringIO(text, newline=""), strict=True))


def test_the_columns_are_nbgraders_in_order():
    one = result(verdict(Status.CORRECT), verdict(), name="Lovelace, Ada", learner="ada@b.edu")
    header, row = rows(nbgrader_csv([one], "2026-03-01", "2026-02-28 12:00"))
    assert ",".join(header) == (
        "assignment,duedate,timestamp,student_id,last_name,first_name,email,raw_score,"
        "late_submission_penalty,score,max_score"
    )
    assert row == [
        "03_batch_norm", "2026-03-01", "2026-02-28 12:00", "ada@b.edu", "Lovelace", "Ada",
        "ada@b.edu", "1", "0", "1", "2",
    ]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_texts_break_no_row_and_are_no_formulas(text):
    whole = rows(nbgrader_csv([hostile_result(text), result()]))
    assert [len(row) for row in whole] == [len(COLUMNS)] * 3
    assert all(not cell.startswith(("=", "+", "-", "@")) for cell in whole[1])


def test_what_the_schools_system_says_comes_first():
    ids = {"email": "a@b.edu", "last_name": "Byron", "first_name": "Augusta"}
    _, row = rows(nbgrader_csv([result(ids=ids)]))
    assert row[4:7] == ["Byron", "Augusta", "a@b.edu"]


def test_a_name_is_split_only_where_a_comma_says_where():
    assert split_name("Lovelace, Ada King") == ("Lovelace", "Ada King")
    assert split_name("María José García Márquez") == ("", "María José García Márquez")
    group = result(name="Ada Lovelace, Ben Smith", ids={"email": "a@b.edu, b@b.edu"})
    _, row = rows(nbgrader_csv([group]))
    assert row[4:6] == ["", "Ada Lovelace, Ben Smith"]


def test_every_result_is_there_without_a_byte_order_mark():
    whole = class_of(30, exercises=("00", "03"))
    text = nbgrader_csv(whole)
    assert text.startswith("assignment,") and len(rows(text)) == len(whole) + 1
    for r, row in zip(whole, rows(text)[1:], strict=True):
        assert (row[0], row[3], float(row[9])) == (r.exercise, r.learner, r.score)
