"""Thirty submissions of the exercise, the same for every tool, with the score that each deserves.

13 right in several styles, 8 wrong in ways that learners really are, 3 as they were handed out,
3 that crash, 2 that import half of SciPy, 1 that never ends. Only the numbers in the forms differ
between the tools: here every learner has numbers of their own.
"""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache

from benchmarks.grading.exercise import EVERYBODY, MARKED, solved
from bncourse.authoring.proof import right_answers, wrong_answers
from bncourse.grading.learner import personal_seed
from bncourse.registry import find
from bncourse.tasks.batch_norm.forward_styles import ACCEPTED

FORMS = ("by_hand", "head_count", "another_batch", "before_after")
FORWARD, UNDO, STEPS = "batchnorm_forward", "undo_bn", "step_order"
ENDLESS = "endless"

VARIANCE = "variance = ((x - mean) ** 2).mean(axis=0)"
INV_STD = "inv_std = 1 / np.sqrt(variance + eps)"
HUNGRY = """\
import matplotlib.pyplot as plt
from scipy import interpolate, optimize, signal, stats

spread = stats.describe(np.array([1.0, 3.0, 5.0, 7.0, 9.0])).variance
"""


@dataclass(frozen=True)
class Submission:
    """One learner's answers.

    ``sources`` replaces answer cells, ``forms`` names the misconception of a form. ``deserves``
    are the points by task, one each where nothing is said. A stub has no answers at all.
    """

    learner: str
    kind: str
    sources: Mapping[str, str] = field(default_factory=dict)
    forms: Mapping[str, str] = field(default_factory=dict)
    deserves: Mapping[str, float] = field(default_factory=dict)

    @property
    def marks(self) -> dict[str, float]:
        """The points that this submission deserves, by task."""
        return dict.fromkeys(MARKED, 0.0 if self.kind == "stub" else 1.0) | dict(self.deserves)

    @property
    def score(self) -> float:
        """The points that this submission deserves."""
        return sum(self.marks.values())

    def answers(self, name: str = EVERYBODY) -> dict[str, str]:
        """Return the answer cells for a learner of that name, whose own numbers the forms hold."""
        cells = {"learner": f"learner = {name!r}"}
        if self.kind == "stub":
            return cells
        for entry in FORMS:
            cells[entry] = f"# Your answer\n{entry} = {_form(entry, self.forms.get(entry), name)!r}"
        for entry in (STEPS, FORWARD, UNDO):
            cells[entry] = self.sources.get(entry, solved(entry))
        return cells


def class_of(size: int, hungry: bool = True) -> list[Submission]:
    """Return so many submissions: the class of thirty over and over, without the endless one.

    Without ``hungry`` also without those that import more than NumPy.
    """
    left_out = {ENDLESS} if hungry else {ENDLESS, "hungry"}
    ended = [s for s in class_of_thirty() if s.kind not in left_out]
    return [replace(ended[k % len(ended)], learner=f"learner{k + 1:04}") for k in range(size)]


@cache
def class_of_thirty() -> tuple[Submission, ...]:
    """Return the thirty; the last one is the endless one."""
    right = [{}] * 8 + [{FORWARD: _styled(style)} for style in ACCEPTED]
    made = [("right", sources, {}, {}) for sources in right]
    made += [("wrong", *wrong) for wrong in _wrong()]
    made += [("stub", {}, {}, {})] * 3
    made += [("crash", sources, {}, marks) for sources, marks in _crashing()]
    made += [("hungry", {FORWARD: HUNGRY + "\n" + solved(FORWARD)}, {}, {})] * 2
    made += [(ENDLESS, {UNDO: loop(UNDO)}, {}, {UNDO: 0.0})]
    return tuple(Submission(f"learner{k:02}", *rest) for k, rest in enumerate(made, 1))


def loop(entry: str) -> str:
    """Return the answer cell of a function that never returns."""
    return solved(entry).replace("    return ", "    while True:\n        pass\n    return ")


def _wrong() -> list[tuple[dict, dict, dict]]:
    """Eight wrong submissions: the changed cells, the forms' misconceptions, what is left."""
    unbiased = _changed(FORWARD, ".mean(axis=0)\n    inv", ".sum(axis=0) / (len(x) - 1)\n    inv")
    outside = _changed(FORWARD, INV_STD, "inv_std = 1 / (np.sqrt(variance) + eps)")
    one_pass = _changed(FORWARD, VARIANCE, "variance = (x * x).mean(axis=0) - mean**2")
    in_place = _changed(FORWARD, VARIANCE, "x -= mean\n    mean = 0\n    variance = (x**2).mean(0)")
    per_sample = _changed(FORWARD, "x_hat = (x - mean) * inv_std", ROWS)
    bare = _changed(FORWARD, "y = gamma * x_hat + beta", "y = x_hat")
    no_eps = _changed(UNDO, "x.var(axis=0) + eps", "x.var(axis=0)")
    whole = _changed(UNDO, "axis=0", "")
    return [
        ({FORWARD: unbiased}, {}, {FORWARD: 0}),
        ({FORWARD: outside}, {"by_hand": "unbiased"}, {FORWARD: 0, "by_hand": 0.25}),
        ({FORWARD: one_pass}, {}, {FORWARD: 0}),
        ({FORWARD: in_place, UNDO: no_eps}, {}, {FORWARD: 0, UNDO: 0}),
        ({FORWARD: per_sample, UNDO: whole}, {}, {FORWARD: 0, UNDO: 0}),
        ({FORWARD: bare, STEPS: 'step_order = "K D H F C A"'}, {}, {FORWARD: 0, STEPS: 0}),
        ({STEPS: 'step_order = "K D G E C A"'}, {"head_count": "beta called idle"},
         {STEPS: 0, "head_count": 0.75}),
        ({UNDO: no_eps}, {"another_batch": "undo holds everywhere"},
         {UNDO: 0, "another_batch": 0.25}),
    ]  # fmt: skip


ROWS = """\
mean, variance = x.mean(axis=1, keepdims=True), x.var(axis=1, keepdims=True)
    x_hat = (x - mean) / np.sqrt(variance + eps)"""


def _crashing() -> list[tuple[dict, dict]]:
    """Three submissions with one cell that fails; the other answers keep their worth."""
    syntax = _changed(FORWARD, INV_STD, "inv_std = 1 / np.sqrt(variance + eps")
    name = _changed(FORWARD, INV_STD, "inv_std = 1 / np.sqrt(varience + eps)")
    raising = 'raise RuntimeError("first restart the kernel")\n' + solved(UNDO)
    return [
        ({FORWARD: syntax}, {FORWARD: 0}),
        ({FORWARD: name}, {FORWARD: 0}),
        ({UNDO: raising}, {UNDO: 0}),
    ]


def _changed(entry: str, old: str, new: str) -> str:
    source = solved(entry)
    if old not in source:
        raise ValueError(f"the solution of {entry} has no {old!r}")
    return source.replace(old, new)


def _styled(style: Callable) -> str:
    return inspect.getsource(style).replace(f"def {style.__name__}(", f"def {FORWARD}(")


def _form(entry: str, misconception: str | None, name: str) -> dict:
    """Return a form as typed: six digits, letters for choices."""
    task = find(entry)
    cases = task.draw(personal_seed(name, task.id))
    known = dict(wrong_answers(task, cases)) if misconception else dict(right_answers(task, cases))
    typed = known[misconception or "the reference"]
    return {k: v if isinstance(v, str) else float(f"{v:.6g}") for k, v in typed.items()}
