"""A small transformer encoder that reads a digit as eight tokens, one for each row of pixels.

A token of 8 pixels is mapped to d = 32 numbers, and a learned vector of its place is added. Then
come blocks of self-attention (4 heads) and a feed-forward part (64 ReLUs), each of which adds what
it finds to the residual stream. A norm may stand in three places (Xiong et al. 2020, figure 1):

    "post"   x <- norm(x + part(x))        as in Vaswani et al. (2017)
    "pre"    x <- x + part(norm(x))        and one norm after the last block
    None     x <- x + part(x)

The logits are a linear map of the mean over the tokens. As in `training`, the nets of S seeds lie
in one stack; numbers are float32. There is no dropout.
"""

from collections.abc import Callable, Sequence
from typing import Literal

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from bncourse.data import load_digits

TOKENS, PIXELS, CLASSES = 8, 8, 10
WIDTH, HEADS, HIDDEN = 32, 4, 64
EPS, MOMENTUM = 1e-5, 0.1

Placement = Literal["post", "pre"] | None
Norm = Literal["layer", "rms", "batch"]


class StackedNorm(nn.Module):
    """A norm for each of S nets: (S, N, T, d) to (S, N, T, d).

    "layer" and "rms" treat each token by itself. "batch" takes each feature's statistics over the
    batch and its tokens together, and running averages of them in evaluation mode. If `counted`
    is given, (S, N, T, 1) of 0 and 1, only the tokens with 1 enter the batch's statistics.
    """

    def __init__(self, kind: Norm, networks: int, width: int = WIDTH) -> None:
        super().__init__()
        self.kind, self.momentum = kind, MOMENTUM
        self.gamma = nn.Parameter(torch.ones(networks, 1, 1, width))
        # RMSNorm has no beta (Zhang & Sennrich 2019, eq. 4).
        self.beta = None if kind == "rms" else nn.Parameter(torch.zeros(networks, 1, 1, width))
        if kind == "batch":
            self.register_buffer("running_mean", torch.zeros(networks, 1, 1, width))
            self.register_buffer("running_var", torch.ones(networks, 1, 1, width))

    def forward(self, x: Tensor, counted: Tensor | None = None) -> Tensor:
        """Normalise; batch norm moves its running averages in training mode."""
        if self.kind == "rms":
            return F.rms_norm(x, x.shape[-1:], eps=EPS) * self.gamma
        if self.kind == "layer":
            return torch.addcmul(self.beta, F.layer_norm(x, x.shape[-1:], eps=EPS), self.gamma)
        if self.training:
            mean, var = self._of_batch(x, counted)
        else:
            mean, var = self.running_mean, self.running_var
        return torch.addcmul(self.beta, (x - mean) * torch.rsqrt(var + EPS), self.gamma)

    def _of_batch(self, x: Tensor, counted: Tensor | None) -> tuple[Tensor, Tensor]:
        if counted is None:
            count = torch.tensor(float(x.shape[1] * x.shape[2]))
            var, mean = torch.var_mean(x, dim=(1, 2), correction=0, keepdim=True)
        else:
            count = counted.sum(dim=(1, 2), keepdim=True)
            mean = (x * counted).sum(dim=(1, 2), keepdim=True) / count
            var = ((x - mean) ** 2 * counted).sum(dim=(1, 2), keepdim=True) / count
        with torch.no_grad():
            self.running_mean.lerp_(mean, self.momentum)
            self.running_var.lerp_(var * count / (count - 1), self.momentum)
        return mean, var


class StackedLinear(nn.Module):
    """A linear map for each of S nets: (S, N, T, fan_in) to (S, N, T, fan_out)."""

    def __init__(self, weight: np.ndarray, bias: np.ndarray) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.from_numpy(weight).float())
        self.bias = nn.Parameter(torch.from_numpy(bias).float())

    def forward(self, x: Tensor) -> Tensor:
        """Multiply each net's tokens by that net's weights, (S, fan_in, fan_out)."""
        rows = torch.baddbmm(self.bias, x.flatten(1, 2), self.weight)
        return rows.unflatten(1, x.shape[1:3])


class Block(nn.Module):
    """Self-attention and a feed-forward part, both beside a residual stream (S, N, T, d)."""

    def __init__(
        self, placement: Placement, norm: Norm, linear: Callable[[int, int], StackedLinear]
    ) -> None:
        super().__init__()
        self.placement = placement
        self.queries, self.keys, self.values = (linear(WIDTH, WIDTH) for _ in range(3))
        self.mixed = linear(WIDTH, WIDTH)
        self.first, self.second = linear(WIDTH, HIDDEN), linear(HIDDEN, WIDTH)
        networks = len(self.first.weight)
        self.norms = nn.ModuleList(
            StackedNorm(norm, networks) for _ in range(0 if placement is None else 2)
        )

    def forward(self, x: Tensor, alive: Tensor | None, counted: Tensor | None) -> Tensor:
        """Add both parts to the stream; padding, where `alive` is 0, is not looked at."""
        for place, part in enumerate((self._attention, self._feed_forward)):
            if self.placement == "pre":
                x = x + part(self.norms[place](x, counted), alive)
            elif self.placement == "post":
                x = self.norms[place](x + part(x, alive), counted)
            else:
                x = x + part(x, alive)
        return x

    def _attention(self, x: Tensor, alive: Tensor | None) -> Tensor:
        query, key, value = (
            part(x).flatten(0, 1).unflatten(-1, (HEADS, -1)).transpose(1, 2)
            for part in (self.queries, self.keys, self.values)
        )
        mask = None if alive is None else alive.bool().flatten(0, 1)[:, None, None, :, 0]
        found = F.scaled_dot_product_attention(query, key, value, attn_mask=mask)
        return self.mixed(found.transpose(1, 2).flatten(-2).view(x.shape))

    def _feed_forward(self, x: Tensor, _: Tensor | None) -> Tensor:
        return self.second(F.relu(self.first(x)))


