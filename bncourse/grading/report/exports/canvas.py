"""Scores for Canvas: filled into the instructor's own export of the grade book, nothing else."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bncourse.grading.record import Result
from bncourse.grading.report.exports.gradebook import ID_COLUMNS, Gradebook, key, name_key, parse
from bncourse.grading.report.exports.raw_csv import Record
from bncourse.grading.report.text import (
    counted,
    exercise_title,
    known_as,
    number,
    one_line,
)

# What a submission's place may call a learner in a column of the grade book.
IDS = {
    "ID": ("canvas",),
    "SIS Login ID": ("sis_login", "email"),
    "SIS User ID": ("sis_user", "sid"),
}
LEFT_ALONE = ("EX", "N/A")  # excused; not assigned


@dataclass
class Merge:
    """The merged text, and everything that a person should know about it.

    ``unmatched`` are results without a row, or with one that is not theirs for certain;
    ``without`` the names of rows without a result; ``kept`` those of rows that say EX or N/A,
    which stay so; ``notes`` what else is to be known.
    """

    text: str = ""
    filled: int = 0
    replaced: int = 0  # other marks that stood where a score was filled in
    unmatched: list[Result] = field(default_factory=list)
    without: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def report(self) -> list[str]:
        """Return it as lines of plain text, safe for a terminal."""
        lines = [f"{counted(self.filled, 'score')} filled in"]
        if self.replaced:
            lines.append(f"{counted(self.replaced, 'other mark')} replaced")
        for result in self.unmatched:
            who = f"{known_as(result.name, result.learner)} ({one_line(result.learner, 60)})"
            lines.append(f"no row for {who}, {exercise_title(result.exercise)}")
        lines += [f"no result for {one_line(name, 80)}" for name in self.without]
        lines += [f"excused or not assigned, left so: {one_line(name, 80)}" for name in self.kept]
        return lines + [one_line(note, 300) for note in self.notes]


def read_gradebook(path: str | os.PathLike[str]) -> str:
    """Return an export's text exactly. Raises ValueError naming a file that is not UTF-8."""
    try:
        return Path(path).read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        says = f"not UTF-8 (byte {error.start}); export it from Canvas once more"
        raise ValueError(f"{path}: {says}") from None


def merge_canvas(
    gradebook: str, results: Sequence[Result], titles: Mapping[str, str] | None = None
) -> Merge:
    """Fill the scores into the text of a grade book that Canvas exported.

    ``titles`` gives the column of each exercise, with or without its " (id)"; by default it is
    the exercise's heading. A column that is there is filled, one that is not is added at the
    end, with its points. Learners are matched by Canvas's id, then by SIS login or user id,
    then by the whole name, each only where it fits one row alone. All other cells, the line
    ends and the byte order mark stay as they are. Raises ValueError where the text is no such
    export or a title is none.
    """
    book, merge = parse(gradebook), Merge()
    find = _finder(book)
    matched: set[int] = set()
    for exercise in sorted({result.exercise for result in results}):
        own = [result for result in results if result.exercise == exercise]
        title = one_line((titles or {}).get(exercise, exercise_title(exercise)))
        place = _column(book, merge, title, max(result.out_of for result in own))
        rows: dict[int, list[Result]] = {}
        for result in own:
            row = find(result)
            if row is None:
                merge.unmatched.append(result)
            else:
                rows.setdefault(row, []).append(result)
        for row, found in rows.items():
            matched.add(row)
            _fill(book, merge, book.learners[row], place, found)
    merge.without = [book.name(r) for k, r in enumerate(book.learners) if k not in matched]
    merge.text = book.write()
    return merge


def _column(book: Gradebook, merge: Merge, title: str, out_of: float) -> int:
    place = book.find_column(title)
    if place is None:
        place = book.add_column(title)
        if book.points_row:
            book.put(book.points_row, place, _written(book, out_of))
        merge.notes.append(f"{title}: a new column, which Canvas makes a new assignment")
    elif book.points_row and place < len(book.points_row.cells):
        points = book.points_row.values[place].replace(",", ".")
        if points and points not in (number(out_of), f"{out_of:.2f}", f"{out_of:.1f}"):
            merge.notes.append(f"{title}: worth {points} in Canvas and {number(out_of)} here")
    return place


def _fill(
    book: Gradebook, merge: Merge, record: Record, place: int, found: Sequence[Result]
) -> None:
    if len(found) > 1:
        merge.unmatched += found
        merge.notes.append(f"{book.name(record)}: several results fit this row; none is filled in")
    elif place < len(record.cells) and record.values[place].strip() in LEFT_ALONE:
        merge.kept.append(book.name(record))
    else:
        written = _written(book, found[0].score)
        before = record.values[place].strip() if place < len(record.cells) else ""
        merge.replaced += before not in ("", written)
        book.put(record, place, written)
        merge.filled += 1


def _written(book: Gradebook, value: float) -> str:
    text = number(value)
    return text.replace(".", ",") if book.decimal_comma else text


def _finder(book: Gradebook) -> Callable[[Result], int | None]:
    """Return what finds a result's row among the learners' rows, or None."""
    by_id = {
        column: _unique((key(book.get(r, column)), k) for k, r in enumerate(book.learners))
        for column in ("ID", *ID_COLUMNS)
    }
    by_name = _unique((name_key(book.name(r)), k) for k, r in enumerate(book.learners))

    def find(result: Result) -> int | None:
        ids = result.ids or {}
        for column, rows in by_id.items():
            said = [ids[name] for name in IDS[column] if ids.get(name)]
            if column != "ID":
                said.append(result.learner)
            for text in said:
                if key(text) in rows:
                    return rows[key(text)]
            if said and column == "ID":
                return None  # Canvas knows the learner, and this course does not
        return by_name.get(name_key(result.name))

    return find


def _unique(pairs: Iterable[tuple[str, int]]) -> dict[str, int]:
    """Return the pairs whose key is there once, and is not empty."""
    seen: dict[str, list[int]] = {}
    for text, row in pairs:
        seen.setdefault(text, []).append(row)
    return {text: rows[0] for text, rows in seen.items() if text and len(rows) == 1}
