"""The ladder of lesson 07: six rungs whose numbers come from the records."""

import pytest

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
    ]


def test_the_rungs_tell_the_records(records):
    told = why_ladder(*records).caption
    noisy, landscape, rates, *_ = records
    for said in (
        f"{noisy.run('with BN, noise 1').jump.mean():.2f} sd",
        f"{landscape.run('sigmoid', True).typical('beta').mean():.1f}",
        f"{rates.times_higher()[1, 1, 1]:.0f} times larger",
        "contradicted here",
        "supported here",
        "depends",
    ):
        assert said in told


def test_a_mechanism_is_not_called_supported_when_its_numbers_say_no(records):
    """The statuses are typed; these are the numbers on which they stand."""
    noisy, landscape, rates, decay, _, deep = records
    plain, shaken = noisy.run("without BN"), noisy.run("with BN, noise 1")
    assert shaken.jump.min() > 2 * plain.jump.max()  # restless, and yet
    assert shaken.updates_to().max() < plain.updates_to().min()
    beta = {(net, bn): landscape.run(net, bn).typical("beta").mean()
            for net in ("ReLU", "sigmoid") for bn in (False, True)}  # fmt: skip
    assert beta["ReLU", True] < beta["ReLU", False]
    assert beta["sigmoid", True] > beta["sigmoid", False]
    assert (rates.largest()[:, 1] >= rates.largest()[:, 2]).all()  # further than layer norm
    assert rates.largest()[:, 1].max() < rates.rates[-1]
    late = next(run for run in decay.runs if run.decay == 0.01)
    assert late.late_rotation().mean() == pytest.approx((2 * 0.25 * 0.01) ** 0.5, rel=0.05)
    growing = deep.gradient_ratio[deep.kinds.index("batch"), 1]
    assert growing.min() > 3 * deep.gradient_ratio[deep.kinds.index("batch, skips"), 1].max()
