"""The tasks of lesson 01, in the order of the exercise notebook."""

from bncourse.tasks.mini_batches import claims, count, gradients, indices, noise

TASKS = (count.TASK, indices.TASK, gradients.TASK, noise.TASK, claims.TASK)
