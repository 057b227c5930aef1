"""A grade book from Canvas gets scores in one column; every other byte stays."""

import csv
import io

import pytest

from bncourse.grading.report.exports.canvas import merge_canvas, read_gradebook
from bncourse.grading.report.files import write_text
from bncourse.grading.verdict import Status
from tests.grading.report.made_up import HOSTILE, result, verdict

HEADER = "Student,ID,SIS User ID,SIS Login ID,Section"
TITLES = {"03_batch_norm": "Batch norm"}
BOOK = (
    "\ufeffStudent,ID,SIS User ID,SIS Login ID,Section,Warm up (7),Batch norm (81),Final Score\r\n"
    ",,,,,,Manual Posting,\r\n"
    "    Points Possible,,,,,5,2,(read only)\r\n"
    '"Lovelace, Ada",101,S1,ada,"Lab ""A"", Mon and Lab B",4.50,,90\r\n'
    '"Smith, Ben",102,S2,ben@b.edu,B,"5",1,80.25\r\n'
    "Noor,103,,,B,,N/A,\r\n"
    "Oskar,104,S4,os,B,,EX,\r\n"
    '"Student, Test",199,,c81e728d,A,,,\r\n'
)


def of(learner, name="", right=1, exercise="03_batch_norm", **ids):
    judged = [verdict(Status.CORRECT)] * right + [verdict()] * (2 - right)
    return result(*judged, learner=learner, name=name or learner, exercise=exercise, ids=ids)


def cells(text, **options):
    return list(csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), **options))


def test_only_the_scores_change():
    merge = merge_canvas(BOOK, [of("ada", right=2), of("x", canvas="102", right=0)], TITLES)
    expected = BOOK.replace("4.50,,90", "4.50,2,90").replace('"5",1,80.25', '"5",0,80.25')
    assert merge.text == expected
    assert (merge.filled, merge.unmatched) == (2, [])
    assert merge.without == ["Noor", "Oskar"] and merge.notes == []


def test_nothing_to_fill_in_changes_nothing():
    assert merge_canvas(BOOK, []).text == BOOK
    merge = merge_canvas(BOOK, [of("somebody")], TITLES)
    assert merge.text == BOOK and [r.learner for r in merge.unmatched] == ["somebody"]
    assert merge.report()[0] == "0 scores filled in"
    assert "no row for somebody (somebody), Exercise 03: batch norm" in merge.report()
    assert "no result for Lovelace, Ada" in merge.report()


def test_a_new_column_comes_last_with_its_points():
    merge = merge_canvas(BOOK, [of("ada", right=2)], {"03_batch_norm": "Batch, norm"})
    old, new = cells(BOOK), cells(merge.text)
    assert [row[:-1] for row in new] == old
    assert [row[-1] for row in new] == ["Batch, norm", "", "2", "2", "", "", "", ""]
    for before, after in zip(BOOK.splitlines(), merge.text.splitlines(), strict=True):
        assert after.startswith(before + ",")
    assert merge.notes == ["Batch, norm: a new column, which Canvas makes a new assignment"]


def test_a_column_for_each_exercise():
    whole = [of("ada", exercise="00_start_here"), of("ada"), of("ben@b.edu", right=2)]
    merge = merge_canvas(BOOK, whole, {"00_start_here": "Warm up (7)", **TITLES})
    ada, ben = cells(merge.text)[3:5]
    assert (ada[5:7], ben[5:7], merge.filled) == (["1", "1"], ["5", "2"], 3)
    assert merge.notes == ["Warm up (7): worth 5 in Canvas and 2 here"]
    new = merge_canvas(BOOK, whole)
    assert cells(new.text)[0][-2:] == ["Exercise 00: start here", "Exercise 03: batch norm"]
    assert cells(new.text)[3][-2:] == ["1", "1"]


@pytest.mark.parametrize(
    ("one", "row"),
    [
        (of("x", canvas="101"), "Lovelace, Ada"),
        (of("ADA"), "Lovelace, Ada"),
        (of("x", sid="S2"), "Smith, Ben"),
        (of("x", email="Ben@B.edu"), "Smith, Ben"),
        (of("x", "Ada  Lovelace"), "Lovelace, Ada"),
        (of("x", "Lovelace, Ada"), "Lovelace, Ada"),
        (of("ada", "Ben Smith"), "Lovelace, Ada"),  # the login is surer than the name
        (of("ada", "Ben Smith", canvas="102"), "Smith, Ben"),  # Canvas's id is surest
        (of("ada", "Ada Lovelace", canvas="999"), None),  # Canvas knows them, this course not
        (of("x", "Ada"), None),
        (of("x", "Ada Lovelac"), None),
        (of("x", "Test Student"), None),
        (of("", ""), None),
        (of("101"), None),  # a login that looks like an id is no id
    ],
)
def test_whose_row_it_is(one, row):
    merge = merge_canvas(BOOK.replace('"5",1,', '"5",,'), [one], TITLES)
    filled = {r[0]: r[6] for r in cells(merge.text)[3:] if r[6] not in ("", "EX", "N/A")}
    assert filled == ({row: "1"} if row else {}) and merge.filled == len(filled)
    assert merge.unmatched == ([] if row else [one])
    assert row not in merge.without and len(merge.without) == 4 - merge.filled


