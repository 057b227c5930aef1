"""Notebooks to grade: the exercise, its solution, and what learners make of them."""

import json
from pathlib import Path

import pytest

from bncourse.grade.exercise import tasks_of

ROOT = Path(__file__).resolve().parents[2]
NAME = "03_batch_norm"


def notebook(folder="solutions", name=NAME):
    return json.loads((ROOT / folder / f"{name}.ipynb").read_text(encoding="utf-8"))


def code_cells(book):
    return [cell for cell in book["cells"] if cell["cell_type"] == "code"]


def defines(entry, source):
    return any(line.startswith((f"def {entry}(", f"{entry} =")) for line in source.splitlines())


def with_answers(answers, book=None):
    """The exercise with these answer cells filled in: {entry or "learner": source}."""
    book = book or notebook("exercises")
    for entry, source in answers.items():
        (cell,) = [c for c in code_cells(book) if defines(entry, "".join(c["source"]))]
        cell["source"] = source
    return book


def data(book):
    return json.dumps(book).encode()


@pytest.fixture
def solution():
    return data(notebook())


@pytest.fixture
def stub():
    return data(notebook("exercises"))


@pytest.fixture
def class_folder(tmp_path):
    """Four learners: all right, untouched, two mistakes, cut off."""
    folder = tmp_path / "submissions"
    wrong = with_answers({
        "learner": 'learner = "cyd"',
        "undo_bn": "def undo_bn(x, eps):\n    return x.std(axis=0), x.mean(axis=0)",
        "batchnorm_forward": "def batchnorm_forward(x, gamma, beta, eps=1e-5):\n    return 1 / 0",
    })  # fmt: skip
    for learner, book in {"ada": notebook(), "bob": notebook("exercises"), "cyd": wrong}.items():
        (folder / learner).mkdir(parents=True)
        (folder / learner / f"{NAME}.ipynb").write_bytes(data(book))
    (folder / "dan").mkdir()
    (folder / "dan" / f"{NAME}.ipynb").write_bytes(data(notebook())[:5000])
    return folder


@pytest.fixture
def tasks():
    return tasks_of(NAME)
