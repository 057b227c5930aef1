"""What has been put in place of a norm, for stacks of small nets: DyT, standardised weights, gates.

- `DynamicTanh`: gamma * tanh(alpha * x) + beta with a learned alpha, 0.5 at the start (Zhu and
  others 2025, "Transformers without Normalization", arXiv 2503.10622, section 4). No statistics.
- `standardise`: every unit's incoming weights get mean 0 and variance 1 / fan_in before they are
  used (Qiao and others 2019, "Weight Standardization", arXiv 1903.10520, eq. 5). The paper has
  variance 1; in front of a norm the factor makes no difference, and as it is here, an input of
  variance 1 gives an output of variance 1.
- `GatedResidual`: h + gate * branch(h) with a learned gate that starts at 0 (De & Smith 2020,
  arXiv 2002.10444, SkipInit).
"""

import torch
from torch import Tensor, nn

from bncourse.experiments.training import StackedLinear

ALPHA = 0.5


class DynamicTanh(nn.Module):
    """DyT for S networks: one alpha for each network, one gamma and beta for each feature.

    Args:
        networks: S.
        features: D of a table, or channels of maps.
        maps: False for tables (S, N, D), True for maps (N, S * D, H, W).
    """

    def __init__(self, networks: int, features: int, maps: bool = False) -> None:
        super().__init__()
        shape = (networks, features, 1, 1) if maps else (networks, 1, features)
        self.alpha = nn.Parameter(torch.full((networks, *[1] * (len(shape) - 1)), ALPHA))
        self.gamma = nn.Parameter(torch.ones(shape))
        self.beta = nn.Parameter(torch.zeros(shape))
        self.maps = maps

    def forward(self, x: Tensor) -> Tensor:
        """Squash every number by itself."""
        view = x.unflatten(1, self.gamma.shape[:2]) if self.maps else x
        return torch.addcmul(self.beta, torch.tanh(self.alpha * view), self.gamma).view(x.shape)


def standardise(weight: Tensor, axes: tuple[int, ...], eps: float = 1e-10) -> Tensor:
    """Return the weights with mean 0 and variance 1 / fan_in over `axes`, the axes of a fan-in."""
    variance, mean = torch.var_mean(weight, axes, correction=0, keepdim=True)
    fan_in = 1
    for axis in axes:
        fan_in *= weight.shape[axis]
    return (weight - mean) * (fan_in * (variance + eps)).rsqrt()


class StandardisedLinear(StackedLinear):
    """A `StackedLinear` that standardises its weights, (S, fan_in, fan_out), whenever it runs."""

    def forward(self, x: Tensor) -> Tensor:
        """Multiply each network's batch by that network's standardised weights."""
        return torch.baddbmm(self.bias, x, standardise(self.weight, (1,)))


class GatedResidual(nn.Module):
    """h + gate * branch(h) for S networks, (S, N, D) to (S, N, D); the gates start at 0."""

    def __init__(self, networks: int, branch: nn.Module) -> None:
        super().__init__()
        self.branch, self.gate = branch, nn.Parameter(torch.zeros(networks, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        """Add the branch, scaled by the gate."""
        return torch.addcmul(x, self.gate, self.branch(x))