def test_two_of_one_name_are_nobodys_row():
    book = f"{HEADER}\n    Points Possible,,,,\nAda L,1,,a1,\nAda L,2,,a2,\n"
    merge = merge_canvas(book, [of("x", "Ada L"), of("a2", "Ada L")], TITLES)
    assert [r.learner for r in merge.unmatched] == ["x"] and merge.without == ["Ada L"]
    assert cells(merge.text)[2][-1] == "" and cells(merge.text)[3][-1] == "1"


def test_two_results_for_one_row_fill_nothing():
    merge = merge_canvas(BOOK, [of("ada"), of("x", "Ada Lovelace", right=2)], TITLES)
    assert merge.text == BOOK and len(merge.unmatched) == 2
    assert "several results fit this row" in merge.notes[0]


def test_excused_and_unassigned_stay_so():
    merge = merge_canvas(BOOK, [of("os"), of("x", "Noor")], TITLES)
    assert merge.text == BOOK and merge.kept == ["Oskar", "Noor"] and merge.filled == 0
    assert "excused or not assigned, left so: Oskar" in merge.report()


@pytest.mark.parametrize(
    ("title", "fault"),
    [
        ("Final Score", "no name for an assignment"),
        ("Unposted Current Grade", "no name for an assignment"),
        ("ID", "no name for an assignment"),
        ("SIS Login ID", "no name for an assignment"),
        ("", "no name for an assignment"),
        ("Total", "read-only"),
        ("Quiz", r"two columns have the name 'Quiz': Quiz \(1\), Quiz \(2\); give it with its id"),
    ],
)
def test_a_column_that_canvas_would_not_take_is_refused(title, fault):
    book = f"{HEADER},Quiz (1),Quiz (2),Total\n    Points Possible,,,,,1,1,(read only)\n"
    with pytest.raises(ValueError, match=fault):
        merge_canvas(book, [of("ada")], {"03_batch_norm": title})
    assert merge_canvas(book, [of("ada")], {"03_batch_norm": "Quiz (2)"}).filled == 0


def test_first_and_last_names_semicolons_and_decimal_commas():
    book = (
        "LastName;FirstName;ID;SIS Login ID;Section;Batch norm (81)\r"
        "    Points Possible;;;;;2,00\r"
        "Lovelace;Ada;101;al;A;0,50\r"
        "Smith;Ben;102;bs;A\r"
        "Student;Test;103;;A;\r"
    )
    half = result(verdict(credit=0.25), learner="x", name="Ada Lovelace", points=6)
    merge = merge_canvas(book, [half, of("bs")], TITLES)
    assert merge.text == book.replace("0,50", "1,5").replace("bs;A\r", "bs;A;1\r")
    assert merge.notes == ["Batch norm: worth 2.00 in Canvas and 6 here"]
    assert merge.without == []


def test_a_short_export_without_sis_ids_or_points():
    merge = merge_canvas("Student,ID,Section\nAda,5,A\n\n", [of("x", "Ada")], TITLES)
    assert merge.text == "Student,ID,Section,Batch norm\nAda,5,A,1\n\n"


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "first column is not Student"),
        ("name,score\nada,1\n", "first column is not Student"),
        ("Student,Score\nada,1\n", "no column ID"),
        ('Student,ID,Section\n"ada,1\n', "line 2: a quotation mark is never closed"),
    ],
)
def test_what_is_no_grade_book_is_told_so(text, fault):
    with pytest.raises(ValueError, match=fault):
        merge_canvas(text, [of("ada")])


def test_a_file_goes_through_byte_for_byte(tmp_path):
    write_text(tmp_path / "in.csv", BOOK)
    text = read_gradebook(tmp_path / "in.csv")
    assert text == BOOK
    write_text(tmp_path / "out.csv", merge_canvas(text, [of("nobody")], TITLES).text)
    assert (tmp_path / "out.csv").read_bytes() == (tmp_path / "in.csv").read_bytes()
    (tmp_path / "in.csv").write_bytes(BOOK.encode("utf-16"))
    with pytest.raises(ValueError, match=r"in\.csv: not UTF-8"):
        read_gradebook(tmp_path / "in.csv")


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_names_never_enter_the_book_and_are_reported_on_one_line(text):
    merge = merge_canvas(BOOK, [of(text, text, canvas=text), of("x", text)], TITLES)
    assert merge.text == BOOK and len(merge.unmatched) == 2
    assert all(line.replace("\u200d", "").isprintable() for line in merge.report())
