"""STEP 1 to STEP 6 on the five samples, and what three classic slips would give instead."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import svg

from bncourse.figures.drawing import arrow, box, document, group, words
from bncourse.figures.numbers_of_steps import Steps, through_steps
from bncourse.figures.show import Static
from bncourse.figures.style import BATCH, FEATURE, HEAD, INK, QUIET, number, numbers
from bncourse.layers.batch_norm import BatchNorm

SAMPLES = (1.0, 3.0, 5.0, 7.0, 9.0)
GAMMA, BETA = 2.0, 1.0
EVALUATED = 5.0  # the sample that STEP 6 evaluates

WIDTH = 900
LEFT, FLOW = 12, 568  # x and width of the steps' boxes
SIDE, SLIP = 604, 284  # x and width of the slips' boxes
TOP, ROW, TALL = 44, 88, 70  # y of the first box, distance to the next, height of a box
CELL = 63


@dataclass(frozen=True)
class Step:
    """One row of the flow: a formula, and either one number per sample or lines of text."""

    what: str
    formula: str
    cells: Sequence[float] | None = None
    lines: tuple[str, ...] = ()
    colour: str = BATCH


@dataclass(frozen=True)
class Slip:
    """A wrong way to take a step, and the x_hat (N,) that comes out."""

    what: str
    formula: str
    x_hat: np.ndarray


def steps_flow() -> Static:
    """Return STEP 1 to 6 on (1, 3, 5, 7, 9) with gamma 2 and beta 1, three slips beside them."""
    now = through_steps(SAMPLES, GAMMA, BETA)
    layer = BatchNorm(1)
    layer.gamma[:], layer.beta[:] = GAMMA, BETA
    layer.forward(now.x[:, None])
    evaluated = float(layer.eval().forward(np.array([[EVALUATED]]))[0, 0])
    steps, slips = _steps(now, layer, evaluated), _slips(now)

    parts: list[svg.Element] = [words(LEFT, 26, "Six steps, five samples", size=HEAD, bold=True)]
    for k, step in enumerate(steps):
        parts += _step(k, step)
    parts.append(words(SIDE, 26, "Three slips and what they give", size=HEAD, bold=True))
    for k, slip in enumerate(slips):
        parts += _slip(TOP + ROW + 122 * k, slip)
    caption = (
        f"STEP 1: A = ({numbers(now.x)}). STEP 2: mean {number(now.mean)}, variance "
        f"{number(now.var)}, sd {number(now.var**0.5)}. STEP 3: x_hat = ({numbers(now.x_hat)}). "
        f"STEP 4 with gamma {number(GAMMA)} and beta {number(BETA)}: y = ({numbers(now.y)}). "
        f"STEP 5 with momentum {number(layer.momentum)}: running mean "
        f"{number(layer.running_mean[0])}, running variance {number(layer.running_var[0])}. "
        f"STEP 6: x = {number(EVALUATED)} gives y = {number(evaluated)}. "
        f"Slips: {'; '.join(f'{slip.what}: ({numbers(slip.x_hat)})' for slip in slips)}."
    )
    name = "The six steps of batch normalisation on five samples, and three slips"
    return Static(document(WIDTH, TOP + ROW * len(steps), parts, name, caption), caption)


def _steps(now: Steps, layer: BatchNorm, evaluated: float) -> list[Step]:
    n, total, squares = len(now.x), number(now.x.sum()), number((now.centred**2).sum())
    mean, var = number(layer.running_mean[0]), number(layer.running_var[0])
    old, new = number(1 - layer.momentum), number(layer.momentum)
    unbiased = number(now.x.var(ddof=1))
    gamma, beta, x_hat = number(GAMMA), number(BETA), number((evaluated - BETA) / GAMMA)
    return [
        Step("one feature of a mini-batch", "A, one number per sample", now.x),
        Step(
            "mean and variance",
            "of this batch",
            lines=(
                f"μ = ΣA / N = {total} / {n} = {number(now.mean)}",
                f"σ² = Σ(A - μ)² / N = {squares} / {n} = {number(now.var)}",
                f"√(σ² + ε) = {number(now.sd)}",
            ),
        ),
        Step("normalise", "x̂ = (A - μ) / √(σ² + ε)", now.x_hat),
        Step("scale and shift", f"y = γ x̂ + β,  γ = {gamma},  β = {beta}", now.y, colour=FEATURE),
        Step(
            "running averages",
            "kept for STEP 6",
            lines=(
                f"mean: {old} · 0 + {new} · {number(now.mean)} = {mean}",
                f"variance: {old} · 1 + {new} · {unbiased} = {var}",
                f"the {unbiased} is {squares} / (N - 1)",
            ),
        ),
        Step(
            "evaluation",
            "of one x, without a batch",
            lines=(
                f"x = {number(EVALUATED)}",
                f"x̂ = ({number(EVALUATED)} - {mean}) / √({var} + ε) = {x_hat}",
                f"y = {gamma} · {x_hat} + {beta} = {number(evaluated)}",
            ),
            colour=FEATURE,
        ),
    ]


def _slips(now: Steps) -> list[Slip]:
    mean = number(now.mean)
    with np.errstate(divide="ignore", invalid="ignore"):  # 0 / 0 is what this slip shows
        constant = through_steps([now.mean] * len(now.x), eps=0.0)
    return [
        Slip("STEP 2: divided by N - 1", "Σ(A - μ)² / (N - 1)", now.centred / now.x.std(ddof=1)),
        Slip("STEP 3: divided by the variance", "(A - μ) / σ²", now.centred / now.var),
        Slip(
            f"STEP 3: no ε, all samples {mean}",
            f"({mean} - {mean}) / √0 = 0 / 0, undefined",
            constant.x_hat,
        ),
    ]


def _step(k: int, step: Step) -> list[svg.Element]:
    y = TOP + ROW * k
    parts: list[svg.Element] = [
        box(LEFT, y, FLOW, TALL, edge=QUIET, round_by=6),
        words(LEFT + 12, y + 20, f"STEP {k + 1}", bold=True),
        words(LEFT + 12, y + 40, step.what),
        words(LEFT + 12, y + 60, step.formula, colour=QUIET),
    ]
    parts += [words(LEFT + 238, y + 20 * i + 20, text) for i, text in enumerate(step.lines)]
    if step.cells is not None:
        parts.append(_cells(LEFT + 238, y + 18, CELL, step.cells, step.colour))
    if k < 5:
        middle = LEFT + 100
        parts.append(arrow(middle, y + TALL, middle, y + ROW))
    return parts


def _slip(y: float, slip: Slip) -> list[svg.Element]:
    return [
        box(SIDE, y, SLIP, 104, edge=INK, dash=[5, 4], round_by=6),
        words(SIDE + 12, y + 22, f"✗ {slip.what}", bold=True),
        words(SIDE + 12, y + 44, slip.formula, colour=QUIET),
        _cells(SIDE + 9, y + 58, 53.2, slip.x_hat, INK),
    ]


def _cells(x: float, y: float, wide: float, values: Sequence[float], colour: str) -> svg.G:
    """Draw one number per sample, side by side."""
    parts: list[svg.Element] = []
    for k, value in enumerate(values):
        parts.append(box(x + wide * k, y, wide, 34, edge=colour, thick=1.5))
        parts.append(words(x + wide * (k + 0.5), y + 22, number(float(value))))
    return group(parts, text_anchor="middle")
