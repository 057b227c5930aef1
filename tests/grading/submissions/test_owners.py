"""Whose a loose notebook is, by its name among the others."""

import pytest

from bncourse.grading.submissions.owners import owners

KNOWN = ("03_batch_norm", "04_backprop")


@pytest.mark.parametrize("known", [KNOWN, ()], ids=["known", "unknown"])
@pytest.mark.parametrize(
    "stems, expected",
    [
        ("ada bob", "ada bob"),
        ("ada_03_batch_norm ada_04_backprop", "ada ada"),
        ("03_batch_norm_ada 03_batch_norm_bob", "ada bob"),
        ("03_batch_norm_ada 03_batch_norm_bob 03_batch_norm", "ada bob "),
        ("ada_lovelace_03_batch_norm s12_03_batch_norm", "ada_lovelace s12"),
        ("ada-03_batch_norm bob.03_batch_norm", "ada bob"),
        ("03_batch_norm 03_batch_norm-1 04_backprop-Copy1", "  "),
        ("ada_03_batch_norm-1 ada_03_batch_norm-2", "ada ada"),
        ("ada ada-1 bob-Copy2", "ada ada bob"),
        ("group-1 group-2", "group-1 group-2"),
        ("group group-1 group-2", "group group group"),
        ("12-3456-78 12-3456-79 12-3456", "12-3456-78 12-3456-79 12-3456"),
        ("student_1 student_2", "student_1 student_2"),
        ("ada_05_inference bob_05_inference", "ada bob"),
        ("-1 (1)", "-1 (1)"),
    ],
)
def test_names_of_exercises_and_copies_are_taken_off(stems, expected, known):
    assert owners(stems.split(" "), known) == expected.split(" ")


def test_copies_by_file_managers():
    stems = ["ada", "ada (1)", "ada - Copy", "bob (2)", "team (1)", "team (2)"]
    assert owners(stems, KNOWN) == ["ada", "ada", "ada", "bob", "team (1)", "team (2)"]


def test_numbered_learners_are_safe_where_exercises_are_known():
    stems = ["01_ada", "02_bob", "student_12_ada", "student_13_bob"]
    assert owners(stems, KNOWN) == stems
