"""How a gradient fares on its way back through a recurrent net with batch norm, before training.

A tanh RNN of 48 units reads the digits pixel by pixel, with batch norm on the sum as in `recurrent`
(batch statistics of each step, beta = 0). A random gradient enters at the last state, and its norm
is read at every state before. Cooijmans et al. (2016, section 4) saw it vanish for gamma = 1 and
hold for gamma = 0.1, and started gamma at 0.1. Both depend on the recurrent weights, identity or
orthogonal, and on how large the input weights are. On its way a gradient is multiplied by gamma,
by tanh's slope, by W_h, and divided by the sum's standard deviation, to which the input adds:

- gamma = 1 with small input weights: W_h h is as wide as h, below 1, and is divided by that. With
  orthogonal weights the product is a little above 1, and the gradient grows. With identity weights
  each unit sorts the samples into two clusters at -tanh(1) and tanh(1): slope 0.42 over a spread of
  0.76 is 0.55 per step, and the gradient vanishes. With larger inputs there are nearly the same
  clusters, and the typical unit's gradient fades too. But identity weights do not mix the units:
  in a few it grows, and these carry the norm;
- gamma = 0.1: tanh is nearly straight, and h is as wide as gamma. If W_x x is much wider than that,
  it alone decides the divisor, and the gradient fades whatever W_h is.

Nothing is trained; all of it takes about a second.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from bncourse.data import load_digits
from bncourse.experiments.training import one_thread

SEEDS = (0, 1, 2, 3, 4)
GAMMAS = (0.1, 1.0)
WEIGHTS = ("identity", "orthogonal")
UNITS, SAMPLES, EPS = 48, 100, 1e-5
NEAR = 0.5  # to 1, of the sizes of x_hat that `near_one` counts
INPUT = 0.1  # bound of the uniform input weights: W_x x is then no wider than W_h h


@dataclass(frozen=True)
class RecurrentGradients:
    """Gradient norms back through T steps, for two kinds of weights, two gammas, S seeds.

    Attributes:
        weights: as in `WEIGHTS`.
        gammas: as in `GAMMAS`.
        steps: (T + 1,) numbers of the states, 0 (before the first pixel) to T.
        norms: (weights, gammas, S, T + 1) norm of the gradient at each state over its norm at
            state T.
        slopes: (weights, gammas, S) mean derivative of tanh where its inputs lie, over samples,
            units and all steps whose inputs vary.
        flat: (T,) whether a pixel is the same in all samples of every seed.
        seeds: (S,) of weights, images and gradients.
        spreads: (weights, gammas, S, T) standard deviation over the batch of a step's sum, the mean
            over the units.
        rms_slopes: (weights, gammas, S, T) root mean square of tanh's derivative at each step.
        factors: (weights, gammas, S, T) root mean square of gamma * slope / standard deviation, a
            unit's own: by so much a step changes the norm of a gradient that lies evenly on samples
            and units, if the recurrent weights are orthogonal.
        near_one: (weights, gammas, S, T) share of the x_hat of a step whose size is within 0.5 of
            1: about a half of normal numbers, all of two clusters.
        unit_norms: (weights, gammas, S, T + 1, H) norm of each unit's part of the gradient at each
            state, over the same unit's at state T.
    """

    weights: tuple[str, ...]
    gammas: tuple[float, ...]
    steps: np.ndarray
    norms: np.ndarray
    slopes: np.ndarray
    flat: np.ndarray
    seeds: tuple[int, ...]
    spreads: np.ndarray
    rms_slopes: np.ndarray
    factors: np.ndarray
    near_one: np.ndarray
    unit_norms: np.ndarray

    def across(self, later: int, earlier: int) -> np.ndarray:
        """Return the norm at an earlier state over that at a later one, (weights, gammas, S)."""
        return self.norms[..., earlier] / self.norms[..., later]

    def multiplied(self, later: int, earlier: int) -> np.ndarray:
        """Return the product of the factors of the steps between, (weights, gammas, S)."""
        return self.factors[..., earlier:later].prod(-1)

    def across_units(self, later: int, earlier: int) -> np.ndarray:
        """Return as `across` for each unit by itself, (weights, gammas, S, H)."""
        return self.unit_norms[..., earlier, :] / self.unit_norms[..., later, :]


def measure_gradients(
    seeds: Sequence[int] = SEEDS, input_scale: float = INPUT
) -> RecurrentGradients:
    """Run both kinds of weights with both gammas; W_x is uniform within `input_scale`."""
    rows = []
    for seed in seeds:
        images = load_digits(seed).x_train
        rows.append(images[np.random.default_rng([seed, 2]).permutation(len(images))[:SAMPLES]])
    pixels = torch.from_numpy(np.stack(rows))
    start = pixels.new_zeros(len(seeds), UNITS, SAMPLES)
    norms, slopes, sizes = [], [], []
    with one_thread():
        for kind in WEIGHTS:
            for gamma in GAMMAS:
                states, slope, size = _states(pixels, start, kind, gamma, seeds, input_scale)
                norms.append(_norms(states, seeds))
                slopes.append(slope)
                sizes.append(size)
    shape = len(WEIGHTS), len(GAMMAS)
    units = np.array(norms).reshape(*shape, *norms[0].shape)
    grown = np.sqrt((units**2).sum(-1))
    return RecurrentGradients(
        WEIGHTS,
        GAMMAS,
        np.arange(grown.shape[-1]),
        grown / grown[..., -1:],
        np.array(slopes).reshape(*shape, -1),
        (pixels == pixels[:1, :1]).all(dim=(0, 1)).numpy(),
        tuple(seeds),
        *np.array(sizes).reshape(*shape, 4, len(seeds), -1).transpose(2, 0, 1, 3, 4),
        units / units[..., -1:, :],
    )


def black_pixels(
    gamma: float = 1.0,
    steps: int = 20,
    noise: float = 0.0,
    seeds: Sequence[int] = SEEDS,
    dtype: torch.dtype = torch.float64,
) -> np.ndarray:
    """Return gradient norms at states 0 to `steps`, (S, steps + 1), over that at the last one.

    All pixels are 0 in all samples, so without noise all states are 0 and every variance is 0.
    `noise` is the standard deviation of the first state, drawn for each sample; Cooijmans et al.
    (2016, section 5.1) let it vary for this reason. Orthogonal weights.
    """
    drawn = [np.random.default_rng([seed, 3]).normal(0, 1, (UNITS, SAMPLES)) for seed in seeds]
    start = noise * torch.from_numpy(np.stack(drawn)).to(dtype)
    pixels = torch.zeros(len(seeds), SAMPLES, steps, dtype=dtype)
    with one_thread():
        units = _norms(_states(pixels, start, "orthogonal", gamma, seeds)[0], seeds)
    norms = np.sqrt((units**2).sum(-1))
    return norms / norms[:, -1:]


def expected_slope(spread: float, samples: int = 100_000, seed: int = 0) -> float:
    """Return the mean of 1 - tanh(spread z)^2 over standard normal draws z."""
    z = np.random.default_rng(seed).normal(size=samples)
    return float(np.mean(1 - np.tanh(spread * z) ** 2))


def _states(
    pixels: Tensor,
    start: Tensor,
    kind: str,
    gamma: float,
    seeds: Sequence[int],
    input_scale: float = INPUT,
) -> tuple[list[Tensor], np.ndarray, np.ndarray]:
    """Return the states (S, H, N) from the start on, the mean slopes of tanh, (S,), and sizes.

    The sizes are `spreads`, `rms_slopes`, `factors` and `near_one` of the record, (4, S, T).
    """
    w_x, w_h = zip(*(_draw(seed, kind) for seed in seeds), strict=True)
    w_x = torch.from_numpy(input_scale * np.stack(w_x)).to(pixels.dtype)
    w_h = torch.from_numpy(np.stack(w_h)).to(pixels.dtype)
    states, slopes, sizes = [start.requires_grad_()], [], []
    for t in range(pixels.shape[2]):
        z = torch.baddbmm(w_x * pixels[:, None, :, t], w_h, states[-1])
        # The batch is the last axis here: torch's layer norm normalises over it.
        x_hat = F.layer_norm(z, (SAMPLES,), eps=EPS)
        states.append(torch.tanh(gamma * x_hat))
        slope = 1 - states[-1].detach().square()
        spread = (z.detach().var(-1, correction=0, keepdim=True) + EPS).sqrt()
        if z.detach().std(-1).min() > 0:
            slopes.append(slope.mean(dim=(1, 2)))
        squares = slope.square(), (gamma * slope / spread).square()
        roots = [values.mean(dim=(1, 2)).sqrt() for values in squares]
        near = ((x_hat.detach().abs() - 1).abs() < NEAR).to(z.dtype)
        sizes.append(torch.stack([spread.mean(dim=(1, 2)), *roots, near.mean(dim=(1, 2))]))
    mean_slopes = torch.stack(slopes).mean(0).numpy() if slopes else np.ones(len(seeds))
    return states, mean_slopes, torch.stack(sizes, dim=-1).numpy()


def _norms(states: list[Tensor], seeds: Sequence[int]) -> np.ndarray:
    """Send a random gradient back from the last state; return its norms, (S, states, H)."""
    drawn = [np.random.default_rng([seed, 4]).normal(size=(UNITS, SAMPLES)) for seed in seeds]
    entering = torch.from_numpy(np.stack(drawn)).to(states[-1].dtype)
    gradients = torch.autograd.grad(states[-1], states, entering)
    return torch.stack([g.double().norm(dim=2) for g in gradients], dim=1).numpy()


def _draw(seed: int, kind: str) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    w_x = generator.uniform(-1, 1, (UNITS, 1))
    w_h = np.linalg.qr(generator.normal(size=(UNITS, UNITS)))[0]
    return w_x, np.eye(UNITS) if kind == "identity" else w_h
