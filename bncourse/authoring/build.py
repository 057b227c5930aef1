"""Exercises are built from solutions: one source, so that the two cannot drift apart."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterable
from pathlib import Path

from bncourse.authoring.cut import BEGIN, AuthoringError, cut_solution
from bncourse.authoring.notebooks import Notebook, dumps, normalise, read

ROOT = Path(__file__).resolve().parents[2]


def exercise_of(solution: Notebook) -> Notebook:
    """Return the exercise notebook of a solution notebook: solutions cut, outputs cleared.

    Raises AuthoringError naming the cell whose marks are wrong.
    """
    notebook = normalise(solution, outputs=False)
    for number, cell in enumerate(notebook["cells"], 1):
        if BEGIN not in cell["source"] and "END SOLUTION" not in cell["source"]:
            continue
        if cell["cell_type"] != "code":
            raise AuthoringError(f"cell {number}: a solution mark in a text cell")
        try:
            cell["source"] = cut_solution(cell["source"])
        except AuthoringError as error:
            raise AuthoringError(f"cell {number}, {error}") from None
    return notebook


def build(root: Path = ROOT, *, write: bool = True) -> list[Path]:
    """Put the solutions in order and build every exercise; return the files that changed.

    With ``write=False`` nothing is written: the files that would change are returned.
    """
    changed = []
    for source in sorted((root / "solutions").glob("*.ipynb")):
        try:
            solution = normalise(read(source), outputs=False)
            exercise = exercise_of(solution)
        except AuthoringError as error:
            raise AuthoringError(f"{source.name}: {error}") from None
        for path, notebook in ((source, solution), (root / "exercises" / source.name, exercise)):
            changed += _write(path, dumps(notebook), write)
    return changed


def run_lessons(paths: Iterable[Path]) -> list[Path]:
    """Execute lessons afresh and save them with their outputs; return the files that changed.

    Raises nbclient's CellExecutionError where a cell fails.
    """
    import nbformat
    from nbclient import NotebookClient

    changed = []
    for path in paths:
        notebook = normalise(read(path), outputs=False)
        executed = nbformat.from_dict(notebook)
        folder = {"metadata": {"path": str(path.parent)}}
        client = NotebookClient(executed, timeout=120, kernel_name="python3", resources=folder)
        # A lesson is saved as somebody sees it who has no progress yet.
        with tempfile.TemporaryDirectory() as home:
            client.execute(env=os.environ | {"BNCOURSE_HOME": home})
        changed += _write(path, dumps(normalise(read_node(executed), outputs=True)))
    return changed


def read_node(node: Notebook) -> Notebook:
    """Return a notebook that nbformat made as plain dicts and joined sources."""
    import nbformat

    plain = json.loads(nbformat.writes(node))
    for cell in plain["cells"]:
        cell["source"] = "".join(cell["source"])
        for output in cell.get("outputs", []):
            if isinstance(output.get("text"), list):
                output["text"] = "".join(output["text"])
            for kind, value in output.get("data", {}).items():
                if isinstance(value, list):
                    output["data"][kind] = "".join(value)
    return plain


def _write(path: Path, text: str, write: bool = True) -> list[Path]:
    if path.exists() and path.read_text(encoding="utf-8") == text:
        return []
    if write:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")
    return [path]
