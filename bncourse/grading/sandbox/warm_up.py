"""One rehearsal in the runner itself: what it warms up need not be warmed in every child."""

from __future__ import annotations

import os
import sys

import numpy as np

from bncourse.grading.answers import call_function
from bncourse.grading.asked import Asked, to_data
from bncourse.grading.form import Choice, Form, Number, fill_form
from bncourse.grading.sandbox.child import serve
from bncourse.grading.sandbox.job import Question, cells_message, questions_message
from bncourse.grading.task import Case

CELLS = [
    (1, "import numpy as np\n\nfrom bncourse import ask, check, explain, hint, progress"),
    (2, 'learner = ""\nform = {"a": 1.5, "b": "a", "confidence": 1}\ncheck("0.0")'),
    (3, "def mean(x, axis=0):\n    return x.mean(axis=axis), {'sd': np.sqrt(x.var(axis=0))}"),
    (4, "not_there"),
]


def warm_up(kind: str) -> None:
    """Serve a request of our own, then put back what that has changed."""
    form = Form(lambda _numbers: "", (Number("a", ""), Choice("b", "", ("x", "y"))), True)
    asked = [
        Asked("0.1", "mean", ("x",), ("mean", "cache"), call_function),
        Asked("0.2", "form", ("numbers",), ("a", "b"), fill_form, form),
        Asked("0.3", "missing", ("x",), ("y",), call_function),
    ]
    cases = [Case("", (np.ones((4, 3)),), strided=True), Case("", (np.ones((2, 3), "f4"),))]
    questions = [Question(a.id, to_data(a), cases) for a in asked]
    modules, finders, path = dict(sys.modules), list(sys.meta_path), list(sys.path)
    reader, writer = os.pipe()
    sink = os.open(os.devnull, os.O_WRONLY)
    try:
        # Far smaller than a pipe holds.
        os.write(writer, cells_message(CELLS, 5.0, False) + questions_message(questions))
        serve(reader, sink, kind)
    finally:
        for fd in (reader, writer, sink):
            os.close(fd)
        sys.modules.clear()
        sys.modules.update(modules)
        sys.meta_path[:], sys.path[:] = finders, path
