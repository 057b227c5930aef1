"""The tasks of lesson 02, in the order of the exercise notebook."""

from bncourse.tasks.input_normalisation import apply, fit, leaks, rulers, whitening

TASKS = (rulers.TASK, fit.TASK, apply.TASK, leaks.TASK, whitening.TASK)
