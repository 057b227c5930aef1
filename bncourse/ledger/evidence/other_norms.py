"""Lessons 09 and 10: layer norm, group norm, and where a transformer has which."""

from __future__ import annotations

import numpy as np

from bncourse.experiments.encoder_layer import look_inside
from bncourse.experiments.small_batches import BUDGETS, load_small_batches
from bncourse.experiments.transformer_training import load_transformer_training
from bncourse.layers.layer_norm import layernorm_forward
from bncourse.ledger.measuring import Value, finding, paired

ACTIVATION, NORM = "ReLU", "LayerNorm"


@finding("ln-alone", "layer norm of a sample in a batch of 32 against the same sample alone",
         by="hand")  # fmt: skip
def _() -> float:
    rng = np.random.default_rng(0)
    x, gamma, beta = rng.normal(2, 3, (32, 8)), *rng.normal(size=(2, 8))
    together = layernorm_forward(x, gamma, beta)[0]
    return np.abs(together[0] - layernorm_forward(x[0], gamma, beta)[0]).max()


@finding("transformer-buffers", "running statistics in PyTorch's transformer layer, both kinds",
         0, 0, by="encoder_layer")  # fmt: skip
def _() -> int:
    return sum(len(look_inside(norm_first).buffers) for norm_first in (False, True))


@finding("transformer-norms", "layer norms in PyTorch's transformer layer", 2, 2,
         by="encoder_layer")  # fmt: skip
def _() -> int:
    return sum(kind == NORM for _, kind in look_inside().calls)


@finding("norm-behind-activation", "norms right behind an activation in it, both kinds",
         0, 0, by="encoder_layer")  # fmt: skip
def _() -> int:
    return sum(
        name == "activation"
        for norm_first in (False, True)
        for name in look_inside(norm_first).before(NORM)
    )


@finding("activation-behind-linear2", "activations called behind its second linear layer",
         0, 0, by="encoder_layer")  # fmt: skip
def _() -> int:
    calls = look_inside().calls
    behind = [name for name, _ in calls].index("linear2")
    return sum(kind == ACTIVATION for _, kind in calls[behind:])


@finding("transformer-bn-gain", "accuracy of a small transformer on digits, batch norm in place of "
         "layer norm, both before the parts, 300 updates", -1, 2, unit="points",
         by="transformer_training", stored="transformer_training",
         loose="two standard errors of five pairs are no gain; the claim names none")  # fmt: skip
def _() -> Value:
    record = load_transformer_training()
    return paired(100 * record.at_best("pre, batch norm")[-1], 100 * record.at_best("pre")[-1])


def _gap(batch_size: int) -> Value:
    record = load_small_batches()
    at = list(record.batch_sizes).index(batch_size)
    errors = record.test_error[BUDGETS.index("epochs"), :, at]
    return paired(errors[record.arms.index("BN")], errors[record.arms.index("GN")])


@finding("bn-over-gn-2", "test error with batches of 2, batch norm minus group norm, equal epochs",
         12, 50, unit="points", by="small_batches", stored="small_batches")  # fmt: skip
def _() -> Value:
    return _gap(2)


@finding("bn-over-gn-32", "test error with batches of 32, batch norm minus group norm, equal "
         "epochs", -3, -0.2, unit="points", by="small_batches", stored="small_batches")  # fmt: skip
def _() -> Value:
    return _gap(32)
