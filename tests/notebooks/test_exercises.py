"""An untouched exercise runs to its end and scores nothing; its solution earns everything."""

import nbformat
import pytest
from nbclient import NotebookClient

from bncourse.authoring.build import ROOT
from bncourse.registry import LESSONS, tasks

NAMES = sorted(path.name for path in (ROOT / "solutions").glob("*.ipynb"))


def verdicts(path):
    """Execute a notebook and return the first line of every check's plain text."""
    notebook = nbformat.read(path, as_version=4)
    NotebookClient(
        notebook,
        timeout=120,
        kernel_name="python3",
        resources={"metadata": {"path": str(path.parent)}},
    ).execute()
    return [
        output["data"]["text/plain"].splitlines()[0]
        for cell in notebook.cells
        if cell.cell_type == "code" and cell.source.startswith("check(")
        for output in cell.outputs
    ]


def lesson_tasks(name):
    stem = name.removesuffix(".ipynb")[3:]
    assert stem in LESSONS
    return tasks(stem)


@pytest.mark.parametrize("name", NAMES)
def test_the_stub_runs_without_a_traceback_and_scores_nothing(name):
    lines = verdicts(ROOT / "exercises" / name)
    assert [line.split()[1] for line in lines] == [task.id for task in lesson_tasks(name)]
    assert all(line.endswith("not started") for line in lines), lines


@pytest.mark.parametrize("name", NAMES)
def test_the_solution_earns_everything(name):
    lines = verdicts(ROOT / "solutions" / name)
    assert [line.split()[1] for line in lines] == [task.id for task in lesson_tasks(name)]
    assert all(line.endswith("correct") for line in lines), lines
