"""How long one update takes, by batch size: a plain net in a plain training loop, here and now."""

from collections.abc import Callable, Sequence
from time import perf_counter

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from bncourse.data import load_digits
from bncourse.experiments.batch_race import SIZES
from bncourse.experiments.training import mini_batches, one_thread

BATCH_SIZES = (1, 4, 16, 64, 256, 1297)


def time_updates(batch_sizes: Sequence[int] = BATCH_SIZES, repeats: int = 200) -> np.ndarray:
    """Return the median time of one update of one plain torch net, (K,) in milliseconds.

    One thread, float32, `nn.Linear` and `torch.optim.SGD`, the batch gathered by its numbers: what
    a training loop does. It depends on the machine, and on what else is running there. The sizes
    take turns, so that a pause of the machine hits all of them.
    """
    digits = load_digits()
    x, y = torch.from_numpy(digits.x_train).float(), torch.from_numpy(digits.y_train)
    streams = [(batch for (batch,) in mini_batches(len(x), size, [0])) for size in batch_sizes]
    updates = [_plain_update(x, y) for _ in batch_sizes]
    warm_up = 10
    times = np.empty((len(batch_sizes), warm_up + repeats))
    with one_thread():
        for repeat in range(warm_up + repeats):
            for row, (update, stream) in enumerate(zip(updates, streams, strict=True)):
                batch = next(stream)
                start = perf_counter()
                update(batch)
                times[row, repeat] = perf_counter() - start
    return 1000 * np.median(times[:, warm_up:], axis=1)


def _plain_update(x: Tensor, y: Tensor) -> Callable[[Tensor], None]:
    """Build a net and return what makes one update of it."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        layers = [nn.Linear(SIZES[0], SIZES[1]), nn.ReLU(), nn.Linear(SIZES[1], SIZES[2])]
    net = nn.Sequential(*layers)
    optimiser = torch.optim.SGD(net.parameters(), lr=0.01)

    def update(batch: Tensor) -> None:
        optimiser.zero_grad()
        F.cross_entropy(net(x[batch]), y[batch]).backward()
        optimiser.step()

    return update
