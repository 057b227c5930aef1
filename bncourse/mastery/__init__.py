"""What a learner can show at the end: the gain by question, the abilities, and a page to keep.

All of it is read from the learner's own progress file. It is no mark: a mark is given by `bncourse
grade`, which runs the answers again where nothing can be looked up.
"""

from bncourse.mastery.certificate import certificate
from bncourse.mastery.gain import gain

__all__ = ["certificate", "gain"]
