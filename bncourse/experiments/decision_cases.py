"""Does the map of `decision` agree with the course's own records? A check of consistency, no test.

The map was drawn by someone who had seen these records, and its limit of 16 samples comes from
them; so that it agrees with most is no evidence for it. Where it disagrees is worth more.

Every case answers the map's questions for something the course has measured. Its comparisons hold,
seed by seed, the error of what the map comes to and of a rival, each at its own best learning rate.
Every batch size and head of a record is taken. Not counted as rivals: layer norm of group norm, as
it is group norm with one group; DyT, which is far behind in these nets. Not taken: bad initial
weights, and records made for another question (depth, bottlenecks, moved or noisy images).
"""

from bncourse.experiments.decision_new import new_nets
from bncourse.experiments.decision_others import channels_changed, sequences, trained_nets
from bncourse.experiments.decision_verdicts import Case


def check_cases() -> tuple[Case, ...]:
    """Return all cases with their comparisons, taken from the stored records."""
    return (*new_nets(), *sequences(), *trained_nets(), channels_changed())
