"""A grade book as Canvas exports it: which columns and rows it has, and what may be written.

Canvas's export: the learners' columns (Student, ID, SIS User ID, SIS Login ID, Section, …), a
column for each assignment named "TITLE (id)", read-only totals; possibly a row of posting
policies, then a row "    Points Possible", the learners, and the test student.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cached_property

from bncourse.grading.report.exports import raw_csv
from bncourse.grading.report.exports.raw_csv import Record
from bncourse.grading.report.sheet import BOM
from bncourse.grading.report.text import one_line

ID_COLUMNS = ("SIS Login ID", "SIS User ID")
_START = re.compile(r'"?(Student|LastName)"?([,;])')
# Canvas takes no column with one of these in its name for an assignment.
_TOTALS = re.compile(r"(Current|Final|Override) (Score|Points|Grade|Status)")
_POLICY = re.compile(r"\s*(Muted|Manual Posting.*)?\s*", re.I)
_OWN = {"Student", "LastName", "FirstName", "ID", "Section", "Integration ID", "Root Account"}


@dataclass
class Gradebook:
    """The records, cut at ``delimiter``; ``mark`` is the byte order mark, where there is one."""

    records: list[Record]
    delimiter: str
    mark: str

    @cached_property
    def header(self) -> list[str]:
        """The columns' names."""
        return [name.strip() for name in self.records[0].values]

    @cached_property
    def points_row(self) -> Record | None:
        """The row of points that can be reached."""
        return next((r for r in self.records[1:] if "Points Possible" in r.values[0]), None)

    @cached_property
    def learners(self) -> list[Record]:
        """The rows of learners, the test student left out."""
        return [
            record
            for record in self.records[1:]
            if record is not self.points_row
            and not all(_POLICY.fullmatch(value) for value in record.values)
            and key(self.name(record)) != key("Student, Test")
        ]

    @cached_property
    def decimal_comma(self) -> bool:
        """Whether numbers are written as 4,5."""
        points = self.points_row.values if self.points_row else []
        return self.delimiter == ";" and any(re.fullmatch(r"\d+,\d+", p) for p in points)

    def name(self, record: Record) -> str:
        """Return a learner's name as "Last, First", or however the export writes it."""
        if self.header[0] == "LastName":
            return f"{self.get(record, 'LastName')}, {self.get(record, 'FirstName')}"
        return self.get(record, "Student")

    def get(self, record: Record, column: str) -> str:
        """Return what a record says in the column of that name; "" where there is none."""
        if column not in self.header:
            return ""
        place = self.header.index(column)
        return record.values[place].strip() if place < len(record.cells) else ""

    def find_column(self, title: str) -> int | None:
        """Return the place of an assignment's column, by TITLE or "TITLE (id)".

        Raises ValueError where it is not one, where it is read-only, or where two have the name.
        """
        if not title or title in (*_OWN, *ID_COLUMNS) or _TOTALS.search(title):
            raise ValueError(f"{one_line(title, 60)!r} is no name for an assignment in Canvas")
        named = re.compile(rf"{re.escape(title)}( \(\d+\))?")
        places = [k for k, name in enumerate(self.header) if named.fullmatch(name)]
        if len(places) > 1:
            found = ", ".join(one_line(self.header[place], 60) for place in places)
            raise ValueError(f"two columns have the name {title!r}: {found}; give it with its id")
        if not places:
            return None
        points = self.points_row.values if self.points_row else []
        if places[0] < len(points) and re.search(r"read\s+only", points[places[0]]):
            raise ValueError(f"the column {title!r} is read-only in Canvas")
        return places[0]

    def add_column(self, title: str) -> int:
        """Add a column after the others and return its place; rows of nothing stay as they are."""
        place = len(self.header)
        for record in self.records:
            if any(record.cells):
                self.put(record, place, "")
        self.put(self.records[0], place, title)
        self.header.append(title)
        return place

    def put(self, record: Record, place: int, text: str) -> None:
        """Write one cell; a row that is too short grows up to it."""
        record.cells += [""] * (place + 1 - len(record.cells))
        record.cells[place] = raw_csv.cell(text, self.delimiter)

    def write(self) -> str:
        """Return the whole text; what was not touched is what was read."""
        return self.mark + raw_csv.write(self.records, self.delimiter)


def parse(text: str) -> Gradebook:
    """Read the text of an export. Raises ValueError where it is none."""
    mark = BOM if text.startswith(BOM) else ""
    text = text.removeprefix(BOM)
    start = _START.match(text)
    if start is None:
        raise ValueError("not a grade book from Canvas: its first column is not Student")
    gradebook = Gradebook(raw_csv.read(text, start[2]), start[2], mark)
    if "ID" not in gradebook.header:
        raise ValueError("not a grade book from Canvas: it has no column ID")
    return gradebook


def key(text: str) -> str:
    """Return a text as it is compared: composed, lower case, single spaces."""
    return " ".join(unicodedata.normalize("NFC", text).casefold().split())


def name_key(name: str) -> str:
    """Return a name as it is compared: "Last, First" is "first last"."""
    last, comma, first = name.partition(",")
    return key(f"{first} {last}" if comma else name)
