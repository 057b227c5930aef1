"""What is kept of a graded submission: plain data that goes to JSON and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from bncourse.grading.verdict import Status, Verdict


@dataclass(frozen=True)
class TaskResult:
    """The verdict on one task and what it is worth.

    ``points`` is the most that can be earned, 0 for a task that is not marked. ``flags`` are
    for the instructor's eyes: a library's own layer used where the algorithm is asked for, say.
    """

    verdict: Verdict
    points: float
    flags: tuple[str, ...] = ()

    @property
    def earned(self) -> float:
        """The points earned, rounded to the thousandth that reports show."""
        return round(self.points * self.verdict.credit, 3)


@dataclass(frozen=True)
class Result:
    """One learner's one exercise, graded.

    ``learner`` is the identity that the submission's place gives, ``name`` how to address them,
    ``ids`` what their school's system calls them. ``source`` names the file. ``notes`` are for
    the learner (a cell that stopped, a name defined twice), ``flags`` for the instructor.
    ``failure`` says why nothing could be read; the tasks are then all not started. ``tier`` is
    the isolation that the learner's code ran under, empty when no code ran.
    """

    learner: str
    name: str
    exercise: str
    source: str
    fingerprint: str
    tasks: tuple[TaskResult, ...]
    notes: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    failure: str = ""
    tier: str = ""
    personal: str = ""
    ids: Mapping[str, str] | None = None
    versions: Mapping[str, str] | None = None
    seconds: float = 0.0

    @property
    def score(self) -> float:
        """The points earned."""
        return round(sum(t.earned for t in self.tasks), 3)

    @property
    def out_of(self) -> float:
        """The points that could be earned."""
        return round(sum(t.points for t in self.tasks), 3)


def to_json(result: Result) -> dict[str, Any]:
    """Return the result as data that JSON can hold."""
    data = asdict(result)
    data["score"], data["out_of"] = result.score, result.out_of
    for task, kept in zip(data["tasks"], result.tasks, strict=True):
        task["earned"] = kept.earned
    return data


def from_json(data: Mapping[str, Any]) -> Result:
    """Read a result back. Raises KeyError, TypeError or ValueError where it is none."""
    tasks = tuple(
        TaskResult(_verdict(t["verdict"]), float(t["points"]), tuple(t["flags"]))
        for t in data["tasks"]
    )
    own = {f.name: data[f.name] for f in fields(Result) if f.name != "tasks"}
    for name in ("notes", "flags"):
        own[name] = tuple(own[name])
    return Result(tasks=tasks, **own)


def _verdict(data: Mapping[str, Any]) -> Verdict:
    own = {f.name: data[f.name] for f in fields(Verdict)}
    for name, value in own.items():
        if isinstance(value, list):
            own[name] = tuple(value)
    own["status"] = Status(own["status"])
    return Verdict(**own)
