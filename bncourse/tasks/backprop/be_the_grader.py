"""4.5: write the checker that lets right backward passes through and no wrong one."""

from __future__ import annotations

import numpy as np

from bncourse.grading.backwards import hand_in_backward
from bncourse.grading.evidence import Evidence
from bncourse.grading.kinds import driven_task
from bncourse.grading.task import Case, Misconception
from bncourse.tasks.backprop.backward_bank import RIGHT, WRONG, oracle

FALSE_ALARM = 0.25  # of the marks, for each right version that is rejected
RIGHT_ONES, WRONG_ONES = "right versions", "wrong versions"


def forward(x, gamma, beta, eps):
    """The forward pass that learners are given: y (m, D) and the cache."""
    inv_std = 1 / np.sqrt(x.var(axis=0) + eps)
    x_hat = (x - x.mean(axis=0)) * inv_std
    return gamma * x_hat + beta, {"x_hat": x_hat, "inv_std": inv_std, "gamma": gamma, "eps": eps}


def accepts(
    backward, *, sizes=((3, 2), (6, 3)), eps=0.1, gamma="drawn", spread=1.0, upstream="drawn",
    only_dx=False, tolerance=1e-5, h=1e-5,
):  # fmt: skip
    """Compare with central differences of one random direction of x, gamma and beta each."""
    rng = np.random.default_rng(7)
    for m, d in sizes:
        x = rng.normal(1, spread, (m, d)) * np.linspace(1, 2, d)
        parameters = [-rng.uniform(1, 2, d), rng.normal(size=d)]
        parameters[0][1:] *= -1
        if gamma == "one":
            parameters = [np.ones(d), np.zeros(d)]
        elif gamma == "positive":
            parameters[0] = np.abs(parameters[0])
        y, cache = forward(x, *parameters, eps)
        weights = {"drawn": rng.normal(size=(m, d)), "ones": np.ones((m, d)), "y": 2 * y}[upstream]

        def loss(x, gamma, beta, weights=weights):
            out = forward(x, gamma, beta, eps)[0]
            return (out**2).sum() if upstream == "y" else (out * weights).sum()

        told = backward(weights, cache)
        at = [x, *parameters]
        for k in range(1 if only_dx else 3):
            step = rng.normal(size=at[k].shape)
            plus, minus = list(at), list(at)
            plus[k], minus[k] = at[k] + h * step, at[k] - h * step
            numeric = (loss(*plus) - loss(*minus)) / (2 * h)
            size = np.abs(told[k] * step).sum() + abs(numeric)
            if np.shape(told[k]) != at[k].shape:
                return False
            if not abs((told[k] * step).sum() - numeric) <= tolerance * size + 1e-6:
                return False
    return True


def _sums(backward, *, lean=False, eps=1e-5, m=6):
    """Accept what has the sums that dx must have."""
    rng = np.random.default_rng(3)
    x = rng.normal(1, 2, (m, 3))
    _, cache = forward(x, np.array([1.5, -0.5, 2.0]), np.zeros(3), eps)
    dx, _, _ = backward(rng.normal(size=x.shape), cache)
    near = np.abs(dx.sum(axis=0)).max() < 1e-6
    if lean:
        near = near and np.abs((dx * cache["x_hat"]).sum(axis=0)).max() < 1e-4
    return bool(near)


def _told(**switches):
    def wrong(backward):
        return accepts(backward, **switches)

    return wrong


def _slip(key, says, asks, wrong, code="", variants=()):
    return Misconception(key, says, asks, code, wrong, variants=tuple(variants))


MISCONCEPTIONS = (
    _slip(
        "accepts everything",
        "Your checker accepts whatever it meets.",
        "For which backward pass would it say False?",
        lambda backward: True,
    ),
    _slip(
        "rejects everything",
        "Your checker rejects whatever it meets, the right versions too. A step that is too small, "
        "numbers of 32 bits, a tolerance near 0 or == between floats all do this.",
        "How large is the difference that it sees for your own backward pass from 4.4?",
        lambda backward: False,
    ),
    _slip(
        "sum only",
        "Your checker lets through what has Σ dx = 0, and nothing more is asked. Half of the wrong "
        "versions have that, or do no harm to it.",
        "What would a dx of zeros be called by your checker?",
        _sums,
    ),
    _slip(
        "sums taken at tiny eps",
        "Σ dx = 0 and Σ dx · x_hat ≈ 0 are necessary, not sufficient: half a dx passes both.",
        "If somebody returned 2 · dx, which of your two sums would tell?",
        lambda backward: _sums(backward, lean=True),
    ),
    _slip(
        "loss of all ones",
        "Your checker's answers are those of the loss Σ y: batch norm fixes that sum, so the true "
        "dx is 0 and most wrong ones are as well.",
        "Which upstream gradient dy does your loss give, and what is the true dx for it?",
        _told(upstream="ones"),
        variants=(_told(upstream="ones", only_dx=True),),
    ),
    _slip(
        "loss of squares",
        "Your checker's answers are those of the loss Σ y² with gamma = 1 and beta = 0: batch norm "
        "fixes the sum of squares too, so the true dx is about as small as eps.",
        "What is the true dx when dy is a multiple of x_hat?",
        _told(upstream="y", gamma="one", eps=1e-5),
    ),
    _slip(
        "gamma is one",
        "Wrong uses of gamma get past your checker: with gamma = 1 they change nothing.",
        "Which values of gamma could tell gamma, |gamma| and nothing apart?",
        _told(gamma="one"),
        variants=(_told(gamma="one", only_dx=False, sizes=((4, 3),)),),
    ),
    _slip(
        "gamma is positive",
        "One wrong version gets past your checker: it does the right thing wherever gamma is "
        "positive.",
        "What may the sign of gamma be?",
        _told(gamma="positive"),
    ),
    _slip(
        "eps too small",
        "What is wrong with eps gets past your checker: with a tiny eps it hardly shows.",
        "How large must eps be beside the variance for you to see it?",
        _told(eps=1e-9),
    ),
    _slip(
        "dx only",
        "Wrong dgamma and dbeta get past your checker: it looks at dx only.",
        "How many arrays does a backward pass return?",
        _told(only_dx=True),
    ),
    _slip(
        "one batch size",
        "The version that always counts five samples gets past your checker.",
        "With how many samples do you try it?",
        _told(sizes=((5, 2),)),
    ),
    _slip(
        "one feature",
        "The version that averages over the whole table gets past your checker.",
        "How many features has the table that you try it on?",
        _told(sizes=((3, 1), (6, 1))),
    ),
)


