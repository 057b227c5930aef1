"""The tasks of lesson 06, in the order of the exercise notebook."""

from bncourse.tasks.convolution import claims, equivariance, forward_2d, stat_axes, whose_average

TASKS = (
    whose_average.TASK,
    stat_axes.TASK,
    forward_2d.TASK,
    equivariance.TASK,
    claims.TASK,
)
