"""Failing cases in words: small enough to follow with a pencil."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from bncourse.grading.batches import GENERATOR
from bncourse.grading.evidence import CaseEvidence, Evidence
from bncourse.grading.handed import FUNCTION
from bncourse.grading.outcome import Failure
from bncourse.grading.task import Case, Task

SMALL = 16


def number(value: Any, digits: int = 5) -> str:
    """Write a number with the digits a reader wants."""
    value = np.asarray(value)[()]
    return f"{value:.{digits}g}" if np.iscomplexobj(value) else f"{float(value):.{digits}g}"


def array(value: Any, digits: int = 5) -> str:
    """Write a small array in full and a large one by its shape."""
    if isinstance(value, dict) and FUNCTION in value:
        return f"({value[FUNCTION]})"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{k}: {array(v, digits)}" for k, v in value.items()) + "}"
    if isinstance(value, (list, tuple)) and any(np.ndim(v) for v in value):
        parts = [array(v, digits) for v in value]
        return f"[{', '.join(parts)}]" if len(parts) <= SMALL else f"a list of {len(parts)}"
    value = np.asarray(value)
    if value.dtype.kind in "UO":
        return repr(value.tolist())
    if value.dtype == bool and value.ndim == 0:
        return str(bool(value))
    if value.size > SMALL:
        return f"{value.dtype} array of shape {value.shape}"
    if value.ndim == 0:
        return number(value, digits)
    return "[" + ", ".join(array(v, digits) for v in value) + "]"


def apart(got: Any, wanted: Any) -> tuple[str, str]:
    """Write two different values with as many digits as it takes to see the difference."""
    for digits in (5, 7, 9, 12, 17):
        pair = array(got, digits), array(wanted, digits)
        if pair[0] != pair[1]:
            break
    return pair


def describe_case(task: Task, evidence: CaseEvidence) -> tuple[str, ...]:
    """Describe a failing case: what went in, what came out, what should have."""
    if task.partial:
        return _describe_fields(task, evidence)
    lines = [_given(task.params, evidence.case)]
    if evidence.accepted:
        lines.append(f"nothing was raised; {evidence.case.raises} was expected")
    elif evidence.wrong:
        name = evidence.wrong[0]
        lines.append(_difference(task, name, evidence))
    elif evidence.outcome.mutated:
        lines.append(f"afterwards {' and '.join(evidence.outcome.mutated)} held other numbers")
    elif evidence.imprecise:
        name = evidence.imprecise[0]
        lines.append(f"{name} came back as {evidence.outcome.values[name].dtype}")
    return tuple(lines)


def describe_stage(task: Task, evidence: Evidence) -> tuple[str, ...]:
    """Describe the first stage that is wrong, on the smallest case that shows it."""
    written = [n for n in evidence.failed if n not in evidence.not_yet]
    empty = f"still 0.0: {', '.join(evidence.unwritten)}"
    waiting = [n for n in evidence.not_yet if n not in evidence.unwritten]
    if waiting:
        empty += f" ({' and '.join(waiting)} cannot be right before that)"
    if not written:
        return (empty,)
    shown = [c for c in evidence.cases if written[0] in c.wrong]
    if not shown:
        return describe_case(task, evidence.smallest_failing())
    first = min(shown, key=lambda c: c.size)
    lines = (_given(task.params, first.case), _difference(task, written[0], first))
    return (*lines, empty) if evidence.unwritten else lines


def describe_failure(
    failure: Failure, case: Case | None, params: tuple[str, ...] = ()
) -> tuple[str, ...]:
    """Describe why no numbers came back, by the learner's own line."""
    if failure.kind != "raised":
        return (failure.message,)
    lines = []
    if failure.line:
        lines.append(f"your line {failure.line}:  {failure.text}")
    elif failure.text:
        lines.append(f"your line:  {failure.text}")
    lines.append(f"{failure.type}: {failure.message}" if failure.message else failure.type)
    unmade = re.search(r"local variable '(\w+)'", failure.message)
    if failure.type == "UnboundLocalError" and unmade:
        lines.append(f"{unmade[1]} is used there, but no line above it has made {unmade[1]} yet")
    if case is not None:
        shapes = ", ".join(
            f"{name} {a.shape}"
            for name, a in zip(params, case.args, strict=False)
            if isinstance(a, np.ndarray)
        )
        called = ": ".join(part for part in (case.label, shapes) if part)
        if called:
            lines.append(f"it was called with {called}")
        if case.raises:
            lines.append(f"{case.raises} was expected there")
    return tuple(lines)


def _given(params: tuple[str, ...], case: Case) -> str:
    parts = [
        f"{name} = default_rng({a})" if name == GENERATOR else f"{name} = {array(a, _digits(a))}"
        for name, a in zip(params, case.args, strict=True)
    ]
    return f"{case.label}: " + ", ".join(parts)


def _digits(value: Any) -> int:
    """Return as many digits as it takes to see that different numbers differ."""
    if not isinstance(value, np.ndarray) or value.dtype.kind != "f" or value.size > SMALL:
        return 5
    different = len(np.unique(value))
    for digits in (5, 7, 9, 12):
        if len({number(v, digits) for v in value.ravel()}) >= different:
            break
    return digits


def _difference(task: Task, name: str, evidence: CaseEvidence) -> str:
    wanted, got = evidence.wanted[name], evidence.outcome.values.get(name)
    if got is None:
        have = ", ".join(evidence.outcome.values)
        return f"{name} is missing from what came back ({have})"
    if name in task.loose_shapes and got.squeeze().shape == wanted.squeeze().shape:
        got = got.reshape(wanted.shape)
    lists = got.ndim == wanted.ndim == 1 and max(got.size, wanted.size) <= SMALL
    if got.shape != wanted.shape and task.measure and lists:
        return f"{name} came out as {array(got)}; expected {array(wanted)}"
    if got.shape != wanted.shape:
        return f"{name} has shape {got.shape}; {wanted.shape} was expected"
    if wanted.dtype == bool and wanted.ndim == 0:
        return f"this is not so: {name}" if wanted else f"this is so and should not be: {name}"
    if wanted.size <= SMALL:
        came, expected = apart(got, wanted)
        return f"{name} came out as {came}; expected {expected}"
    gap = np.abs(got.astype(complex) - wanted)  # counts and truth values have distances too
    gap[np.isnan(gap)] = np.inf
    place = np.unravel_index(int(gap.argmax()), gap.shape)
    where = ", ".join(str(int(k)) for k in place)
    came, expected = apart(got[place], wanted[place])
    return f"{name}[{where}] is {came}; expected {expected}"


def _describe_fields(task: Task, evidence: CaseEvidence) -> tuple[str, ...]:
    """Say which fields are not right yet, with the learner's entry and never the answer."""
    lines = []
    for name in evidence.wrong:
        got = evidence.outcome.values[name]
        field = task.form.field(name)
        if np.isinf(got):
            why = f'the entry cannot be read; check("{task.id}") in the notebook says why'
        else:
            why = "still empty" if np.isnan(got) else f"you have {field.show(got)}"
        lines.append(f"{name}: {why}")
    return tuple(lines)
