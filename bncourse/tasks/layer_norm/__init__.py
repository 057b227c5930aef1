"""The tasks of lesson 09, in the order of the exercise notebook."""

from bncourse.tasks.layer_norm import (
    backward,
    claims,
    forward,
    pre_or_post,
    rms,
    rnn_step,
    who_cares,
)

TASKS = (
    who_cares.TASK,
    forward.TASK,
    backward.TASK,
    rnn_step.TASK,
    pre_or_post.TASK,
    rms.TASK,
    claims.TASK,
)
