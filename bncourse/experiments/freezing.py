"""Switches that are said to freeze a BN layer, and what each of them really stops.

One training step of a small net, Linear, BN, Linear, is run for every switch, and its effects are
read off the layer: nothing here is written down that was not looked at.
"""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass

import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class Frozen:
    """What still happens in one training step, with one switch.

    Attributes:
        switch: a key of `SWITCHES`.
        gamma, beta: whether the optimiser changed them.
        running_mean, running_var: whether they changed; None if the layer has none.
        count: whether num_batches_tracked changed; None if the layer has none.
        batch_statistics: whether what comes out for one sample depends on the others in the batch.
        gradient_through_statistics: whether the gradient of one sample's output reaches the other
            samples' inputs.
        gradient_to_layers_below: whether the linear layer in front of the BN learns.
        batch_statistics_in_eval: `batch_statistics` after `model.eval()`.
    """

    switch: str
    gamma: bool
    beta: bool
    running_mean: bool | None
    running_var: bool | None
    count: bool | None
    batch_statistics: bool
    gradient_through_statistics: bool
    gradient_to_layers_below: bool
    batch_statistics_in_eval: bool


@dataclass(frozen=True)
class LateFreeze:
    """What moved gamma after `requires_grad_(False)`, which came in the midst of a training.

    Attributes:
        optimiser: how it was set.
        gradient: what gamma.grad was at the steps afterwards: "None", "zeros" or "numbers".
        change: largest |change| of gamma in those steps.
    """

    optimiser: str
    gradient: str
    change: float


class Net(nn.Module):
    """Linear(4, 3), BatchNorm1d(3), Linear(3, 1), float64; BN may run without gradients."""

    def __init__(self) -> None:
        super().__init__()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            self.below = nn.Linear(4, 3)
            self.bn = nn.BatchNorm1d(3)
            self.above = nn.Linear(3, 1)
        self.bn_under_no_grad = False
        self.double()

    def normalise(self, x: Tensor) -> Tensor:
        """Run the BN layer alone: (N, 3) -> (N, 3)."""
        with torch.set_grad_enabled(torch.is_grad_enabled() and not self.bn_under_no_grad):
            return self.bn(x)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, 4) to (N, 1)."""
        return self.above(self.normalise(self.below(x)))


def _nothing(net: Net) -> None:
    pass


def _requires_grad(net: Net) -> None:
    net.bn.requires_grad_(False)


def _eval(net: Net) -> None:
    net.bn.eval()


def _both(net: Net) -> None:
    net.bn.eval().requires_grad_(False)


def _momentum_0(net: Net) -> None:
    net.bn.momentum = 0.0


def _no_grad(net: Net) -> None:
    net.bn_under_no_grad = True


def _no_tracking(net: Net) -> None:
    bn = nn.BatchNorm1d(3, track_running_stats=False).double()
    bn.load_state_dict(net.bn.state_dict(), strict=False)
    net.bn = bn


SWITCHES: dict[str, Callable[[Net], None]] = {
    "none": _nothing,
    "gamma and beta: requires_grad=False": _requires_grad,
    "bn.eval()": _eval,
    "momentum=0.0": _momentum_0,
    "torch.no_grad() around the layer": _no_grad,
    "track_running_stats=False": _no_tracking,
    "bn.eval() and requires_grad=False": _both,
}


def measure_switches(*, call_train: bool = False) -> tuple[Frozen, ...]:
    """Return a row for each of `SWITCHES`.

    Args:
        call_train: call `model.train()` between the switch and the step, as the training loop does
            at the start of every epoch.
    """
    return tuple(_measure(switch, call_train) for switch in SWITCHES)


def freeze_late(
    *, set_to_none: bool, weight_decay: float = 0.0, momentum: float = 0.0
) -> LateFreeze:
    """Train five steps, freeze gamma by `requires_grad_(False)`, and go on for five.

    The optimiser is SGD and was given all parameters at the start. `set_to_none` is an argument of
    `zero_grad`; its default is True.
    """
    net = _warm_net()
    optimiser = torch.optim.SGD(
        net.parameters(), lr=0.1, weight_decay=weight_decay, momentum=momentum
    )
    for step in range(10):
        if step == 5:
            net.bn.requires_grad_(False)
            before = net.bn.weight.clone()
        optimiser.zero_grad(set_to_none=set_to_none)
        net(_batch(step)).square().mean().backward()
        optimiser.step()
    gradient = net.bn.weight.grad
    kind = "None" if gradient is None else "numbers" if gradient.any() else "zeros"
    settings = f"set_to_none={set_to_none}, weight_decay={weight_decay}, momentum={momentum}"
    change = float((net.bn.weight - before).detach().abs().max())
    return LateFreeze(f"SGD, {settings}", kind, change)


def _measure(switch: str, call_train: bool) -> Frozen:
    net = _warm_net()
    SWITCHES[switch](net)
    if call_train:
        net.train()
    mixed, through = _mixes(net), _gradient_crosses(net)
    before = deepcopy(net)
    optimiser = torch.optim.SGD(net.parameters(), lr=0.1)
    net(_batch(1)).square().mean().backward()
    optimiser.step()

    def changed(old: Tensor | None, new: Tensor | None) -> bool | None:
        return None if new is None else not torch.equal(old, new)

    return Frozen(
        switch=switch,
        gamma=changed(before.bn.weight, net.bn.weight),
        beta=changed(before.bn.bias, net.bn.bias),
        running_mean=changed(before.bn.running_mean, net.bn.running_mean),
        running_var=changed(before.bn.running_var, net.bn.running_var),
        count=changed(before.bn.num_batches_tracked, net.bn.num_batches_tracked),
        batch_statistics=mixed,
        gradient_through_statistics=through,
        gradient_to_layers_below=changed(before.below.weight, net.below.weight),
        batch_statistics_in_eval=_mixes(net.eval()),
    )


def _mixes(net: Net) -> bool:
    """Whether the BN output of sample 0 changes when the others are replaced; net unchanged."""
    net = deepcopy(net)
    x, y = (_batch(number)[:, :3].contiguous() for number in (2, 3))
    y[0] = x[0]
    # Momentum 0 for this reading: what the first pass does to the averages is no mixing.
    net.bn.momentum = 0.0
    with torch.no_grad():
        return float((net.normalise(x) - net.normalise(y))[0].abs().max()) > 1e-9


def _gradient_crosses(net: Net) -> bool:
    """Whether the BN output of sample 0 has a gradient with respect to other samples' inputs."""
    x = _batch(2)[:, :3].clone().requires_grad_()
    out = deepcopy(net).normalise(x)[0].square().sum()
    return out.requires_grad and bool(torch.autograd.grad(out, x)[0][1:].any())


def _warm_net() -> Net:
    """Return a net in train mode that has seen a batch, so that no number of it is at its start."""
    net = Net()
    with torch.no_grad():
        net(_batch(0))
        net.bn.weight.uniform_(0.5, 1.5, generator=torch.Generator().manual_seed(1))
        net.bn.bias.uniform_(-1, 1, generator=torch.Generator().manual_seed(2))
    return net


def _batch(number: int) -> Tensor:
    """Return 8 samples of mean 1, (8, 4)."""
    draw = torch.Generator().manual_seed(100 + number)
    return torch.randn(8, 4, dtype=torch.float64, generator=draw) + 1
