"""Exercises are built from solutions; the stable form of a notebook."""

import copy
import json

import pytest

from bncourse.authoring.build import build, exercise_of
from bncourse.authoring.cut import AuthoringError
from bncourse.authoring.notebooks import dumps, normalise, read


def code(source, **more):
    return {"cell_type": "code", "source": source, "metadata": {}, "outputs": [],
            "execution_count": None, **more}  # fmt: skip


def notebook(*cells):
    return {"cells": list(cells), "metadata": {"widgets": {"state": 1}}, "nbformat": 4}


SOLVED = """def undo_bn(x, eps):
    a = b = None
    ### BEGIN SOLUTION
    a = b = 1
    ### END SOLUTION
    return a, b"""


def test_ids_are_made_from_what_a_cell_is_and_are_unique():
    first = normalise(notebook(code("a"), code("b"), code("a")), outputs=False)
    again = normalise(notebook(code("b"), code("a")), outputs=False)
    ids = [cell["id"] for cell in first["cells"]]
    assert len(set(ids)) == 3
    assert [cell["id"] for cell in again["cells"]] == [ids[1], ids[0]]


def test_normalising_twice_changes_nothing():
    once = normalise(notebook(code("a = 1 "), code(SOLVED), code('check("3.5")')), outputs=True)
    assert dumps(normalise(copy.deepcopy(once), outputs=True)) == dumps(once)


def test_widget_state_views_and_foreign_metadata_go_and_tags_stay():
    view = {
        "output_type": "display_data", "metadata": {"x": 1},
        "data": {"application/vnd.jupyter.widget-view+json": {"model_id": "1"}, "text/plain": "A"},
    }  # fmt: skip
    cell = code("a", outputs=[view], metadata={"tags": ["t"], "scrolled": True})
    done = normalise(notebook(cell), outputs=True)
    assert "widgets" not in done["metadata"]
    assert done["cells"][0]["metadata"] == {"tags": ["t"]}
    assert done["cells"][0]["outputs"][0]["data"] == {"text/plain": ["A"]}


def test_what_was_printed_in_pieces_is_kept_in_one():
    def printed(text, name="stdout"):
        return {"output_type": "stream", "name": name, "text": text}

    pieces = [printed("a"), printed(["b\n", "c"]), printed("d", "stderr"), printed("e")]
    (cell,) = normalise(notebook(code("a", outputs=pieces)), outputs=True)["cells"]
    assert [(o["name"], o["text"]) for o in cell["outputs"]] == [
        ("stdout", ["ab\n", "c"]),
        ("stderr", ["d"]),
        ("stdout", ["e"]),
    ]


def test_answer_and_check_cells_carry_nbgraders_metadata():
    done = normalise(
        notebook(code(SOLVED), code("check(undo_bn)"), code('check("3.6")')), outputs=False
    )
    answer, check, ungraded = (cell["metadata"]["nbgrader"] for cell in done["cells"])
    assert answer["solution"] and not answer["grade"] and answer["grade_id"] == "task-3-5-answer"
    assert check["grade"] and check["locked"] and check["points"] == 1
    assert ungraded["points"] == 0
    assert all(mark["schema_version"] == 3 for mark in (answer, check, ungraded))


def test_an_exercise_has_no_solution_and_no_outputs():
    made = exercise_of(notebook(code(SOLVED, outputs=[{"output_type": "stream", "text": "x"}])))
    assert made["cells"][0]["outputs"] == []
    assert "a = b = 1" not in dumps(made) and "Your code here" in dumps(made)


def test_a_wrong_mark_names_the_notebook_and_the_cell(tmp_path):
    (tmp_path / "solutions").mkdir()
    bad = notebook(code("a"), code("### BEGIN SOLUTION\na"))
    (tmp_path / "solutions" / "03_x.ipynb").write_text(json.dumps(bad))
    with pytest.raises(AuthoringError, match=r"03_x\.ipynb: cell 2, a solution begins and never"):
        build(tmp_path)


def test_a_solution_in_a_text_cell_stops_the_build():
    text = {"cell_type": "markdown", "source": "### BEGIN SOLUTION", "metadata": {}}
    with pytest.raises(AuthoringError, match="text cell"):
        exercise_of(notebook(text))


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"cells": []}', "{"])
def test_a_file_that_is_no_notebook_is_said(tmp_path, content):
    path = tmp_path / "x.ipynb"
    path.write_text(content)
    with pytest.raises(AuthoringError, match="not a notebook"):
        read(path)


def test_building_says_what_changed_and_then_nothing(tmp_path):
    (tmp_path / "solutions").mkdir()
    (tmp_path / "solutions" / "03_x.ipynb").write_text(json.dumps(notebook(code(SOLVED))))
    assert {p.parent.name for p in build(tmp_path, write=False)} == {"solutions", "exercises"}
    assert not (tmp_path / "exercises").exists()
    assert len(build(tmp_path)) == 2
    assert build(tmp_path) == []
