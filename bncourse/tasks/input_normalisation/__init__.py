"""The tasks of lesson 02, in the order of the exercise notebook."""

from bncourse.tasks.input_normalisation import apply, claims, fit, leaks, rulers, whitening

TASKS = (rulers.TASK, fit.TASK, apply.TASK, leaks.TASK, whitening.TASK, claims.TASK)
