"""``bncourse export``: the grades of a run in the form that another system reads."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from bncourse.grading.record import Result
from bncourse.grading.report.files import write_text
from bncourse.grading.report.tables import read_grades

FORMATS = ("nbgrader", "canvas", "gradescope", "classroom")


def add_to(commands: argparse._SubParsersAction) -> None:
    """Add ``export`` to the command line."""
    from bncourse.grade.command import guarded

    export = commands.add_parser("export", help="write grades for another system")
    export.add_argument("format", choices=FORMATS)
    export.add_argument("graded", type=Path, help="the folder that bncourse grade wrote")
    export.add_argument(
        "-o", "--out", type=Path, help="the file to write; default: standard output"
    )
    export.add_argument("--learner", help="one learner only (gradescope, classroom)")
    export.add_argument(
        "--gradebook", type=Path, help="canvas: the grade book as exported from Canvas"
    )
    export.add_argument(
        "--column", action="append", default=[], metavar="03=TITLE",
        help="canvas: the column of an exercise (may be repeated); default: the exercise's title",
    )  # fmt: skip
    export.add_argument(
        "--overwrite", action="store_true", help="canvas: replace other marks in the column"
    )
    export.set_defaults(run=guarded(_export))


def _export(args: argparse.Namespace) -> int:
    if not (args.graded / "grades.json").exists():
        raise ValueError(f"{args.graded} has no grades.json: run bncourse grade first")
    results = read_grades(args.graded / "grades.json")
    if args.learner is not None:
        results = [r for r in results if r.learner == args.learner]
        if not results:
            raise ValueError(f"no results of {args.learner!r} in {args.graded}")
    text = {
        "nbgrader": _nbgrader,
        "canvas": _canvas,
        "gradescope": _gradescope,
        "classroom": _classroom,
    }[args.format](args, results)
    if args.out:
        write_text(args.out, text)
    else:
        sys.stdout.buffer.write(text.encode("utf-8", "replace"))
    if args.format == "classroom":
        return int(any(r.failure or r.score < r.out_of for r in results))
    return 0


def _nbgrader(_args: argparse.Namespace, results: Sequence[Result]) -> str:
    from bncourse.grading.report.exports.nbgrader import nbgrader_csv

    return nbgrader_csv(results)


def _gradescope(_args: argparse.Namespace, results: Sequence[Result]) -> str:
    from bncourse.grading.report.exports.gradescope import gradescope_text

    return gradescope_text(results)


def _classroom(_args: argparse.Namespace, results: Sequence[Result]) -> str:
    """Return the payload; under GitHub Actions it also becomes the step's output ``result``."""
    from bncourse.grading.report.exports.classroom import classroom_text

    text = classroom_text(results)
    if outputs := os.environ.get("GITHUB_OUTPUT"):
        with open(outputs, "a", encoding="utf-8") as file:
            file.write(f"result={text}\n")
    return text + "\n"


def _canvas(args: argparse.Namespace, results: Sequence[Result]) -> str:
    from bncourse.grade.exercise import find_exercise
    from bncourse.grading.report.exports.canvas import merge_canvas, read_gradebook

    if args.gradebook is None:
        raise ValueError("give the grade book exported from Canvas with --gradebook")
    pairs = [title.partition("=") for title in args.column]
    if not all(equals for _, equals, _ in pairs):
        raise ValueError('write a column as EXERCISE=TITLE, such as 03="Exercise 3"')
    titles = {find_exercise(key): title for key, _, title in pairs}
    merged = merge_canvas(read_gradebook(args.gradebook), results, titles)
    for line in merged.report():
        print(line, file=sys.stderr)
    if merged.replaced and not args.overwrite:
        raise ValueError(
            f"nothing was written: {merged.replaced} other marks stand in that column. Choose "
            "another with --column, or replace them with --overwrite"
        )
    return merged.text
