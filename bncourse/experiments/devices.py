"""Batch norm on two devices: two real processes, synchronised by hand, against one big batch.

Each process has its own shard of a batch of 24, of 8 and 16 samples, and sees nothing else of it.
What the wrong ways of synchronising do is measured without processes in `devices_apart`.
"""

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch
import torch.nn.functional as F

import bncourse

SHARDS = (8, 16)
INPUTS, FEATURES = 6, 4
SHIFT = 2.0  # of the second device's samples, so that the devices' means differ
WORKER = "bncourse.experiments.device_worker"
GRADIENTS = ("dx", "dW", "dgamma", "dbeta")


class DevicesError(RuntimeError):
    """The two processes could not be started, did not meet, or did not come back in time."""


@dataclass(frozen=True)
class TwoDevices:
    """One training step of Linear and batch norm on two processes, in one precision.

    A gap is the largest difference from one process that has all 24 samples, relative to the
    largest number there; the big batch is normalised by torch's own layer in the same precision.
    dx is each device's own, the gradients of W, gamma and beta are summed over both.

    Attributes:
        dtype: "float64" or "float32".
        sizes: samples of each device.
        count: samples that went into the synchronised statistics.
        means: (2, D) of each device alone, the D features that are normalised.
        variances: (2, D) likewise, over the device's own count.
        mean: (D,) synchronised.
        variance: (D,) synchronised, over all samples.
        mean_gap, variance_gap, forward_gap: of the synchronised statistics and of the output.
        gradient_gaps: for "dx", "dW", "dgamma" and "dbeta".
        one_way_gaps: the same if sums are synchronised forwards, but not backwards; the output is
            right then.
        alone_forward_gap: of the output if each device uses its own statistics.
        alone_gaps: of the gradients then.
        library: what `torch.nn.SyncBatchNorm` says to a batch on a CPU, "" if it takes it.
    """

    dtype: str
    sizes: tuple[int, ...]
    count: int
    means: np.ndarray
    variances: np.ndarray
    mean: np.ndarray
    variance: np.ndarray
    mean_gap: float
    variance_gap: float
    forward_gap: float
    gradient_gaps: dict[str, float]
    one_way_gaps: dict[str, float]
    alone_forward_gap: float
    alone_gaps: dict[str, float]
    library: str


def measure_two_devices(
    dtypes: Sequence[str] = ("float64", "float32"), seed: int = 0, patience: float = 90
) -> tuple[TwoDevices, ...]:
    """Start the two processes once and return a record for each precision.

    It takes a few seconds, most of which is starting Python and torch twice. No network is needed:
    the processes meet in a temporary folder.

    Raises:
        DevicesError: torch was built without torch.distributed or gloo, a process failed (the
            message ends with what it said), or `patience` seconds went by.
    """
    dist = torch.distributed
    if not (dist.is_available() and dist.is_gloo_available()):
        raise DevicesError(
            "this torch has no torch.distributed with gloo, so that two processes cannot talk"
        )
    batch = draw_batch(seed)
    ends = np.cumsum((0, *SHARDS))
    with TemporaryDirectory(ignore_cleanup_errors=True) as name:
        folder = Path(name)
        for rank in range(len(SHARDS)):
            own = slice(ends[rank], ends[rank + 1])
            shard = batch | {part: batch[part][own] for part in ("x", "target")}
            np.savez(folder / f"shard{rank}.npz", total=ends[-1], **shard)
        _run_workers(folder, dtypes, patience)
        found = []
        for rank in range(len(SHARDS)):
            with np.load(folder / f"found{rank}.npz") as written:
                found.append(dict(written))
    return tuple(_record(dtype, batch, found) for dtype in dtypes)


def draw_batch(seed: int) -> dict[str, np.ndarray]:
    """Draw x (24, 6), W (6, 4), gamma and beta (4,), and a target (24, 4), in float64."""
    rng = np.random.default_rng(seed)
    x = rng.normal(0, 1, (sum(SHARDS), INPUTS))
    x[SHARDS[0] :] += SHIFT
    return {
        "x": x,
        "W": rng.normal(0, 1, (INPUTS, FEATURES)),
        "gamma": rng.uniform(0.5, 2, FEATURES),
        "beta": rng.normal(0, 1, FEATURES),
        "target": rng.normal(0, 1, (sum(SHARDS), FEATURES)),
    }


