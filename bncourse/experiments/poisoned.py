"""One bad number in one training batch: what it leaves behind in a net with BN.

The net is a trained multilayer perceptron on the digits, with two BN layers. One pixel of one image
in one batch of 64 becomes nan or inf. The loss of that batch is nan, so a careful loop skips the
step: the weights never meet it. But the forward pass is over, and an average that has met a nan is
a nan from then on, because 0.9 * nan is nan.
"""

import math
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from bncourse.data import load_digits
from bncourse.experiments.training import accuracy, mini_batches, one_thread, train

WIDTHS = (64, 64, 64)
BATCH_SIZE, UPDATES, LEARNING_RATE = 64, 300, 0.2
FURTHER = 100  # clean updates after the bad batch


@dataclass(frozen=True)
class Poisoned:
    """A net in whose training one batch had one bad number.

    Attributes:
        value: what the pixel became.
        step_skipped: whether the update was left out because the loss was not finite.
        healthy_accuracy: of the net before that batch, on the 500 test images, as the next two are.
        bad_means, bad_variances: share of the running means and variances that are not finite.
        bad_weights: share of all parameters that are not finite.
        next_loss: of the next, clean batch, in train mode.
        train_accuracy: on the test images as one batch, in train mode.
        eval_accuracy: in evaluation mode; a row of nan gets the label 0, so it is not 0.
        bad_logits: share of the logits in evaluation mode that are not finite.
        bad_after_training: share of the running means and variances that are not finite, after
            `FURTHER` clean updates.
    """

    value: float
    step_skipped: bool
    healthy_accuracy: float
    bad_means: float
    bad_variances: float
    bad_weights: float
    next_loss: float
    train_accuracy: float
    eval_accuracy: float
    bad_logits: float
    bad_after_training: float


@dataclass(frozen=True)
class Remedy:
    """What is left in evaluation mode after one bad batch and a remedy.

    Attributes:
        name: a key of `REMEDIES`.
        bad_buffers: share of the running means and variances that are not finite.
        bad_logits: share of the logits of the test images that are not finite.
        accuracy: on the 500 test images.
    """

    name: str
    bad_buffers: float
    bad_logits: float
    accuracy: float


def poison(value: float = math.nan, *, skip_step: bool = True, seed: int = 0) -> Poisoned:
    """Give a trained net one batch with one bad pixel, and look at it before and after.

    Args:
        value: what the pixel becomes, nan or inf.
        skip_step: leave out the update when the loss is not finite, as careful loops do (and as
            the gradient scaler of mixed precision does).
        seed: of the weights and of the batches.
    """
    net, (bad, classes), (x, y, x_test, y_test) = _before(value, seed)
    healthy = _accuracy(net.eval(), x_test, y_test)
    net.train()
    with one_thread():
        loss = F.cross_entropy(net(bad), classes)
        skipped = skip_step and not bool(torch.isfinite(loss))
        if not skipped:
            _step(net, loss)
        buffers = [_bad_share(_buffers(net, name)) for name in ("running_mean", "running_var")]
        weights = _bad_share(net.parameters())
        further = deepcopy(net)
        next_loss = float(F.cross_entropy(deepcopy(net)(x[:BATCH_SIZE]), y[:BATCH_SIZE]).detach())
        _go_on_training(further, x, y, FURTHER, seed + 1)
    return Poisoned(
        value=value,
        step_skipped=skipped,
        healthy_accuracy=healthy,
        bad_means=buffers[0],
        bad_variances=buffers[1],
        bad_weights=weights,
        next_loss=next_loss,
        train_accuracy=_accuracy(deepcopy(net), x_test, y_test),
        eval_accuracy=_accuracy(net.eval(), x_test, y_test),
        bad_logits=_bad_logits(net, x_test),
        bad_after_training=_bad_share(_buffers(further, "running_")),
    )


def _guard(net: nn.Sequential, bad: Tensor, x: Tensor) -> None:
    if torch.isfinite(bad).all():
        net(bad)


def _after(repair: Callable[[nn.Sequential, Tensor], None]):
    """Return a remedy that comes after the forward pass of the bad batch."""

    def remedy(net: nn.Sequential, bad: Tensor, x: Tensor) -> None:
        net(bad)
        repair(net, x)

    return remedy


def _put_back(net: nn.Sequential, bad: Tensor, x: Tensor) -> None:
    kept = [buffer.clone() for buffer in net.buffers()]
    net(bad)
    for buffer, value in zip(net.buffers(), kept, strict=True):
        buffer.copy_(value)


def _go_on(net: nn.Sequential, x: Tensor) -> None:
    for start in range(0, len(x) - BATCH_SIZE + 1, BATCH_SIZE):
        net(x[start : start + BATCH_SIZE])


