"""`bncourse grade` beside nbgrader and otter-grader: python -m benchmarks.grading [--quick]."""
