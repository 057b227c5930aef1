"""How far the gradient of a mini-batch is from the gradient of the whole training set.

The net is 64-64-10 with ReLUs, the data the digits. A batch gradient is the mean of its images'
gradients, so it is enough to know those: |g_B - g|^2 = w' K w, where K holds the inner products
of all images' gradients and w is 1/B - 1/n for an image in the batch, -1/n for one outside. In a
linear layer an image's gradient is an outer product, (input, 1) times the error behind the layer,
and so K is a sum of two products of small matrices; no gradient has to be written out.

For batches drawn without replacement, as a loader draws them, the expectation is
spread / B * (n - B) / (n - 1), the variance of the mean of a sample from a finite population
(W. G. Cochran, "Sampling Techniques", 3rd ed. 1977, theorem 2.2).

`python -m bncourse.experiments.gradient_noise` stores curves of smaller sets, in some seconds.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from bncourse import results
from bncourse.data import load_digits
from bncourse.experiments.training import build_mlp, mini_batches, one_thread, train

SIZES = (64, 64, 10)
STAGES = ("at the start", "after 100 updates")
UPDATES = 100
BATCH_SIZE, LEARNING_RATE = 32, 0.2  # of the updates between the two stages

SUBSETS = (64, 96, 128, 160, 192, 256)
SUBSET_DRAWS = 400


@dataclass(frozen=True)
class GradientNoise:
    """Mean squared errors of batch gradients: S seeds, K batch sizes, two stages of training.

    A gradient is that of the mean cross-entropy with respect to all 4810 weights and biases.

    Attributes:
        samples: n, the images of the training set.
        batch_sizes: (K,) from 1 to n.
        stages: what the first axis of the arrays counts.
        seeds: (S,) a seed draws the weights, the order of the images in training, and the batches.
        measured: (2, S, K) mean over the draws of |g_B - g|^2, batches without replacement.
        spread: (2, S) mean over the images of |g_i - g|^2.
        full: (2, S) |g|^2, the squared length of the gradient of the whole set.
    """

    samples: int
    batch_sizes: np.ndarray
    stages: tuple[str, str]
    seeds: tuple[int, ...]
    measured: np.ndarray
    spread: np.ndarray
    full: np.ndarray

    def predicted(self, stage: str, seed_index: int) -> np.ndarray:
        """Return spread / B * (n - B) / (n - 1) for every batch size, (K,)."""
        spread = self.spread[self.stages.index(stage), seed_index]
        return spread * remaining_share(self.batch_sizes, self.samples)


def remaining_share(batch_sizes: np.ndarray, samples: int) -> np.ndarray:
    """Return (n - B) / (B (n - 1)): what is left of the mean squared error of one image."""
    return (samples - batch_sizes) / (batch_sizes * (samples - 1))


def powers_of_two(samples: int) -> np.ndarray:
    """Return 1, 2, 4, ... below `samples`, and `samples` itself."""
    powers = [2**power for power in range(samples.bit_length()) if 2**power < samples]
    return np.array([*powers, samples])


def measure_gradient_noise(seeds: Sequence[int] = range(3), draws: int = 100) -> GradientNoise:
    """Draw `draws` batches of each size at both stages: about three seconds as it stands."""
    digits = load_digits()
    x, y = torch.from_numpy(digits.x_train), torch.from_numpy(digits.y_train)
    batch_sizes = powers_of_two(len(x))
    measured = np.empty((len(STAGES), len(seeds), len(batch_sizes)))
    spread, full = np.empty(measured.shape[:2]), np.empty(measured.shape[:2])
    with one_thread():
        for column, seed in enumerate(seeds):
            for stage, products in enumerate(_products_by_stage(x, y, seed)):
                # The numbers after the seed keep these draws apart from those of the training.
                generator = np.random.default_rng([seed, 2, stage])
                errors = [squared_errors(products, size, draws, generator) for size in batch_sizes]
                measured[stage, column] = np.mean(errors, axis=1)
                full[stage, column] = products.mean()
                spread[stage, column] = products.diagonal().mean() - products.mean()
    return GradientNoise(len(x), batch_sizes, STAGES, tuple(seeds), measured, spread, full)


def gradient_products(net: nn.Sequential, x: Tensor, y: Tensor) -> np.ndarray:
    """Return the inner products of the images' gradients, (N, N), of a stack of one network.

    Args:
        net: linear, ReLU, linear, as `build_mlp` builds it for one seed.
        x: images, (N, 64).
        y: classes, (N,).
    """
    first, _, last = net
    with torch.no_grad():
        hidden = torch.relu(first(x[None]))[0]
        logits = last(hidden[None])[0]
        behind_last = logits.softmax(dim=1) - nn.functional.one_hot(y, logits.shape[1])
        behind_first = behind_last @ last.weight[0].T * (hidden > 0)
        products = torch.zeros(len(x), len(x), dtype=x.dtype)
        for inputs, errors in ((x, behind_first), (hidden, behind_last)):
            # (a, 1)·(a', 1) = a·a' + 1: the 1 is the bias.
            products += (inputs @ inputs.T + 1) * (errors @ errors.T)
    return products.numpy()


def squared_errors(
    products: np.ndarray, batch_size: int, draws: int, generator: np.random.Generator
) -> np.ndarray:
    """Draw batches without replacement; return |g_B - g|^2 for each, (draws,)."""
    samples = len(products)
    weights = np.full((draws, samples), -1 / samples)
    weights[:, :batch_size] += 1 / batch_size
    weights = generator.permuted(weights, axis=1)
    return np.einsum("di,di->d", weights @ products, weights)


def measure_subsets(
    samples: Sequence[int] = SUBSETS, seeds: Sequence[int] = range(3), draws: int = SUBSET_DRAWS
) -> list[dict]:
    """Return one curve for each size of the training set and seed, with the net at its start.

    The seed draws the set from the digits, the weights, and the batches.
    """
    digits = load_digits()
    curves = []
    for n in samples:
        for seed in seeds:
            generator = np.random.default_rng([seed, 3, n])
            chosen = generator.choice(len(digits.x_train), n, replace=False)
            x, y = (torch.from_numpy(a[chosen]) for a in (digits.x_train, digits.y_train))
            with one_thread():
                products = gradient_products(_build(seed), x, y)
            batch_sizes = powers_of_two(n)
            errors = [squared_errors(products, size, draws, generator) for size in batch_sizes]
            curves.append(
                {
                    "n": n,
                    "seed": seed,
                    "batch_sizes": batch_sizes.tolist(),
                    "mean_squared_error": [float(f"{np.mean(e):.4g}") for e in errors],
                }
            )
    return curves


def _products_by_stage(x: Tensor, y: Tensor, seed: int) -> list[np.ndarray]:
    net = _build(seed)
    return train(
        net,
        x,
        y,
        mini_batches(len(x), BATCH_SIZE, [seed]),
        learning_rate=LEARNING_RATE,
        measure=lambda net: gradient_products(net, x, y),
        measure_at=(0, UPDATES),
    )


def _build(seed: int) -> nn.Sequential:
    return build_mlp(SIZES, [seed], activation="relu", init="torch")


if __name__ == "__main__":
    stored = {"network": SIZES, "draws": SUBSET_DRAWS, "curves": measure_subsets()}
    command = "python -m bncourse.experiments.gradient_noise"
    print(results.store("gradient_noise", command, stored))
