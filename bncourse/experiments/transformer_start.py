"""Gradients and the residual stream of a transformer before the first update.

Xiong et al. (2020) derive for weights after Glorot & Bengio that the gradient of the last block's
weights does not depend on the number of blocks L with norms on the stream ("post"), and shrinks
like 1 / sqrt(L) with norms inside the blocks ("pre"; theorem 1). For the blocks below they give
post-LN a factor (2/3)^((L - l) / 2), which makes gradients small near the input: what the norms
divide by. That the sum x + part(x) also multiplies a gradient going back is not in that factor.

Measured with 20 seeds, both powers of L lie above those of the theorem over 2 to 16 blocks, since
nets of two blocks have smaller gradients than the others let expect; over 4 to 16 they are nearer.

Here the nets are those of `transformer`, on the first mini-batch, with nothing trained. It takes
about a second.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from bncourse.experiments.training import mini_batches, one_thread
from bncourse.experiments.transformer import Norm, Placement, StackedTransformer, rows_of_digits

PLACEMENTS: tuple[Placement, ...] = ("post", "pre", None)
DEPTHS = (6, 12)
SEEDS = (0, 1, 2, 3, 4)
# The power of the depth needs more of both: with five seeds its error is as large as 0.1.
LAST_DEPTHS, LAST_SEEDS = (2, 4, 8, 16), tuple(range(20))
BATCH_SIZE = 32


@dataclass(frozen=True)
class Start:
    """Nets of one depth L before training, S seeds.

    Attributes:
        placement: of the norms, "post", "pre" or None.
        depth: L, number of blocks.
        weights: (L, S) norm (not squared) of the loss gradient with respect to all weight matrices
            of a block together.
        last_weights: (L, S) the same for the second feed-forward matrix of each block alone, of
            which theorem 1 speaks.
        stream: (L + 1, S) root mean square of the residual stream before the first block and after
            each.
        stream_gradient: (L + 1, S) norm of the loss gradient with respect to it.
    """

    placement: Placement
    depth: int
    weights: np.ndarray
    last_weights: np.ndarray
    stream: np.ndarray
    stream_gradient: np.ndarray

    def last_over_first(self) -> np.ndarray:
        """Return the gradient norm of the last block's weights over the first's, (S,)."""
        return self.weights[-1] / self.weights[0]


def measure_start(
    placement: Placement,
    depth: int,
    seeds: Sequence[int] = SEEDS,
    *,
    norm: Norm = "layer",
    start: str = "xavier",
    own_targets: bool = False,
) -> Start:
    """Build one net per seed and send the loss of one mini-batch back through it.

    With `own_targets` every token has a loss of its own, whose class is drawn at random: gradients
    of the tokens then differ, as in a translation, where every place has a word to give.
    """
    with one_thread():
        model = StackedTransformer(seeds, depth=depth, placement=placement, norm=norm, start=start)
        loss = _loss(model, seeds, own_targets)
        matrices = [
            [part.weight for part in block.children() if hasattr(part, "weight")]
            for block in model.blocks
        ]
        wanted = [*(matrix for block in matrices for matrix in block), *model.stream]
        found = torch.autograd.grad(loss, wanted)
    per_block = len(matrices[0])
    sizes = _sizes(found)
    each = sizes[: per_block * depth].reshape(depth, per_block, len(seeds))
    stream = [h.detach().square().mean(dim=(1, 2, 3)).sqrt().double().numpy() for h in model.stream]
    return Start(
        placement,
        depth,
        np.sqrt((each**2).sum(axis=1)),
        each[:, -1],
        np.stack(stream),
        sizes[per_block * depth :],
    )


def measure_starts(
    depths: Sequence[int] = DEPTHS, seeds: Sequence[int] = SEEDS, **settings
) -> list[Start]:
    """Measure all placements at all depths, the depths of one placement after another."""
    return [measure_start(p, depth, seeds, **settings) for p in PLACEMENTS for depth in depths]


def measure_last_blocks(
    placements: Sequence[Placement] = ("post", "pre"),
    depths: Sequence[int] = LAST_DEPTHS,
    seeds: Sequence[int] = LAST_SEEDS,
) -> list[Start]:
    """Measure nets of several depths with enough seeds for `powers`, in about two seconds."""
    return [measure_start(place, depth, seeds) for place in placements for depth in depths]


def powers(starts: Sequence[Start]) -> np.ndarray:
    """Return p of "the last block's gradient goes like L^p", fitted for each seed, (S,).

    Theorem 1 says 0 for "post" and -1/2 for "pre". Takes starts of one placement.
    """
    depths = np.log([start.depth for start in starts])
    return np.polyfit(depths, np.log([start.last_weights[-1] for start in starts]), 1)[0]


def measure_factors(
    depth: int, seeds: Sequence[int] = SEEDS, *, own_targets: bool = False
) -> tuple[np.ndarray, np.ndarray]:
    """Return what a gradient is multiplied by on its way back through a post-LN net.

    Two arrays (L, 2, S): through each norm, and through each sum x + part(x); for the attention
    and the feed-forward part of each block. Xiong et al. count the norms of the feed-forward parts,
    sqrt(2/3) = 0.82 each; a sum of independent terms of which the second has half the variance
    gives sqrt(3/2), the inverse.
    """
    passed: list[Tensor] = []
    with one_thread():
        model = StackedTransformer(seeds, depth=depth, placement="post")
        for block in model.blocks:
            for norm in block.norms:
                norm.register_forward_hook(lambda _, given, made: passed.extend((given[0], made)))
        loss = _loss(model, seeds, own_targets)
        sizes = _sizes(torch.autograd.grad(loss, [model.stream[0], *passed]))
    before, after = sizes[1::2], sizes[2::2]
    shape = depth, 2, len(seeds)
    return (before / after).reshape(shape), (sizes[:-1:2] / before).reshape(shape)


def _loss(model: StackedTransformer, seeds: Sequence[int], own_targets: bool) -> Tensor:
    """Return the sum over the nets of each net's mean loss: each gets its own loss's gradient."""
    x, target = _first_batch(tuple(seeds))
    logits = model(x)
    if own_targets:
        logits, target = _each_token(model, seeds)
    return len(seeds) * F.cross_entropy(logits.flatten(0, -2), target.flatten())


@lru_cache(maxsize=4)
def _first_batch(seeds: tuple[int, ...]) -> tuple[Tensor, Tensor]:
    """Return the first mini-batch of each seed: x (S, N, 8, 8), y (S, N)."""
    x, y, _, _ = rows_of_digits(seeds)
    net, batch = torch.arange(len(x))[:, None], next(mini_batches(x.shape[1], BATCH_SIZE, seeds))
    return x[net, batch], y[net, batch]


def _sizes(gradients: Sequence[Tensor]) -> np.ndarray:
    """Return the norm of each gradient for each net: K arrays (S, ...) to (K, S)."""
    return np.stack([g.flatten(1).norm(dim=1).double().numpy() for g in gradients])


def _each_token(model: StackedTransformer, seeds: Sequence[int]) -> tuple[Tensor, Tensor]:
    """Return logits (S, N, T, 10) of the tokens that were just read, and classes at random."""
    tokens = model.stream[-1]
    tokens = tokens if model.final is None else model.final(tokens)
    drawn = [np.random.default_rng([seed, 4]).integers(0, 10, tokens.shape[1:3]) for seed in seeds]
    return model.head(tokens), torch.from_numpy(np.stack(drawn))
