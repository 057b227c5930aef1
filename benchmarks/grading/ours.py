"""`bncourse grade` and `bncourse check` as commands, run and read as the other tools are."""

import contextlib
import json
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path

from benchmarks.grading.class_of_thirty import Submission
from benchmarks.grading.environments import quiet_env
from benchmarks.grading.exercise import NAME, fill, release
from benchmarks.grading.supervise import MB, Limits, Run, run
from bncourse.registry import find

BNCOURSE = [sys.executable, "-m", "bncourse"]
# A runner that has torch loaded maps much more than it uses.
LIMITS = Limits(memory=16_384 * MB)


@cache
def _released() -> dict:
    return release()


def write(submission: Submission) -> bytes:
    """Return a learner's notebook, with the numbers that their own name draws."""
    return fill(_released(), submission.answers(submission.learner))


@contextlib.contextmanager
def handed_in(submissions: Iterable[Submission]) -> Iterator[Path]:
    """Yield a throw-away folder with a folder for each learner below ``submissions``."""
    with tempfile.TemporaryDirectory(prefix="ours-") as made:
        folder = Path(made)
        # The runners do not work as root: they must be able to reach what lies in here.
        folder.chmod(0o755)
        for name in ("home", "tmp"):
            (folder / name).mkdir()
        for submission in submissions:
            place = folder / "submissions" / submission.learner
            place.mkdir(parents=True)
            (place / f"{NAME}.ipynb").write_bytes(write(submission))
        yield folder


def grade(folder: Path, *options: str, limits: Limits = LIMITS) -> Run:
    """Grade a folder from ``handed_in`` into a new ``graded`` below it."""
    command = [*BNCOURSE, "grade", "submissions", "-o", "graded", *options]
    return run(command, folder, quiet_env(folder, Path(sys.executable).parent), limits)


def check(folder: Path, learner: str, *options: str) -> Run:
    """Check one learner's notebook from the shell."""
    command = [*BNCOURSE, "check", f"submissions/{learner}/{NAME}.ipynb", *options]
    return run(command, folder, quiet_env(folder, Path(sys.executable).parent), LIMITS)


def marks(folder: Path) -> dict[str, dict[str, float]]:
    """Return each learner's points by task, of the marked tasks."""
    graded = json.loads((folder / "graded" / "grades.json").read_text())["results"]
    return {
        result["learner"]: {
            find(task["verdict"]["task"]).entry: task["earned"]
            for task in result["tasks"]
            if task["points"]
        }
        for result in graded
    }


def wrong(submissions: Iterable[Submission], given: Mapping[str, Mapping | None]) -> list[str]:
    """Return the learners whose marks are not the ones that they deserve, and what they got."""
    found = []
    for submission in submissions:
        got = given.get(submission.learner)
        if got is None or any(abs(got.get(k, 0) - v) > 1e-3 for k, v in submission.marks.items()):
            found.append(f"{submission.learner} ({submission.kind}): {got}")
    return found
