"""8.6: what batch norm does where nothing varies."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from bncourse.grading.form import Choice, Form, Number
from bncourse.grading.kinds import form_task
from bncourse.grading.task import Case, Misconception
from bncourse.tasks.inference.apart import clashes

REMEDIES = (
    "a smaller eps, so that the division is exact",
    "a smaller learning rate for the weights before it",
    "not to normalise what cannot vary, or a larger eps there",
    "a larger gamma, so that the feature counts again",
)


def cases(rng: np.random.Generator) -> list[Case]:
    """Draw an eps, a number of layers and a pixel on which no two mistakes are alike."""
    while True:
        p = {
            "eps": float(rng.choice([1e-5, 4e-6, 1e-3, 4e-4, 2.5e-5])),
            "layers": int(rng.integers(2, 4)),
            "noise": float(rng.choice([1, 2, 3, 5])) * 1e-3,
            "beta": float(rng.choice([-0.4, -0.3, 0.2, 0.3, 0.7])),
        }
        if clashes(p, answers, MISCONCEPTIONS, _needed) <= SHARED:
            return [Case("your pixel", (p,))]


def _needed(name: str, a: float, b: float) -> float:
    return 0.5 if name == "remedy" else 0.03 * max(abs(a), abs(b), 1e-3)


def answers(p: Mapping) -> dict[str, np.ndarray]:
    """Return output, gain of one and of k layers, test output and remedy."""
    gain = p["eps"] ** -0.5
    return _told(
        output=p["beta"],
        gain=gain,
        gains=gain ** p["layers"],
        new=p["beta"] + p["noise"] * gain,
        remedy=2,
    )


def _told(**values: float) -> dict[str, np.ndarray]:
    return {name: np.asarray(float(value)) for name, value in values.items()}


def _by_gain(p: Mapping, gain: float) -> dict[str, np.ndarray]:
    return _told(gain=gain, gains=gain ** p["layers"], new=p["beta"] + p["noise"] * gain)


MISCONCEPTIONS = (
    Misconception(
        "divided by eps",
        "The division is by √(variance + eps), so by the root of eps where the variance is 0.",
        "Is eps added to the variance or to the standard deviation?",
        "M17",
        lambda p: _by_gain(p, 1 / p["eps"]),
    ),
    Misconception(
        "no gain",
        "The variance is 0, and eps alone is under the root: the gain is far from 1.",
        "By what does batch norm divide when the variance is 0?",
        "M17",
        lambda p: _by_gain(p, 1.0),
    ),
    Misconception(
        "no way through",
        "The output is constant, but it would move if the input did. With variance 0, mean and "
        "variance take away a share of 1/N at most: for large batches nothing.",
        "Move one pixel of a black batch by a little: by how much does its output move?",
        "M17",
        lambda p: _told(gain=0, gains=0),
    ),
    Misconception(
        "multiplied by the root",
        "The gain is one over the root of eps, not the root.",
        "Does a small divisor make the result larger or smaller?",
        "M17",
        lambda p: _by_gain(p, p["eps"] ** 0.5),
    ),
    Misconception(
        "gains added",
        "The gains were added up. One layer's output is the next one's input: they multiply.",
        "The second layer enlarges what the first one has made. By how much together?",
        "",
        lambda p: _told(gains=p["layers"] * p["eps"] ** -0.5),
    ),
    Misconception(
        "one layer only",
        "That is the gain of one layer.",
        "The second layer enlarges what the first one has made. By how much together?",
        "",
        lambda p: _told(gains=p["eps"] ** -0.5),
    ),
    Misconception(
        "nothing comes out",
        "beta is missing: it is added to x̂, whether x̂ is 0, as for the black pixel, or not.",
        "What does batch norm do last?",
        "M8",
        lambda p: _told(output=0, new=p["noise"] * p["eps"] ** -0.5),
    ),
    Misconception(
        "x̂ taken for 1",
        "1 was added to beta, as if x̂ were 1. Without eps it would be 0/0; with it x̂ is 0 / √eps.",
        "What is 0 divided by a small number?",
        "M17",
        lambda p: _told(output=p["beta"] + 1),
    ),
    Misconception(
        "a faint pixel stays faint",
        "In evaluation mode the pixel is divided by the stored standard deviation, which is that "
        "of a pixel that never varied.",
        "Which variance has the layer stored for this pixel?",
        "M17",
        lambda p: _told(new=p["beta"] + p["noise"]),
    ),
    Misconception(
        "a faint pixel normalised to 1",
        "The single pixel is not normalised by its own size: the stored mean and variance are 0.",
        "Which variance has the layer stored for this pixel?",
        "M5",
        lambda p: _told(new=p["beta"] + 1),
    ),
    Misconception(
        "smaller eps",
        "A smaller eps makes the gain larger.",
        "What is 1 / √eps for eps = 1e-10?",
        "M17",
        lambda p: _told(remedy=0),
    ),
    Misconception(
        "smaller rate",
        "A smaller rate slows down everything, and the forward pass enlarges the pixel all the "
        "same.",
        "What happens at test time to a pixel that is faint for once?",
        "",
        lambda p: _told(remedy=1),
    ),
    Misconception(
        "larger gamma",
        "gamma multiplies the gain: a larger one makes it worse.",
        "Where does gamma stand in gamma · x̂ + beta?",
        "M8",
        lambda p: _told(remedy=3),
    ),
)


def _question(p: Mapping) -> str:
    return (
        "The first pixel of a digit is black, 0, in every image of training. A batch norm layer "
        f"gets it as a feature of its own: eps = **{p['eps']:g}**, gamma = 1, "
        f"beta = **{p['beta']:g}**. *Gain* is by how much a small change of one input comes out "
        "larger, in a batch so large that mean and variance do not notice.\n\n"
        f"In the third question **{p['layers']}** such layers follow one another, all with "
        "variance 0. In the fourth the layer is in evaluation mode after long training, and the "
        f"pixel is **{p['noise']:g}** for once."
    )


FORM = Form(
    question=_question,
    fields=(
        Number("output", "In training mode: what comes out for this pixel", 1e-2, 1e-3),
        Number("gain", "The gain of this layer", 1e-2),
        Number("gains", "The gain of the layers that follow one another", 1e-2),
        Number("new", "In evaluation mode: what comes out for the faint pixel", 1e-2),
        Choice("remedy", "What helps is …", REMEDIES),
    ),
    confidence=True,
)

_ODD = (
    {"eps": 1.3e-5, "layers": 2, "noise": 3.7e-3, "beta": 0.37},
    {"eps": 7.1e-4, "layers": 3, "noise": 1.9e-3, "beta": -0.53},
)
# Some mistakes share a number by their nature: on every draw, so also on these odd ones.
SHARED = clashes(_ODD[0], answers, MISCONCEPTIONS, _needed) & clashes(
    _ODD[1], answers, MISCONCEPTIONS, _needed
)

TASK = form_task(
    FORM,
    id="8.6",
    title="black pixels",
    entry="black_pixels",
    objective="Say what batch norm does with a feature that never varies",
    minutes=6,
    params="pixel",
    cases=cases,
    reference=answers,
    misconceptions=MISCONCEPTIONS,
    hints=(
        "The variance is 0. What is left under the root, and what does dividing by that do to a "
        "small change?",
        "x̂ is 0 for a pixel that equals its mean, so beta comes out. A change is divided by "
        "√(0 + eps): the gain is 1/√eps. Gains of layers that follow one another multiply.",
        "eps = 1e-5: √eps = 0.003162, the gain is 316.2, that of two layers 316.2² = 100 000. A "
        "pixel of 0.004 becomes beta + 0.004 · 316.2 = beta + 1.265.",
    ),
    graded=False,
)
