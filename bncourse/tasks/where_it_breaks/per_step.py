"""8.4: statistics for each time step of a sequence."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from bncourse.grading.evidence import Evidence
from bncourse.grading.kinds import driven_task
from bncourse.grading.step_records import OTHERWISE, RECORDED, keep_records
from bncourse.grading.task import Case
from bncourse.grading.words import array
from bncourse.tasks.where_it_breaks.per_step_slips import MISCONCEPTIONS
from bncourse.tasks.where_it_breaks.per_step_stats import PerStepStats


def cases(rng: np.random.Generator) -> list[Case]:
    """Draw sequences of equal and unequal length, longer than T_max, and steps nobody reached."""

    def statistics(t, d):
        # Means and variances that differ from step to step: what one shared average would smear.
        level = 5 * 0.5**t
        return rng.normal(level, 0.3, d).round(2), rng.uniform(0.5, 1.5, d).round(2) * (1 + level)

    def sequences(lengths, d):
        return [("update", t, *statistics(t, d)) for n in lengths for t in range(n)]

    def gets(*steps):
        return [("get", t) for t in steps]

    def unseen(*steps):
        return [("unseen", t) for t in steps]

    def case(label, T_max, d, events):
        return Case(label, (T_max, d, events))

    two, many = sequences([2], 1), [int(n) for n in rng.integers(2, 6, 5)]
    return [
        case("one sequence of two steps", 2, 1, [*two, *gets(0, 1)]),
        case("two sequences of three", 3, 2, [*sequences([3, 3], 2), *gets(0, 1, 2, 0)]),
        case("lengths 4, 2, 3, 1", 4, 2, [*sequences([4, 2, 3, 1], 2), *gets(0, 1, 2, 3)]),
        case("asked beyond T_max", 3, 2, [*sequences([3, 3, 2], 2), *gets(2, 7, 3, 4, 30)]),
        case("sequences longer than T_max", 3, 2,
             [*sequences([5, 3, 7], 2), *gets(0, 1, 2, 3, 9)]),
        case("a step nobody reached", 5, 2, [*sequences([2, 3], 2), *unseen(3, 4), *gets(0, 1, 2)]),
        case("beyond T_max, the last step unseen", 5, 2, [*sequences([3], 2), *unseen(4, 5, 9)]),
        case("nothing seen yet", 3, 2, unseen(0, 2, 3)),
        case("asked in between", 4, 2,
             [*sequences([2, 1], 2), *gets(0, 1), *sequences([3], 2), *gets(0, 1, 2), *unseen(3)]),
        case("two objects", 3, 2,
             [*sequences([2], 2), ("other", 0, *statistics(0, 2)), ("other", 2, *statistics(2, 2)),
              *gets(0, 1), *unseen(2)]),
        case("T_max = 1", 1, 3, [*sequences([2, 1], 3), *gets(0, 1, 5)]),
        case("a late step alone", 6, 1,
             [("update", 4, *statistics(4, 1)), *gets(4), *unseen(0, 5)]),
        case("many lengths", 6, 4, [*sequences([6, *many], 4), *gets(*range(8))]),
    ]  # fmt: skip


def measure(values: Mapping[str, np.ndarray], *args: object) -> dict[str, np.ndarray]:
    """Put what was refused last: only who gives the right numbers may be judged by it alone."""
    return {name: values[name] for name in ("mean", "var", "refused")}


def tell(evidence: Evidence) -> tuple[str, ...]:
    """Tell the first event whose answer was wrong, and what had happened before."""
    worst = evidence.smallest_failing()
    T_max, d, events = worst.case.args
    got, wanted = worst.outcome.values, worst.wanted
    made = f"{worst.case.label}: stats = PerStepStats({T_max}, {d})"
    seen = {"get": 0, "unseen": 0}
    for k, event in enumerate(events):
        if event[0] not in seen:
            continue
        place = seen[event[0]]
        seen[event[0]] += 1
        told = _told(event, place, got, wanted)
        if told:
            return (made, _history(events[:k]), told)
    return (made, "the last digits differ")


def _told(event: tuple, place: int, got: dict, wanted: dict) -> str:
    call = f"stats.get({event[1]})"
    if event[0] == "unseen":
        if got["refused"][place] == wanted["refused"][place]:
            return ""
        how = "raised, but no ValueError" if got["refused"][place] == OTHERWISE else "returned"
        return f"then {call} {how}; a ValueError was expected"
    for name in ("mean", "var"):
        came, expected = got[name][place], wanted[name][place]
        if not np.allclose(came, expected):
            return f"then {name} of {call} is {array(came)}; expected {array(expected)}"
    return ""


def _history(events: list[tuple]) -> str:
    updates = [e for e in events if e[0] in ("update", "other")]
    if len(updates) > 6:
        steps = ", ".join(str(e[1]) for e in updates)
        return f"after updates at the steps {steps}"
    whose = {"update": "", "other": "another object."}
    calls = (f"{whose[e[0]]}update({e[1]}, {array(e[2])}, {array(e[3])})" for e in updates)
    return f"after {', '.join(calls) or 'no update'}"


class _Lists:
    """Another style: everything is kept, and averaged when it is asked for."""

    def __init__(self, T_max, d):
        self.kept = {t: [] for t in range(T_max)}

    def _at(self, t):
        return self.kept[min(t, len(self.kept) - 1)]

    def update(self, t, mean, var):
        self._at(t).append((np.array(mean), np.array(var)))

    def get(self, t):
        if not self._at(t):
            raise ValueError(f"step {t} was never seen")
        return tuple(np.mean([pair[k] for pair in self._at(t)], axis=0) for k in (0, 1))


class _Sums:
    """Another style: arrays of sums and of counts."""

    def __init__(self, T_max, d):
        self.sums, self.counts = np.zeros((2, T_max, d)), np.zeros(T_max)

    def update(self, t, mean, var):
        t = min(t, len(self.counts) - 1)
        self.sums[:, t] += mean, var
        self.counts[t] += 1

    def get(self, t):
        t = min(t, len(self.counts) - 1)
        if not self.counts[t]:
            raise ValueError
        mean, var = self.sums[:, t] / self.counts[t]
        return mean, var


class Stub:
    """The exercise as learners find it."""

    def __init__(self, T_max, d):
        self.T_max, self.d = T_max, d

    def update(self, t, mean, var):
        """Do nothing."""

    def get(self, t):
        """Do nothing."""


TASK = driven_task(
    keep_records,
    id="8.4",
    title="a ruler for each step",
    entry="PerStepStats",
    objective="Keep statistics for each time step, and know what to do past the last one",
    minutes=15,
    params=("T_max", "d", "events"),
    outputs=RECORDED,
    measure=measure,
    cases=cases,
    reference=PerStepStats,
    misconceptions=MISCONCEPTIONS,
    hints=(
        "Two sequences of lengths 3 and 1: which steps were seen twice, which once? What does that "
        "say about where the counts are kept?",
        "Each step has a mean, a variance and a count of its own, all of them indexed by t. In "
        "both methods, begin with the step that t belongs to: from T_max on it is the last one. A "
        "step whose count is 0 has nothing to give.",
        "t = min(t, self.T_max - 1) as the first line of both methods. Then, with n the count of "
        "that step after adding 1: self.mean[t] += (mean - self.mean[t]) / n, and so for var. "
        "In get: if self.n[t] == 0: raise ValueError(…), else return copies.",
    ),
    stub=Stub,
    accepted=(_Lists, _Sums),
    switchboard=PerStepStats,
    tell=tell,
)
