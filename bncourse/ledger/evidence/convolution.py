"""Lesson 06: batch norm behind a convolution."""

from __future__ import annotations

import numpy as np
import torch

from bncourse.data import load_digits
from bncourse.experiments.shared_ruler import load_shared_ruler
from bncourse.layers.batch_norm import batchnorm_forward
from bncourse.ledger.measuring import Value, finding, over, paired

PER_CHANNEL, PER_ACTIVATION = (0, 2, 3), (0,)


def _maps() -> np.ndarray:
    """Six digits behind three random filters, circular, (6, 3, 8, 8), as in the lesson."""
    filters = torch.tensor(np.random.default_rng(6).normal(size=(3, 1, 3, 3)))
    images = torch.tensor(load_digits().x_test[:6].reshape(-1, 1, 8, 8))
    around = torch.nn.functional.pad(images, (1, 1, 1, 1), mode="circular")
    return torch.nn.functional.conv2d(around, filters).numpy()


def _norm(x: np.ndarray, axes: tuple[int, ...]) -> np.ndarray:
    return (x - x.mean(axes, keepdims=True)) / np.sqrt(x.var(axes, keepdims=True) + 1e-5)


def _moved_gap(axes: tuple[int, ...]) -> float:
    maps = _maps()
    one_moved = maps.copy()
    one_moved[0] = np.roll(maps[0], 1, axis=-1)
    return abs(np.roll(_norm(maps, axes)[0], 1, axis=-1) - _norm(one_moved, axes)[0]).max()


@finding("moved-per-channel", "moving one image before or after a norm per channel: the gap",
         by="hand")  # fmt: skip
def _() -> float:
    return _moved_gap(PER_CHANNEL)


@finding(
    "moved-per-activation",
    "moving one image before or after a norm per activation: the gap",
    1,
    10,
    by="hand",
)
def _() -> float:
    return _moved_gap(PER_ACTIVATION)


@finding("maps-are-a-table", "distance of the table's batch norm from PyTorch's for maps",
         by="layers.batch_norm")  # fmt: skip
def _() -> float:
    maps = _maps()
    n, c, h, w = maps.shape
    table = maps.transpose(0, 2, 3, 1).reshape(-1, c)
    ours = batchnorm_forward(table, np.ones(c), np.zeros(c))[0]
    theirs = torch.nn.BatchNorm2d(c, dtype=torch.float64)(torch.tensor(maps)).detach().numpy()
    return abs(ours.reshape(n, h, w, c).transpose(0, 3, 1, 2) - theirs).max()


@finding("learned-per-channel", "numbers learned for 64 maps of 28 × 28, per channel", 128, 128,
         by="PyTorch")  # fmt: skip
def _() -> float:
    return sum(p.numel() for p in torch.nn.BatchNorm2d(64).parameters())


@finding(
    "learned-per-activation",
    "numbers learned for 64 maps of 28 × 28, per activation",
    100352,
    100352,
    by="hand",
)
def _() -> float:
    return 2 * 64 * 28 * 28


def _lost(batch_size: int, field: str) -> Value:
    record = load_shared_ruler()
    at = list(record.batch_sizes).index(batch_size)
    errors = getattr(record, field)
    kinds = [record.kinds.index(name) for name in ("per activation", "per channel")]
    return paired(errors[kinds[0], at], errors[kinds[1], at])


@finding(
    "moved-test-error-16",
    "test error on moved images with batches of 16, per activation minus per channel",
    10,
    50,
    unit="points",
    by="shared_ruler",
    stored="shared_ruler",
)
def _() -> Value:
    return _lost(16, "shifted_error")


@finding(
    "test-error-16",
    "test error with batches of 16, per activation minus per channel",
    -1,
    1,
    unit="points",
    by="shared_ruler",
    stored="shared_ruler",
)
def _() -> Value:
    return _lost(16, "test_error")


@finding(
    "test-error-2",
    "test error with batches of 2, per activation minus per channel",
    10,
    50,
    unit="points",
    by="shared_ruler",
    stored="shared_ruler",
)
def _() -> Value:
    return _lost(2, "test_error")


@finding(
    "conv-bn-accuracy",
    "test accuracy of a convolutional net with batch norm",
    98,
    100,
    unit="%",
    by="shifts",
    stored="shifts",
)
def _() -> Value:
    from bncourse.experiments.shifts import load_shifts

    return over(100 * load_shifts().clean)


@finding(
    "conv-bn-gain",
    "test accuracy of a convolutional net after as many updates, with batch norm minus without",
    1,
    10,
    unit="points",
    by="shifts",
    stored="shifts",
)
def _() -> Value:
    from bncourse.experiments.shifts import load_shifts

    shifts = load_shifts()
    return paired(100 * shifts.clean, 100 * shifts.plain_clean)
