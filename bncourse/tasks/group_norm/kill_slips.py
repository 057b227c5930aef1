"""What tests of batch norm layers know too little of or wrongly demand, and what is said to it."""

from __future__ import annotations

from itertools import product

from bncourse.grading.kinds import slips
from bncourse.grading.task import Misconception
from bncourse.tasks.group_norm.kill_blind_spots import BLIND_SPOTS, blunt, with_
from bncourse.tasks.group_norm.kill_checkers import is_batch_norm

_slip = slips(is_batch_norm)


def _other(key, says, asks, wrong, *variants):
    return Misconception(key, says, asks, "", wrong, variants=variants)


_NOTHING_ELSE = {"memory": None, "evaluation": None, "backward": None}
_GAMMAS = ({"gamma": "one", "beta": "zero"}, {"gamma": "positive"}, {})
_SIZES = ({}, {"shape": (16, 3, 8, 8)})


def _moments(**switches):
    return with_(**{**_NOTHING_ELSE, "y": "moments", "eps": 1e-5, "offset": 0, **switches})


WHOLE = (
    _other(
        "accepts everything",
        "Your suite accepts whatever it meets. Tests of shape and dtype do that, and so does a "
        "batch in another order: every layer here passes those.",
        "For which layer would it return False?",
        lambda make: True,
    ),
    _other(
        "rejects everything",
        "Your suite rejects whatever it meets, the right layers too. Another eps or momentum than "
        "the layer's, gamma set after forward, numbers compared with ==, or a tolerance beyond "
        "what floats can keep all do this.",
        "Which of your tests fails first, and by how much?",
        lambda make: False,
    ),
    _other(
        "mean and sd only",
        "Your suite looks at the mean and the standard deviation of y in training mode. Most of "
        "the wrong layers have those.",
        "Each image by itself, brought to mean 0 and standard deviation 1: which mean and standard "
        "deviation has the whole channel then?",
        _moments(gamma="one", beta="zero"),
        *(_moments(**numbers, **size) for numbers in _GAMMAS for size in _SIZES),
    ),
    _other(
        "mean and sd in the place of y",
        "Of y in training mode your suite knows the mean and the standard deviation. What has "
        "those gets past it, and so does whatever else it leaves out.",
        "Each image by itself, brought to mean 0 and standard deviation 1: which mean and standard "
        "deviation has the whole channel then?",
        *(
            _moments(
                memory=memory, evaluation=evaluation, momentum=momentum, traces=traces, **numbers
            )
            for memory, evaluation, momentum, traces in product(
                (None, "moves", "mean", "compared"),
                (None, "differs", "alone", "compared"),
                (0.1, 0.3),
                (None, "sought"),
            )
            if (memory or evaluation) and (evaluation or traces)
            for numbers in _GAMMAS
        ),
    ),
    _other(
        "only y in training",
        "Your suite looks at nothing but y in training mode. What a layer remembers, what it does "
        "in evaluation mode, and its backward pass go untested.",
        "What does a layer do besides returning y in training mode?",
        *(with_(**_NOTHING_ELSE, **b) for b in blunt(0, ("momentum",))),
    ),
    _other(
        "numbers too easy",
        "What your suite tries is right, but it tries it on easy numbers: where eps and momentum "
        "are those of a new layer, gamma is 1, or x is near 0, some mistakes change nothing.",
        "Which eps, momentum, gamma, tolerance and mean of x has your suite, and what hides there?",
        *(with_(**b) for b in blunt(3)),
    ),
    _other(
        "tolerance too loose",
        "What is a little wrong gets past your suite: it lets differences pass that are larger "
        "than any rounding.",
        "How far from your reference is a right layer in float64?",
        with_(tolerance=0.03),
        *(
            with_(tolerance=t, **numbers)
            for t in (0.01, 0.02, 0.05, 0.1, 0.2)
            for numbers in ({}, {"eps": 1e-5}, {"shape": (16, 3, 8, 8)})
        ),
    ),
)

DEMANDS = (
    _slip(
        "exact equality",
        "Your suite compares floats with ==. One right layer adds up in another order than you do "
        "and is rejected for its last digit.",
        "How large is the difference that made it say False?",
        y="exactly",
    ),
    _other(
        "more digits than single precision has",
        "In single precision your suite asks right layers for digits that they cannot have: far "
        "from 0 the numbers themselves are rounded.",
        "Next to 10000, how far apart are two neighbouring float32 numbers?",
        with_(rounding=1e-5),
        with_(rounding=1e-3),
        with_(offset=1e6),
    ),
    _other(
        "Bessel expected in y",
        "Your suite takes the layer for right that divides by m − 1 in y, and all right ones for "
        "wrong.",
        "By what does batch norm divide in y, and where is m − 1 used?",
        with_(ddof=1),
        with_(ddof=1, backward=None),
    ),
    _other(
        "eps expected outside the root",
        "Your suite takes the layer for right that adds eps to the standard deviation, and all "
        "right ones for wrong.",
        "To what is eps added?",
        with_(outside=True),
    ),
    _other(
        "biased running variance expected",
        "Your suite takes the layer for right that remembers the variance with m, and all right "
        "ones for wrong.",
        "By what is the sum of squares divided before it goes into running_var: m or m − 1?",
        with_(biased=True),
    ),
    _other(
        "momentum expected the other way round",
        "Your suite takes the layer for right that gives momentum to the old value, and all right "
        "ones for wrong.",
        "With momentum = 0.1, how much of running_mean is new after a batch?",
        with_(reverse=True),
    ),
)

MISCONCEPTIONS = (*WHOLE, *BLIND_SPOTS, *DEMANDS)
