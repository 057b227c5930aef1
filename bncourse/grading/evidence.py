"""What was asked, what came back and what should have, side by side."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from bncourse.grading.answers import AnswerError, named_arrays
from bncourse.grading.compare import precise_enough, same
from bncourse.grading.outcome import Failure, Outcome
from bncourse.grading.task import Case, Task

NOTHING = 1e-6  # of the right numbers: what is smaller than that may be rounding


@dataclass(frozen=True)
class CaseEvidence:
    """One case: the expected arrays, the outcome, and the names of what differs."""

    case: Case
    wanted: dict[str, np.ndarray]
    outcome: Outcome
    wrong: tuple[str, ...]
    imprecise: tuple[str, ...]

    @property
    def refused(self) -> bool:
        """Whether inputs that must be refused were refused in the way that was asked for."""
        failure = self.outcome.failure
        return bool(self.case.raises) and failure is not None and failure.type == self.case.raises

    @property
    def accepted(self) -> bool:
        """Whether inputs that must be refused were taken."""
        return bool(self.case.raises) and self.outcome.failure is None

    @property
    def faulty(self) -> bool:
        """Whether something wrong came back, or nothing where something should have."""
        return bool(self.wrong) or self.accepted or self.failure is not None

    @property
    def failure(self) -> Failure | None:
        """The failure, unless it is the one that was asked for."""
        return None if self.refused else self.outcome.failure

    @property
    def plain(self) -> bool:
        """Whether what is wrong can be seen without looking at the last digits."""
        return self.faulty and (not self.wrong or _differs_plainly(self))

    @property
    def clean(self) -> bool:
        """Whether everything about this case is right."""
        return not (self.faulty or self.imprecise or self.outcome.mutated)

    @cached_property
    def size(self) -> int:
        """How many numbers went in: the smaller, the easier to follow."""
        return _numbers_in(self.case.args)


@dataclass(frozen=True)
class Evidence:
    """All cases of one answer; ``stages`` are the outputs' names where each earns its share."""

    cases: tuple[CaseEvidence, ...]
    partial: bool
    stages: tuple[str, ...] = ()
    sources: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def clean(self) -> bool:
        """Whether the answer is right everywhere."""
        return all(c.clean for c in self.cases)

    @property
    def passed(self) -> tuple[str, ...]:
        """What passed: the cases' labels, or the fields of a form, or the stages."""
        if self.partial:
            return tuple(
                n for c in self.cases if not c.failure for n in c.wanted if n not in c.wrong
            )
        if self.stages:
            return tuple(n for n in self.stages if n not in self.failed)
        return tuple(dict.fromkeys(c.case.label for c in self.cases if c.clean and c.case.label))

    @property
    def failed(self) -> tuple[str, ...]:
        """What failed, likewise."""
        if self.partial:
            return tuple(n for c in self.cases for n in (c.wanted if c.failure else c.wrong))
        if self.stages:
            nothing = any(c.outcome.values is None or c.outcome.mutated for c in self.cases)
            return tuple(
                n
                for n in self.stages
                if nothing or any(n in c.wrong or n in c.imprecise for c in self.cases)
            )
        labels = (c.case.label for c in self.cases if not c.clean)
        return tuple(dict.fromkeys(label for label in labels if label))

    @property
    def share(self) -> float:
        """The share of what passed."""
        return len(self.passed) / max(len(self.passed) + len(self.failed), 1)

    @property
    def only_empty(self) -> bool:
        """Whether nothing is wrong but empty or unreadable fields, or stages not written yet."""
        if self.stages:
            return bool(self.unwritten) and set(self.failed) == set(self.not_yet)
        if any(c.failure for c in self.cases):
            return False
        return self.partial and all(
            not np.isfinite(c.outcome.values[n])
            for c in self.cases
            if c.outcome.values
            for n in c.wrong
        )

    @property
    def unwritten(self) -> tuple[str, ...]:
        """The stages that are still the 0.0 that stands for them."""
        came = [c.outcome.values for c in self.cases]
        if not self.stages or any(values is None for values in came):
            return ()
        return tuple(
            n
            for n in self.stages
            if all(n in v and v[n].shape == () and v[n] == 0 for v in came)
            and any(n in c.wrong for c in self.cases)
        )

    @property
    def not_yet(self) -> tuple[str, ...]:
        """The stages that are not written, and those that are made from one of them."""
        empty = self.unwritten
        made = (n for n in self.failed if set(self.sources.get(n, ())) & set(empty))
        return (*empty, *(n for n in made if n not in empty))

    @property
    def filled_wrong(self) -> tuple[str, ...]:
        """The wrong outputs of the first case that are not empty or unreadable fields."""
        first = self.cases[0]
        got = first.outcome.values or {}
        return tuple(n for n in first.wrong if n in got and np.isfinite(got[n]).any())

    def smallest_failing(self) -> CaseEvidence:
        """Return the failing case with the fewest numbers that shows the fault plainly.

        Wrong values come before other faults, and differences that can be seen before those in
        the last digits.
        """
        failing = [c for c in self.cases if not c.clean]
        faults = [c for c in failing if c.faulty]
        plain = [c for c in faults if c.plain]
        return min(plain or faults or failing, key=lambda c: c.size)


