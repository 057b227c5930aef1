"""What tests of batch norm layers overlook, and what a tutor says to it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from itertools import product
from typing import Any

from bncourse.grading.kinds import slips
from bncourse.tasks.group_norm.kill_checkers import is_batch_norm

_slip = slips(is_batch_norm)
# Numbers at which some mistake changes nothing, by what would have to be chosen otherwise.
_BLUNT = {
    "gamma": ({"gamma": "positive"}, {"gamma": "one", "beta": "zero"}),
    "eps": ({"eps": 1e-5},),
    "momentum": ({"momentum": 0.1},),
    "digits": ({"tolerance": 1e-6}, {"tolerance": 1e-5}),
    "offset": ({"offset": 0},),
}


def blunt(least: int, without: tuple[str, ...] = ()) -> Iterator[dict[str, Any]]:
    """Yield the settings of suites that are blunt in at least so many respects.

    One that is blunt in one respect only is known as one of two slips.
    """
    ways = ((None, *made) for name, made in _BLUNT.items() if name not in without)
    for chosen in product(*ways):
        made = [c for c in chosen if c]
        if len(made) >= least:
            yield {key: value for one in made for key, value in one.items()}


def with_(**switches):
    """Return the suite with these switches."""
    return partial(is_batch_norm, **switches)


def _also(entry, *others):
    return replace(entry, variants=tuple(with_(**other) for other in others))


def _bluntly(entry, *without):
    """Know the slip also where the numbers are blunt in two respects or more."""
    return _also(entry, *({**entry.switches, **b} for b in blunt(2, without)))


BLIND_SPOTS = (
    _bluntly(
        _slip(
            "evaluation never tried",
            "What is wrong in evaluation mode gets past your suite.",
            "Which two things are different after layer.eval()?",
            evaluation=None,
        ),
    ),
    _slip(
        "evaluation compared with itself",
        "In evaluation mode your suite finds out that batch mates have no say, and not whether the "
        "numbers are right: a wrong use of eps gets past it.",
        "Which y do running_mean, running_var and eps give for one x?",
        evaluation="alone",
    ),
    _slip(
        "traces of evaluation",
        "The layer that goes on remembering in evaluation mode gets past your suite.",
        "What should running_mean be after a forward pass in evaluation mode?",
        traces=None,
    ),
    _bluntly(
        _slip(
            "memory never looked at",
            "Wrong running statistics get past your suite. To compare y in evaluation mode with "
            "the layer's own running_mean and running_var is not enough.",
            "Which running_mean and running_var should two batches leave behind?",
            memory=None,
        ),
        "momentum",
    ),
    _slip(
        "running mean only",
        "What is wrong in running_var gets past your suite: it compares running_mean only.",
        "Which number should running_var hold after one batch?",
        memory="mean",
    ),
    _slip(
        "memory only seen to move",
        "Your suite sees that the running statistics change, and not where to.",
        "Which running_mean and running_var should two batches leave behind?",
        memory="moves",
    ),
    _slip(
        "momentum never set",
        "The layer with a momentum of its own gets past your suite: its momentum happens to be the "
        "one that make() takes when you say nothing.",
        "Which momentum do your layers have?",
        momentum=0.1,
    ),
    _slip(
        "momentum is a half",
        "The layer that takes momentum the other way round gets past your suite: at a half both "
        "ways give the same.",
        "For which momentum is momentum = 1 − momentum?",
        momentum=0.5,
    ),
    _bluntly(
        _slip(
            "no backward",
            "What is wrong in the backward pass gets past your suite. To look at dgamma and dbeta "
            "alone is not enough.",
            "Which dx does your own closed form give for a random dy?",
            backward=None,
        ),
    ),
    _slip(
        "sum of dx only",
        "Of the backward passes your suite knows no more than the sum of dx, which is 0 for many "
        "wrong ones, too. A dy of ones tells no more.",
        "If somebody returned 2 · dx, would your suite tell?",
        backward="sums",
    ),
    # the numbers that are tried
    _also(
        _slip(
            "gamma is one",
            "What is wrong with gamma and beta gets past your suite: gamma = 1 and beta = 0 change "
            "nothing.",
            "Which values of gamma and beta could tell γ · (x_hat + β) from γ · x_hat + β?",
            gamma="one",
            beta="zero",
        ),
        {"gamma": "one"},
    ),
    _slip(
        "gamma is positive",
        "One wrong layer gets past your suite: it does the right thing wherever gamma is positive.",
        "What may the sign of gamma be?",
        gamma="positive",
    ),
    _slip(
        "channels alike in gamma",
        "The layer that has one gamma and one beta for all channels gets past your suite.",
        "In what do the channels of your layer differ?",
        gamma="alike",
        beta="alike",
    ),
    _slip(
        "beta is zero",
        "The layer that adds beta in the wrong place gets past your suite.",
        "For which beta do γ · (x_hat + β) and γ · x_hat + β agree?",
        beta="zero",
    ),
    _also(
        _slip(
            "eps too small to show",
            "The layers that treat eps wrongly get past your suite: at your eps and your tolerance "
            "they hardly differ from the right ones.",
            "How large must eps be beside the variance so that nobody can miss it?",
            eps=1e-12,
        ),
        {"eps": 1e-10},
        {"eps": 1e-5, "tolerance": 1e-5},
    ),
    _slip(
        "eps never set",
        "The layer with an eps of its own gets past your suite: its eps happens to be the one that "
        "make() takes when you say nothing.",
        "Which eps do your layers have?",
        eps=1e-5,
    ),
    _slip(
        "one image",
        "The layer that normalises each image by itself gets past your suite.",
        "How many images has your batch?",
        shape=(1, 3, 4, 5),
    ),
    _also(
        _slip(
            "one channel",
            "What treats all channels alike gets past your suite.",
            "How many channels has your batch?",
            shape=(6, 1, 4, 5),
        ),
        {"shape": (6, 1, 4, 5), "gamma": "positive"},
        {"shape": (6, 1, 4, 5), "gamma": "one", "beta": "zero"},
    ),
    _also(
        _slip(
            "no pixels",
            "Layers that take their means over too few of the pixels get past your suite: an x of "
            "shape (N, C), or of one pixel, has nothing to tell them by.",
            "Which of N, C, H and W must be larger than 1, so that every wrong choice of axes "
            "shows?",
            shape=(6, 3),
        ),
        {"shape": (6, 3, 1, 1)},
    ),
    _slip(
        "one column of pixels",
        "The layer that keeps the columns of pixels apart gets past your suite.",
        "Which of N, C, H and W must be larger than 1, so that every wrong choice of axes shows?",
        shape=(6, 3, 4, 1),
    ),
    _slip(
        "few digits",
        "The layer that works in single precision whatever it is given gets past your suite.",
        "How many digits does float64 keep, and how many does your tolerance ask for?",
        tolerance=1e-6,
    ),
    _slip(
        "nothing far from zero",
        "The layer that computes the variance as the mean of the squares less the square of the "
        "mean gets past your suite: with x near 0 that is right.",
        "What is left of 10000.3² − 10000² in float32?",
        offset=0,
    ),
)
