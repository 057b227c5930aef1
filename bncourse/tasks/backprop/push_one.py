"""4.1: push one output, and say what arrives at the inputs."""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import pairwise

import numpy as np

from bncourse.grading.form import Choice, Form, Number
from bncourse.grading.kinds import form_task
from bncourse.grading.task import Case, Misconception

GAMMA = 2.0
REASONS = (
    "the pushes that x_hat cannot follow: a common shift and a common stretch are taken out",
    "the other samples' own losses push against it",
    "eps takes a part of it away",
    "gamma is not learned yet",
)


def answers(
    p: Mapping, *, mean_path: float = 1, variance_path: float = 1, ddof: int = 0,
    gamma: float = GAMMA, over: str = "sd",
) -> dict[str, np.ndarray]:  # fmt: skip
    """Return what arrives for dy = 1 at one sample; the keywords switch single slips on."""
    x, pushed, other = p["x"], p["pushed"] - 1, p["other"] - 1
    m, sd = len(x), x.std(ddof=ddof)
    x_hat = (x - x.mean()) / sd
    scale = gamma / {"sd": sd, "variance": sd**2, "nothing": 1.0}[over]
    dy = np.zeros(m)
    dy[pushed] = 1
    n = m - ddof
    dx = scale * (dy - mean_path * dy.mean() - variance_path * x_hat * (dy @ x_hat) / n)
    kept = dx[pushed] / scale
    return _partly(
        frozen=scale, kept=kept, other=dx[other], total=dx.sum(), dgamma=x_hat[pushed], dbeta=1.0,
        directions=m - 2, why=0,
    )  # fmt: skip


def _partly(**values: float) -> dict[str, np.ndarray]:
    return {name: np.asarray(float(value)) for name, value in values.items()}


def _some(p: Mapping, *names: str, **slips: float) -> dict[str, np.ndarray]:
    told = answers(p, **slips)
    return {name: told[name] for name in names}


def _centred(p: Mapping) -> float:
    return float(p["x"][p["pushed"] - 1] - p["x"].mean())