def big_batch(batch: dict[str, np.ndarray], dtype: str) -> dict[str, np.ndarray]:
    """Return output, statistics and gradients of one process that has the whole batch."""
    of = {name: torch.from_numpy(value.astype(dtype)) for name, value in batch.items()}
    leaves = [of[name].requires_grad_() for name in ("x", "W", "gamma", "beta")]
    z = of["x"] @ of["W"]
    y = F.batch_norm(z, None, None, of["gamma"], of["beta"], training=True, eps=1e-5)
    loss = (torch.tanh(y) - of["target"]).square().sum() / len(z)
    gradients = torch.autograd.grad(loss, leaves)
    found = {"y": y, "mean": z.mean(0), "var": z.var(0, correction=0)}
    found |= dict(zip(GRADIENTS, gradients, strict=True))
    return {name: value.detach().numpy() for name, value in found.items()}


def _record(dtype: str, batch: dict, found: list[dict]) -> TwoDevices:
    whole = big_batch(batch, dtype)

    def joined(way: str) -> dict[str, np.ndarray]:
        ranks = [{n: f[f"{dtype}/{way}/{n}"] for n in (*whole, "count")} for f in found]
        # What both devices hold is the same on both; output and dx are each one's own.
        own = {n: np.concatenate([rank[n] for rank in ranks]) for n in ("y", "dx")}
        return ranks[1] | own

    def gaps(way: str) -> dict[str, float]:
        got = joined(way)
        return {name: _gap(got[name], whole[name]) for name in GRADIENTS}

    synchronised = joined("synchronised")
    return TwoDevices(
        dtype=dtype,
        sizes=SHARDS,
        count=int(synchronised["count"]),
        means=np.stack([f[f"{dtype}/alone/mean"] for f in found]),
        variances=np.stack([f[f"{dtype}/alone/var"] for f in found]),
        mean=synchronised["mean"],
        variance=synchronised["var"],
        mean_gap=_gap(synchronised["mean"], whole["mean"]),
        variance_gap=_gap(synchronised["var"], whole["var"]),
        forward_gap=_gap(synchronised["y"], whole["y"]),
        gradient_gaps=gaps("synchronised"),
        one_way_gaps=gaps("one way"),
        alone_forward_gap=_gap(joined("alone")["y"], whole["y"]),
        alone_gaps=gaps("alone"),
        library=str(found[0]["library"]),
    )


def _gap(got: np.ndarray, wanted: np.ndarray) -> float:
    return float(np.abs(got - wanted).max() / np.abs(wanted).max())


def _run_workers(folder: Path, dtypes: Sequence[str], patience: float) -> None:
    """Start both processes and wait for them; none is left running, whatever happens."""
    root = str(Path(bncourse.__file__).parents[1])
    path = os.pathsep.join(filter(None, [root, os.environ.get("PYTHONPATH", "")]))
    environment = os.environ | {"PYTHONPATH": path, "OMP_NUM_THREADS": "1"}
    logs = [folder / f"log{rank}.txt" for rank in range(len(SHARDS))]
    processes = []
    deadline = time.monotonic() + patience
    try:
        for rank, log in enumerate(logs):
            command = [sys.executable, "-m", WORKER, str(folder), str(rank), *dtypes]
            with log.open("wb") as out:
                processes.append(
                    subprocess.Popen(
                        command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, env=environment
                    )
                )
        # If one fails, the other would wait for it in vain.
        while any(p.poll() is None for p in processes) and not any(p.poll() for p in processes):
            if time.monotonic() > deadline:
                raise DevicesError(f"two processes did not come back within {patience:g} s")
            time.sleep(0.02)
    finally:
        for process in processes:
            if process.poll() is None:
                process.kill()
            process.wait()
    for rank, (process, log) in enumerate(zip(processes, logs, strict=True)):
        if process.returncode > 0:
            said = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
            raise DevicesError(f"device {rank} failed: {said[-1] if said else 'it said nothing'}")
    if any(process.returncode for process in processes):
        raise DevicesError("a device was ended from outside")
