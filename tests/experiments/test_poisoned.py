"""One bad number in a batch: what it reaches, what stays well, and which remedies are any."""

import math

import numpy as np
import pytest
import torch

from bncourse.experiments.poisoned import REMEDIES, compare_remedies, poison


@pytest.fixture(scope="module")
def nan():
    return poison()


@pytest.fixture(scope="module")
def remedies():
    return {remedy.name: remedy for remedy in compare_remedies()}


def test_the_buffers_are_nan_for_good_though_the_step_was_skipped(nan):
    assert nan.step_skipped
    assert nan.bad_weights == 0
    assert nan.bad_means == nan.bad_variances == 1
    assert nan.bad_after_training == 1


def test_train_mode_looks_well_and_eval_mode_is_lost(nan):
    assert nan.healthy_accuracy > 0.97
    assert nan.next_loss < 0.1
    assert abs(nan.train_accuracy - nan.healthy_accuracy) < 0.02
    assert nan.bad_logits == 1
    assert nan.eval_accuracy < 0.15


def test_inf_does_the_same():
    inf = poison(math.inf)
    assert inf.step_skipped
    assert inf.bad_means == inf.bad_variances == inf.bad_logits == 1
    assert np.isfinite(inf.next_loss)


def test_a_finite_outlier_is_no_poison():
    outlier = poison(100.0)
    assert not outlier.step_skipped
    assert outlier.bad_means == outlier.bad_variances == outlier.bad_logits == 0


def test_without_the_check_of_the_loss_the_weights_are_lost_too():
    lost = poison(skip_step=False)
    assert not lost.step_skipped
    assert lost.bad_weights == 1
    assert math.isnan(lost.next_loss)
    assert lost.train_accuracy < 0.15


def test_every_remedy_is_tried_on_the_same_net(remedies):
    assert list(remedies) == list(REMEDIES)
    guarded = remedies["look at the batch first, and skip it"]
    assert guarded == type(guarded)(
        guarded.name,
        0,
        0,
        remedies["keep the buffers, and put them back"].accuracy,
    )


@pytest.mark.parametrize("name", [name for name in REMEDIES if name.startswith("go on")])
def test_no_momentum_forgets_a_nan(remedies, name):
    assert remedies[name].bad_buffers == remedies[name].bad_logits == 1
    assert remedies[name].accuracy == remedies["none"].accuracy


def test_a_reset_is_half_of_the_remedy_and_measuring_again_the_other(remedies):
    healthy = remedies["look at the batch first, and skip it"].accuracy
    for half in ("reset_running_stats()", "nan_to_num on the buffers"):
        assert remedies[half].bad_logits == 0
        assert remedies[half].accuracy < healthy - 0.05
    whole = remedies["reset, then an epoch with momentum=None"]
    assert whole.bad_buffers == whole.bad_logits == 0
    assert abs(whole.accuracy - healthy) < 0.015


def test_after_inf_nan_to_num_leaves_a_lost_net():
    found = {remedy.name: remedy for remedy in compare_remedies(math.inf)}
    assert found["nan_to_num on the buffers"].bad_buffers == 0
    assert found["nan_to_num on the buffers"].bad_logits == 1


def test_twice_gives_the_same_and_leaves_torch_as_it_was(remedies, nan):
    threads, state = torch.get_num_threads(), torch.get_rng_state()
    assert {remedy.name: remedy for remedy in compare_remedies()} == remedies
    assert poison() == nan
    assert torch.get_num_threads() == threads
    assert torch.equal(torch.get_rng_state(), state)
