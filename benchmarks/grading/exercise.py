"""The exercise that all three tools grade: lesson 03's six marked tasks, as plain cells.

The texts and the answer cells are those of the solved notebook; what belongs to this project's
own checker is left out, so that the other tools need NumPy alone.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from bncourse.authoring.cut import BEGIN, END, cut_solution

ROOT = Path(__file__).parents[2]
NAME = "03_batch_norm"
# Each marked task is worth one point.
MARKED = (
    "by_hand", "step_order", "batchnorm_forward", "head_count", "undo_bn", "another_batch",
)  # fmt: skip
# Whose numbers stand in the forms that the other tools grade: their tests know one learner.
EVERYBODY = "solution"


@dataclass(frozen=True)
class Cell:
    """A cell: its kind, its source, and for an answer cell the name that it defines."""

    kind: str
    source: str
    entry: str = ""

    @property
    def stub(self) -> str:
        """The cell as learners find it."""
        return cut_solution(self.source)

    @property
    def solved(self) -> str:
        """The cell as a learner who knows would hand it in."""
        lines = self.source.splitlines()
        return "\n".join(line for line in lines if line.strip() not in (BEGIN, END))


@cache
def cells() -> tuple[Cell, ...]:
    """Return the exercise's cells, in order."""
    found = []
    for cell in _read(ROOT / "solutions" / f"{NAME}.ipynb")["cells"]:
        source = "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            found.append(Cell("markdown", source))
        elif BEGIN in source:
            found.append(Cell("answer", source, entry_of(source)))
        elif source.startswith("import numpy"):
            found.append(Cell("code", "import numpy as np"))
        elif not re.match(r"(ask|check|progress)\(", source):
            found.append(Cell("code", source))
    return tuple(found)


def entry_of(source: str) -> str:
    """Return the first name that a cell defines at its top level, or ""."""
    found = re.search(r"^(?:def )?(\w+)(?:\(| = )", source, re.MULTILINE)
    return found[1] if found else ""


def solved(entry: str) -> str:
    """Return the right answer cell of that name. Raises StopIteration for an unknown one."""
    return next(c.solved for c in cells() if c.entry == entry)


def fill(notebook: Mapping, answers: Mapping[str, str]) -> bytes:
    """Write answers into the cells of a released notebook, found by the name that they define.

    Raises KeyError for an answer that has no cell.
    """
    filled, left = json.loads(json.dumps(notebook)), dict(answers)
    for cell in filled["cells"]:
        source = "".join(cell["source"])
        if cell["cell_type"] == "code" and entry_of(source) in left:
            cell["source"] = left.pop(entry_of(source))
    if left:
        raise KeyError(f"the notebook has no cell for {', '.join(left)}")
    return json.dumps(filled, indent=1, ensure_ascii=False).encode()


def release() -> dict:
    """Return this project's own exercise notebook, as learners find it."""
    return _read(ROOT / "exercises" / f"{NAME}.ipynb")


def notebook(cells: list[dict]) -> dict:
    """Return a notebook of these cells, with the kernel's name."""
    for number, cell in enumerate(cells):
        cell.setdefault("metadata", {})
        cell["id"] = f"cell-{number}"
        if cell["cell_type"] == "code":
            cell |= {"outputs": [], "execution_count": None}
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    metadata = {"kernelspec": kernel, "language_info": {"name": "python"}}
    return {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}


def _read(path: Path) -> dict:
    return json.loads(path.read_text(encoding="utf-8"))
