"""The tasks of lesson 08, in the order of the exercise notebook."""

from bncourse.tasks.where_it_breaks import (
    batch_of_two,
    black_pixels,
    claims,
    devices,
    fair_sweep,
    ghost,
    per_step,
    sorted_loader,
    which_way,
)

TASKS = (
    batch_of_two.TASK,
    fair_sweep.TASK,
    sorted_loader.TASK,
    per_step.TASK,
    which_way.TASK,
    black_pixels.TASK,
    ghost.TASK,
    devices.TASK,
    claims.TASK,
)