def cases(rng: np.random.Generator) -> list[Case]:
    """Deal the versions in random order, so that their numbers tell nothing."""
    order = rng.permutation(len(RIGHT) + len(WRONG))
    return [Case(RIGHT_ONES if k < len(RIGHT) else WRONG_ONES, (int(k),)) for k in order]


def counts(evidence: Evidence) -> tuple[int, int]:
    """Return how many wrong versions were rejected and how many right ones accepted."""
    clean = [c.case.label for c in evidence.cases if c.clean]
    return clean.count(WRONG_ONES), clean.count(RIGHT_ONES)


def credit(evidence: Evidence) -> float:
    """Return the share of wrong versions rejected, less a quarter for each false alarm."""
    rejected, accepted = counts(evidence)
    return rejected / len(WRONG) - FALSE_ALARM * (len(RIGHT) - accepted)


def tell(evidence: Evidence) -> tuple[str, ...]:
    """Say the two counts, and never which versions they are."""
    rejected, accepted = counts(evidence)
    return (
        f"it rejects {rejected} of {len(WRONG)} wrong versions",
        f"and accepts {accepted} of {len(RIGHT)} right ones",
        f"score: {max(credit(evidence), 0.0):.0%}",
    )


def _by_coordinates(backward):
    rng = np.random.default_rng(0)
    for m, d in ((2, 2), (4, 3), (7, 2)):
        x, gamma, beta = rng.normal(2, 3, (m, d)), rng.normal(size=d), rng.normal(size=d)
        dy = rng.normal(size=(m, d))
        told = backward(dy, forward(x, gamma, beta, 0.5)[1])
        for k, part in enumerate((x, gamma, beta)):
            for place in np.ndindex(part.shape):
                kept, ends = part[place], []
                for sign in (1, -1):
                    part[place] = kept + sign * 1e-5
                    ends.append((forward(x, gamma, beta, 0.5)[0] * dy).sum())
                part[place] = kept
                if abs((ends[0] - ends[1]) / 2e-5 - told[k][place]) > 1e-5:
                    return False
    return True


def _by_own_backward(backward):
    rng = np.random.default_rng(1)
    for m in (4, 9):
        x, gamma, dy = rng.normal(size=(m, 3)), np.array([-1.0, 2, 0.5]), rng.normal(size=(m, 3))
        _, cache = forward(x, gamma, np.zeros(3), 0.2)
        x_hat = cache["x_hat"]
        dx = dy - dy.mean(0) - x_hat * (dy * x_hat).mean(0)
        mine = (gamma * cache["inv_std"] * dx, (dy * x_hat).sum(0), dy.sum(0))
        if not all(np.allclose(a, b) for a, b in zip(backward(dy, cache), mine, strict=True)):
            return np.False_
    return np.True_


def stub(backward):
    """The exercise as learners find it."""
    return None


TASK = driven_task(
    hand_in_backward,
    id="4.5",
    title="be the grader",
    entry="accepts",
    objective="Write a gradient check that lets no wrong backward pass through",
    minutes=25,
    params=("version",),
    outputs=("accepted",),
    cases=cases,
    reference=accepts,
    misconceptions=MISCONCEPTIONS,
    hints=(
        "Begin with what must be true of the numbers themselves: move x a little, and y moves. How "
        "much a loss of y moves is what backward must have said.",
        "Take a loss that cannot hide anything: Σ (y · dy) with a random dy. Compare backward's "
        "dx, dgamma and dbeta with central differences, in a random direction each. Then choose "
        "gamma, eps and the number of samples so that every mistake shows.",
        "For beta the comparison is (loss(beta + h·v) − loss(beta − h·v)) / 2h against (dbeta · "
        "v).sum(), with v random and h = 1e-5. Do the same for gamma and for x; gamma of both "
        "signs, eps as large as 0.1, and more than one m.",
    ),
    stub=stub,
    accepted=(_by_coordinates, _by_own_backward),
    oracle=oracle,
    credit=credit,
    tell=tell,
)
