"""C.5: the learner's own tests against thirty wrong layers and six right ones."""

from __future__ import annotations

import numpy as np

from bncourse.grading.evidence import Evidence
from bncourse.grading.hand_in_layers import hand_in_layers
from bncourse.grading.kinds import driven_task, slips
from bncourse.grading.task import Misconception
from bncourse.tasks.capstone.mutants import MUTANTS, RIGHT, TAGS

FALSE_ALARM = 0.2  # of the marks, for each right layer that is rejected


def counts(evidence: Evidence) -> tuple[int, int]:
    """Return how many wrong layers were rejected and how many right ones accepted."""
    clean = [TAGS.number_of(c.case.args[0]) < len(RIGHT) for c in evidence.cases if c.clean]
    return clean.count(False), clean.count(True)


def credit(evidence: Evidence) -> float:
    """Return the share of wrong layers rejected, less a fifth for each false alarm."""
    killed, accepted = counts(evidence)
    return killed / len(MUTANTS) - FALSE_ALARM * (len(RIGHT) - accepted)


def tell(evidence: Evidence) -> tuple[str, ...]:
    """Say the two counts, and never which layers they are."""
    killed, accepted = counts(evidence)
    return (
        f"your tests reject {killed} of {len(MUTANTS)} wrong layers",
        f"and accept {accepted} of {len(RIGHT)} right ones",
        f"score: {max(credit(evidence), 0.0):.0%}",
    )


def my_tests(
    make, *, about=("training", "memory", "evaluation", "still", "gradients", "eval gradients"),
    gamma="both signs", beta=True, eps=0.2, momentum=0.3, of=("dx", "dgamma", "dbeta"),
    slack=1e-9,
):  # fmt: skip
    """Compare with batch norm written out here; the keywords leave parts of the test out."""
    rng = np.random.default_rng(5)
    layer = make(3, eps=eps, momentum=momentum)
    signs = {"both signs": [1.5, -0.5, 2.0], "positive": [1.5, 0.5, 2.0], "one": [1.0, 1.0, 1.0]}
    layer.gamma = g = np.array(signs[gamma])
    layer.beta = b = np.array([0.5, -1.0, 2.0]) * beta
    mean, var, good = np.zeros(3), np.ones(3), []

    def near(a, c, size=slack):
        return np.shape(a) == np.shape(c) and np.allclose(a, c, rtol=size, atol=size)

    for _ in range(2):
        x = rng.normal(2, [1, 2, 3], (6, 3))
        y = layer.forward(x)
        centred, root = x - x.mean(0), np.sqrt(x.var(0) + eps)
        x_hat = centred / root
        good.append("training" not in about or near(y, g * x_hat + b))
        mean = (1 - momentum) * mean + momentum * x.mean(0)
        var = (1 - momentum) * var + momentum * x.var(0, ddof=1)
        dy = rng.normal(size=x.shape)
        wanted = {
            "dx": g / root * (dy - dy.mean(0) - x_hat * (dy * x_hat).mean(0)),
            "dgamma": (dy * x_hat).sum(0),
            "dbeta": dy.sum(0),
        }
        if "gradients" in about:
            told = dict(zip(wanted, layer.backward(dy), strict=True))
            good += [near(told[name], wanted[name]) for name in of]
    if "memory" in about:
        good += [near(layer.running_mean, mean), near(layer.running_var, var)]
    layer.eval()
    mean, var = layer.running_mean.copy(), layer.running_var.copy()
    x = rng.normal(4, 2, (5, 3))
    y = layer.forward(x)
    if "evaluation" in about:
        good.append(near(y, g * (x - mean) / np.sqrt(var + eps) + b))
    if "eval gradients" in about:
        good.append(near(layer.backward(x)[0], x * g / np.sqrt(var + eps)))
    if "still" in about:
        good += [near(layer.running_mean, mean, 0), near(layer.running_var, var, 0)]
    return bool(all(good))


def mean_and_sd(make):
    """Wrong: what most published tests do."""
    layer = make(4)
    y = layer.forward(np.random.default_rng(0).normal(3, 2, (50, 4)))
    return bool(np.allclose(y.mean(0), 0, atol=1e-6) and np.allclose(y.std(0), 1, atol=1e-3))


