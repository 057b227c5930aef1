"""Folding: a BN layer in evaluation mode disappears into the layer next to it, where it may.

After `eval()` BN is one multiplication and one addition per channel, with constants. A linear layer
or a convolution right in front of it can take both over (`torch.nn.utils.fusion`). Measured here:
what is left of the differences, what is saved, how much faster it gets, and three places where
folding goes wrong: a zero-padded convolution after the BN, train mode, a nonlinearity in between.
"""

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass
from functools import cache
from time import perf_counter
from typing import Literal

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval, fuse_linear_bn_eval

from bncourse.data import load_digits
from bncourse.experiments.shifts import build_net
from bncourse.experiments.training import mini_batches, one_thread, train

BATCH_SIZES = (1, 64, 500)
HIDDEN, DEPTH = 256, 6  # of the multilayer perceptron
BATCH_SIZE = 60
TRAINING = {"convolutional": (120, 0.5), "mlp": (60, 0.1)}  # updates, learning rate
NETS = tuple(TRAINING)

Net = Literal["convolutional", "mlp"]
Precision = Literal["float32", "float64"]


@dataclass(frozen=True)
class Folding:
    """A trained net in evaluation mode against its folded copy, on the 500 test images.

    Attributes:
        largest_difference: of the logits.
        largest_logit: in absolute value, to judge the difference by.
        same_labels: whether all 500 images get the same label.
        layers, parameters, buffers: how many the net has, and how many its folded copy; buffers
            are numbers that are kept without being learnt.
    """

    largest_difference: float
    largest_logit: float
    same_labels: bool
    layers: tuple[int, int]
    parameters: tuple[int, int]
    buffers: tuple[int, int]


@dataclass(frozen=True)
class Speedup:
    """Time of the net divided by time of its folded copy, for K batch sizes.

    Both do one forward pass in turns, so that a pause of the machine hits both; a ratio is taken
    for every turn. It depends on the machine and on what else is running there.

    Attributes:
        batch_sizes: (K,).
        quartiles: (3, K), lower quartile, median and upper quartile of the ratios.
        milliseconds: (2, K), median time of the net and of its folded copy.
    """

    batch_sizes: np.ndarray
    quartiles: np.ndarray
    milliseconds: np.ndarray


@dataclass(frozen=True)
class BeforeConvolution:
    """BN, then a 3 x 3 convolution with a border of one pixel round its input, float64.

    Each number is the largest difference from the two layers, for another way to make them one
    convolution.

    Attributes:
        unpadded: BN folded into the weights and the bias; no border at all.
        interior: the same with a border of zeros, at places that do not touch the border.
        border: at those that do.
        border_of_means: at those that do, if the border holds what BN maps to 0 instead of 0.
        largest_output: of the two layers with a border of zeros.
    """

    unpadded: float
    interior: float
    border: float
    border_of_means: float
    largest_output: float


@dataclass(frozen=True)
class TrainMode:
    """A trained net in train mode, where BN normalises by the batch.

    Attributes:
        difference: largest difference between its logits and those of the folded copy, which was
            made in evaluation mode, on 64 test images.
        other_companions: largest difference between the logits of one image in train mode, with
            two different sets of 63 companions.
        folded_other_companions: the same with the folded copy.
    """

    difference: float
    other_companions: float
    folded_other_companions: float


@dataclass(frozen=True)
class AfterNonlinearity:
    """Linear, ReLU, BN, Linear in float64: the largest difference from the four layers.

    Attributes:
        into_previous: BN folded into the linear layer before the ReLU.
        into_next: BN folded into the linear layer behind it.
        largest_output: of the four layers.
    """

    into_previous: float
    into_next: float
    largest_output: float


