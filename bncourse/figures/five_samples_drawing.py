"""How FiveSamples looks: four rulers, the table under them, and the formula beside them."""

from __future__ import annotations

from typing import Any

import svg

from bncourse.figures.drawing import box, document, group, line, marker, strokes, words
from bncourse.figures.numbers_of_steps import Steps
from bncourse.figures.style import (
    BATCH,
    CHANGED,
    FAINT,
    FEATURE,
    GUESS,
    HEAD,
    INK,
    PAPER,
    QUIET,
    SHAPES,
    nice_range,
    number,
)

NAMES = ("S1", "S2", "S3", "S4", "S5")
STEP_NAMES = ("mini-batch", "mean, variance", "normalise", "scale and shift")
COLUMNS = ("A", "A - μ", "x̂", "γ x̂ + β")

WIDTH, HEIGHT = 880, 500
FIRST, COLUMN = 96, 152  # x of the first ruler, distance to the next
TOP, BOTTOM = 80, 320  # y of the rulers' ends
ROWS, ROW = 352, 20  # y of the table's first line, distance to the next
PANEL = 682  # x of the formulas
X_HAT_RANGE = (-2.5, 2.5, 1.0)  # fixed: that x_hat never leaves it is the point


class Ruler:
    """A vertical axis at ``x`` that places values between ``low`` and ``high``."""

    def __init__(self, x: float, low: float, high: float, step: float) -> None:
        self.x, self.low, self.high, self.step = x, low, high, step

    def y(self, value: float) -> float:
        """Return where a value lies, in px."""
        return BOTTOM - (BOTTOM - TOP) * (value - self.low) / (self.high - self.low)

    def ticks(self) -> list[float]:
        """Return the round numbers on the ruler."""
        first = -(-self.low // self.step)
        count = int((self.high - first * self.step) / self.step + 1e-9) + 1
        return [(first + k) * self.step for k in range(count)]

    def draw(self) -> list[svg.Element]:
        """Return the axis with its numbers."""
        labels = [(self.y(value), number(value)) for value in self.ticks()]
        marks = [(self.x - 5, y, self.x, y) for y, _ in labels]
        return [
            # White behind the numbers keeps the threads between rulers off them.
            group([box(self.x - 10 - 9 * len(t), y - 8, 9 * len(t), 16) for y, t in labels]),
            strokes([(self.x, TOP, self.x, BOTTOM), *marks], QUIET),
            group(
                [words(self.x - 12, y + 5, text) for y, text in labels],
                text_anchor="end",
                fill=QUIET,
            ),
        ]


def picture(
    state: dict[str, Any],
    now: Steps,
    prediction: dict[str, Any] | None,
    title: str,
    sentence: str,
    revealed: bool,
) -> svg.SVG:
    """Return the whole picture of a state; the bound on x_hat is drawn when it is ``revealed``."""
    step = state["step"]
    parts = [part for k in range(4) for part in _heading(k, k < step)]
    rulers = _rulers(now)
    for k in range(1, step):
        parts.append(_threads(rulers[k - 1], rulers[k], now.columns[k - 1], now.columns[k]))
    for k in range(step):
        parts += rulers[k].draw()
        if step > 1:
            parts += _spread(rulers[k], now.columns[k], FEATURE if k == 3 else BATCH)
    if step > 2:
        guess = prediction["largest"] if prediction else 0.0
        parts += _bound(rulers[2], now.bound, guess) if revealed else []
        parts += _ghost(rulers[2], guess) if prediction else []
    for k in range(step):
        parts.append(_dots(rulers[k], now.columns[k], state["change"]))
    parts += [*_table(now, step), *_panel(state, now), *_later(prediction)]
    return document(WIDTH, HEIGHT, parts, title, sentence)


def _heading(k: int, on: bool) -> list[svg.Element]:
    x = FIRST + COLUMN * k
    parts = [
        words(x, 20, f"STEP {k + 1}", anchor="middle", colour=QUIET, bold=on),
        words(x, 42, COLUMNS[k], size=HEAD, anchor="middle", colour=INK if on else QUIET),
    ]
    return parts if on else [*parts, line(x, TOP, x, BOTTOM, FAINT, dash=[3, 4])]


def _rulers(now: Steps) -> list[Ruler]:
    # Each ruler holds its dots and mean ± sd.
    ranges = [nice_range([*c, c.mean() - c.std(), c.mean() + c.std()]) for c in now.columns]
    ranges[2] = X_HAT_RANGE
    return [Ruler(FIRST + COLUMN * k, *span) for k, span in enumerate(ranges)]


def _threads(left: Ruler, right: Ruler, before: Any, after: Any) -> svg.Element:
    ends = zip(before, after, strict=True)
    return strokes([(left.x, left.y(a), right.x, right.y(b)) for a, b in ends], FAINT, 1.2)


def _spread(ruler: Ruler, column: Any, colour: str) -> list[svg.Element]:
    """Draw mean ± sd of what is on the ruler as a bracket beside it."""
    mean, sd, x = column.mean(), column.std(), ruler.x + 46
    low, high = ruler.y(mean - sd), ruler.y(mean + sd)
    bracket = [(x, low, x, high), (x - 5, low, x + 5, low), (x - 5, high, x + 5, high)]
    middle = ruler.y(mean)
    return [
        strokes(bracket, colour, 2),
        line(ruler.x - 4, middle, x + 5, middle, colour, 2, [6, 3]),
    ]


def _bound(ruler: Ruler, bound: float, guess: float) -> list[svg.Element]:
    """Draw the size that no x_hat exceeds, named at the end that the ghost leaves free."""
    edges = [
        line(ruler.x, ruler.y(y), ruler.x + 90, ruler.y(y), QUIET, 1, [2, 3])
        for y in (bound, -bound)
    ]
    sign, y = ("-", ruler.y(-bound) + 18) if 1 < guess <= ruler.high else ("", ruler.y(bound) - 11)
    text = f"{sign}√(5 - 1) = {sign}{number(bound)}"
    return [*edges, words(ruler.x + 12, y, text, colour=QUIET)]


def _ghost(ruler: Ruler, guess: float) -> list[svg.Element]:
    """Draw the prediction as a dashed line, or as an arrow if it lies off the ruler."""
    text = f"you: {guess:.3g}"
    if guess > ruler.high:
        return [words(ruler.x, TOP - 8, f"▲ {text}", anchor="middle", bold=True)]
    if guess < ruler.low:
        return [words(ruler.x, BOTTOM + 16, f"▼ {text}", anchor="middle", bold=True)]
    y = ruler.y(guess)
    wide = 8 * len(text)
    return [
        line(ruler.x - 8, y, ruler.x + 100, y, GUESS, 3, [8, 4]),
        box(ruler.x + 102 - wide, y + 3, wide, 16),
        words(ruler.x + 100, y + 16, text, anchor="end"),
    ]


def _dots(ruler: Ruler, column: Any, change: str) -> svg.Element:
    heights = [ruler.y(value) for value in column]
    labels = _apart(heights)
    pairs = list(zip(heights, labels, strict=True))
    parts: list[svg.Element] = [
        strokes([(ruler.x + 8, y, ruler.x + 14, at) for y, at in pairs if abs(at - y) > 3], QUIET),
        group([box(ruler.x + 14, at - 7, 20, 14) for at in labels]),
    ]
    for (y, at), shape, name in zip(pairs, SHAPES, NAMES, strict=True):
        parts.append(words(ruler.x + 15, at + 5, name, bold=name == change))
        fill, edge = (CHANGED, INK) if name == change else (BATCH, PAPER)
        parts.append(marker(shape, ruler.x, y, 6.5, fill, edge))
    return group(parts)


def _apart(heights: list[float], least: float = 15) -> list[float]:
    """Return heights for the labels: near their dots, apart from each other, on the ruler."""
    order = sorted(range(len(heights)), key=lambda i: (heights[i], -i))
    stacks: list[list[int]] = []
    for i in order:
        stacks.append([i])
        while len(stacks) > 1 and _start(stacks[-1], heights, least) < (
            _start(stacks[-2], heights, least) + least * len(stacks[-2])
        ):
            last = stacks.pop()
            stacks[-1] += last
    placed = list(heights)
    for stack in stacks:
        for k, i in enumerate(stack):
            placed[i] = _start(stack, heights, least) + least * k
    return placed


def _start(stack: list[int], heights: list[float], least: float) -> float:
    """Return where a stack of touching labels begins so that it lies around its dots."""
    middle = sum(heights[i] for i in stack) / len(stack)
    tall = least * (len(stack) - 1)
    return min(max(middle - tall / 2, TOP), BOTTOM - tall)


def _table(now: Steps, step: int) -> list[svg.Element]:
    y = [ROWS + ROW * r + (4 if r >= len(NAMES) else 0) for r in range(len(NAMES) + 2)]
    parts: list[svg.Element] = [line(20, ROWS - 16, FIRST + 3 * COLUMN + 90, ROWS - 16, FAINT)]
    parts += [words(24, y[r], label) for r, label in enumerate(NAMES)]
    if step > 1:
        parts += [words(24, y[5], "mean", colour=BATCH), words(24, y[6], "sd", colour=BATCH)]
    for k, column in enumerate(now.columns[:step]):
        x = FIRST + COLUMN * k + 28
        cells = [words(x, y[r], _cell(value)) for r, value in enumerate(column)]
        parts.append(group(cells, text_anchor="end"))
        if step > 1:
            below = [words(x, y[5], _cell(column.mean())), words(x, y[6], _cell(column.std()))]
            parts.append(group(below, text_anchor="end", fill=FEATURE if k == 3 else BATCH))
    return parts


def _cell(value: float) -> str:
    text = f"{value:.3f}"
    return "0.000" if text == "-0.000" else text


def _panel(state: dict[str, Any], now: Steps) -> list[svg.Element]:
    """Write the step's formulas, then the same with numbers, then every term known so far."""
    step = state["step"]
    i = NAMES.index(state["change"]) if state["change"] in NAMES else 4
    x, x_hat, y = (number(float(column[i])) for column in (now.x, now.x_hat, now.y))
    mean, var, sd = number(now.mean), number(now.var), number(now.sd)
    gamma, beta = number(state["gamma"]), number(state["beta"])
    total, squares = number(now.x.sum()), number((now.centred**2).sum())
    mu, root = ("μ", BATCH), ("√(σ² + ε)", BATCH)
    formulas, worked = {
        1: ([[("A", INK)]], ["one feature,", "N = 5 samples of it"]),
        2: (
            [[mu, (" = ΣA / N", INK)], [("σ²", BATCH), (" = Σ(A - μ)² / N", INK)]],
            [f"μ = {total} / 5 = {mean}", f"σ² = {squares} / 5 = {var}"],
        ),
        3: (
            [[("x̂ = (A - ", INK), mu, (") / ", INK), root]],
            [f"{NAMES[i]}: ({x} - {_bracket(mean)}) / {sd}", f"= {x_hat}"],
        ),
        4: (
            [[("y = ", INK), ("γ", FEATURE), (" x̂ + ", INK), ("β", FEATURE)]],
            [f"{NAMES[i]}: {gamma} · {_bracket(x_hat)} + {_bracket(beta)}", f"= {y}"],
        ),
    }[step]
    parts = [words(PANEL, 20, f"STEP {step}: {STEP_NAMES[step - 1]}", bold=True)]
    parts += [words(PANEL, 48 + 24 * k, text, size=HEAD) for k, text in enumerate(formulas)]
    below = 76 + 24 * (len(formulas) - 1)
    parts += [words(PANEL, below + 20 * k, text) for k, text in enumerate(worked)]
    terms = [
        ("μ", mean, BATCH, 2),
        ("σ²", var, BATCH, 2),
        ("ε", number(now.eps), BATCH, 3),
        ("√(σ² + ε)", sd, BATCH, 3),
        ("γ", gamma, FEATURE, 4),
        ("β", beta, FEATURE, 4),
    ]
    for k, (name, value, colour, since) in enumerate(terms):
        if step >= since:
            both = [words(PANEL, 148 + 20 * k, name), words(PANEL + 84, 148 + 20 * k, f"= {value}")]
            weight = "bold" if since == step else None
            parts.append(group(both, fill=colour, font_weight=weight))
    if step > 1:
        key = [(PANEL + 5, 258, PANEL + 5, 276), (PANEL, 258, PANEL + 10, 258),
               (PANEL, 276, PANEL + 10, 276)]  # fmt: skip
        parts += [strokes(key, BATCH, 2), words(PANEL + 30, 272, "mean ± sd")]
    return parts


def _bracket(text: str) -> str:
    return f"({text})" if text.startswith("-") else text


def _later(prediction: dict[str, Any] | None) -> list[svg.Element]:
    """Draw what was predicted, and the two steps that belong to lesson 05."""
    parts: list[svg.Element] = []
    if prediction:
        parts += [
            line(PANEL, 291, PANEL + 24, 291, GUESS, 3, [8, 4]),
            words(PANEL + 30, 296, "you predicted", bold=True),
            words(PANEL, 317, f"x̂ of S5 up to {prediction['largest']:.3g};"),
            words(PANEL, 337, "S1 to S4:"),
            words(PANEL, 357, prediction["others"]),
        ]
    for k, what in enumerate(("STEP 5: running averages", "STEP 6: evaluation")):
        y = 384 + 50 * k
        parts.append(box(PANEL, y, 190, 44, edge=FAINT, dash=[4, 3], round_by=4))
        parts.append(words(PANEL + 8, y + 19, what, colour=QUIET))
        parts.append(words(PANEL + 8, y + 37, "lesson 05", colour=QUIET))
    return parts
