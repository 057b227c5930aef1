"""2.1: what the units of two features do to gradient descent."""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import pairwise

import numpy as np

from bncourse.grading.form import Choice, Form, Number
from bncourse.grading.kinds import form_task
from bncourse.grading.task import Case, Misconception

WEIGHTS = ("the weight of age", "the weight of kilometres", "both alike")


def answers(p: Mapping) -> dict[str, np.ndarray]:
    """Return condition numbers and largest stable rates for two centred features."""
    rho = p["rho"]
    return _partly(
        raw_rate=2 / _largest(p),
        slow=0,
        condition=(1 + rho) / (1 - rho),
        rate=2 / (1 + rho),
        whitened=1,
    )


def _largest(p: Mapping) -> float:
    """Return the largest eigenvalue of the two features' covariance."""
    shared = p["rho"] * p["sd_age"] * p["sd_km"]
    return float(np.linalg.eigvalsh([[p["sd_age"] ** 2, shared], [shared, p["sd_km"] ** 2]])[-1])


def _partly(**changes: float) -> dict[str, np.ndarray]:
    return {name: np.asarray(float(value)) for name, value in changes.items()}


MISCONCEPTIONS = (
    Misconception(
        "one over lambda",
        "That is 1/λmax. Steps up to twice as long still shrink the error: the factor for each "
        "step is 1 − rate · λ.",
        "For which rate is 1 − rate · λmax exactly −1?",
        "",
        lambda p: _partly(raw_rate=1 / _largest(p), rate=1 / (1 + p["rho"])),
    ),
    Misconception(
        "sd for variance",
        "The rate was computed with a standard deviation. The curvature along a weight is the mean "
        "square of its feature: the variance.",
        "The gradient has one factor x, the curvature has how many?",
        "M1",
        lambda p: _partly(raw_rate=2 / p["sd_km"]),
    ),
    Misconception(
        "the small feature's rate",
        "That rate suits age alone. One rate must serve every direction, so the steepest one "
        "decides.",
        "What happens along the weight of kilometres at this rate?",
        "",
        lambda p: _partly(raw_rate=2 / p["sd_age"] ** 2),
    ),
    Misconception(
        "the flat direction's rate",
        "That is 2/λmin. Along the steepest direction this rate is far too large.",
        "Which of 1 + ρ and 1 − ρ is the larger eigenvalue?",
        "",
        lambda p: _partly(rate=2 / (1 - p["rho"])),
    ),
    Misconception(
        "correlation forgotten",
        "That would be right for uncorrelated features. Standardising leaves the correlation as it "
        "is.",
        "What are the eigenvalues of [[1, ρ], [ρ, 1]]?",
        "M10",
        lambda p: _partly(condition=1, rate=2),
    ),
    Misconception(
        "condition upside down",
        "The condition number is the largest eigenvalue over the smallest, so it is at least 1.",
        "Which eigenvalue stands on top?",
        "",
        lambda p: _partly(condition=(1 - p["rho"]) / (1 + p["rho"])),
    ),
    Misconception(
        "only the flat direction",
        "That is 1/λmin. The condition number compares it with the largest eigenvalue.",
        "How large is the largest eigenvalue of [[1, ρ], [ρ, 1]]?",
        "",
        lambda p: _partly(condition=1 / (1 - p["rho"])),
    ),
    Misconception(
        "scales still counted",
        "That compares the squares of the two scales. After standardising both scales are 1.",
        "What are the standard deviations of standardised features?",
        "M10",
        lambda p: _partly(condition=(p["sd_km"] / p["sd_age"]) ** 2),
    ),
    Misconception(
        "ratio of the scales",
        "That compares the two scales. After standardising both are 1, and curvatures go with the "
        "squares anyway.",
        "What are the standard deviations of standardised features?",
        "M10",
        lambda p: _partly(condition=p["sd_km"] / p["sd_age"]),
    ),
    Misconception(
        "the raw rate again",
        "That is the rate for the features before they were standardised.",
        "How large is the largest curvature when both variances are 1?",
        "",
        lambda p: _partly(rate=2 / _largest(p)),
    ),
    Misconception(
        "only the steep direction",
        "That is λmax. The condition number divides it by the smallest eigenvalue.",
        "How large is the smallest eigenvalue of [[1, ρ], [ρ, 1]]?",
        "",
        lambda p: _partly(condition=1 + p["rho"]),
    ),
    Misconception(
        "root of the condition number",
        "That is the ratio of the valley's axes, the root of the condition number.",
        "Are eigenvalues of the Hessian curvatures or lengths?",
        "",
        lambda p: _partly(condition=np.sqrt((1 + p["rho"]) / (1 - p["rho"]))),
    ),
    Misconception(
        "standardised for whitened",
        "That is the condition number after standardising. Whitening removes the correlation too.",
        "What is the covariance of whitened data, and what are its eigenvalues?",
        "M10",
        lambda p: _partly(whitened=(1 + p["rho"]) / (1 - p["rho"])),
    ),
    Misconception(
        "whitened to nothing",
        "A condition number is never below 1: it is the largest eigenvalue over the smallest.",
        "If all eigenvalues are equal, what is their ratio?",
        "M10",
        lambda p: _partly(whitened=0),
    ),
    Misconception(
        "kilometres called slow",
        "Kilometres make the steep direction: along it a few steps are enough. The rate that it "
        "allows is far too small for the other.",
        "Along which weight does the loss hardly change for a step of this length?",
        "",
        lambda p: _partly(slow=1),
    ),
    Misconception(
        "both called alike",
        "The two directions differ in curvature by the square of the ratio of their scales.",
        "How far does one step move the weight of age, at the rate that kilometres allow?",
        "",
        lambda p: _partly(slow=2),
    ),
)


