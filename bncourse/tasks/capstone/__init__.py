"""Tasks of the capstone, the norm doctor: find what is ill in a package, mend it, improve it."""

from bncourse.tasks.capstone import (
    batch_norm,
    claims,
    data,
    group_norm,
    inference,
    layer_norm,
    own_tests,
    sequence,
    shift,
    small_batches,
)

TASKS = (
    batch_norm.TASK,
    group_norm.TASK,
    layer_norm.TASK,
    data.TASK,
    own_tests.TASK,
    small_batches.TASK,
    shift.TASK,
    sequence.TASK,
    inference.TASK,
    claims.TASK,
)
# The parts of the score card and their tasks.
PARTS = {
    "P correctness": ("C.1", "C.2", "C.3", "C.4"),
    "K own tests": ("C.5",),
    "A small batches": ("C.6",),
    "R another light": ("C.7",),
    "Q sequence": ("C.8",),
    "F in use": ("C.9",),
    "D claims": ("C.10",),
}