def folded(model: nn.Sequential) -> nn.Sequential:
    """Return a copy in which every BN is part of the layer before it. The model is not changed.

    Works for flat `nn.Sequential` models in evaluation mode.

    Raises:
        ValueError: the model is in train mode, a BN has no running statistics, or it does not come
            right after a `nn.Linear` or a `nn.Conv2d`.
    """
    if any(module.training for module in model.modules()):
        raise ValueError("in train mode the statistics are the batch's: call model.eval() first")
    layers: list[nn.Module] = []
    for module in model:
        previous = layers[-1] if layers else None
        if not isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
            layers.append(deepcopy(module))
        elif module.running_mean is None:
            raise ValueError("this BN has no running statistics, so it has no constants to fold")
        elif isinstance(previous, nn.Conv2d):
            layers[-1] = fuse_conv_bn_eval(previous, module)
        elif isinstance(previous, nn.Linear):
            layers[-1] = fuse_linear_bn_eval(previous, module)
        else:
            name = type(previous).__name__ if layers else "nothing"
            raise ValueError(f"a BN must come right after a linear layer or a convolution: {name}")
    return nn.Sequential(*layers).eval()


def measure_folding(net: Net, precision: Precision) -> Folding:
    """Fold a trained net and compare it with what it was."""
    model, x = trained(net, precision), digit_images(net, precision)
    copy = folded(model)
    with torch.no_grad(), one_thread():
        logits, again = model(x), copy(x)
    return Folding(
        largest_difference=_largest(again - logits),
        largest_logit=_largest(logits),
        same_labels=bool(torch.equal(logits.argmax(1), again.argmax(1))),
        layers=(len(model), len(copy)),
        parameters=tuple(sum(p.numel() for p in m.parameters()) for m in (model, copy)),
        buffers=tuple(sum(b.numel() for b in m.buffers()) for m in (model, copy)),
    )


def time_folding(
    net: Net, batch_sizes: Sequence[int] = BATCH_SIZES, seconds: float = 1.2
) -> Speedup:
    """Time forward passes before and after folding, float32, one thread, without gradients.

    Args:
        net: one of `NETS`.
        batch_sizes: (K,), each 1 to 500.
        seconds: for all batch sizes together, shared equally; at least five turns each are made.
    """
    model, x = trained(net, "float32"), digit_images(net, "float32")
    models = model, folded(model)
    quartiles, milliseconds = [], []
    with torch.no_grad(), one_thread():
        for batch_size in batch_sizes:
            times = _take_turns(models, x[:batch_size], seconds / len(batch_sizes))
            quartiles.append(np.quantile(times[:, 0] / times[:, 1], (0.25, 0.5, 0.75)))
            milliseconds.append(1000 * np.median(times, axis=0))
    return Speedup(np.array(batch_sizes), np.stack(quartiles, 1), np.stack(milliseconds, 1))


def before_convolution(seed: int = 0) -> BeforeConvolution:
    """Fold a BN forwards, into a convolution that pads its input. The numbers are drawn."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        x = torch.randn(8, 3, 8, 8, dtype=torch.float64)
        conv = nn.Conv2d(3, 4, 3, padding=1).double()
        bn = _drawn_bn(nn.BatchNorm2d(3))
    scale, shift = _scale_and_shift(bn)
    weight = conv.weight * scale[:, None, None]
    bias = conv.bias + torch.einsum("oihw,i->o", conv.weight, shift)
    # What BN maps to 0: a border of it becomes, behind the BN, the border of zeros.
    ring = (-shift / scale)[:, None, None]
    with torch.no_grad():
        right = conv(bn(x))
        wrong = F.conv2d(x, weight, bias, padding=1) - right
        inner = F.conv2d(bn(x), conv.weight, conv.bias)
        unpadded = F.conv2d(x, weight, bias) - inner
        ringed = F.conv2d(F.pad(x - ring, (1, 1, 1, 1)) + ring, weight, bias) - right
    border = torch.ones(8, 8, dtype=torch.bool)
    border[1:-1, 1:-1] = False
    return BeforeConvolution(
        unpadded=_largest(unpadded),
        interior=_largest(wrong[..., ~border]),
        border=_largest(wrong[..., border]),
        border_of_means=_largest(ringed[..., border]),
        largest_output=_largest(right),
    )


def in_train_mode(net: Net = "convolutional") -> TrainMode:
    """Compare a net in train mode with its folded copy, and with itself in other company."""
    model, x = trained(net, "float64"), digit_images(net, "float64")
    copy = folded(model)
    company, other = x[:64], torch.cat([x[:1], x[64:127]])
    model.train()
    with torch.no_grad(), one_thread():
        logits = model(company)
        return TrainMode(
            difference=_largest(copy(company) - logits),
            other_companions=_largest(model(other)[0] - logits[0]),
            folded_other_companions=_largest(copy(other)[0] - copy(company)[0]),
        )


def after_nonlinearity(seed: int = 0) -> AfterNonlinearity:
    """Fold a BN that comes after a ReLU, backwards and forwards. The numbers are drawn."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        x = torch.randn(64, 5, dtype=torch.float64)
        first, second = nn.Linear(5, 6).double(), nn.Linear(6, 3).double()
        bn = _drawn_bn(nn.BatchNorm1d(6))
    scale, shift = _scale_and_shift(bn)
    model = nn.Sequential(first, nn.ReLU(), bn, second).eval()
    with torch.no_grad():
        right = model(x)
        backwards = second(torch.relu(fuse_linear_bn_eval(first.eval(), bn)(x)))
        weight, bias = second.weight * scale, second.bias + second.weight @ shift
        forwards = F.linear(torch.relu(first(x)), weight, bias)
    return AfterNonlinearity(
        into_previous=_largest(backwards - right),
        into_next=_largest(forwards - right),
        largest_output=_largest(right),
    )


