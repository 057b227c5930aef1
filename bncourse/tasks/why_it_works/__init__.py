"""The tasks of lesson 07, in the order of the exercise notebook."""

from bncourse.tasks.why_it_works import (
    claims,
    fourteen_times,
    gradient_norms,
    noisy,
    rotations,
    scale_test,
)

TASKS = (
    scale_test.TASK,
    fourteen_times.TASK,
    noisy.TASK,
    gradient_norms.TASK,
    claims.TASK,
    rotations.TASK,
)
