"""Submissions that attack the grader, and those that are merely broken."""
