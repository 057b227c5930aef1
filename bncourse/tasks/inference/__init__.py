"""The tasks of lesson 05, in the order of the exercise notebook."""

from bncourse.tasks.inference import (
    claims,
    fold,
    layer,
    one_batch_later,
    precise,
    recalibrate,
    update_running,
    validation,
)

TASKS = (
    one_batch_later.TASK,
    update_running.TASK,
    layer.TASK,
    validation.TASK,
    fold.TASK,
    recalibrate.TASK,
    precise.TASK,
    claims.MODES_TASK,
    claims.KEEPING_TASK,
)
