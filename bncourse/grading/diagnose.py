"""Which misconception explains what came back, if one does."""

from __future__ import annotations

import re
import traceback
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from itertools import combinations
from typing import Any

import numpy as np

from bncourse.grading.answers import AnswerError, NotStarted
from bncourse.grading.evidence import CaseEvidence, Evidence, agrees, expected
from bncourse.grading.outcome import Failure
from bncourse.grading.task import Misconception, Task


@dataclass(frozen=True)
class Explanation:
    """A misconception that was recognised."""

    key: str
    says: str
    asks: str
    fields: tuple[str, ...] = ()


CHANGED_INPUT = Explanation(
    "changes its input",
    "The numbers are right, but your function changes the arrays it was given: "
    "whoever called it finds other data afterwards.",
    "Which line writes into an argument (such as `x -= …` or `x[...] = …`)?",
)
LOST_DIGITS = Explanation(
    "lost digits",
    "The numbers are right, but they came back with fewer digits than the input had.",
    "Where is a result stored in a smaller number type than the one of x?",
)


def explain(task: Task, evidence: Evidence) -> tuple[Explanation, ...]:
    """Return the explanation: one misconception, two made at once, or none."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        if task.partial:
            if evidence.cases[0].outcome.values is None:  # it could not be read
                return ()
            return _explain_fields(task, evidence.cases[0])
        return _explain_outputs(task, evidence)


def _explain_outputs(task: Task, evidence: Evidence) -> tuple[Explanation, ...]:
    wrong = [c for c in evidence.cases if c.faulty]
    if not wrong:
        mutated = any(c.outcome.mutated for c in evidence.cases)
        return (CHANGED_INPUT,) if mutated else (LOST_DIGITS,)
    # What follows from a wrong output is stored in too many ways to be compared, so a mistake
    # must fit up to the first wrong output; one that fits beyond it explains more.
    names = next((tuple(c.wanted) for c in evidence.cases if not c.case.raises), ())
    names = tuple(n for n in names if n not in evidence.not_yet)
    off = {n for c in wrong for n in c.wrong if n in names}
    first = min((names.index(n) for n in off), default=len(names) - 1)
    start, rest = names[: first + 1], names[first + 1 :]
    singles = [(m,) for m in task.misconceptions if _fits(task, evidence, (m,), start)]
    whole = [ms for ms in singles if _fits(task, evidence, ms, rest)]
    if not whole:
        pairs = [ms for ms in _pairs(task) if _fits(task, evidence, ms, start)]
        whole = [ms for ms in pairs if _fits(task, evidence, ms, rest)] or singles or pairs
    # Where several explanations fit, only what they have in common is known.
    return tuple(_tell(m) for m in whole[0] if all(m in ms for ms in whole)) if whole else ()


def untouched(task: Task, evidence: Evidence) -> bool:
    """Say whether an answer still does what the code does that learners were given to mend."""
    if task.given is None:
        return False
    found = Misconception("given", "", "", wrong=task.given)
    names = next((tuple(c.wanted) for c in evidence.cases if not c.case.raises), ())
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        return _fits(task, evidence, (found,), names)


def _tell(m: Misconception) -> Explanation:
    return Explanation(m.key, m.says, m.asks)


def _pairs(task: Task) -> Iterator[tuple[Misconception, ...]]:
    """Yield the slips that can be made at once."""
    slips = [m for m in task.misconceptions if m.switches and task.switchboard]
    for a, b in combinations(slips, 2):
        if not a.switches.keys() & b.switches.keys():
            yield a, b


def _fits(
    task: Task, evidence: Evidence, made: tuple[Misconception, ...], names: tuple[str, ...]
) -> bool:
    """Say whether mistakes made at once give the learner's numbers of these names everywhere."""
    ways = (made[0].wrong, *made[0].variants)
    if len(made) > 1:
        switches = {key: value for m in made for key, value in m.switches.items()}
        ways = (partial(task.switchboard, **switches),)
    elif made[0].wrong is None:
        failed = {c.case.label for c in evidence.cases if c.faulty}
        return failed == made[0].fails_on
    # Failing cases first: they tell most candidates apart at once.
    ordered = sorted(evidence.cases, key=lambda c: (c.clean, c.size))
    return any(all(_same_here(task, c, wrong, names) for c in ordered) for wrong in ways)


def _same_here(
    task: Task, evidence: CaseEvidence, wrong: Callable[..., Any], names: tuple[str, ...]
) -> bool:
    failure, got = evidence.outcome.failure, evidence.outcome.values
    args = tuple(a.copy() if isinstance(a, np.ndarray) else a for a in evidence.case.args)
    try:
        told = expected(task, wrong, args)
    except (AnswerError, NotStarted):
        return False
    except Exception as error:
        if evidence.refused:
            return type(error).__name__ == evidence.case.raises
        return failure is not None and _same_error(failure, error)
    if got is None:
        return False
    if evidence.case.raises:
        return True
    return all(
        n in got
        and n in told
        and agrees(task, evidence.case, n, got[n], told[n], evidence.wanted.get(n))
        for n in names
    )


def _same_error(failure: Failure, error: Exception) -> bool:
    """Say whether a learner's code failed as a mistake does.

    A ValueError that both raise themselves is told in words of one's own; what a library says
    must be the same.
    """
    if failure.type != type(error).__name__:
        return False
    lines = (failure.text, traceback.extract_tb(error.__traceback__)[-1].line or "")
    refused = failure.type == "ValueError" and all(re.search(r"\braise\b", n) for n in lines)
    return refused or failure.message == " ".join(str(error).split())


def _explain_fields(task: Task, evidence: CaseEvidence) -> tuple[Explanation, ...]:
    """Explain a form field by field.

    Of the misconceptions that give a wrong field's value, the one that explains most wrong
    fields is told, and among those the one that least contradicts the right fields; where two do
    so equally well, neither is. Counts and choices meet by chance: a misconception that explains
    nothing else and is contradicted by a right field is not told.
    """
    got = evidence.outcome.values
    left = [n for n in evidence.wrong if np.isfinite(got[n])]
    covers: dict[str, set[str]] = {}
    against: dict[str, int] = {}
    for m in task.misconceptions:
        told = {n: np.asarray(v) for n, v in m.wrong(*evidence.case.args).items()}
        fits = {n for n in told if agrees(task, evidence.case, n, got[n], told[n])}
        differs = {
            n for n in told if not agrees(task, evidence.case, n, told[n], evidence.wanted[n])
        }
        covers[m.key] = fits & set(left)
        against[m.key] = len(differs - fits - set(evidence.wrong))
        if against[m.key] and all(task.form.field(n).exact for n in covers[m.key]):
            covers[m.key] = set()
    found: list[Explanation] = []
    while left:
        ranks = {
            key: (len(fields), -against[key]) for key, fields in covers.items() if left[0] in fields
        }
        best = [key for key, rank in ranks.items() if rank == max(ranks.values())]
        if len(best) == 1:
            told = _tell(task.misconception(best[0]))
            found.append(replace(told, fields=tuple(sorted(covers[best[0]]))))
            left = [n for n in left if n not in covers[best[0]]]
        else:
            left = left[1:]
    return tuple(dict.fromkeys(found))
