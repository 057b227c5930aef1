"""The tasks of lesson 03, in the order of the exercise notebook."""

from bncourse.tasks.batch_norm import (
    another_batch,
    before_after,
    by_hand,
    forward,
    head_count,
    steps,
    undo,
)

TASKS = (
    by_hand.TASK,
    steps.TASK,
    forward.TASK,
    head_count.TASK,
    undo.TASK,
    another_batch.TASK,
    before_after.TASK,
)