def trained(net: Net, precision: Precision) -> nn.Sequential:
    """Return a net in eval mode that was trained on the digits, briefly, in float32."""
    return deepcopy(_trained(net)).to(getattr(torch, precision))


def digit_images(net: Net, precision: Precision) -> Tensor:
    """Return the 500 test images as the net wants them: (500, 1, 8, 8) or (500, 64)."""
    return _as_input(net, load_digits().x_test).to(getattr(torch, precision))


@cache
def _trained(net: Net) -> nn.Sequential:
    digits = load_digits()
    x, y = _as_input(net, digits.x_train), torch.from_numpy(digits.y_train)
    model = build_net(0, "batch") if net == "convolutional" else _build_mlp()
    updates, rate = TRAINING[net]
    batches = (batch for (batch,) in mini_batches(len(x), BATCH_SIZE, [0]))
    with one_thread():
        train(model, x, y, batches, learning_rate=rate, measure=id, measure_at=[updates])
    return model.eval()


def _build_mlp() -> nn.Sequential:
    layers: list[nn.Module] = []
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        for width in (64, *[HIDDEN] * (DEPTH - 1)):
            layers += [nn.Linear(width, HIDDEN, bias=False), nn.BatchNorm1d(HIDDEN), nn.ReLU()]
        return nn.Sequential(*layers, nn.Linear(HIDDEN, 10))


def _as_input(net: Net, images: np.ndarray) -> Tensor:
    x = torch.from_numpy(images).float()
    return x if net == "mlp" else x.view(-1, 1, 8, 8)


def _take_turns(models: Sequence[nn.Module], x: Tensor, seconds: float) -> np.ndarray:
    """Return the seconds of each model's forward passes, (turns, models)."""
    for model in models:
        model(x)
    times: list[list[float]] = []
    end = perf_counter() + seconds
    while len(times) < 5 or perf_counter() < end:
        ticks = [perf_counter()]
        for model in models:
            model(x)
            ticks.append(perf_counter())
        times.append(np.diff(ticks).tolist())
    return np.array(times)


def _drawn_bn(bn: nn.Module) -> nn.Module:
    """Give a BN layer numbers as after some training, gamma of both signs."""
    for values in (bn.weight, bn.bias, bn.running_mean):
        nn.init.normal_(values)
    nn.init.uniform_(bn.running_var, 0.5, 2)
    return bn.double().eval()


def _scale_and_shift(bn: nn.Module) -> tuple[Tensor, Tensor]:
    """Return what a BN layer in eval mode multiplies each channel by, and what it then adds."""
    scale = (bn.weight / torch.sqrt(bn.running_var + bn.eps)).detach()
    return scale, (bn.bias - bn.running_mean * scale).detach()


def _largest(values: Tensor) -> float:
    return float(values.detach().abs().max())