class StackedTransformer(nn.Module):
    """A transformer encoder for each of S seeds: (S, N, T, 8) to logits (S, N, 10).

    Args:
        seeds: one per net; a seed fixes the weights whatever `placement` and `norm` are.
        depth: number of blocks.
        placement: of the norms, see above; None has none.
        norm: which kind.
        start: how weights are drawn: "xavier" (Glorot & Bengio 2010), N(0, 2 / (fan_in +
            fan_out)) with biases 0, as in the theory of Xiong et al. (2020); or "torch", uniform
            within 1 / sqrt(fan_in), the rule of `nn.Linear`.
        final_norm: whether a norm stands after the last block of "pre".

    Attributes:
        count_padding: whether padding enters the batch's statistics of batch norm.
        stream: after a forward pass, the residual stream before the first block and after each.
    """

    def __init__(
        self,
        seeds: Sequence[int],
        *,
        depth: int = 6,
        placement: Placement = "pre",
        norm: Norm = "layer",
        start: Literal["xavier", "torch"] = "xavier",
        final_norm: bool = True,
    ) -> None:
        super().__init__()
        generators = [np.random.default_rng(seed) for seed in seeds]

        def linear(fan_in: int, fan_out: int, sd: float | None = None) -> StackedLinear:
            drawn = [_draw(g, fan_in, fan_out, start, sd) for g in generators]
            return StackedLinear(*(np.stack(arrays) for arrays in zip(*drawn, strict=True)))

        # Pixels of variance 1 and places give half of the stream's first variance each, which is 1.
        self.embed = linear(PIXELS, WIDTH, np.sqrt(0.5 / PIXELS))
        places = [g.normal(0, np.sqrt(0.5), (1, TOKENS, WIDTH)) for g in generators]
        self.places = nn.Parameter(torch.from_numpy(np.stack(places)).float())
        self.blocks = nn.ModuleList(Block(placement, norm, linear) for _ in range(depth))
        self.head = linear(WIDTH, CLASSES)
        has_final = placement == "pre" and final_norm
        self.final = StackedNorm(norm, len(seeds)) if has_final else None
        self.count_padding = False
        self.stream: list[Tensor] = []

    def forward(self, x: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Read the rows; of a digit with a length (S, N) only so many, the rest is padding."""
        return self.head(self.features(x, lengths)[:, :, None]).squeeze(2)

    def features(self, x: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Return the mean over the tokens of what the last block gives, (S, N, d)."""
        alive = None
        if lengths is not None:
            alive = (torch.arange(x.shape[2]) < lengths[..., None])[..., None].float()
        counted = None if self.count_padding else alive
        h = self.embed(x) + self.places[:, :, : x.shape[2]]
        self.stream = [h]
        for block in self.blocks:
            h = block(h, alive, counted)
            self.stream.append(h)
        if self.final is not None:
            h = self.final(h, counted)
        return h.mean(2) if alive is None else (h * alive).sum(2) / alive.sum(2)


def rows_of_digits(seeds: Sequence[int]) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return x (S, n, 8, 8), y (S, n), x_test and y_test: each seed's own split of the digits.

    Pixels are standardised by one mean and one sd, those of all training pixels of the split.
    """
    parts = []
    for seed in seeds:
        split = load_digits(seed)
        mean, sd = split.x_train.mean(), split.x_train.std()
        x, x_test = (
            ((images - mean) / sd).reshape(-1, TOKENS, PIXELS).astype(np.float32)
            for images in (split.x_train, split.x_test)
        )
        parts.append((x, split.y_train, x_test, split.y_test))
    return tuple(torch.from_numpy(np.stack(arrays)) for arrays in zip(*parts, strict=True))


def _draw(
    generator: np.random.Generator, fan_in: int, fan_out: int, start: str, sd: float | None
) -> tuple[np.ndarray, np.ndarray]:
    """Draw weights (fan_in, fan_out) and a bias (1, fan_out); `sd` overrules `start`."""
    bias = np.zeros((1, fan_out))
    if start == "torch" and sd is None:
        bound = 1 / np.sqrt(fan_in)
        weight = generator.uniform(-bound, bound, (fan_in, fan_out))
        return weight, generator.uniform(-bound, bound, bias.shape)
    sd = np.sqrt(2 / (fan_in + fan_out)) if sd is None else sd
    return generator.normal(0, sd, (fan_in, fan_out)), bias
