"""The ladder of lesson 07: six rungs whose numbers come from the records."""

import numpy as np
import pytest

from bncourse.experiments.deep_sigmoid import load_deep_sigmoid
from bncourse.experiments.deep_training import load_deep_training
from bncourse.experiments.landscape import load_landscape
from bncourse.experiments.noisy_batch_norm import load_noisy_batch_norm
from bncourse.experiments.rate_range import load_rate_range
from bncourse.experiments.regularisation import load_regularisation
from bncourse.experiments.weight_decay import load_weight_decay
from bncourse.figures.why_ladder import why_ladder


@pytest.fixture(scope="module")
def records():
    return [
        load_noisy_batch_norm(),
        load_landscape(),
        load_rate_range(),
        load_weight_decay(),
        load_regularisation(),
        load_deep_training(),
        load_deep_sigmoid(),
    ]


def test_the_rungs_tell_the_records(records):
    told = why_ladder(*records).caption
    noisy, landscape, rates, *_ = records
    for said in (
        f"{noisy.run('with BN, noise 1').jump.mean():.2f} sd",
        f"{landscape.run('sigmoid', True).typical('beta').mean():.1f}",
        f"{rates.times_higher()[1, 1, 1]:.0f} times larger",
        "contradicted here",
        "not tested",
        "depends",
        "Needed for the speed: no, at rate 1 six sigmoid layers take 36 updates, without BN 280; "
        "at 0.1 five ReLU layers 40, without 120",
        f"{landscape.run('ReLU', False).typical('loss_share').mean():.2f} → ",
    ):
        assert said in told


def test_a_mechanism_is_not_called_supported_when_its_numbers_say_no(records):
    """The statuses are typed; these are the numbers on which they stand."""
    noisy, landscape, rates, decay, _, deep, speeds = records
    plain, shaken = noisy.run("without BN"), noisy.run("with BN, noise 1")
    assert shaken.jump.min() > 1.4 * plain.jump.max()  # restless, and yet
    assert shaken.updates_to().max() < plain.updates_to().min()
    beta = {(net, bn): landscape.run(net, bn).typical("beta").mean()
            for net in ("ReLU", "sigmoid") for bn in (False, True)}  # fmt: skip
    assert beta["ReLU", True] < beta["ReLU", False]
    assert beta["sigmoid", True] > beta["sigmoid", False]
    for net, smoother in (("ReLU", True), ("sigmoid", False)):
        plain, normed = (landscape.run(net, bn).typical("loss_share") for bn in (False, True))
        assert (normed < plain).all() if smoother else (normed > plain).all()
    assert (rates.largest()[:, 1] >= rates.largest()[:, 2]).all()  # further than layer norm
    assert rates.largest()[:, 1].max() < rates.rates[-1]
    for each in speeds:  # at the rate that is best without batch norm it is as fast
        plain, normed = each.updates[1, 1, 0], each.updates[2, 1, 0]
        assert normed.max() < plain.min()
        assert np.median(normed) < 1.3 * np.median(each.updates[2, 2, 0])
    late = next(run for run in decay.runs if run.decay == 0.01)
    assert late.late_rotation().mean() == pytest.approx((2 * 0.25 * 0.01) ** 0.5, rel=0.05)
    growing = deep.gradient_ratio[deep.kinds.index("batch"), 1]
    assert growing.min() > 3 * deep.gradient_ratio[deep.kinds.index("batch, skips"), 1].max()
