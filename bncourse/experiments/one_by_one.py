"""Batch norm on maps of 1 x 1: with two images only the order survives, with one nothing does.

Global pooling leaves one number per channel and image. Batch norm of two such images is batch norm
of two numbers: both lie one standard deviation from their mean, so the outputs are
+-d / sqrt(d^2 + eps), where d is half of their difference.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from bncourse.data import load_digits

FILTERS = 16
SEED = 0


@dataclass(frozen=True)
class OneByOne:
    """What batch norm in training mode does to few and small maps.

    Attributes:
        sizes: (P, C) absolute value of the outputs for P pairs of test images, pooled to 1 x 1. The
            two outputs of a pair differ in their sign only.
        predicted: (P, C) |d| / sqrt(d^2 + eps) of the pooled numbers.
        refusal: what PyTorch says to one image of 1 x 1.
        alone_gap: largest difference, over one image with maps of 4 x 4, between batch norm and
            instance norm.
    """

    sizes: np.ndarray
    predicted: np.ndarray
    refusal: str
    alone_gap: float


def measure_one_by_one(pairs: int = 200) -> OneByOne:
    """Pool the maps of 16 random filters, pair by pair, and look at single images."""
    images = torch.from_numpy(load_digits().x_test[: 2 * pairs]).reshape(-1, 1, 8, 8)
    rng = np.random.default_rng(SEED)
    filters = torch.from_numpy(rng.normal(0, np.sqrt(2 / 9), (FILTERS, 1, 3, 3)))
    maps = nn.functional.conv2d(images, filters, padding=1).relu()
    pooled = maps.mean(dim=(2, 3), keepdim=True)
    norm = nn.BatchNorm2d(FILTERS, dtype=torch.float64)
    with torch.no_grad():
        outputs = torch.stack([norm(pair) for pair in pooled.split(2)])[..., 0, 0]
        half = (pooled[0::2] - pooled[1::2])[..., 0, 0] / 2
        # Pooling 2 x 2 leaves maps of 4 x 4.
        small = nn.functional.avg_pool2d(maps[:1], 2)
        alone = norm(small) - nn.functional.instance_norm(small, eps=norm.eps)
    predicted = half.abs() / (half**2 + norm.eps).sqrt()
    try:
        norm(pooled[:1])
        refusal = ""
    except ValueError as error:
        refusal = str(error)
    sizes = outputs.abs()[:, 0].numpy()
    return OneByOne(sizes, predicted.numpy(), refusal, float(alone.abs().max()))
