"""The tasks of lesson 00."""

from bncourse.tasks.start_here import first_try, pre_test

TASKS = (pre_test.TASK, first_try.TASK)
