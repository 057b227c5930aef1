"""The switches of a BN layer: which of its numbers each one stops, and which it does not."""

import pytest
import torch

from bncourse.experiments.freezing import SWITCHES, freeze_late, measure_switches

LEARNT = ("gamma", "beta")
RUNNING = ("running_mean", "running_var")


@pytest.fixture(scope="module")
def rows():
    return {row.switch: row for row in measure_switches()}


@pytest.fixture(scope="module")
def trained_rows():
    return {row.switch: row for row in measure_switches(call_train=True)}


def values(row, names):
    return {getattr(row, name) for name in names}


def test_without_a_switch_everything_happens(rows):
    assert tuple(rows) == tuple(SWITCHES)
    row = rows["none"]
    assert values(row, (*LEARNT, *RUNNING, "count")) == {True}
    assert row.batch_statistics and row.gradient_through_statistics
    assert row.gradient_to_layers_below
    assert not row.batch_statistics_in_eval


def test_requires_grad_stops_gamma_and_beta_alone(rows):
    row = rows["gamma and beta: requires_grad=False"]
    assert values(row, LEARNT) == {False}
    assert values(row, (*RUNNING, "count")) == {True}
    assert row.batch_statistics and row.gradient_through_statistics


def test_eval_stops_the_statistics_and_lets_gamma_and_beta_learn(rows):
    row = rows["bn.eval()"]
    assert values(row, LEARNT) == {True}
    assert values(row, (*RUNNING, "count")) == {False}
    assert not row.batch_statistics and not row.gradient_through_statistics
    assert row.gradient_to_layers_below


def test_momentum_0_keeps_the_averages_and_still_normalises_by_the_batch(rows):
    row = rows["momentum=0.0"]
    assert values(row, LEARNT) == {True}
    assert values(row, RUNNING) == {False}
    assert row.count
    assert row.batch_statistics and row.gradient_through_statistics


def test_no_grad_stops_the_gradients_of_everything_below_and_not_the_averages(rows):
    row = rows["torch.no_grad() around the layer"]
    assert values(row, LEARNT) == {False}
    assert values(row, (*RUNNING, "count")) == {True}
    assert row.batch_statistics
    assert not row.gradient_through_statistics
    assert not row.gradient_to_layers_below


def test_a_layer_that_tracks_nothing_uses_the_batch_in_eval_mode_too(rows):
    row = rows["track_running_stats=False"]
    assert values(row, (*RUNNING, "count")) == {None}
    assert row.batch_statistics_in_eval
    assert [r.switch for r in rows.values() if r.batch_statistics_in_eval] == [row.switch]


def test_only_eval_and_requires_grad_together_freeze_the_layer(rows):
    frozen = [
        switch
        for switch, row in rows.items()
        if True not in values(row, (*LEARNT, *RUNNING, "count", "batch_statistics"))
    ]
    assert frozen == ["bn.eval() and requires_grad=False"]
    assert rows[frozen[0]].gradient_to_layers_below


def test_train_undoes_eval_and_nothing_else(rows, trained_rows):
    changed = [switch for switch in rows if rows[switch] != trained_rows[switch]]
    assert changed == ["bn.eval()", "bn.eval() and requires_grad=False"]
    for switch, like in zip(changed, list(rows)[:2], strict=True):
        thawed = trained_rows[switch]
        assert values(thawed, (*RUNNING, "count", "batch_statistics")) == {True}
        assert values(thawed, LEARNT) == values(rows[like], LEARNT)


def test_a_gradient_of_none_is_left_alone_whatever_the_optimiser_does():
    late = freeze_late(set_to_none=True, weight_decay=0.1, momentum=0.9)
    assert (late.gradient, late.change) == ("None", 0)


def test_a_gradient_of_zeros_still_decays_and_coasts():
    assert freeze_late(set_to_none=False).change == 0
    for how in ({"weight_decay": 0.1}, {"momentum": 0.9}):
        late = freeze_late(set_to_none=False, **how)
        assert late.gradient == "zeros"
        assert late.change > 0.01


def test_twice_gives_the_same_and_leaves_the_generator_alone(rows):
    state = torch.get_rng_state()
    assert {row.switch: row for row in measure_switches()} == rows
    assert torch.equal(torch.get_rng_state(), state)
