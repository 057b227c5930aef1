"""Several forward passes per step: how often a batch is averaged in, and what the graph keeps."""

from itertools import pairwise

import pytest
import torch
from torch import nn

from bncourse.experiments.passed_twice import (
    MOMENTUM,
    PIECES,
    count_nodes,
    measure_accumulation,
    measure_checkpoint,
    measure_recording,
    momentum_for,
)


@pytest.mark.parametrize("use_reentrant", [False, True])
def test_checkpointing_averages_the_batch_in_twice_and_changes_nothing_else(use_reentrant):
    found = measure_checkpoint(use_reentrant=use_reentrant)
    assert found.counted == 2
    assert found.weight_of_batch == pytest.approx(1 - 0.9**2)
    assert found.variance_gap > 0.01
    assert found.output_gap == 0
    assert found.gradient_gap < 1e-12


@pytest.mark.parametrize("use_reentrant", [False, True])
def test_the_root_of_the_momentum_undoes_it(use_reentrant):
    found = measure_checkpoint(use_reentrant=use_reentrant, momentum=momentum_for(2))
    assert found.counted == 2  # still counted twice: momentum=None would need another remedy
    assert found.weight_of_batch == pytest.approx(MOMENTUM)
    assert found.variance_gap < 1e-12


@pytest.mark.parametrize("passes", [1, 2, 4])
def test_so_many_passes_weigh_as_much_as_one(passes):
    assert (1 - momentum_for(passes, 0.3)) ** passes == pytest.approx(0.7)


def test_accumulation_updates_once_per_piece():
    found = measure_accumulation()
    assert found.counted == PIECES == 4
    assert found.weight_of_start == pytest.approx(0.9**4)
    assert found.mean_gap > 0.1
    assert found.output_gap > 0.1


def test_the_root_restores_the_weight_of_the_past_but_not_the_pieces_own_statistics():
    found, default = measure_accumulation(momentum=momentum_for(PIECES)), measure_accumulation()
    assert found.weight_of_start == pytest.approx(0.9)
    assert 0 < found.mean_gap < default.mean_gap / 100
    assert 0 < found.variance_gap < default.variance_gap / 5
    assert found.output_gap == default.output_gap


@pytest.mark.parametrize("detach_normalising", [False, True])
def test_the_gradient_depends_on_one_detach_and_the_graph_on_the_other(detach_normalising):
    kept, written = (
        measure_recording(detach_normalising=detach_normalising, detach_recorded=detach_recorded)
        for detach_recorded in (False, True)
    )
    for found in (kept, written):
        assert found.right_gradient is not detach_normalising
    assert written.nodes == (0,) * 5
    assert not written.keeps_graph
    assert written.backward_in_eval == written.copying == ""
    steps = [after - before for before, after in pairwise(kept.nodes)]
    assert len(set(steps)) == 1 and steps[0] > 0
    assert kept.keeps_graph
    assert "second time" in kept.backward_in_eval
    assert "graph" in kept.copying or "Tensors created explicitly" in kept.copying


def test_nodes_are_counted_once_each():
    x = torch.ones(2, requires_grad=True)
    y = x * 2
    assert count_nodes(x) == 0
    assert count_nodes(y) == 2  # the product, and the accumulator of x
    assert count_nodes(y + y) == 3
    assert count_nodes(nn.Identity()(y).detach()) == 0


def test_twice_gives_the_same_and_leaves_the_generator_alone():
    state = torch.get_rng_state()
    assert measure_accumulation() == measure_accumulation()
    once = measure_checkpoint(use_reentrant=False)
    assert measure_checkpoint(use_reentrant=False) == once
    assert torch.equal(torch.get_rng_state(), state)
