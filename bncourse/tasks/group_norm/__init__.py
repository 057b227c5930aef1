"""The tasks of lesson 10, in the order of the exercise notebook."""

from bncourse.tasks.group_norm import (
    almost,
    almost_form,
    claims,
    dyt,
    forward,
    kill_my_norm,
    post_test,
    prescribe,
    stat_mask,
    table_two,
)

TASKS = (
    stat_mask.TASK,
    forward.TASK,
    table_two.TASK,
    almost_form.TASK,
    almost.TASK,
    prescribe.TASK,
    kill_my_norm.TASK,
    dyt.TASK,
    claims.TASK,
    post_test.TASK,
)
