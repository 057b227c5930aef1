"""Reading and writing notebooks in one stable form, so that only real changes show in a diff."""

from __future__ import annotations

import copy
import hashlib
import json
import re
from pathlib import Path
from typing import Any

from bncourse.authoring.cut import BEGIN, AuthoringError
from bncourse.registry import find

KERNEL = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
Notebook = dict[str, Any]


def read(path: Path) -> Notebook:
    """Read a notebook; raises AuthoringError where the file is none."""
    try:
        notebook = json.loads(path.read_text(encoding="utf-8"))
        notebook["cells"][0]["cell_type"]
    except (ValueError, KeyError, IndexError, TypeError) as error:
        raise AuthoringError(f"{path}: not a notebook ({error})") from None
    for cell in notebook["cells"]:
        cell["source"] = "".join(cell["source"])
    return notebook


def dumps(notebook: Notebook) -> str:
    """Write a notebook as text: sorted keys, sources as lists of lines."""
    notebook = copy.deepcopy(notebook)
    for cell in notebook["cells"]:
        cell["source"] = cell["source"].splitlines(keepends=True)
    return json.dumps(notebook, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def normalise(notebook: Notebook, *, outputs: bool) -> Notebook:
    """Return the notebook in its stable form.

    Cell ids are made from what the cell is; metadata keeps tags and what the grading tools
    need. With ``outputs`` the saved outputs stay, without widget views, which only live as
    long as a kernel; without it they are cleared.
    """
    cells, seen = [], set()
    for number, cell in enumerate(notebook["cells"], 1):
        source = "\n".join(line.rstrip() for line in cell["source"].strip().splitlines())
        if not source:
            continue
        marks = _grading_marks(source) if cell["cell_type"] == "code" else None
        cell_id = marks["grade_id"] if marks else _hash(cell["cell_type"] + source)
        while cell_id in seen:
            cell_id = _hash(cell_id + str(number))
        seen.add(cell_id)
        metadata: dict[str, Any] = {}
        if tags := sorted(cell.get("metadata", {}).get("tags", [])):
            metadata["tags"] = tags
        if marks:
            metadata["nbgrader"] = marks
        clean = {
            "cell_type": cell["cell_type"], "id": cell_id, "metadata": metadata, "source": source,
        }  # fmt: skip
        if cell["cell_type"] == "code":
            clean["execution_count"] = cell.get("execution_count") if outputs else None
            clean["outputs"] = _outputs(cell.get("outputs", [])) if outputs else []
        cells.append(clean)
    return {"cells": cells, "metadata": KERNEL, "nbformat": 4, "nbformat_minor": 5}


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:10]


def _grading_marks(source: str) -> dict[str, Any] | None:
    """nbgrader's cell metadata (version 3) for an answer cell and for its check."""
    checked = re.match(r"check\(\"?([\w.]+)\"?\)$", source)
    if checked:
        task = find(checked[1])
        return _mark(task.id, "check", grade=True, locked=True, points=_points(task))
    if BEGIN in source or "# Your answer" in source:
        names = re.findall(r"^(?:def )?(\w+)(?:\(| =)", source, re.MULTILINE)
        for name in names:
            try:
                return _mark(find(name).id, "answer", solution=True)
            except KeyError:
                continue
        return _mark(_hash(source), "cell", solution=True)
    return None


def _points(task: Any) -> float:
    """nbgrader's points: a whole number is written as one."""
    worth = task.points if task.graded else 0
    return int(worth) if worth == int(worth) else worth


def _mark(name: str, role: str, points: float | None = None, **kinds: bool) -> dict[str, Any]:
    flags = {"grade": False, "solution": False, "locked": False, "task": False} | kinds
    grade_id = f"task-{name.replace('.', '-')}-{role}"
    mark = {"schema_version": 3, "grade_id": grade_id, **flags}
    return mark if points is None else mark | {"points": points}


def _outputs(outputs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    kept = []
    for output in copy.deepcopy(outputs):
        data = output.get("data")
        if data is not None:
            data.pop(WIDGET_VIEW, None)
            for kind, value in data.items():
                if isinstance(value, str) and kind != "image/png":
                    data[kind] = value.splitlines(keepends=True)
            if not data:
                continue
        if "text" in output:
            # How a busy kernel cuts what it prints into pieces is chance.
            text = "".join(output["text"])
            if kept and kept[-1].get("name", output) == output.get("name"):
                text = "".join(kept.pop()["text"]) + text
            output["text"] = text.splitlines(keepends=True)
        output.pop("transient", None)
        if "metadata" in output:
            output["metadata"] = {}
        kept.append(output)
    return kept
