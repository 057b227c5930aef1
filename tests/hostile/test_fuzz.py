"""Notebooks cut, moved, doubled and scribbled on at random: always a result, and a fair one."""

import copy
import json
import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bncourse.grade.notebook import Grader, Submitted
from bncourse.grade.settings import versions
from bncourse.grading.record import to_json
from bncourse.grading.sandbox.box import Sandbox
from tests.hostile.broken_cells import ENTRIES
from tests.hostile.making import code_cell, dump, solution

PERSONAL = ("3.1", "3.4", "3.5b", "3.6")
GIVEN = solution()["cells"]
DEFINES = {task: re.compile(rf"\b{entry}\b") for task, entry in ENTRIES.items()}
FOREIGN = (
    "", "1 / 0", "%matplotlib inline", "!ls", "def f(:", "x = 3\nprint(x)", "import this_is_not",
    "import sys; sys.exit()", "raise KeyboardInterrupt", "np.sum?", "# nothing",
)  # fmt: skip
FAST = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)

places = st.integers(0, len(GIVEN) + 10)
words = st.text(max_size=5)
json_things = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=6,
)
changes = st.lists(
    st.one_of(
        st.tuples(st.just("delete"), places),
        st.tuples(st.just("double"), places, places),
        st.tuples(st.just("move"), places, places),
        st.tuples(st.just("foreign"), places, st.sampled_from(FOREIGN)),
        st.tuples(st.just("strip"), places),
        st.tuples(st.just("relabel"), places, json_things),
        st.tuples(st.just("cut"), places, st.integers(0, 400), st.integers(1, 400)),
        st.tuples(st.just("scribble"), places, st.integers(0, 400), st.text(max_size=8)),
    ),
    max_size=10,
)


def changed(cells, change):
    """The cells after one change; those that were written on are no longer the given ones."""
    kind, place, *rest = change
    if not cells:
        return
    place %= len(cells)
    cell = cells[place]
    if kind == "delete":
        del cells[place]
    elif kind in ("double", "move"):
        kept = copy.deepcopy(cell) if kind == "double" else cells.pop(place)
        cells.insert(rest[0] % (len(cells) + 1), kept)
    elif kind == "foreign":
        cells.insert(place, code_cell(rest[0]))
    elif kind == "strip":
        cells[place] = {key: cell[key] for key in ("cell_type", "source")}
    elif kind == "relabel":
        cell["metadata"] = cell["id"] = cell["outputs"] = rest[0]
    elif kind == "cut":
        cell["source"] = cell["source"][: rest[0]] + cell["source"][rest[0] + rest[1] :]
    else:
        cell["source"] = cell["source"][: rest[0]] + rest[1] + cell["source"][rest[0] :]


def still_right(cells):
    """The tasks whose answers are all left as they were given: those must have full credit."""
    known = {cell["source"] for cell in GIVEN}
    code = [cell["source"] for cell in cells if cell["cell_type"] == "code"]
    learner = [source for source in code if "learner" in source]
    named = learner and all(source in known for source in learner)
    answers = {}
    for task, defines in DEFINES.items():
        mine = [source for source in code if defines.search(source)]
        there = any(f"{ENTRIES[task]} = " in s or f"def {ENTRIES[task]}(" in s for s in mine)
        answers[task] = there and all(source in known for source in mine)
    return [task for task, right in answers.items() if right and (named or task not in PERSONAL)]


@pytest.fixture(scope="module")
def credit():
    """A function: the credit of each task of a file, after what must hold for any result."""
    with Sandbox(time_limit=20.0) as box:
        grader = Grader(box, "a run", versions())
        yield lambda data: checked(
            grader.grade(Submitted("a", "A", "03_batch_norm", "a.ipynb", "", data))
        )


def checked(result):
    assert json.dumps(to_json(result), ensure_ascii=False).encode()
    assert len(result.tasks) == len(ENTRIES)
    assert 0 <= result.score <= result.out_of == 6
    for task in result.tasks:
        assert task.verdict.credit == 1 or task.verdict.status in (
            "not started", "unfinished",
        ) or task.verdict.seen or task.verdict.notes  # fmt: skip
    return {task.verdict.task: task.verdict.credit for task in result.tasks}


@FAST
@given(changes)
def test_what_is_left_of_the_answers_keeps_its_credit(credit, made):
    notebook = solution()
    for change in made:
        changed(notebook["cells"], change)
    given = credit(dump(notebook))
    lost = [task for task in still_right(notebook["cells"]) if given[task] != 1]
    assert lost == []


@FAST
@given(st.data())
def test_bytes_changed_at_random_never_stop_the_grader(credit, data):
    raw = bytearray(dump(solution()))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(raw) - 1))
        raw[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
    credit(bytes(raw))


@FAST
@given(json_things)
def test_any_json_gets_a_reason(credit, thing):
    holding = {"cells": [thing, {"cell_type": "code", "source": thing}]}
    for notebook in (thing, {"cells": thing}, holding):
        credit(json.dumps(notebook).encode())