def _numbers_in(value: Any) -> int:
    if isinstance(value, np.ndarray):
        return value.size
    if isinstance(value, (tuple, list)):
        return sum(map(_numbers_in, value)) + len(value)
    return 0


def _differs_plainly(evidence: CaseEvidence) -> bool:
    name = evidence.wrong[0]
    wanted, got = evidence.wanted[name], (evidence.outcome.values or {}).get(name)
    return got is None or not same(got, wanted, 2e-3, loose_shape=True)


def gather(task: Task, cases: Sequence[Case], outcomes: Sequence[Outcome]) -> Evidence:
    """Compare each outcome with the reference."""
    return Evidence(
        tuple(_compare(task, case, out) for case, out in zip(cases, outcomes, strict=True)),
        task.partial,
        task.outputs if task.stages is not None else (),
        task.stages or {},
    )


def measured(task: Task, case: Case, outcome: Outcome) -> Outcome:
    """Return the outcome as it is compared; what cannot be read becomes a failure of form."""
    if task.measure is None or outcome.values is None:
        return outcome
    try:
        return replace(outcome, values=task.measure(outcome.values, *case.args))
    except AnswerError as error:
        return replace(outcome, values=None, failure=Failure("form", message=str(error)))


def _compare(task: Task, case: Case, outcome: Outcome) -> CaseEvidence:
    if case.raises:
        return CaseEvidence(case, {}, outcome, (), ())
    wanted = expected(task, task.reference, case.args)
    if outcome.values is None:
        return CaseEvidence(case, wanted, outcome, (), ())
    got = outcome.values
    wrong = tuple(n for n in wanted if n not in got or not agrees(task, case, n, got[n], wanted[n]))
    imprecise = tuple(
        n
        for n in wanted
        if not (task.form or task.measure)
        and n not in wrong
        and wanted[n].dtype.kind in "fc"
        and not precise_enough(got[n], case.args)
    )
    return CaseEvidence(case, wanted, outcome, wrong, imprecise)


def expected(task: Task, function: Callable[..., Any], args: tuple[Any, ...]) -> dict:
    """Return what a function of the task's own gives, in the form in which it is compared."""
    arrays = named_arrays(function(*args), task.outputs)
    return arrays if task.measure is None else task.measure(arrays, *args)


def agrees(
    task: Task,
    case: Case,
    name: str,
    got: np.ndarray,
    wanted: np.ndarray,
    right: np.ndarray | None = None,
) -> bool:
    """Say whether one output is the wanted one, by the task's own tolerance.

    ``right`` is the right output, where a mistake's is wanted: a mistake may give nothing but
    rounding where the right numbers are large.
    """
    if task.partial:
        return task.form.field(name).close(got, wanted)
    scale = 1e-12
    if right is not None and right.size and np.isfinite(right).all():
        scale = max(NOTHING * float(np.abs(right).max()), scale)
    return same(got, wanted, case.rtol, loose_shape=name in task.loose_shapes, scale=scale)
