"""The ends of group norm, checked against torch: one group, and one channel to a group.

What is checked: which layers of torch compute the same, in float64 and with random gamma and beta;
how many numbers they learn; what torch says if the groups do not divide the channels; what it
returns where a group is a single number; and which permutations of channels commute with a norm.
All of it takes well under a second.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from bncourse.layers.group_norm import groupnorm_forward

SHAPE = (3, 8, 5, 4)  # (N, C, H, W)
GROUPS = (1, 2, 4, 8)


@dataclass(frozen=True)
class Limits:
    """Largest differences between layers on one random x (N, C, H, W), in float64.

    Attributes:
        shape: of x.
        groups: (K,) numbers of groups G.
        against_torch: (K,) the course's GN and `torch.nn.GroupNorm`, random gamma and beta.
        one_group_layer_norm: GN with G = 1 and `torch.nn.LayerNorm([C, H, W])`, both as they start.
        one_group_own_gammas: the same with each layer's own random gamma, one for each channel in
            GN and one for each entry in LN; no choice of GN's gammas would do.
        one_group_last_axis: GN with G = 1 and LN over the channels of each place.
        all_groups_instance_norm: GN with G = C and `torch.nn.InstanceNorm2d(C, affine=True)`.
        group_parameters: gammas and betas of GN.
        layer_parameters: gammas and betas of `LayerNorm([C, H, W])`.
        instance_parameters: gammas and betas of `InstanceNorm2d(C)` as it comes, without affine.
        modes: GN in training and in evaluation mode.
    """

    shape: tuple[int, int, int, int]
    groups: tuple[int, ...]
    against_torch: np.ndarray
    one_group_layer_norm: float
    one_group_own_gammas: float
    one_group_last_axis: float
    all_groups_instance_norm: float
    group_parameters: int
    layer_parameters: int
    instance_parameters: int
    modes: float


@dataclass(frozen=True)
class Lonely:
    """What torch's GN makes of groups of one number: x (2, C) with C groups.

    Attributes:
        x: (2, C) as handed in.
        y: (2, C) what comes out in float32; the answer without rounding is 0.
        in_float64: (2, C) the same in float64.
        gain: 1 / sqrt(eps), the factor on what rounding leaves of x - mean.
        one_sample: what torch says to a single sample.
    """

    x: np.ndarray
    y: np.ndarray
    in_float64: np.ndarray
    gain: float
    one_sample: str


@dataclass(frozen=True)
class Permuted:
    """Largest difference between norming permuted channels and permuting normed ones, G groups.

    Without gamma and beta. "Commutes" is a difference at the size of rounding.

    Attributes:
        groups: G.
        inside: channels change places inside their groups.
        whole: the groups change places, each as it is.
        across: two channels of neighbouring groups change places; nan if there is one group.
    """

    groups: int
    inside: float
    whole: float
    across: float


def measure_limits(shape: Sequence[int] = SHAPE, seed: int = 0) -> Limits:
    """Compare the layers on numbers from N(2, 3^2)."""
    generator = np.random.default_rng(seed)
    channels, space = shape[1], tuple(shape[2:])
    x = torch.from_numpy(generator.normal(2, 3, shape))
    with torch.no_grad():
        group, layer = _group(1, channels), nn.LayerNorm(tuple(shape[1:]), dtype=torch.float64)
        instance = nn.InstanceNorm2d(channels, dtype=torch.float64)
        with_gammas = nn.InstanceNorm2d(channels, affine=True, dtype=torch.float64)
        last = nn.LayerNorm(channels, dtype=torch.float64)
        plain, as_layer = group(x), layer(x)
        per_place = last(x.movedim(1, -1)).movedim(-1, 1)
        layer.weight.copy_(torch.from_numpy(generator.normal(1, 0.5, layer.weight.shape)))
        group.weight.copy_(torch.from_numpy(generator.normal(1, 0.5, channels)))
        gamma, beta = (torch.from_numpy(generator.normal(size=channels)) for _ in range(2))
        ends = []
        for norm in (_group(channels, channels), with_gammas):
            norm.weight.copy_(gamma), norm.bias.copy_(beta)
            ends.append(norm(x))
        against = []
        for count in GROUPS:
            theirs = nn.functional.group_norm(x, count, gamma, beta).numpy()
            ours, _ = groupnorm_forward(x.numpy(), count, gamma.numpy(), beta.numpy())
            against.append(np.abs(ours - theirs).max())
        half = _group(GROUPS[1], channels)
        return Limits(
            shape=(shape[0], channels, *space),
            groups=GROUPS,
            against_torch=np.array(against),
            one_group_layer_norm=_apart(plain, as_layer),
            one_group_own_gammas=_apart(group(x), layer(x)),
            one_group_last_axis=_apart(plain, per_place),
            all_groups_instance_norm=_apart(*ends),
            group_parameters=_count(group),
            layer_parameters=_count(layer),
            instance_parameters=_count(instance),
            modes=_apart(half.train()(x), half.eval()(x)),
        )


def refusal(groups: int, channels: int) -> str:
    """Return torch's message for groups that do not divide the channels; "" if it has none."""
    return _message(lambda: nn.GroupNorm(groups, channels))


def measure_lonely(channels: int = 4, offset: float = 0.0, seed: int = 0) -> Lonely:
    """Give GN two samples and one group for each channel: x from N(offset, 10^2)."""
    x = np.random.default_rng(seed).normal(offset, 10, (2, channels)).astype(np.float32)
    norm = nn.GroupNorm(channels, channels)
    with torch.no_grad():
        single = torch.from_numpy(x)
        return Lonely(
            x=x,
            y=norm(single).numpy(),
            in_float64=nn.functional.group_norm(single.double(), channels).numpy(),
            gain=norm.eps**-0.5,
            one_sample=_message(lambda: norm(single[:1])),
        )


def measure_permuted(groups: int, shape: Sequence[int] = SHAPE, seed: int = 0) -> Permuted:
    """Permute channels before and behind torch's GN.

    With one channel to a group, "inside" leaves everything where it is. Raises ValueError if the
    groups do not divide the channels.
    """
    generator = np.random.default_rng(seed)
    x = torch.from_numpy(generator.normal(2, 3, shape))
    channels, size = shape[1], shape[1] // groups
    if channels % groups:
        raise ValueError(f"{groups} groups do not divide {channels} channels")
    table = np.arange(channels).reshape(groups, size)
    swapped = np.arange(channels)
    swapped[[size - 1, size % channels]] = swapped[[size % channels, size - 1]]

    def difference(order: np.ndarray) -> float:
        index = torch.from_numpy(order)
        normed = nn.functional.group_norm(x, groups)
        return _apart(nn.functional.group_norm(x[:, index], groups), normed[:, index])

    return Permuted(
        groups=groups,
        inside=difference(np.flip(table, axis=1).flatten()),
        whole=difference(np.roll(table, 1, axis=0).flatten()),
        across=difference(swapped) if groups > 1 else np.nan,
    )


def _group(groups: int, channels: int) -> nn.GroupNorm:
    return nn.GroupNorm(groups, channels, dtype=torch.float64)


def _apart(one: Tensor, other: Tensor) -> float:
    return float((one - other).abs().max())


def _count(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def _message(attempt) -> str:
    try:
        attempt()
    except ValueError as error:
        return str(error)
    return ""
