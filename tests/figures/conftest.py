"""A made-up training record, and a recorder in place of the progress file."""

import numpy as np
import pytest

from bncourse.experiments.sigmoid_nets import Run, SigmoidNets


@pytest.fixture(scope="session")
def nets():
    """Five runs of three seeds; accuracies and percentiles follow simple formulas."""
    steps = np.array([0, 5, 10, 50, 100, 200, 400, 700, 1000])

    def run(name, rate, speed, spread, drift):
        share = 0.1 + 0.85 * (1 - np.exp(-steps * speed))
        accuracy = np.stack([share - 0.02, share, share + 0.02])
        middle = drift * steps / 1000
        percentiles = np.stack([middle - spread, middle, middle + spread], axis=-1)
        return Run(name, rate, steps, accuracy, np.stack([percentiles] * 3))

    return SigmoidNets(
        (0, 1, 2),
        (
            run("without BN", 0.5, 0.001, 0.1, -3.0),
            run("with BN", 0.5, 0.02, 1.0, 0.2),
            run("without BN", 4.0, 0.002, 0.1, -2.0),
            run("with BN", 2.0, 0.03, 1.0, 0.1),
            run("without BN, good initialisation", 2.0, 0.01, 0.8, 0.3),
        ),
    )


@pytest.fixture
def kept():
    """Everything a figure recorded, as (kind, figure, payload)."""
    return []


@pytest.fixture
def keep(kept):
    return lambda *event: kept.append(event)
