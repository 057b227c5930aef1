"""What learners' own functions show when they are used: the trials behind some exercises.

Each takes the function that an exercise asked for and returns lines of text. The function comes
from a notebook, so anything may come back: what is no number is written as it is.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from bncourse.experiments.fair_runs import train_and_test
from bncourse.experiments.noise_race import race
from bncourse.grading.handed import net, norm_layer, sideways
from bncourse.layers.oracles import along_axis

RATE, DECAY, STEPS = 0.1, 0.05, 2000


def scales(scale_test: Callable[..., Any]) -> list[str]:
    """Try 7.1 on a layer with batch norm and on one without."""
    rng = np.random.default_rng(0)
    x, weights = rng.normal(size=(20, 8)), rng.normal(size=(8, 6))
    towards = rng.normal(size=(20, 6))
    lines = []
    for name, axis in (("batch norm", 0), ("no norm", None)):
        layer = net(along_axis, x, gamma=1.0, beta=0.0, eps=1e-5, towards=towards, axis=axis)
        for a in (10, -1, 0.001):
            gap, ratio = scale_test(layer, weights, a)
            lines.append(f"{name:10}  a = {a:<6} out_gap {gap:8.2g}   grad_ratio {ratio:8.4g}")
    return lines


def noise(noisy: Callable[..., Any]) -> list[str]:
    """Try 7.3 in a net of five ReLU layers, behind every batch norm."""
    return str(race(noisy, shift=1.0, spread=0.25)).splitlines()


def growth(gradient_norms: Callable[..., Any]) -> list[str]:
    """Try 7.4 on 24 layers of 128 units: the growth per layer in the middle of the net."""
    rng = np.random.default_rng(0)
    weights = [rng.normal(0, np.sqrt(2 / 128), (128, 128)) for _ in range(24)]
    x, dy = rng.normal(size=(2, 64, 128))
    lines = []
    for name, axis in (("batch norm", 0), ("layer norm", 1), ("no norm", None)):
        squares = np.asarray(gradient_norms(norm_layer(along_axis, axis), x, weights, dy))
        per_layer = (squares[5] / squares[20]) ** (1 / 15)  # a geometric mean, away from the ends
        lines.append(f"{name}: × {per_layer:.3f} per layer, towards the input")
    return lines


def turns(rotations: Callable[..., Any]) -> list[str]:
    """Try 7.6 with short weights and long ones."""
    pushes = np.random.default_rng(0).normal(size=(STEPS, 50))
    theory = f"theory {np.sqrt(2 * RATE * DECAY):.4f}"
    lines = []
    for start in (0.2, 20.0):
        w = start * np.ones(50) / np.sqrt(50)
        angles = np.asarray(rotations(sideways(pushes), w, RATE, DECAY, STEPS))
        lines.append(
            f"start {start}: first step {angles[0]:.3f}, after 100 {np.mean(angles[100:200]):.3f}, "
            f"last 500 {np.mean(angles[-500:]):.4f}; {theory}"
        )
    return lines


def fair_sweep(sweep: Callable[..., Any]) -> list[str]:
    """Try 8.2 with a trainer that really trains: two norms, two sizes, two seeds."""
    lines = []
    for norm in ("batch", "layer"):
        errors = sweep(norm, [2, 32], [0, 1], train_and_test)
        told = [f"{error:.1f} % at batch size {size}" for size, error in errors.items()]
        lines.append(f"{norm} norm, test error: {', '.join(told)}")
    return lines
