"""What a task is: data, and no code that trusts the learner's process.

A task names what is asked, draws its cases from a random generator, holds a reference answer
and a list of misconceptions. A misconception is an executable wrong answer with the sentence
a good tutor would say on seeing it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from bncourse.grading.answers import Driver, call_function


@dataclass(frozen=True)
class Case:
    """One set of inputs on which an answer is judged.

    ``label`` says in a few words what is special about it. ``rtol`` is the largest accepted
    difference relative to the largest expected number. ``strided`` cases reach the answer
    as non-contiguous views of the same numbers. ``raises`` names the exception that these inputs
    must be refused with, "ValueError" say.
    """

    label: str
    args: tuple[Any, ...]
    rtol: float = 1e-7
    strided: bool = False
    raises: str = ""


@dataclass(frozen=True)
class Misconception:
    """A wrong answer that learners really give.

    ``wrong`` has the reference's signature and computes what the mistake computes. Where its
    numbers depend on rounding, ``fails_on`` names instead the case labels on which such an
    answer fails while it is right on every other one. ``variants`` are other ways of making the
    same mistake. ``switches`` are the settings of the
    task's switchboard that produce it, so that two mistakes made at once can be recognised.
    """

    key: str
    says: str
    asks: str
    code: str = ""
    wrong: Callable[..., Any] | None = None
    fails_on: frozenset[str] = frozenset()
    switches: Mapping[str, Any] = field(default_factory=dict)
    variants: tuple[Callable[..., Any], ...] = ()


@dataclass(frozen=True)
class Task:
    """One exercise that can be judged.

    ``entry`` is the name that the learner defines. ``outputs`` are the names of what a
    function returns, in order. ``driver`` turns the learner's value into a callable that
    takes a case's arguments. ``params`` are the names of those arguments.

    ``measure`` turns the named arrays that came back, and the case's arguments, into the named
    arrays that are compared: for answers of which many are right, such as a shuffle. It runs with
    the judge, must take any arrays, and raises AnswerError for those it cannot read. ``given`` is
    the code that learners find and mend: an answer that still does the same is not started.

    ``oracle`` answers the learner's code while it runs, beside the judge: it takes what a driver
    passes on, arrays and numbers that may be anything, and returns arrays. One that remembers what
    it was asked has ``anew``, which gives the one for a notebook. ``smaller`` gives the simpler
    versions of a case: a failing case is shrunk through them before it is shown.
    ``stages``: the outputs are stages, each of which earns its share when it is right on every
    case, and 0.0 stands for one that is not written yet; it says from which others a stage is made.
    ``credit`` gives the share earned from the evidence, where it is not all or nothing; ``tell``
    says what was seen in the task's own words.

    ``personal``: the cases are drawn from the learner's name, not afresh. ``partial``: each
    output earns its own share (forms). ``graded``: False for a checkpoint without marks.
    ``recorded``: the answer is kept without being judged. ``discreet``: finding the fault is the
    exercise, so a notebook's check names it only after the second hint. ``tell_success``: ``tell``
    has something to say of right answers, too. ``library_layers``: a library's own
    normalisation may be called; otherwise grading refuses it. ``accepted`` are other right styles,
    ``mistakes`` answers that learners may give, by the key of the misconception that must be
    named; both are proof, used by tests. ``points``: what a marked task is worth. ``patience``: how
    many time limits the answer may take, where it is to be called thousands of times.
    """

    id: str
    title: str
    entry: str
    objective: str
    minutes: int
    params: tuple[str, ...]
    outputs: tuple[str, ...]
    cases: Callable[[np.random.Generator], Sequence[Case]]
    reference: Callable[..., Any]
    misconceptions: tuple[Misconception, ...]
    hints: tuple[str, str, str]
    stub: Any
    accepted: tuple[Any, ...] = ()
    mistakes: Mapping[str, Any] = field(default_factory=dict)
    driver: Driver = call_function
    switchboard: Callable[..., Any] | None = None
    measure: Callable[..., dict[str, np.ndarray]] | None = None
    given: Callable[..., Any] | None = None
    oracle: Callable[..., tuple[np.ndarray, ...]] | None = None
    smaller: Callable[[Case], Iterable[Case]] | None = None
    stages: Mapping[str, tuple[str, ...]] | None = None
    credit: Callable[[Any], float] | None = None
    tell: Callable[[Any], tuple[str, ...]] | None = None
    loose_shapes: frozenset[str] = frozenset()
    personal: bool = False
    partial: bool = False
    graded: bool = True
    points: float = 1.0
    patience: int = 1
    recorded: bool = False
    discreet: bool = False
    tell_success: bool = False
    library_layers: bool = False
    form: Any = None

    def draw(self, seed: int) -> tuple[Case, ...]:
        """Draw the task's cases; the same seed draws the same cases."""
        return tuple(self.cases(np.random.default_rng(seed)))

    def misconception(self, key: str) -> Misconception:
        """Return the misconception of that key; raises KeyError for an unknown one."""
        for entry in self.misconceptions:
            if entry.key == key:
                return entry
        raise KeyError(key)
