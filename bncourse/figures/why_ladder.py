"""The evidence ladder of lesson 07, its rungs filled from the lesson's own records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from bncourse.figures.evidence_ladder import Rung, evidence_ladder
from bncourse.figures.show import Static

if TYPE_CHECKING:
    from bncourse.experiments.deep_training import DeepTraining
    from bncourse.experiments.landscape import Landscape
    from bncourse.experiments.noisy_batch_norm import NoisyBatchNorm
    from bncourse.experiments.rate_range import RateRange
    from bncourse.experiments.regularisation import Trained
    from bncourse.experiments.weight_decay import WeightDecay

NET = "3 x 64 ReLU, He"
DECAY = 0.01
DEPTH = 20


def why_ladder(
    noisy: NoisyBatchNorm,
    landscape: Landscape,
    rates: RateRange,
    decay: WeightDecay,
    regularised: Mapping[str, Sequence[Trained]],
    deep: DeepTraining,
) -> Static:
    """Return the ladder of six mechanisms, with what the lesson's records say about each."""
    plain, shaken = noisy.run("without BN"), noisy.run("with BN, noise 1")
    beta = {
        (net, with_bn): np.mean(landscape.run(net, with_bn).typical("beta"))
        for net in ("ReLU", "sigmoid")
        for with_bn in (False, True)
    }
    batch, longest = rates.norms.index("batch"), len(rates.budgets) - 1
    reach = rates.times_higher()[rates.nets.index(NET), batch, longest]
    run = next(run for run in decay.runs if run.decay == DECAY)
    quiet, noise = _gains(regularised["noise"])
    ratios = [deep.gradient_ratio[deep.kinds.index(k), list(deep.depths).index(DEPTH)].mean()
              for k in ("batch", "batch, skips")]  # fmt: skip
    return evidence_ladder(
        [
            Rung(
                "helps by less covariate shift",
                "the texts; the paper, 2015",
                "make the means jump again, right behind batch norm",
                f"jumps of {np.mean(shaken.jump):.2f} sd: 90 % after "
                f"{np.median(shaken.updates_to()):.0f} updates; without BN "
                f"{np.mean(plain.jump):.2f} sd, {np.median(plain.updates_to()):.0f}",
                "contradicted here",
            ),
            Rung(
                "smoother landscape",
                "text 5; Santurkar, 2018",
                "β along the step, each net at its own best rate",
                f"ReLU {beta['ReLU', False]:.1f} → {beta['ReLU', True]:.1f}; sigmoid "
                f"{beta['sigmoid', False]:.1f} → {beta['sigmoid', True]:.1f}",
                "depends",
            ),
            Rung(
                "larger learning rates",
                "texts 2 to 5; Bjorck, 2018",
                "the largest rate at which all five seeds learn",
                f"{reach:.0f} times larger in one net; other nets differ, and all end",
                "supported here",
            ),
            Rung(
                "a step size that sets itself",
                "van Laarhoven, 2017",
                f"weight decay {DECAY} against theory",
                f"turns {np.degrees(run.late_rotation().mean()):.2f}° per update; theory "
                f"{np.degrees(np.sqrt(2 * run.rate * run.decay)):.2f}°",
                "supported here",
            ),
            Rung(
                "noise that regularises",
                "the paper, 2015; Luo, 2018",
                "statistics of all 200 images: no noise is left",
                f"gain {quiet:.1f} points without noise, {noise:.1f} with statistics of 25",
                "depends",
            ),
            Rung(
                "better gradient flow",
                "texts 1 and 2",
                f"{DEPTH} layers before training: length of the gradient, first layer over last",
                f"{ratios[0]:.0f} times; with skips {ratios[1]:.0f} times",
                "depends",
            ),
        ]
    )


def _gains(runs: Sequence[Trained]) -> tuple[float, float]:
    """Return the gains in points without noise and with statistics of 25 images, on raw pixels."""
    pixels = [run for run in runs if run.arm.inputs == "pixels"]
    nothing = next(run for run in pixels if not run.arm.group and not run.arm.dropout)
    by_group = {run.arm.group: run for run in pixels if run.arm.group}
    return by_group[max(by_group)].gain(nothing)[0], by_group[25].gain(nothing)[0]
