"""The commands for marks: ``bncourse grade``, ``bncourse check`` and ``bncourse export``."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from pathlib import Path

from bncourse.grade.exercise import find_exercise
from bncourse.grade.settings import Settings
from bncourse.grading.report.text import clean, one_line
from bncourse.grading.sandbox.box import TIME_LIMIT
from bncourse.grading.sandbox.tiers import MEANING, PROCESS, TIERS, IsolationError
from bncourse.grading.submissions import SubmissionsError

COULD_NOT = 2  # the exit status when grading itself failed; low marks are no failure


def add_to(commands: argparse._SubParsersAction) -> None:
    """Add the three commands to the command line."""
    from bncourse.grade import export_command

    _add_grade(commands)
    _add_check(commands)
    export_command.add_to(commands)


def guarded(command: Callable[[argparse.Namespace], int]) -> Callable[[argparse.Namespace], int]:
    """Return the command with its expected troubles told in one line."""

    def run(args: argparse.Namespace) -> int:
        try:
            return command(args)
        except (SubmissionsError, IsolationError, KeyError, ValueError, OSError) as error:
            text = error.args[0] if isinstance(error, KeyError) else error
            print(f"bncourse {args.command}: {clean(text)}", file=sys.stderr)
        except KeyboardInterrupt:
            print(
                f"bncourse {args.command}: interrupted; what was graded is kept. The same command "
                "goes on from there.",
                file=sys.stderr,
            )
        return COULD_NOT

    return run


def _isolation(parser: argparse.ArgumentParser) -> None:
    listed = "; ".join(f"{tier}: {meaning}" for tier, meaning in MEANING.items())
    parser.add_argument("--isolation", choices=TIERS, help=f"use this one ({listed})")
    parser.add_argument(
        "--require-isolation", choices=TIERS, default=PROCESS, metavar="TIER",
        help="refuse to grade with less than this; without it the strongest that works is used",
    )  # fmt: skip
    parser.add_argument(
        "--time-limit", type=_seconds, default=TIME_LIMIT, metavar="S",
        help=f"seconds for each cell and each task (default {TIME_LIMIT:g})",
    )  # fmt: skip


def _seconds(text: str) -> float:
    value = float(text)
    if not 0.1 <= value <= 3600:
        raise argparse.ArgumentTypeError("between 0.1 and 3600 seconds")
    return value


def _workers(text: str) -> int:
    value = int(text)
    if not 1 <= value <= 256:
        raise argparse.ArgumentTypeError("between 1 and 256 workers")
    return value


def _settings(args: argparse.Namespace, seed: str) -> Settings:
    if args.isolation and TIERS.index(args.isolation) > TIERS.index(args.require_isolation):
        raise ValueError(
            f"--isolation {args.isolation} is less than --require-isolation "
            f"{args.require_isolation} allows"
        )
    return Settings(seed, args.time_limit, args.require_isolation, args.isolation)


def _add_grade(commands: argparse._SubParsersAction) -> None:
    grade = commands.add_parser("grade", help="grade what a class handed in")
    grade.add_argument(
        "submissions", nargs="+", type=Path,
        help="folders or zips: one folder per learner, files named by learner, or a download of "
        "Canvas, Moodle, Gradescope or nbgrader",
    )  # fmt: skip
    grade.add_argument("-o", "--out", type=Path, default=Path("graded"), help="default: graded/")
    grade.add_argument(
        "--exercise", action="append", default=[], metavar="03",
        help="an exercise that was set (may be repeated); default: all that anybody handed in",
    )  # fmt: skip
    grade.add_argument("--workers", type=_workers, default=len(_cpus()), help="default: one a core")
    grade.add_argument("--again", action="store_true", help="grade also what has not changed")
    grade.add_argument(
        "--replay", nargs="?", const="", metavar="LEARNER[:TASK]",
        help="grade nothing anew: repeat recorded verdicts with their recorded inputs and compare",
    )  # fmt: skip
    grade.add_argument("--cluster", metavar="ADDRESS", help="grade on a Dask cluster")
    _isolation(grade)
    grade.set_defaults(run=guarded(_grade))


def _add_check(commands: argparse._SubParsersAction) -> None:
    check = commands.add_parser("check", help="mark one notebook, as the class would be")
    check.add_argument("notebook", type=Path)
    check.add_argument("--exercise", metavar="03", help="which exercise it is, if that is unclear")
    check.add_argument("--json", action="store_true", help="print the result as JSON")
    _isolation(check)
    check.set_defaults(run=guarded(_check))


def _cpus() -> set[int] | range:
    if hasattr(os, "sched_getaffinity"):
        return os.sched_getaffinity(0)
    return range(os.cpu_count() or 1)


def _grade(args: argparse.Namespace) -> int:
    from bncourse.grade import run as runs

    if args.replay is not None:
        return _replay(args)
    summary = runs.run(
        args.submissions,
        args.out,
        _settings(args, runs.new_seed()),
        lambda: _pool(args),
        [find_exercise(key) for key in args.exercise],
        _bar,
        args.again,
    )
    tiers = sorted({r.tier for r in summary.results if r.tier})
    unread = sum(bool(r.failure) for r in summary.results)
    print(f"{len(summary.results)} submissions, {summary.graded} of them new or changed.")
    if unread:
        print(f"{unread} of them could not be read or are missing: the class page says why.")
    if summary.left_out:
        print(
            f"{summary.left_out} graded here before are not among these submissions and not in "
            "the reports. Give all folders together to have them back."
        )
    print("".join(f"Isolation: {tier}: {MEANING[tier]}.\n" for tier in tiers), end="")
    print(f"Written to {args.out}: class.html, grades.csv, grades.json, feedback/")
    return 0


@contextmanager
def _pool(args: argparse.Namespace) -> Iterator[tuple[Executor, int]]:
    from bncourse.grade.classroom import cluster_executor, local_executor

    if args.cluster:
        with cluster_executor(args.cluster) as made:
            yield made
    else:
        with local_executor(args.workers) as executor:
            yield executor, args.workers


def _bar(total: int, new: int) -> Callable[[int], None]:
    """Show how far it is and how long it will take, on a terminal."""
    if new < total:
        print(f"{total - new} of {total} notebooks have not changed.", file=sys.stderr)
    if not sys.stderr.isatty():
        return lambda _count: None
    from tqdm import tqdm

    bar = tqdm(total=new, unit=" notebooks", leave=False)

    def tell(count: int) -> None:
        bar.update(count)
        if bar.n >= new:
            bar.close()

    return tell


def _replay(args: argparse.Namespace) -> int:
    from bncourse.grade import run as runs
    from bncourse.grade.replay import replay
    from bncourse.grading.panel import as_text

    learner, _, task = args.replay.rpartition(":") if ":" in args.replay else (args.replay, "", "")
    same = other = 0
    for replayed in replay(
        args.submissions, args.out, _settings(args, runs.new_seed()), learner, task
    ):
        same, other = same + replayed.same, other + (not replayed.same)
        if not replayed.same:
            who = f"{replayed.learner}, {replayed.exercise}"
            print(f"{one_line(who)}: recorded\n{clean(as_text(replayed.before))}\nnow")
        if learner or not replayed.same:
            print(clean(as_text(replayed.now)))
    print(f"{same} verdicts came out as recorded, {other} did not.")
    return int(other > 0)


def _check(args: argparse.Namespace) -> int:
    from bncourse.grade.one import check_notebook

    return check_notebook(
        args.notebook,
        _settings(args, ""),
        find_exercise(args.exercise) if args.exercise else "",
        as_json=args.json,
    )
