"""Every task ships with its proof: what is right passes, each mistake is caught and named."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from inspect import unwrap
from itertools import combinations
from typing import Any

import numpy as np

from bncourse.grading.answers import call_function
from bncourse.grading.form import Choice, Form
from bncourse.grading.judge import judge
from bncourse.grading.run_local import run_cases
from bncourse.grading.task import Misconception, Task
from bncourse.grading.verdict import Status, Verdict


@dataclass
class Proof:
    """The counts of one task over some seeds, and the first things that went wrong."""

    task: str
    seeds: int = 0
    right: int = 0
    false_alarms: int = 0
    wrong: int = 0
    caught: int = 0
    named: int = 0
    pairs: int = 0
    pairs_named: int = 0
    stub_credit: int = 0
    kinds: int = 0
    faults: list[str] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        """Whether nothing went wrong."""
        return not self.faults


def prove(task: Task, seeds: Iterable[int]) -> Proof:
    """Try a task's right answers, misconceptions and stub on each seed."""
    proof = Proof(task.id, kinds=len(task.misconceptions))
    for seed in seeds:
        proof.seeds += 1
        cases = task.draw(seed)

        def judged(value: Any, cases=cases, seed=seed) -> Verdict:
            return judge(task, cases, run_cases(task, value, cases), seed)

        _prove_right(proof, task, cases, judged)
        _prove_wrong(proof, task, cases, judged)
        stub = judged(task.stub)
        if stub.status is not Status.NOT_STARTED or stub.credit:
            proof.stub_credit += 1
            proof.faults.append(f"seed {seed}: the stub is {stub.status}")
    return proof


def _prove_right(proof: Proof, task: Task, cases: Any, judged: Callable[[Any], Verdict]) -> None:
    for name, value in right_answers(task, cases):
        proof.right += 1
        verdict = judged(value)
        if not verdict.ok:
            proof.false_alarms += 1
            proof.faults.append(f"{name} is right but {verdict.status}: {verdict.seen}")


def _prove_wrong(proof: Proof, task: Task, cases: Any, judged: Callable[[Any], Verdict]) -> None:
    for key, value in wrong_answers(task, cases):
        proof.wrong += 1
        verdict = judged(value)
        proof.caught += not verdict.ok
        proof.named += verdict.misconceptions == (key,)
        if verdict.misconceptions != (key,):
            proof.faults.append(f"{key} came out as {verdict.status} {verdict.misconceptions}")


def prove_pairs(task: Task, seed: int, every: int = 1) -> Proof:
    """Try every two slips made at once: caught always, named unless one hides the other.

    ``every`` takes one pair of so many, others with each seed, for tasks with many slips.
    """
    proof = Proof(task.id)
    # The slips are functions, also where learners put lines in order.
    task = replace(task, driver=call_function)
    cases = task.draw(seed)
    slips = [m for m in task.misconceptions if m.switches]
    for k, (a, b) in enumerate(combinations(slips, 2)):
        if task.switchboard is None or a.switches.keys() & b.switches.keys() or (k + seed) % every:
            continue
        proof.pairs += 1
        wrong = both(task.switchboard, a, b)
        verdict = judge(task, cases, run_cases(task, wrong, cases), seed)
        if verdict.ok:
            proof.faults.append(f"{a.key} + {b.key} passed")
        told = set(verdict.misconceptions)
        if told and not told <= {a.key, b.key}:
            proof.faults.append(f"{a.key} + {b.key} was called {sorted(told)}")
        proof.pairs_named += bool(told)
    return proof


def both(switchboard: Callable[..., Any], a: Misconception, b: Misconception) -> Callable:
    """Return the answer that makes both slips."""

    def wrong(*args: Any) -> Any:
        return switchboard(*args, **a.switches, **b.switches)

    return wrong


def right_answers(task: Task, cases: Any) -> Iterator[tuple[str, Any]]:
    """Yield the reference and the accepted styles, as learners would give them."""
    if isinstance(task.form, Form):
        yield "the reference", typed_form(task, task.reference(*cases[0].args))
    elif task.form is None:
        yield "the reference", unwrap(task.reference)
    for style in task.accepted:
        yield getattr(style, "__name__", repr(style)), style


def wrong_answers(task: Task, cases: Any) -> Iterator[tuple[str, Any]]:
    """Yield each misconception's key and an answer that has it."""
    for m in task.misconceptions:
        if m.key in task.mistakes:
            continue
        if isinstance(task.form, Form):
            told = m.wrong(*cases[0].args)
            if told:
                yield m.key, typed_form(task, {**task.reference(*cases[0].args), **told})
        elif m.wrong is not None:
            yield m.key, unwrap(m.wrong)
    yield from task.mistakes.items()


def typed_form(task: Task, values: dict[str, np.ndarray]) -> dict[str, Any]:
    """Return a form's answers as a learner would type them."""
    typed = {}
    for name, value in values.items():
        choice = isinstance(task.form.field(name), Choice)
        typed[name] = chr(ord("a") + int(value)) if choice else float(value)
    return typed


def table(proofs: Iterable[Proof]) -> str:
    """Write proofs as the table that stands in the test output."""
    head = (
        f"{'task':<6}{'seeds':>6}{'kinds':>7}{'wrong':>8}{'caught':>8}{'named':>8}"
        f"{'right':>8}{'false alarms':>14}{'stub credit':>13}"
    )
    rows = [
        f"{p.task:<6}{p.seeds:>6}{p.kinds:>7}{p.wrong:>8}{p.caught:>8}{p.named:>8}"
        f"{p.right:>8}{p.false_alarms:>14}{p.stub_credit:>13}"
        for p in proofs
    ]
    return "\n".join([head, *rows])
