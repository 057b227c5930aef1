"""A cheap slice of every stored result that a claim rests on, measured again.

`SLICES` maps the name of a stored result to a function that returns what was measured now beside
what is stored, `TOUCHED` to the findings whose arms these are. A slice trains an arm that claims
rest on, with one seed or a few. The tests compare; the tests of the experiments look at more of
each.
"""

from bncourse.ledger.again import deep, learning, normalising, small  # noqa: F401 - register theirs
from bncourse.ledger.again.slices import SLICES, TOUCHED, Slice, slice_of

__all__ = ["SLICES", "TOUCHED", "Slice", "slice_of"]
