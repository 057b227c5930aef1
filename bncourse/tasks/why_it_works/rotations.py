"""7.6: by how much does each step turn weights whose length does not matter?"""

from __future__ import annotations

import numpy as np

from bncourse.grading.handed import FUNCTION, hand_in_functions
from bncourse.grading.kinds import driven_task
from bncourse.grading.task import Case
from bncourse.tasks.why_it_works.rotations_board import rotations
from bncourse.tasks.why_it_works.rotations_slips import MISCONCEPTIONS


def cases(rng: np.random.Generator) -> list[Case]:
    """Draw weights, pushes, rates and decays."""

    def draw(label, d, steps, rate, decay):
        made = {FUNCTION: "a gradient", "pushes": rng.normal(0, 1, (steps, d))}
        return Case(label, (made, rng.normal(0, 1, d) + 0.5, rate, decay, steps), rtol=1e-6)

    def some(low, high):
        return round(float(rng.uniform(low, high)), 2)

    return [
        draw("one step without decay", 3, 1, some(0.3, 0.6), 0.0),
        draw("two steps without decay", 4, 2, some(0.3, 0.6), 0.0),
        draw("two steps with decay", 3, 2, some(0.3, 0.6), some(0.2, 0.5)),
        draw("forty steps with decay", 6, 40, some(0.2, 0.4), some(0.1, 0.3)),
    ]


def _in_a_table(gradient, w, rate, decay, steps):
    ws = [w]
    for step in range(steps):
        ws.append((1 - rate * decay) * ws[-1] - rate * gradient(ws[-1], step))
    ws = np.array(ws)
    ws = ws / np.linalg.norm(ws, axis=1, keepdims=True)
    return np.arccos(np.clip((ws[1:] * ws[:-1]).sum(axis=1), -1, 1))


def _by_chord(gradient, w, rate, decay, steps):
    angles = []
    for step in range(steps):
        new = w - rate * gradient(w, step) - rate * decay * w
        chord = np.linalg.norm(new / np.linalg.norm(new) - w / np.linalg.norm(w))
        angles.append(2 * np.arcsin(chord / 2))
        w = new
    return angles


def stub(gradient, w, rate, decay, steps):
    """The exercise as learners find it."""
    angles = None
    return angles


TASK = driven_task(
    hand_in_functions,
    id="7.6",
    title="how far does a step turn?",
    entry="rotations",
    objective="Measure the learning rate that weights before a norm really feel",
    minutes=15,
    params=("gradient", "w", "rate", "decay", "steps"),
    outputs=("angles",),
    cases=cases,
    reference=rotations,
    misconceptions=MISCONCEPTIONS,
    hints=(
        "Keep the weights of before and after each step. Which of their properties tells how far "
        "they turned, whatever their lengths?",
        "The step is w − rate · (gradient + decay · w). The cosine of the angle between old and "
        "new is their product divided by both lengths; np.arccos gives the angle in radians.",
        "(1, 0) becomes (1, 1): the product is 1, the lengths are 1 and √2, and arccos(1/√2) = "
        "0.785, an eighth of a turn. Append such a number in every step and go on from the new "
        "weights.",
    ),
    stub=stub,
    accepted=(_in_a_table, _by_chord),
    graded=False,
    switchboard=rotations,
)
