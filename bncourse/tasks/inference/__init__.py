"""The tasks of lesson 05, in the order of the exercise notebook."""

from bncourse.tasks.inference import (
    claims,
    fold,
    one_batch_later,
    precise,
    recalibrate,
    update_running,
)

TASKS = (
    one_batch_later.TASK,
    update_running.TASK,
    fold.TASK,
    recalibrate.TASK,
    precise.TASK,
    claims.MODES_TASK,
    claims.KEEPING_TASK,
)
