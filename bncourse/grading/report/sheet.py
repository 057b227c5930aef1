"""CSV that spreadsheets open as tables of texts and numbers, never as formulas."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence

from bncourse.grading.report.text import number, one_line

# With its mark at the start Excel knows UTF-8; without it, it takes names for Windows-1252.
BOM = "\ufeff"
_FORMULA = re.compile(r"(^\s*|;\s*)(?=[=+\-@\uff1d\uff0b\uff0d\uff20])")

Cell = str | int | float | None


def text_cell(text: object, limit: int = 2000) -> str:
    """Return the text on one line, in a form that no spreadsheet takes for a formula.

    An apostrophe goes before ``=``, ``+``, ``-`` and ``@`` at the start, and after a semicolon,
    which is where Excel cuts cells in many countries, whatever the quotes say.
    """
    return _FORMULA.sub(r"\1'", one_line(text, limit))


def csv_text(header: Sequence[str], rows: Iterable[Sequence[Cell]], *, bom: bool) -> str:
    """Write a table as CSV (RFC 4180); texts are guarded, and quoted where needed."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([text_cell(name) for name in header])
    for row in rows:
        writer.writerow([_written(cell) for cell in row])
    return (BOM if bom else "") + out.getvalue()


def _written(cell: Cell) -> str:
    if cell is None:
        return ""
    return text_cell(cell) if isinstance(cell, str) else number(cell)
