"""CSV whose every cell is kept as it was written, so that untouched cells stay byte for byte."""

from __future__ import annotations

import re
from dataclasses import dataclass

_QUOTED = r'"(?:[^"]|"")*+"'


@dataclass
class Record:
    """One record: the cells as they were written, quotes and all, and the line's end."""

    cells: list[str]
    end: str

    @property
    def values(self) -> list[str]:
        """What the cells say."""
        return [value(cell) for cell in self.cells]


def read(text: str, delimiter: str) -> list[Record]:
    """Cut the text into records; joined again by ``write`` they are the same text.

    Raises ValueError where a quotation mark is never closed.
    """
    plain = rf"[^{delimiter}\r\n]"
    cell_at = re.compile(rf'{_QUOTED}{plain}*|(?!"){plain}+')
    records, cells, place = [], [], 0
    while place < len(text):
        match = cell_at.match(text, place)
        if match is None and text[place] == '"':
            line = text.count("\n", 0, place) + 1
            raise ValueError(f"line {line}: a quotation mark is never closed")
        cells.append(match[0] if match else "")
        place += len(cells[-1])
        if text.startswith(delimiter, place):
            place += 1
            if place < len(text):
                continue
            cells.append("")
        end = "\r\n" if text.startswith("\r\n", place) else text[place : place + 1]
        place += len(end)
        records.append(Record(cells, end))
        cells = []
    return records


def write(records: list[Record], delimiter: str) -> str:
    """Return the text of the records."""
    return "".join(delimiter.join(record.cells) + record.end for record in records)


def value(cell: str) -> str:
    """Return what a cell says, without its quotes."""
    if not cell.startswith('"'):
        return cell
    close = re.match(_QUOTED, cell)
    inside, rest = (close[0][1:-1], cell[close.end() :]) if close else (cell[1:], "")
    return inside.replace('""', '"') + rest


def cell(text: str, delimiter: str) -> str:
    """Return the text as a cell, quoted where it has to be."""
    if any(mark in text for mark in (delimiter, '"', "\n", "\r")):
        return '"' + text.replace('"', '""') + '"'
    return text