def cases(rng: np.random.Generator) -> list[Case]:
    """Draw two scales and a correlation on which no two mistakes of one field agree."""
    while True:
        p = {
            "sd_age": float(rng.integers(9, 19)),
            "sd_km": float(rng.integers(8, 41)) * 1000,
            "rho": float(rng.choice([0.4, 0.5, 0.6, 0.7, 0.75, 0.9])),
        }
        if _tells_apart(p):
            return [Case("your two features", (p,))]


def _tells_apart(p: Mapping) -> bool:
    right = answers(p)
    told = [m.wrong(p) for m in MISCONCEPTIONS]
    for name, value in right.items():
        values = sorted([float(value), *(float(w[name]) for w in told if name in w)])
        if any(math.isclose(a, b, rel_tol=0.05) for a, b in pairwise(values)):
            return False
    return True


FORM = Form(
    question=lambda p: (
        f"Two features, each with its mean subtracted: **age** with a standard deviation of "
        f"**{p['sd_age']:g} years** and **kilometres** with **{p['sd_km']:,.0f} km**. Their "
        f"correlation is **{p['rho']:g}**. A linear model without intercept, loss half the mean "
        f"squared error: the matrix of its curvatures (the Hessian) is the covariance of the "
        f"features. Three digits are enough; "
        f"1.5e-9 is a number."
    ),
    fields=(
        Number("raw_rate", "Largest learning rate that does not diverge (only centred)", 0.02),
        Choice("slow", "At half that rate, which weight crawls?", WEIGHTS),
        Number("condition", "Condition number after both features are standardised", 0.02),
        Number("rate", "Largest learning rate that does not diverge then", 0.02),
        Number("whitened", "Condition number after whitening", 0.02),
    ),
    confidence=True,
)

TASK = form_task(
    FORM,
    id="2.1",
    title="two rulers",
    entry="two_rulers",
    objective="Say what scale and correlation do to gradient descent",
    minutes=8,
    params="features",
    cases=cases,
    reference=answers,
    misconceptions=MISCONCEPTIONS,
    hints=(
        "The error along an eigenvector of the Hessian is multiplied by 1 − rate · λ in each step. "
        "Which eigenvalue bounds the rate?",
        "The covariance is [[s², ρ s t], [ρ s t, t²]] with the two standard deviations s and t. "
        "When one scale is a thousand times the other, its square is almost the largest "
        "eigenvalue. Standardised, the matrix is [[1, ρ], [ρ, 1]].",
        "For ρ = 0.8 the standardised matrix has the eigenvalues 1.8 and 0.2: condition number "
        "1.8/0.2 = 9, largest rate 2/1.8 = 1.11. For raw scales 12 years and 30,000 km: "
        "λmax ≈ 9e8, so 2/9e8 = 2.2e-9.",
    ),
)
