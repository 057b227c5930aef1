"""Lesson 07: Jacobians and gradients of deep nets."""

from __future__ import annotations

from functools import cache

import numpy as np

from bncourse.experiments.deep_training import load_deep_training
from bncourse.experiments.gradient_growth import RELU_GROWTH, measure_growth
from bncourse.experiments.layer_jacobians import Spectrum, load_layer_jacobians
from bncourse.ledger.measuring import Value, finding, over, paired


def _spectrum(norm: str, init: str, depth: int, trained: bool = False) -> Spectrum:
    key = (norm, "relu", init, depth, trained)
    found = load_layer_jacobians()
    return next(s for s in found if (s.norm, s.activation, s.init, s.depth, s.trained) == key)


def _near(init: str, depth: int, trained: bool = False) -> Value:
    both = (100 * _spectrum(norm, init, depth, trained).near for norm in ("batch", "none"))
    return paired(*both)


@finding(
    "near-one-one-layer",
    "singular values near 1 of one ReLU layer, He's weights: with batch norm minus without",
    -2.7,
    2.7,
    unit="points",
    by="layer_jacobians",
    stored="layer_jacobians",
)
def _() -> Value:
    return _near("he", 1)


@finding(
    "near-one-20-layers",
    "singular values near 1 of 20 ReLU layers with batch norm",
    0.5,
    13,
    unit="%",
    by="layer_jacobians",
    stored="layer_jacobians",
)
def _() -> Value:
    return over(100 * _spectrum("batch", "he", 20).near)


@finding(
    "near-one-20-layers-plain",
    "singular values near 1 of 20 ReLU layers without batch norm, He's weights",
    0.5,
    15,
    unit="%",
    by="layer_jacobians",
    stored="layer_jacobians",
)
def _() -> Value:
    return over(100 * _spectrum("none", "he", 20).near)


@finding(
    "near-one-trained",
    "singular values near 1 of five trained layers, with batch norm minus without",
    -3.7,
    0,
    unit="points",
    by="layer_jacobians",
    stored="layer_jacobians",
)
def _() -> Value:
    return _near("he", 5, True)


@finding(
    "largest-20-layers",
    "largest singular value of 20 ReLU layers with batch norm",
    50,
    700,
    by="layer_jacobians",
    stored="layer_jacobians",
)
def _() -> Value:
    return over(_spectrum("batch", "he", 20).largest)


@finding(
    "largest-20-layers-plain",
    "largest singular value of 20 ReLU layers without batch norm, He's weights",
    1.5,
    19,
    by="layer_jacobians",
    stored="layer_jacobians",
)
def _() -> Value:
    return over(_spectrum("none", "he", 20).largest)


@cache
def _growth(norm: str, activation: str = "relu", skip: bool = False, batch_size: int = 64):
    return measure_growth(norm, activation, skip, batch_size)


@finding(
    "growth-bn",
    "growth of the squared gradient per layer towards the input, 30 ReLU layers with batch norm",
    1.3,
    1.7,
    unit="times",
    by="gradient_growth",
)
def _() -> Value:
    return over(_growth("batch").growth)


@finding(
    "growth-bn-8",
    "growth of the squared gradient per layer with batches of 8, ReLU layers with batch norm",
    1.5,
    3,
    unit="times",
    by="gradient_growth",
)
def _() -> Value:
    return over(_growth("batch", batch_size=8).growth)


@finding(
    "growth-none",
    "growth of the squared gradient per layer without batch norm, He's weights",
    0.9,
    1.1,
    unit="times",
    by="gradient_growth",
)
def _() -> Value:
    return over(_growth("none").growth)


@finding(
    "growth-skip",
    "growth of the squared gradient per layer with batch norm and skips",
    1,
    1.25,
    unit="times",
    by="gradient_growth",
)
def _() -> Value:
    return over(_growth("batch", skip=True).growth)


@finding(
    "growth-theory",
    "what theory gives for it in wide nets and large batches, ReLU",
    1.4669,
    1.467,
    unit="times",
    by="gradient_growth",
)
def _() -> float:
    return RELU_GROWTH


@finding(
    "gain-30-layers",
    "squared gradient at the input over that at the output, 30 ReLU layers with batch norm",
    4e4,
    4e5,
    unit="times",
    by="gradient_growth",
)
def _() -> float:
    return float(np.median(_growth("batch").gain))


def _deep(kind: str, depth: int) -> np.ndarray:
    return 100 * load_deep_training().at(kind, depth, load_deep_training().budgets[-1])


@finding(
    "deep-20-bn-minus-none",
    "test accuracy of 20 trained ReLU layers, batch norm minus none with He's weights",
    1,
    15,
    unit="points",
    by="deep_training",
    stored="deep_training",
)
def _() -> Value:
    return paired(_deep("batch", 20), _deep("none", 20))


@finding(
    "deep-40-bn",
    "test accuracy of 40 trained ReLU layers with batch norm, no skips",
    5,
    60,
    unit="%",
    by="deep_training",
    stored="deep_training",
)
def _() -> Value:
    return over(_deep("batch", 40))


@finding(
    "deep-40-bn-skips",
    "test accuracy of 40 trained ReLU layers with batch norm and skips",
    92,
    100,
    unit="%",
    by="deep_training",
    stored="deep_training",
)
def _() -> Value:
    return over(_deep("batch, skips", 40))