def _with_momentum(momentum: float | None):
    def repair(net: nn.Sequential, x: Tensor) -> None:
        for layer in _bn_layers(net):
            layer.momentum = momentum
        _go_on(net, x)

    return _after(repair)


def _reset(net: nn.Sequential, x: Tensor) -> None:
    for layer in _bn_layers(net):
        layer.reset_running_stats()


def _reset_and_measure(net: nn.Sequential, x: Tensor) -> None:
    _reset(net, x)
    for layer in _bn_layers(net):
        layer.momentum = None  # the plain average of the batches since the reset
    _go_on(net, x)


def _nan_to_num(net: nn.Sequential, x: Tensor) -> None:
    for buffer in _buffers(net, "running_"):
        torch.nan_to_num_(buffer)


# Each gets the net in train mode, the bad batch and the clean training images, without gradients.
REMEDIES: dict[str, Callable[[nn.Sequential, Tensor, Tensor], None]] = {
    "none": _after(lambda net, x: None),
    "look at the batch first, and skip it": _guard,
    "keep the buffers, and put them back": _put_back,
    "go on for an epoch": _after(_go_on),
    "go on for an epoch, momentum=1.0": _with_momentum(1.0),
    "go on for an epoch, momentum=None": _with_momentum(None),
    "nan_to_num on the buffers": _after(_nan_to_num),
    "reset_running_stats()": _after(_reset),
    "reset, then an epoch with momentum=None": _after(_reset_and_measure),
}


def compare_remedies(value: float = math.nan, seed: int = 0) -> tuple[Remedy, ...]:
    """Try every one of `REMEDIES` on its own copy of the same net. No weight is changed."""
    net, (bad, _), (x, _, x_test, y_test) = _before(value, seed)
    found = []
    for name, remedy in REMEDIES.items():
        copy = deepcopy(net).train()
        with torch.no_grad(), one_thread():
            remedy(copy, bad, x)
        bad_buffers = _bad_share(_buffers(copy, "running_"))
        copy.eval()
        logits = _bad_logits(copy, x_test)
        found.append(Remedy(name, bad_buffers, logits, _accuracy(copy, x_test, y_test)))
    return tuple(found)


def _before(value: float, seed: int):
    """Return the net before the bad batch, that batch with its classes, and the digits."""
    digits = load_digits()
    x, x_test = (torch.from_numpy(images).float() for images in (digits.x_train, digits.x_test))
    y, y_test = torch.from_numpy(digits.y_train), torch.from_numpy(digits.y_test)
    bad = x[-BATCH_SIZE:].clone()
    bad[3, 20] = value
    return deepcopy(_trained(seed)), (bad, y[-BATCH_SIZE:]), (x, y, x_test, y_test)


@cache
def _trained(seed: int) -> nn.Sequential:
    digits = load_digits()
    x, y = torch.from_numpy(digits.x_train).float(), torch.from_numpy(digits.y_train)
    with torch.random.fork_rng(devices=[]), one_thread():
        torch.manual_seed(seed)
        layers: list[nn.Module] = []
        for before, after in pairwise(WIDTHS):
            layers += [nn.Linear(before, after, bias=False), nn.BatchNorm1d(after), nn.ReLU()]
        net = nn.Sequential(*layers, nn.Linear(WIDTHS[-1], 10))
        _go_on_training(net, x, y, UPDATES, seed)
    return net


def _go_on_training(net: nn.Module, x: Tensor, y: Tensor, updates: int, seed: int) -> None:
    batches = (batch for (batch,) in mini_batches(len(x), BATCH_SIZE, [seed]))
    train(net, x, y, batches, learning_rate=LEARNING_RATE, measure=id, measure_at=[updates])


def _step(net: nn.Module, loss: Tensor) -> None:
    parameters = list(net.parameters())
    gradients = torch.autograd.grad(loss, parameters)
    with torch.no_grad():
        for parameter, gradient in zip(parameters, gradients, strict=True):
            parameter.sub_(gradient, alpha=LEARNING_RATE)


def _bn_layers(net: nn.Module) -> list[nn.BatchNorm1d]:
    return [module for module in net.modules() if isinstance(module, nn.BatchNorm1d)]


def _buffers(net: nn.Module, name: str) -> list[Tensor]:
    return [buffer for key, buffer in net.named_buffers() if name in key]


def _bad_share(tensors) -> float:
    values = torch.cat([tensor.detach().flatten() for tensor in tensors])
    return float((~torch.isfinite(values)).double().mean())


def _bad_logits(net: nn.Module, x: Tensor) -> float:
    with torch.no_grad(), one_thread():
        return _bad_share([net(x)])


def _accuracy(net: nn.Module, x: Tensor, y: Tensor) -> float:
    with torch.no_grad(), one_thread():
        return float(accuracy(net(x), y))
