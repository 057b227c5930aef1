"""Test images among many random mates: how much of a failure at groups of two is evaluation?

A net that was trained by batch norm in groups of two is a function of signs. Evaluation replaces
it by another function: one that normalises by running averages. In training mode a single grouping
adds its own luck instead. The fair counterpart is the mean over many groupings: what the net that
was trained says of an image on average. Its distance to evaluation is what the change of modes
costs (after Singh & Shrivastava, EvalNorm, 2019).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from bncourse.experiments.batch_race import load_stack
from bncourse.experiments.ghost_batches import BATCH_SIZE, build
from bncourse.experiments.small_batches import train_stack
from bncourse.experiments.training import accuracy, mini_batches, one_thread


@dataclass(frozen=True)
class ManyMates:
    """Test errors in percent of nets trained in groups, one number per seed, (S,).

    Attributes:
        size: images that share a mean and a variance.
        groupings: how many random groupings of the test images were averaged over.
        evaluation: in evaluation mode.
        one_grouping: in training mode, in one random grouping.
        averaged: by the mean of the logits over all groupings.
    """

    size: int
    groupings: int
    evaluation: np.ndarray
    one_grouping: np.ndarray
    averaged: np.ndarray


def measure_many_mates(
    size: int,
    rate: float,
    updates: int = 200,
    seeds: Sequence[int] = (0, 1, 2, 3, 4),
    groupings: int = 100,
) -> ManyMates:
    """Train one net per seed with gradients of 96 images in groups of `size`, and test it.

    In float32; two to three seconds. Raises ValueError unless `size` divides the 500 test images.
    """
    x, y, x_test, y_test = load_stack(tuple(seeds))
    images = y_test.shape[1]
    if images % size:
        raise ValueError(f"{images} test images cannot be dealt into groups of {size}")
    first = x.shape[1] * torch.arange(len(seeds))[:, None]
    net = build(size, tuple(seeds))
    batches = (first + batch for batch in mini_batches(x.shape[1], BATCH_SIZE, seeds))
    x_test, rng = x_test.float(), np.random.default_rng(size)
    with one_thread(), torch.enable_grad():
        rates = [rate] * len(seeds)
        train_stack(net, x.flatten(0, 1).float(), y.flatten(), batches, rates, updates)
        with torch.no_grad():
            evaluation = accuracy(net.eval()(x_test), y_test)
            net.train()
            summed = torch.zeros(())
            for k in range(groupings):
                order = torch.from_numpy(rng.permutation(images))
                logits = torch.empty_like(x_test[..., :10])
                logits[:, order] = net(x_test[:, order])
                if k == 0:
                    one_grouping = accuracy(logits, y_test)
                summed = summed + logits
    averaged = accuracy(summed, y_test)
    errors = (100 * (1 - right) for right in (evaluation, one_grouping, averaged))
    return ManyMates(size, groupings, *errors)
