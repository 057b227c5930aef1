"""Which exercise a notebook is, and what it is worth."""

import json

import pytest

from bncourse.grade.exercise import (
    _defined,
    exercises,
    find_exercise,
    points,
    recognise,
    tasks_of,
)
from tests.grade.conftest import NAME, ROOT, notebook


def test_there_is_an_exercise_for_every_notebook_in_exercises():
    assert set(exercises()) == {p.stem for p in (ROOT / "exercises").glob("*.ipynb")}


@pytest.mark.parametrize("name", sorted(exercises()))
def test_points_are_those_that_nbgrader_would_give(name):
    given = {
        c["metadata"]["nbgrader"]["grade_id"]: c["metadata"]["nbgrader"]["points"]
        for c in notebook("exercises", name)["cells"]
        if c["metadata"].get("nbgrader", {}).get("grade")
    }
    own = {f"task-{t.id.replace('.', '-')}-check": points(t) for t in tasks_of(name)}
    assert own == given


@pytest.mark.parametrize("key", ["3", "03", "batch_norm", "03_batch_norm"])
def test_an_exercise_has_several_names(key):
    assert find_exercise(key) == NAME


def test_an_unknown_exercise_says_which_there_are():
    with pytest.raises(KeyError, match="03_batch_norm"):
        find_exercise("99")


def test_a_notebook_is_known_by_its_answers_whatever_it_is_called(solution):
    assert recognise(solution, "Untitled7.ipynb", list(exercises())) == NAME
    assert recognise(json.dumps(json.loads(solution)).encode(), "x", list(exercises())) == NAME


def test_answers_are_seen_in_cells_of_one_text_too():
    book = notebook()
    for cell in book["cells"]:
        cell["source"] = "x = 1\n" + "".join(cell["source"])
    data = json.dumps(book).encode()
    assert recognise(data, "x", exercises()) == NAME
    assert _defined(data, tasks_of(NAME)) == len(tasks_of(NAME))


def test_a_notebook_with_the_name_of_another_is_known_by_its_answers(solution):
    name = "04_backprop.ipynb"
    assert recognise(solution, name, list(exercises())) == NAME
    both = solution + json.dumps(notebook(name="04_backprop")).encode()
    assert recognise(both, name, list(exercises())) == "04_backprop"


def test_a_broken_one_is_known_by_its_name():
    assert recognise(b"", "ada_03_batch_norm-2.ipynb", [NAME]) == NAME
    assert recognise(b"", "x.ipynb", [NAME]) == NAME
    assert recognise(b"", "x.ipynb", []) == ""