MISCONCEPTIONS = (
    Misconception(
        "statistics frozen",
        "Mean and variance were treated as constants. But they are made of these five numbers: "
        "whoever moves one of them moves both.",
        "Add 1 to every sample. By how much do the outputs change?",
        "M4",
        lambda p: _some(p, "kept", "other", "total", mean_path=0, variance_path=0),
    ),
    Misconception(
        "variance path missing",
        "The way through the mean is there, the way through the variance is missing.",
        "If one sample moves outwards, what happens to the spread that all are divided by?",
        "M4",
        lambda p: _some(p, "kept", "other", variance_path=0),
    ),
    Misconception(
        "mean path missing",
        "The way through the variance is there, the way through the mean is missing.",
        "If one sample moves up, what happens to the mean that is subtracted from all?",
        "M4",
        lambda p: _some(p, "kept", "other", "total", mean_path=0),
    ),
    Misconception(
        "variance path reversed",
        "The way through the variance was added where it is subtracted.",
        "A sample far out moves further out. Does the larger spread help it or hold it back?",
        "M4",
        lambda p: _some(p, "kept", "other", variance_path=-1),
    ),
    Misconception(
        "unbiased",
        "The numbers were divided by 4 instead of 5 somewhere. The layer's variance is an "
        "average over its five numbers, and so is its derivative.",
        "Which variance normalises the batch?",
        "M2",
        lambda p: _some(p, "frozen", "kept", "other", "dgamma", ddof=1),
    ),
    Misconception(
        "gamma missing",
        "gamma does not appear: the gradient passes through the scale before it reaches x_hat.",
        "y = gamma · x_hat + beta. What is the derivative of y by x_hat?",
        "",
        lambda p: _some(p, "frozen", "other", gamma=1),
    ),
    Misconception(
        "variance for sd",
        "The gradient was divided by the variance instead of the standard deviation.",
        "In x_hat = (x − mean) / sd, what is the derivative by x with the statistics held fixed?",
        "M1",
        lambda p: _some(p, "frozen", "other", over="variance"),
    ),
    Misconception(
        "not divided",
        "The gradient was not divided by the standard deviation.",
        "If x moves by 1, by how much does x_hat move?",
        "",
        lambda p: _some(p, "frozen", "other", over="nothing"),
    ),
    Misconception(
        "kept in percent",
        "That is a percentage; a share between 0 and 1 was asked for.",
        "Which number stands for everything, 1 or 100?",
        "",
        lambda p: _partly(kept=100 * answers(p)["kept"]),
    ),
    Misconception(
        "gradient for share",
        "That is the gradient that arrives; its share of the frozen one was asked for.",
        "By what must you divide it?",
        "",
        lambda p: _partly(kept=answers(p)["kept"] * answers(p)["frozen"]),
    ),
    Misconception(
        "share for gradient",
        "That is a share; the gradient itself was asked for, with gamma and the spread in it.",
        "By what must you multiply it?",
        "",
        lambda p: _partly(other=answers(p)["other"] / answers(p)["frozen"]),
    ),
    Misconception(
        "sign of the other",
        "The size is right and the sign is not.",
        "The mean and the spread both pass something on to it. Which way is each, and which is "
        "stronger?",
        "",
        lambda p: _partly(other=-answers(p)["other"]),
    ),
    Misconception(
        "sum is one",
        "The push was given to one output. A shift of all inputs changes no output, so the inputs' "
        "gradients must cancel.",
        "Add the same number to all five inputs: how much does the pushed output gain?",
        "M4",
        lambda p: _partly(total=1),
    ),
    Misconception(
        "sum of the frozen",
        "That is the sum of the frozen gradients. With moving statistics a common shift of all "
        "inputs changes no output.",
        "Add the same number to all five inputs: how much does the pushed output gain?",
        "M4",
        lambda p: _partly(total=answers(p)["frozen"]),
    ),
    Misconception(
        "sum of the pushed",
        "That is the pushed sample's dx alone; the other four are to be added.",
        "What do the other samples get, all together?",
        "M4",
        lambda p: _partly(total=answers(p)["kept"] * answers(p)["frozen"]),
    ),
    Misconception(
        "lost along x_hat",
        "That is the share that is lost along x_hat.",
        "Of the whole push, what do mean and spread together leave?",
        "M4",
        lambda p: _partly(kept=answers(p)["dgamma"] ** 2 / 5),
    ),
    Misconception(
        "lost for kept",
        "That is the share that is lost.",
        "How much is left of it?",
        "",
        lambda p: _partly(kept=1 - answers(p)["kept"]),
    ),
    Misconception(
        "x_hat not squared",
        "x_hat enters the share once; it belongs there twice, once for the push and once for where "
        "the spread passes it on.",
        "x_hat · mean(dy · x_hat): how often does x_hat of the pushed sample stand there?",
        "",
        lambda p: _partly(kept=1 - 1 / 5 - abs(answers(p)["dgamma"]) / 5),
    ),
    Misconception(
        "dbeta is zero",
        "It is the bias in *front* of batch norm that has gradient 0. beta is added behind it.",
        "If beta grows by 1, what happens to the pushed output?",
        "M9",
        lambda p: _partly(dbeta=0),
    ),
    Misconception(
        "dgamma is one",
        "gamma multiplies x_hat, so its gradient is the pushed sample's x_hat.",
        "y = gamma · x_hat + beta. What is the derivative of y by gamma?",
        "M8",
        lambda p: _partly(dgamma=1),
    ),
    Misconception(
        "centred for x_hat",
        "That is the centred sample; gamma multiplies it after the division.",
        "What exactly does gamma multiply?",
        "M8",
        lambda p: _partly(dgamma=_centred(p)),
    ),
    Misconception(
        "x for x_hat",
        "That is the raw sample; gamma never sees it.",
        "What exactly does gamma multiply?",
        "M8",
        lambda p: _partly(dgamma=p["x"][p["pushed"] - 1]),
    ),
    Misconception(
        "dgamma with gamma",
        "gamma was multiplied in. A line's slope by its factor is what it multiplies.",
        "What is the derivative of gamma · x_hat by gamma?",
        "M8",
        lambda p: _partly(dgamma=GAMMA * answers(p)["dgamma"]),
    ),
    Misconception(
        "averaged parameters",
        "The parameters' gradients were averaged over the batch; each output adds its own.",
        "How many terms does dbeta have, and are they divided by anything?",
        "",
        lambda p: _partly(dgamma=answers(p)["dgamma"] / 5, dbeta=0.2),
    ),
    Misconception(
        "dbeta scaled",
        "gamma was multiplied in; beta is added after it.",
        "What is the derivative of gamma · x_hat + beta by beta?",
        "M8",
        lambda p: _partly(dbeta=GAMMA),
    ),
    Misconception(
        "five directions",
        "All five directions were counted. Two of them reach no input: the same push to all, and a "
        "push in proportion to x_hat.",
        "Which pushes dy give dx = 0?",
        "M4",
        lambda p: _partly(directions=5),
    ),
    Misconception(
        "four directions",
        "One direction was taken away; there is another one.",
        "A push in proportion to x_hat asks for a wider spread. What becomes of it?",
        "M4",
        lambda p: _partly(directions=4),
    ),
    Misconception(
        "two directions",
        "That counts the directions that are lost.",
        "How many of the five are left?",
        "M4",
        lambda p: _partly(directions=2),
    ),
    Misconception(
        "called the others' losses",
        "Only one output was pushed: no other sample's loss said anything.",
        "Whose dy are not 0?",
        "M4",
        lambda p: _partly(why=1),
    ),
    Misconception(
        "called eps",
        "eps was 0 here.",
        "What would be left with eps = 0?",
        "M17",
        lambda p: _partly(why=2),
    ),
    Misconception(
        "called gamma",
        "gamma multiplies the frozen gradient as well: it does not change the share.",
        "Does gamma appear in the share?",
        "M8",
        lambda p: _partly(why=3),
    ),
)


