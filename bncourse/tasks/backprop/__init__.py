"""The tasks of lesson 04, in the order of the exercise notebook."""

from bncourse.tasks.backprop import be_the_grader, claims, closed, jacobian, nodes, push_one, staged

TASKS = (
    push_one.TASK,
    nodes.TASK,
    staged.TASK,
    closed.TASK,
    be_the_grader.TASK,
    jacobian.TASK,
    claims.TASK,
)
