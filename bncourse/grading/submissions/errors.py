"""What goes wrong with submissions, in words for the person who can put it right."""

from __future__ import annotations


class Unreadable(Exception):
    """A notebook or archive that cannot be read. The message is for the learner."""


class SubmissionsError(Exception):
    """Nothing can be graded. The message tells the instructor what to do."""