def cases(rng: np.random.Generator) -> list[Case]:
    """Draw five numbers and two of them on which no two mistakes give the same answer."""
    while True:
        x = rng.choice(np.arange(1, 21), size=5, replace=False).astype(float)
        pushed, other = (int(k) + 1 for k in rng.choice(5, size=2, replace=False))
        p = {"x": x, "pushed": pushed, "other": other}
        if _tells_apart(p):
            return [Case("your five samples", (p,))]


def _tells_apart(p: Mapping) -> bool:
    """Say whether no two answers to a field, right or wrong, lie close to each other."""
    right = answers(p)
    if not 0.15 < float(right["kept"]) < 0.7 or abs(float(right["other"])) < 0.05:
        return False
    if any(all(_as_right(right, n, v) for n, v in m.wrong(p).items()) for m in MISCONCEPTIONS):
        return False
    for name in ("frozen", "kept", "other", "dgamma"):
        told = [float(right[name])]
        for m in MISCONCEPTIONS:
            value = m.wrong(p).get(name)
            if value is not None and not math.isclose(value, told[0], rel_tol=1e-9):
                told.append(float(value))
        told.sort()
        if any(b - a < 0.025 * max(abs(a), abs(b), 0.02) for a, b in pairwise(told)):
            return False
    return True


def _as_right(right: Mapping, name: str, value: np.ndarray) -> bool:
    """Say whether a mistake's number would pass for the right one."""
    return FORM.field(name).close(value, right[name])


FORM = Form(
    question=lambda p: (
        f"One feature, five samples: **{', '.join(f'{v:g}' for v in p['x'])}**; gamma = "
        f"{GAMMA:g}, eps = 0. The loss depends on one output only, that of "
        f"sample **{p['pushed']}**: dy = 1 there and 0 for the other four. The other one "
        f"below is sample **{p['other']}**. Three digits are enough."
    ),
    fields=(
        Number("frozen", "dx of the pushed sample if mean and variance were constants"),
        Number("kept", "The share of it (0 to 1) that truly arrives there", 8e-3, 6e-4),
        Choice("why", "What has become of the rest?", REASONS),
        Number("other", "dx of the other sample that the question names", 8e-3, 6e-4),
        Number("total", "The sum of the five dx", atol=1e-3),
        Number("dgamma", "dgamma"),
        Number("dbeta", "dbeta"),
        Number("directions", "How many independent directions of dy reach the inputs?", rtol=0),
    ),
    confidence=True,
)

TASK = form_task(
    FORM,
    id="4.1",
    title="push one output",
    entry="push_one",
    objective="Say what a push on one output does to every input, and why",
    minutes=8,
    params="samples",
    cases=cases,
    reference=answers,
    misconceptions=MISCONCEPTIONS,
    hints=(
        "First pretend that mean and variance are constants: y = gamma (x − mean) / sd is a line. "
        "Then ask what each of the two takes away.",
        "dx = (gamma / sd) · (dy − mean(dy) − x_hat · mean(dy · x_hat)). With a single 1 in dy "
        "both means have one term each.",
        "For 1, 3, 5, 7, 9 and sample 1 pushed: mean(dy) = 1/5, x_hat₁ = −1.414, mean(dy · x_hat) "
        "= −1.414/5. So the share is 1 − 1/5 − 1.414²/5 = 0.4, and sample 2 gets (gamma / sd) "
        "times 0 − 1/5 − (−0.707)(−1.414)/5 = −0.4.",
    ),
)
