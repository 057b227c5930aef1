"""The NumPy reference layer against torch's native kernels and against its own staged form.

Run: python benchmarks/layers.py
One thread. In every round each contestant runs once, so that other work on the machine slows all
of them; a ratio is taken within a round, and 2 means: takes twice as long. Run it several times:
how the process gets its memory can halve or double one contestant's time for a whole run.
"""

import os

from import_time import ONE_THREAD, ROOT, machine

os.environ.update(ONE_THREAD)  # read when numpy and torch are first imported

import sys
import time
from statistics import median

import numpy as np
import torch

sys.path.insert(0, str(ROOT))
from bncourse.layers.batch_norm import (
    batchnorm_backward,
    batchnorm_backward_staged,
    batchnorm_forward,
)

CASES = [
    ((256, 1024), np.float32),
    ((256, 1024), np.float64),
    ((64, 64, 32, 32), np.float32),
]
WARM_UP, ROUNDS = 5, 51
EPS = 1e-5
# Numerator and denominator of each ratio.
RATIOS = [
    ("forward", "torch forward"),
    ("closed backward", "torch backward"),
    ("staged backward", "closed backward"),
]


def contestants(shape, dtype):
    """Return the functions to time, by name; all do the same work on the same numbers."""
    rng = np.random.default_rng(0)
    x, dy = (rng.normal(size=shape).astype(dtype) for _ in range(2))
    gamma, beta = (rng.normal(size=shape[1]).astype(dtype) for _ in range(2))
    _, cache = batchnorm_forward(x, gamma, beta, EPS)

    tx, tdy, tgamma, tbeta = (torch.from_numpy(a) for a in (x, dy, gamma, beta))
    _, mean, inv_std = torch.native_batch_norm(tx, tgamma, tbeta, None, None, True, 0.1, EPS)
    native_backward = torch.ops.aten.native_batch_norm_backward
    all_gradients = [True, True, True]
    return {
        "forward": lambda: batchnorm_forward(x, gamma, beta, EPS),
        "torch forward": lambda: torch.native_batch_norm(
            tx, tgamma, tbeta, None, None, True, 0.1, EPS
        ),
        "closed backward": lambda: batchnorm_backward(dy, cache),
        "torch backward": lambda: native_backward(
            tdy, tx, tgamma, None, None, mean, inv_std, True, EPS, all_gradients
        ),
        "staged backward": lambda: batchnorm_backward_staged(dy, cache),
    }


def measure(functions):
    """Return each function's seconds, one number a round."""
    times = {name: [] for name in functions}
    for _ in range(WARM_UP + ROUNDS):
        for name, function in functions.items():
            start = time.perf_counter()
            function()
            times[name].append(time.perf_counter() - start)
    return {name: taken[WARM_UP:] for name, taken in times.items()}


def largest_difference(functions):
    """Return the largest difference of our gradients from torch's, relative to the largest."""
    worst = 0.0
    for ours, theirs in zip(
        functions["closed backward"](), functions["torch backward"](), strict=True
    ):
        worst = max(worst, np.abs(ours - theirs.numpy()).max() / np.abs(ours).max())
    return worst


def main():
    torch.set_num_threads(1)
    print(machine("numpy", "torch"))
    print(f"{ROUNDS} rounds; ratio: median (min to max) over rounds")
    for shape, dtype in CASES:
        functions = contestants(shape, dtype)
        times = measure(functions)
        print(
            f"\n{shape} {np.dtype(dtype)}, gradients within {largest_difference(functions):.0e} "
            "of torch's"
        )
        for above, below in RATIOS:
            ratios = [a / b for a, b in zip(times[above], times[below], strict=True)]
            print(
                f"  {above + ' / ' + below:<34}{median(ratios):6.2f} "
                f"({min(ratios):.2f} to {max(ratios):.2f})"
                f"   {1e3 * median(times[above]):7.3f} / {1e3 * median(times[below]):.3f} ms"
            )


if __name__ == "__main__":
    main()
