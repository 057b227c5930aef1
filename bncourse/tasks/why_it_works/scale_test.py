"""7.1: does a net mind the scale of its weights?"""

from __future__ import annotations

from itertools import combinations

import numpy as np

from bncourse.grading.handed import FUNCTION, hand_in_functions, made
from bncourse.grading.kinds import driven_task
from bncourse.grading.task import Case
from bncourse.layers.oracles import along_axis
from bncourse.tasks.why_it_works.scale_test_slips import GAPS, MISCONCEPTIONS, RATIOS, scale_test

AXES = {"a net with batch norm": 0, "a net with layer norm": 1, "a net without a norm": None}


def cases(rng: np.random.Generator) -> list[Case]:
    """Draw nets with and without a norm, eps that is felt or not, and scales of both signs."""

    def draw(label, kind, a, eps=1e-5, shape=(5, 3, 4)):
        m, i, o = shape
        spec = {
            FUNCTION: kind,
            "x": rng.normal(0.5, 1, (m, i)),
            "gamma": rng.uniform(0.5, 2, o),
            "beta": rng.normal(0, 1, o),
            "eps": eps,
            "towards": rng.normal(0, 1, (m, o)),
            "axis": AXES[kind],
        }
        return Case(label, (spec, rng.normal(0, 1, (i, o)), a), rtol=1e-6)

    small, large = round(float(rng.uniform(0.2, 0.6)), 2), round(float(rng.uniform(3, 9)), 1)
    while True:
        drawn = _draw_all(draw, small, large)
        if _tell_apart(drawn):
            return drawn


def _draw_all(draw, small: float, large: float) -> list[Case]:
    return [
        draw("no norm, the weights doubled", "a net without a norm", 2.0),
        draw("batch norm with a large eps", "a net with batch norm", large, 0.5),
        draw("batch norm with a large eps, smaller weights", "a net with batch norm", small, 1.0),
        draw("layer norm with a large eps", "a net with layer norm", 3.0, 0.3),
        draw("batch norm, the sign turned", "a net with batch norm", -1.0),
        draw("batch norm, many units", "a net with batch norm", 10.0, 0.1, (6, 4, 9)),
        draw("no norm, the sign turned", "a net without a norm", -small),
    ]


def _tell_apart(drawn: list[Case]) -> bool:
    """Say whether no two ways of taking the gap, and of taking the ratio, agree on every case."""
    runs = [(made(net, along_axis), W, a) for net, W, a in (case.args for case in drawn)]
    pairs = [(net(W), net(a * W)) for net, W, a in runs]
    with np.errstate(all="ignore"):  # some of the ways divide by what may be 0
        for place, ways in enumerate((GAPS, RATIOS)):
            found = [np.array([way(p[place], q[place]) for p, q in pairs]) for way in ways.values()]
            for one, other in combinations(found, 2):
                if np.max(np.abs(one - other) / (np.abs(one) + np.abs(other) + 1e-9)) < 1e-3:
                    return False
    return True


def _by_hand(net, W, a):
    y, dW = net(W)
    y2, dW2 = net(np.array([[a * w for w in row] for row in W]))
    ratio = sum(g * g for g in dW2.flat) ** 0.5 / sum(g * g for g in dW.flat) ** 0.5
    return max(abs(p - q) for p, q in zip(y.flat, y2.flat, strict=True)), ratio


def _root_of_the_ratio(net, W, a):
    (y, dW), (y2, dW2) = net(W), net(W * a)
    return {
        "out_gap": np.abs(y2 - y).max(),
        "grad_ratio": np.sqrt((dW2**2).sum() / (dW**2).sum()),
    }


def stub(net, W, a):
    """The exercise as learners find it."""
    out_gap, grad_ratio = None, None
    return out_gap, grad_ratio


TASK = driven_task(
    hand_in_functions,
    oracle=along_axis,
    id="7.1",
    title="does the scale matter?",
    entry="scale_test",
    objective="Test whether a net minds the scale of its weights, and what the gradient does",
    minutes=10,
    params=("net", "W", "a"),
    outputs=("out_gap", "grad_ratio"),
    cases=cases,
    reference=scale_test,
    misconceptions=MISCONCEPTIONS,
    hints=(
        "The net is a function. How often must it be called, and with what?",
        "Call it with W and with a · W. The first answer compares the two outputs, the second one "
        "the lengths of the two gradients; the length is the root of the sum of all squares.",
        "For a function of one number: (y, d), (y2, d2) = net(3.0), net(a * 3.0); the gap is "
        "abs(y2 - y) and the ratio abs(d2) / abs(d). With arrays: .max() of the gap, and "
        "np.linalg.norm for the lengths.",
    ),
    stub=stub,
    accepted=(_by_hand, _root_of_the_ratio),
    switchboard=scale_test,
)
