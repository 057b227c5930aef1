"""Find submissions as instructors really get them, and read the code in a notebook.

Whatever a learner hands in, reading it follows no link, writes nothing to disk and is bounded in
time and memory; what cannot be read raises ``Unreadable`` with a reason for the learner.
"""

from bncourse.grading.submissions.errors import SubmissionsError, Unreadable
from bncourse.grading.submissions.files import File
from bncourse.grading.submissions.find import Submission, find_submissions
from bncourse.grading.submissions.limits import MAX_BYTES
from bncourse.grading.submissions.notebook import Cell, read_cells

__all__ = [
    "MAX_BYTES",
    "Cell",
    "File",
    "Submission",
    "SubmissionsError",
    "Unreadable",
    "find_submissions",
    "read_cells",
]
