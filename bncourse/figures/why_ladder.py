"""The evidence ladder of lesson 07, its rungs filled from the lesson's own records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from bncourse.figures.evidence_ladder import Rung, evidence_ladder
from bncourse.figures.show import Static

if TYPE_CHECKING:
    from bncourse.experiments.deep_sigmoid import Speeds
    from bncourse.experiments.deep_training import DeepTraining
    from bncourse.experiments.landscape import Landscape
    from bncourse.experiments.noisy_batch_norm import NoisyBatchNorm, NoisyRun
    from bncourse.experiments.rate_range import RateRange
    from bncourse.experiments.regularisation import Trained
    from bncourse.experiments.weight_decay import WeightDecay

NET = "3 x 64 ReLU, He"
SIGMOIDS = "6 x 100 sigmoid"
DECAY = 0.01
DEPTH = 20


def why_ladder(
    noisy: NoisyBatchNorm,
    landscape: Landscape,
    rates: RateRange,
    decay: WeightDecay,
    regularised: Mapping[str, Sequence[Trained]],
    deep: DeepTraining,
    speeds: Sequence[Speeds],
) -> Static:
    """Return the ladder of six mechanisms, with what the lesson's records say about each."""
    plain, shaken = noisy.run("without BN"), noisy.run("with BN, noise 1")
    beta = ", ".join(_arrow(landscape, net, "beta", 1) for net in ("ReLU", "sigmoid"))
    shares = ", ".join(_arrow(landscape, net, "loss_share", 2) for net in ("ReLU", "sigmoid"))
    batch, longest = rates.norms.index("batch"), len(rates.budgets) - 1
    reach = rates.times_higher()[rates.nets.index(NET), batch, longest]
    run = next(run for run in decay.runs if run.decay == DECAY)
    low, plain_low = (noisy.run(name, "common") for name in ("with BN", "without BN"))
    rate, slow, fast = _one_rate(next(s for s in speeds if s.net == SIGMOIDS))
    quiet, noise = _gains(regularised["noise"])
    ratios = [deep.gradient_ratio[deep.kinds.index(k), list(deep.depths).index(DEPTH)].mean()
              for k in ("batch", "batch, skips")]  # fmt: skip
    return evidence_ladder(
        [
            Rung(
                "helps by less covariate shift",
                "the texts; the paper, 2015",
                "make the means jump again, right behind batch norm",
                f"jumps of {np.mean(shaken.jump):.2f} sd: 90 % after {_median(shaken)} updates; "
                f"without BN {np.mean(plain.jump):.2f} sd, {_median(plain)}",
                "contradicted here",
            ),
            Rung(
                "smoother landscape",
                "text 5; Santurkar, 2018",
                "β along the step, and how much the loss varies there, as a share of it",
                f"β: {beta}; loss: {shares}",
                "depends",
            ),
            Rung(
                "larger learning rates",
                "texts 2 to 5; Bjorck, 2018",
                "the largest rate at which all five seeds learn; updates to 90 % at one rate for "
                "both",
                f"possible: {reach:.0f} times larger in one net. Needed for the speed: no, at rate "
                f"{rate:g} six sigmoid layers take {fast:.0f} updates, without BN {slow:.0f}; at "
                f"{plain_low.rate:g} five ReLU layers {_median(low)}, without {_median(plain_low)}",
                "depends",
            ),
            Rung(
                "a step size that sets itself",
                "van Laarhoven, 2017",
                f"weight decay {DECAY} against theory; whether it helps: no test",
                f"it does so: turns {np.degrees(run.late_rotation().mean()):.2f}° per update; "
                f"theory {np.degrees(np.sqrt(2 * run.rate * run.decay)):.2f}°",
                "not tested",
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


def _median(run: NoisyRun) -> str:
    return f"{np.median(run.updates_to()):.0f}"


def _arrow(landscape: Landscape, net: str, name: str, digits: int) -> str:
    """Write the means over the seeds without and with BN, each at its own best rate."""
    both = (landscape.run(net, with_bn).typical(name).mean() for with_bn in (False, True))
    return f"{net} {' → '.join(f'{value:.{digits}f}' for value in both)}"


def _one_rate(speeds: Speeds) -> tuple[float, float, float]:
    """Return the rate that is best for good weights, and the updates to 90 % without and with BN.

    Both run at that rate; the updates are medians over the seeds.
    """
    arm, normed = speeds.arms.index("good weights"), len(speeds.arms) - 1
    slow, fast = (float(np.median(speeds.updates[k, arm, 0])) for k in (arm, normed))
    return float(speeds.rates[arm]), slow, fast


def _gains(runs: Sequence[Trained]) -> tuple[float, float]:
    """Return the gains in points without noise and with statistics of 25 images, on raw pixels."""
    pixels = [run for run in runs if run.arm.inputs == "pixels"]
    nothing = next(run for run in pixels if not run.arm.group and not run.arm.dropout)
    by_group = {run.arm.group: run for run in pixels if run.arm.group}
    return by_group[max(by_group)].gain(nothing)[0], by_group[25].gain(nothing)[0]
