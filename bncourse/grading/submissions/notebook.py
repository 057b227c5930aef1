"""The code cells of a notebook, from bytes that may be anything."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from bncourse.grading.submissions.damage import broken_json, not_text
from bncourse.grading.submissions.errors import Unreadable
from bncourse.grading.submissions.limits import MAX_BYTES, MAX_CELLS, MAX_CODE, MAX_MEMORY
from bncourse.grading.submissions.zips import too_large

_SURROGATE = re.compile("[\ud800-\udfff\0]")
# What Python needs for one thing in JSON, told by a byte that every such thing has.
_WEIGHTS = ((b"{", 72), (b"[", 64), (b",", 40), (b'"', 28))
_NO_NOTEBOOK = "The file holds JSON data, but no notebook. Hand in the .ipynb file itself."


@dataclass(frozen=True)
class Cell:
    """A code cell: its place among the code cells, from 1; its id, if it has one; its text."""

    number: int
    id: str
    source: str


def read_cells(data: bytes) -> list[Cell]:
    """Return the code cells of a notebook of format 4 or 3, in order.

    Lost metadata, missing or repeated ids and broken outputs cost nothing; a code cell whose
    text is damaged counts as empty. The text has ``\\n`` line ends and can be encoded: what no
    text may hold became U+FFFD. Raises Unreadable, and nothing else, with a reason for the
    learner.
    """
    notebook = _loads(data)
    if not isinstance(notebook, dict):
        raise Unreadable(_NO_NOTEBOOK)
    version = notebook.get("nbformat")
    if isinstance(version, int) and not isinstance(version, bool) and version not in (2, 3, 4):
        raise Unreadable(
            f"The notebook says that it has format {_shown(version)}, which cannot be read. "
            "Open it in a current JupyterLab, save it, and hand it in again."
        )
    cells, total = [], 0
    for cell in _raw_cells(notebook):
        source = _source(cell)
        total += len(source)
        if total > MAX_CODE or len(cells) == MAX_CELLS:
            raise Unreadable(
                f"The notebook holds too much code: at most {MAX_CELLS:,} code cells and "
                f"{MAX_CODE:,} characters are read. Move data out of the code."
            )
        known = cell.get("id")
        name = _clean(known[:64]) if isinstance(known, str) else ""
        cells.append(Cell(len(cells) + 1, name, source))
    return cells


def _shown(version: int) -> str:
    return str(version) if abs(version) < 10**6 else "beyond all numbers"


def _loads(data: bytes) -> Any:
    if len(data) > MAX_BYTES:
        raise Unreadable(too_large(len(data), MAX_BYTES))
    if sum(weight * data.count(sign) for sign, weight in _WEIGHTS) > MAX_MEMORY:
        raise Unreadable(
            "The notebook's outputs are too large. Clear all outputs, save, and hand it in again."
        )
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Unreadable(not_text(data, error.start)) from error
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise Unreadable(broken_json(text, error)) from error
    except RecursionError as error:
        raise Unreadable(f"{_NO_NOTEBOOK} (Its parts lie too deep in one another.)") from error
    except ValueError:
        # Python refuses integers of thousands of digits; an output may hold one.
        return _without_integers(text)


def _without_integers(text: str) -> Any:
    try:
        return json.loads(text, parse_int=lambda digits: int(digits[:18]))
    except (ValueError, RecursionError) as error:
        raise Unreadable(_NO_NOTEBOOK) from error


def _raw_cells(notebook: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the code cells; before format 4 they lie in worksheets."""
    if "cells" in notebook:
        lists = [notebook["cells"]]
    elif isinstance(sheets := notebook.get("worksheets"), list):
        lists = [sheet.get("cells") for sheet in sheets if isinstance(sheet, dict)]
    else:
        raise Unreadable(_NO_NOTEBOOK)
    if not all(isinstance(cells, list) for cells in lists):
        raise Unreadable(
            "The notebook's list of cells is damaged. Copy your code into a fresh notebook, "
            "save it, and hand it in."
        )
    for cells in lists:
        for cell in cells:
            if isinstance(cell, dict) and cell.get("cell_type") == "code":
                yield cell


def _source(cell: dict[str, Any]) -> str:
    source = cell.get("source", cell.get("input"))
    if isinstance(source, list):
        source = "".join([line for line in source if isinstance(line, str)])
    return _clean(source) if isinstance(source, str) else ""


def _clean(text: str) -> str:
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if "\0" not in text:
        try:
            text.encode()
            return text
        except UnicodeEncodeError:
            pass
    return _SURROGATE.sub("\ufffd", text)
