"""One device of `devices`, a process of its own: `python -m` this module, folder, rank, dtype …

It reads its shard from the folder, talks to the other device through torch.distributed alone, and
writes what it found beside the shard. The normalisation is synchronised by hand, because
`torch.nn.SyncBatchNorm` wants GPUs.
"""

import os
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import numpy as np
import torch
import torch.distributed as dist
from torch import Tensor, nn

EPS = 1e-5
WORLD = 2
PARAMETERS = ("W", "gamma", "beta")
PATIENCE = timedelta(seconds=30)  # for one exchange with the other device


class AllReduce(torch.autograd.Function):
    """The sum over all devices, with its gradient.

    Every device's number is in the sum that every device goes on with. So its gradient is the sum
    of the gradients that come back on all of them: an all-reduce again.
    """

    @staticmethod
    def forward(ctx, value: Tensor) -> Tensor:
        """Return the sum of every device's value."""
        total = value.clone()
        dist.all_reduce(total)
        return total

    @staticmethod
    def backward(ctx, gradient: Tensor) -> Tensor:
        """Return the sum of what came back on every device."""
        total = gradient.clone()
        dist.all_reduce(total)
        return total


def one_way(value: Tensor) -> Tensor:
    """Return the sum over all devices of which only the own part has a gradient: the wrong way."""
    own = value.detach()
    total = own.clone()
    dist.all_reduce(total)
    return value + (total - own)


def alone(value: Tensor) -> Tensor:
    """Return what this device has: no synchronisation."""
    return value


def combine(x: Tensor, add: Callable[[Tensor], Tensor]) -> tuple[Tensor, Tensor, Tensor]:
    """Return count, mean (D,) and variance (D,) of the samples (n, D) of all devices.

    `add` sums over the devices. Two exchanges: counts and sums first, for the mean of all; then the
    squares around it, within each device and between the devices (Chan, Golub & LeVeque 1979). The
    variance is the one over the count.
    """
    n = torch.full((1,), len(x), dtype=x.dtype)
    own = x.mean(0)
    told = add(torch.cat([n, n * own]))
    count, mean = told[0], told[1:] / told[0]
    within, between = (x - own).square().sum(0), n * (own - mean).square()
    return count, mean, add(within + between) / count


def normalise(
    x: Tensor, gamma: Tensor, beta: Tensor, add: Callable[[Tensor], Tensor]
) -> tuple[Tensor, tuple[Tensor, Tensor, Tensor]]:
    """Return y (n, D) of this device, and the count, mean and variance that made it."""
    count, mean, var = combine(x, add)
    return gamma * (x - mean) / torch.sqrt(var + EPS) + beta, (count, mean, var)


def step(
    shard: dict[str, Tensor], total: int, add: Callable[[Tensor], Tensor]
) -> dict[str, np.ndarray]:
    """Take one step's forward and backward pass on this device; gradients are summed as DDP does.

    The loss is the mean over the `total` samples of all devices.
    """
    shard = {name: value.clone() for name, value in shard.items()}
    leaves = [shard[name].requires_grad_() for name in ("x", *PARAMETERS)]
    y, (count, mean, var) = normalise(shard["x"] @ shard["W"], shard["gamma"], shard["beta"], add)
    loss = (torch.tanh(y) - shard["target"]).square().sum() / total
    dx, *gradients = torch.autograd.grad(loss, leaves)
    for gradient in gradients:
        dist.all_reduce(gradient)
    found = {"y": y, "count": count, "mean": mean, "var": var, "dx": dx}
    found |= {f"d{name}": g for name, g in zip(PARAMETERS, gradients, strict=True)}
    return {name: value.detach().numpy() for name, value in found.items()}


WAYS: dict[str, Callable[[Tensor], Tensor]] = {
    "synchronised": AllReduce.apply,
    "one way": one_way,
    "alone": alone,
}


def library_says() -> str:
    """Return how `torch.nn.SyncBatchNorm` refuses a batch on a CPU, or "" if it takes it."""
    try:
        nn.SyncBatchNorm(2)(torch.randn(4, 2))
    except (ValueError, RuntimeError) as error:
        return str(error).splitlines()[0]
    return ""


def main(folder: Path, rank: int, dtypes: list[str]) -> None:
    """Do every step in every way and in every precision, and write it all down."""
    # Gloo would ask the name server for this computer's name; both devices are on this computer.
    loopback = {"linux": "lo", "darwin": "lo0"}.get(sys.platform)
    if loopback:
        os.environ.setdefault("GLOO_SOCKET_IFNAME", loopback)
    torch.set_num_threads(1)
    store = dist.FileStore(str(folder / "meeting"), WORLD)
    dist.init_process_group("gloo", store=store, rank=rank, world_size=WORLD, timeout=PATIENCE)
    written = np.load(folder / f"shard{rank}.npz")
    total = int(written["total"])
    found = {"library": np.array(library_says())}
    for dtype in dtypes:
        names = ("x", "target", *PARAMETERS)
        shard = {name: torch.from_numpy(written[name].astype(dtype)) for name in names}
        for way, add in WAYS.items():
            for name, value in step(shard, total, add).items():
                found[f"{dtype}/{way}/{name}"] = value
    np.savez(folder / f"found{rank}.npz", **found)
    dist.barrier()
    dist.destroy_process_group()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3:])