def _with_asserts(make):
    """Another style: finite differences and asserts."""
    rng = np.random.default_rng(1)
    for n, c, eps in ((5, 2, 0.5), (8, 3, 0.1)):
        layer = make(c, eps=eps, momentum=0.25)
        layer.gamma, layer.beta = rng.normal(size=c), rng.normal(size=c)
        layer.gamma[0] = -1.5
        kept_mean, kept_var = np.zeros(c), np.ones(c)
        for _ in range(3):
            x, dy = rng.normal(1, 2, (n, c)), rng.normal(size=(n, c))

            def y_of(z, layer=layer, eps=eps):
                return layer.gamma * (z - z.mean(0)) / np.sqrt(z.var(0) + eps) + layer.beta

            y = layer.forward(x)
            np.testing.assert_allclose(y, y_of(x), rtol=1e-8, atol=1e-9)
            dx, dgamma, dbeta = layer.backward(dy)
            for _ in range(3):
                v = rng.normal(size=x.shape)
                slope = ((y_of(x + 1e-5 * v) - y_of(x - 1e-5 * v)) * dy).sum() / 2e-5
                assert abs(slope - (dx * v).sum()) < 1e-6 * (1 + abs(slope))
            np.testing.assert_allclose(dbeta, dy.sum(0))
            np.testing.assert_allclose(dgamma * layer.gamma, ((y - layer.beta) * dy).sum(0))
            kept_mean += 0.25 * (x.mean(0) - kept_mean)
            kept_var += 0.25 * (x.var(0, ddof=1) - kept_var)
        np.testing.assert_allclose(layer.running_mean, kept_mean)
        np.testing.assert_allclose(layer.running_var, kept_var)
        layer.eval()
        for row in x:
            y = layer.forward(row[None])
            slope = layer.gamma / np.sqrt(kept_var + eps)
            np.testing.assert_allclose(y[0], slope * (row - kept_mean) + layer.beta, atol=1e-8)
        layer.forward(x)
        np.testing.assert_allclose(layer.backward(dy)[0], dy * slope, atol=1e-9)
    return True


def stub(make):
    """The exercise as learners find it."""
    return None


_slip = slips(my_tests)


def _other(key, says, asks, wrong, *variants):
    return Misconception(key, says, asks, "", wrong, variants=variants)


MISCONCEPTIONS = (
    _other(
        "accepts everything",
        "Your tests accept whatever they meet.",
        "For which layer would they say False?",
        lambda make: True,
    ),
    _other(
        "rejects everything",
        "Your tests reject whatever they meet, the right layers too. Numbers that are reckoned in "
        "another order differ in their last digits.",
        "What do they say of your own BatchNorm? Does a line of them compare with ==?",
        lambda make: False,
    ),
    _other(
        "mean and sd only",
        "Your tests look at the mean and the standard deviation of the output, and at little else.",
        "What else does a layer do: what does it remember, what does it send back?",
        mean_and_sd,
    ),
    _slip(
        "evaluation not tested",
        "What goes wrong in evaluation mode gets past your tests.",
        "Which numbers should come out after eval(), and what may change in the layer?",
        "M5",
        about=("training", "memory", "gradients"),
    ),
    _slip(
        "way back not tested",
        "Wrong gradients get past your tests.",
        "With which numbers could you compare dx, dgamma and dbeta?",
        "M4",
        about=("training", "memory", "evaluation", "still"),
    ),
    _slip(
        "way back in evaluation not tested",
        "One wrong layer gets past your tests: after evaluation it goes back as after training.",
        "What is dx when mean and variance are constants?",
        "M4",
        about=("training", "memory", "evaluation", "still", "gradients"),
    ),
    _slip(
        "memory not tested",
        "Wrong running statistics get past your tests.",
        "What should running_mean and running_var be after two batches?",
        "M6",
        about=("training", "evaluation", "still", "gradients", "eval gradients"),
    ),
    _slip(
        "usual momentum",
        "A layer whose momentum is always 0.1 gets past your tests.",
        "With which momentum do you make your layers?",
        "M6",
        momentum=0.1,
    ),
    _slip(
        "gamma is one",
        "Wrong uses of gamma get past your tests: with gamma 1 they change nothing.",
        "Which values of gamma could tell gamma, |gamma| and nothing apart?",
        "M8",
        gamma="one",
    ),
    _slip(
        "gamma is positive",
        "One wrong layer gets past your tests: it does the right thing wherever gamma is positive.",
        "What may the sign of gamma be?",
        "M8",
        gamma="positive",
    ),
    _slip(
        "dx only",
        "Wrong gradients of gamma and beta get past your tests.",
        "How many arrays does backward return?",
        "",
        of=("dx",),
    ),
)

_TASK = driven_task(
    hand_in_layers,
    id="C.5",
    title="your own tests",
    entry="my_tests",
    objective="Write tests of a normalisation layer that let nothing wrong pass",
    minutes=30,
    points=15.0,
    params=("layer",),
    outputs=("accepted",),
    cases=TAGS.cases,
    reference=my_tests,
    misconceptions=MISCONCEPTIONS,
    hints=(
        "List what a layer does: it answers in training, remembers, answers in evaluation, sends "
        "back in both modes. Does your function look at each of these?",
        "A test is as sharp as its numbers: gamma of both signs, beta not 0, eps as large as 0.2, "
        "a momentum that is not 0.1, more than one batch. Compare with batch norm written out in "
        "float64, as closely as 1e-9.",
        "For the memory: after two batches a and b with momentum p, running_mean should be "
        "(1 − p) · p · a.mean(0) + p · b.mean(0). Write the same for the variance; then eval(), "
        "forward, and look whether both are still the same.",
    ),
    stub=stub,
    switchboard=my_tests,
    accepted=(_with_asserts,),
    oracle=TAGS.oracle,
    credit=credit,
    tell=tell,
    tell_success=True,
)
TASK = TAGS.unforgetting(_TASK)
