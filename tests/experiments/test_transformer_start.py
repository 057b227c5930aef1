"""Before training: what Xiong et al. (2020) derive of the last block is there; the decay is not."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from bncourse.experiments.training import mini_batches
from bncourse.experiments.transformer import StackedTransformer, rows_of_digits
from bncourse.experiments.transformer_start import (
    BATCH_SIZE,
    DEPTHS,
    LAST_DEPTHS,
    LAST_SEEDS,
    SEEDS,
    measure_factors,
    measure_last_blocks,
    measure_start,
    measure_starts,
    powers,
)


@pytest.fixture(scope="module")
def starts():
    return {(s.placement, s.depth): s for s in measure_starts()}


@pytest.fixture(scope="module")
def deeper():
    found = measure_last_blocks()
    assert [(s.placement, s.depth) for s in found] == [
        (place, depth) for place in ("post", "pre") for depth in LAST_DEPTHS
    ]
    return {place: [s for s in found if s.placement == place] for place in ("post", "pre")}


def middle(sizes):
    return np.exp(np.log(sizes).mean(axis=-1))


def test_gradients_are_those_of_the_mean_loss_of_one_net():
    start = measure_start("pre", 2, (3, 4))
    x, y, _, _ = rows_of_digits([4])
    model = StackedTransformer([4], depth=2, placement="pre")
    batch = next(mini_batches(x.shape[1], BATCH_SIZE, [4]))[0]
    F.cross_entropy(model(x[:, batch])[0], y[0, batch]).backward()
    for k, block in enumerate(model.blocks):
        parts = block.queries, block.keys, block.values, block.mixed, block.first, block.second
        sizes = [float(part.weight.grad.norm()) for part in parts]
        assert start.last_weights[k, 1] == pytest.approx(sizes[-1], rel=1e-4)
        assert start.weights[k, 1] == pytest.approx(np.hypot.reduce(sizes), rel=1e-4)
    stream = [float(h.detach().square().mean().sqrt()) for h in model.stream]
    np.testing.assert_allclose(start.stream[:, 1], stream, rtol=1e-5)


def test_every_placement_and_depth_is_measured(starts):
    assert list(starts) == [(p, depth) for p in ("post", "pre", None) for depth in DEPTHS]
    for (_, depth), start in starts.items():
        assert start.weights.shape == start.last_weights.shape == (depth, len(SEEDS))
        assert start.stream.shape == start.stream_gradient.shape == (depth + 1, len(SEEDS))


def test_the_stream_is_held_grows_slowly_or_explodes(starts):
    for depth in DEPTHS:
        np.testing.assert_allclose(starts["post", depth].stream[1:], 1, atol=0.01)
    pre = [starts["pre", depth].stream[-1].mean() for depth in DEPTHS]
    # Xiong et al. (2020, lemma 2): its square is between 1 + L / 2 and 1 + 3 L / 2 times the first.
    for depth, size in zip(DEPTHS, pre, strict=True):
        assert 1 + depth / 2 < size**2 < 1 + 1.5 * depth
    none = [starts[None, depth].stream[-1].mean() for depth in DEPTHS]
    assert none[0] > 4 * pre[0] and none[1] > 30 * pre[1]


def test_post_gradients_are_flat_over_the_blocks_and_pre_gradients_larger_near_the_input(starts):
    for depth in DEPTHS:
        ratio = middle(starts["post", depth].last_over_first()[None])[0]
        decay = (2 / 3) ** ((depth - 1) / 2)  # what the paper gives the first block
        assert 0.5 < ratio < 2 and 1 / ratio > 1.5 * decay
        assert (starts["pre", depth].last_over_first() < 0.9).all()


def test_the_last_gradient_is_larger_on_the_stream_than_inside_the_blocks(starts):
    for depth in DEPTHS:
        ratio = starts["post", depth].last_weights[-1] / starts["pre", depth].last_weights[-1]
        assert (ratio > 1.3).all() and 2 < middle(ratio[None])[0] < 6


def test_the_last_gradient_depends_on_depth_nearly_as_theorem_1_says(deeper):
    found = {}
    for place, theory in (("post", 0), ("pre", -0.5)):
        fitted = powers(deeper[place])
        assert fitted.shape == (len(LAST_SEEDS),)
        error = fitted.std(ddof=1) / np.sqrt(len(fitted))
        found[place] = fitted
        # With 20 seeds it can be told from the theory, and is not far from it.
        assert error < 0.06 and 2 * error < fitted.mean() - theory < 0.3
    apart = found["post"] - found["pre"]
    assert apart.mean() > 0.3


def test_from_four_blocks_on_the_powers_are_nearer_to_those_of_theorem_1(deeper):
    for place, theory in (("post", 0), ("pre", -0.5)):
        all_depths, without_two = (powers(deeper[place][k:]).mean() for k in (0, 1))
        assert abs(without_two - theory) < min(0.15, abs(all_depths - theory))


def test_a_batch_is_kept_for_the_seeds_that_it_belongs_to():
    one, two = (measure_start("pre", 2, seeds) for seeds in ((3, 4), (4, 3)))
    np.testing.assert_allclose(one.weights, two.weights[:, ::-1], rtol=1e-4)


def test_norms_divide_a_gradient_by_what_sums_multiply_it_with():
    norms, sums = measure_factors(6)
    assert norms.shape == sums.shape == (6, 2, len(SEEDS))
    forward = norms[:, 1].mean(), sums[:, 1].mean()
    np.testing.assert_allclose(forward, [np.sqrt(2 / 3), np.sqrt(3 / 2)], atol=0.08)
    assert (norms < 1).all()
    assert 0.9 < middle((norms * sums).reshape(1, -1))[0] < 1.15
    # All factors together are what happens to the stream's gradient.
    start = measure_start("post", 6)
    wanted = start.stream_gradient[0] / start.stream_gradient[-1]
    np.testing.assert_allclose((norms * sums).prod(axis=(0, 1)), wanted, rtol=1e-4)


def test_targets_of_their_own_do_not_bring_the_decay_either():
    start = measure_start("post", 6, own_targets=True)
    assert 0.7 < middle(start.last_over_first()[None])[0] < 1.6
    assert not np.allclose(start.weights, measure_start("post", 6).weights)


def test_measuring_leaves_torchs_random_numbers_alone():
    torch.manual_seed(1)
    wanted = torch.rand(3)
    torch.manual_seed(1)
    first = measure_start("pre", 2, (0,))
    assert torch.equal(torch.rand(3), wanted)
    np.testing.assert_array_equal(first.weights, measure_start("pre", 2, (0,)).weights)
