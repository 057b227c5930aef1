"""Layer norm in a recurrent net: what no longer matters, what still does."""

import numpy as np
import pytest
import torch

from bncourse.experiments.recurrent import PIXELS, StackedRNN, sequences
from bncourse.experiments.recurrent_layer_norm import (
    BLANKS,
    CASES,
    NORMS,
    ROUNDING,
    STEPS,
    in_order,
    measure_recurrent_layer_norm,
    state_behind,
)

BN, LN, NONE = range(3)


@pytest.fixture(scope="module")
def record():
    return measure_recurrent_layer_norm()


def test_no_circumstance_moves_layer_norm_and_each_moves_batch_norm(record):
    assert record.cases == CASES and record.arms == tuple(NORMS)
    for arm in (LN, NONE):
        assert record.moved[arm].max() < ROUNDING and not record.changed[arm].any()
        same = record.usual[arm][None].repeat(3, 0)
        np.testing.assert_array_equal(record.accuracy[arm, 1:], same)
    assert record.moved[BN].min() > 100 * ROUNDING and record.changed[BN].min() > 0


def test_training_and_evaluation_mode_are_equal_to_the_bit(record):
    assert not record.moved[LN, CASES.index("evaluation mode")].any()


def test_alone_in_its_batch_batch_norm_says_the_same_of_every_sequence():
    *_, x, _ = sequences((0,), STEPS)
    net = StackedRNN("batch", (0,), pixels=PIXELS // STEPS, steps=STEPS, gamma=1.0)
    logits = in_order(net, x[:, :5], torch.arange(5)[None], 1)
    assert torch.equal(logits, logits[:, :1].expand_as(logits))


def test_mates_of_its_class_ruin_batch_norm(record):
    assert (record.usual[BN] - record.accuracy[BN, CASES.index("mates of its class")]).min() > 0.3


def test_batch_norm_refuses_steps_it_has_no_statistics_for(record):
    assert np.isnan(record.before[BN, 1:]).all() and np.isfinite(record.before[BN, 0]).all()
    assert np.isfinite(record.before[LN:]).all() and np.isfinite(record.reused).all()
    np.testing.assert_array_equal(record.before[LN:], record.reused[LN:])
    assert record.refusal == f"no statistics for step {STEPS}: training had {STEPS} steps"


def test_layer_norm_falls_at_the_second_blank_step_and_a_net_without_norm_does_not(
    record,
):
    """No statistics are missing, and yet layer norm gets worse at once."""
    place = {blanks: k for k, blanks in enumerate(record.blanks)}
    lost = record.before[:, :1] - record.before
    assert abs(lost[LN, place[1]].mean()) < 0.02 and abs(lost[NONE, place[1]].mean()) < 0.02
    for blanks in (2, 8, 32):
        assert lost[LN, place[blanks]].mean() > 0.1
        assert lost[LN, place[blanks]].mean() > lost[NONE, place[blanks]].mean() + 0.05
    assert lost[NONE, place[2]].mean() < 0.06
    # What stands where the digit begins: as small for both after one, and then not.
    assert record.state[[LN, NONE], place[1]].max() < 0.15
    assert record.state[LN, place[2]].min() > 2 * record.state[NONE, place[2]].max()


def test_the_state_behind_blank_steps_is_the_one_that_the_net_reads_out():
    for norm in NORMS.values():
        net = StackedRNN(norm, (0, 1), pixels=4, steps=STEPS, gamma=0.7).eval()
        drawn = np.random.default_rng(0)
        for values in (net.beta.data, net.mean, net.var):
            values.copy_(torch.from_numpy(drawn.uniform(0.5, 1, values.shape)))
        for blanks in (1, 3):
            wanted = net(torch.zeros(2, 1, blanks, 4))[:, 0]
            read = net.w_out @ state_behind(net, blanks)[..., None] + net.bias_out
            torch.testing.assert_close(read.squeeze(-1), wanted)
    assert not state_behind(net, 0).any()


def test_layer_norm_stores_nothing(record):
    assert record.learned == (2 * 48, 2 * 48, 48)
    assert record.stored == (2 * 48 * STEPS, 0, 0)


def test_logits_lie_as_the_images_whatever_the_order():
    *_, x, _ = sequences((0, 1), STEPS)
    x = x[:, :12]
    net = StackedRNN("layer", (0, 1), pixels=PIXELS // STEPS, steps=STEPS)
    order = torch.from_numpy(np.random.default_rng(0).permutation(12)).expand(2, -1)
    wanted = net.eval()(x)
    torch.testing.assert_close(in_order(net, x, order, 5), wanted)
    assert not net.training


def test_the_table_tells_the_record(record):
    text = str(record)
    lines = text.splitlines()
    assert "blank steps in front of the digit" in lines[0]
    assert lines[2].split() == ["BN", "per", "step", "LN", "no", "norm"]
    assert lines[3].split() == ["answers"] * 3 and lines[4].split()[-1] == "changed"
    alone = next(line for line in lines if line.startswith("alone*"))
    assert alone.count("rounding") == 2 and f"{100 * record.accuracy[LN, 0].mean():.1f}" in alone
    assert sum("no statistics" in line for line in lines) == len(BLANKS) - 1
    for blanks, last in ((1, "1 blank "), (32, "32 blanks")):
        k = BLANKS.index(blanks)
        row, again = next(lines[i : i + 2] for i, li in enumerate(lines) if li.startswith(last))
        for arm in (LN, NONE):
            assert f"{100 * record.before[arm, k].mean():.1f} ±" in row
            assert f"h {record.state[arm, k].mean():.2f}" in row
        assert again.split()[:2] == ["reused**", f"{100 * record.reused[BN, k].mean():.1f}"]
    stored = next(line for line in lines if line.startswith("stored"))
    assert stored.split() == ["stored", "numbers", "1536", "0", "0"]
    assert max(map(len, lines)) <= 110
