"""Is weight decay in front of BN nothing but a schedule of rates? Runs that should be the same.

Two runs without any decay are controls: if decay is a schedule of rates, they compute the same
function as the run with decay, until rounding has grown to a difference; another control tells when
that is.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from bncourse.experiments.batch_race import load_stack
from bncourse.experiments.decayed_nets import SEEDS, Rule, train_nets, unit_lengths

COMPARED = (10, 100, 300, 1000, 2000)  # updates after which the controls' outputs are compared
CONTROLS = ("rising rate", "held, rate / |w|^2", "held", "decay, nudged")


@dataclass(frozen=True)
class Control:
    """A run that should compute what the run with decay computes, after each of C updates.

    Attributes:
        rule: see `train_nets`.
        updates: (C,).
        apart: (C, S) largest difference of a logit of any test image from the run with decay, in
            training mode, all test images as one batch.
        logits: (C, S) largest logit of the run with decay, to compare with.
        accuracy: (S,) at the end, in evaluation mode.
    """

    rule: str
    updates: tuple[int, ...]
    apart: np.ndarray
    logits: np.ndarray
    accuracy: np.ndarray


def control(
    updates: Sequence[int] = COMPARED,
    seeds: Sequence[int] = SEEDS,
    rules: Sequence[Rule] = CONTROLS,
) -> tuple[Control, ...]:
    """Compare the run with decay with others, one for each rule.

    "rising rate" and "held, rate / |w|^2" have no decay and should be the same run. "held" has
    decay that cannot shorten anything, so it should not be. Training can make the last place of a
    weight matter in the end; "decay, nudged" tells when.
    """
    _, _, x_test, _ = load_stack(tuple(seeds))
    lengths: list[list[Tensor]] = []

    def outputs(rule: Rule) -> tuple[list[Tensor], np.ndarray]:
        kept = []

        def watch(update: int, net: nn.Sequential) -> None:
            if rule == "decay":
                lengths.append(unit_lengths(net))
            if update in updates:
                with torch.no_grad():
                    kept.append(_without_averages(net, x_test))

        run = train_nets(updates=max(updates), seeds=seeds, rule=rule, lengths=lengths, watch=watch)
        return kept, run.accuracy

    wanted, _ = outputs("decay")
    largest = np.stack([logits.abs().amax(dim=(1, 2)).numpy() for logits in wanted])
    found = []
    for rule in rules:
        logits, right = outputs(rule)
        apart = np.stack(
            [(a - b).abs().amax(dim=(1, 2)).numpy() for a, b in zip(logits, wanted, strict=True)]
        )
        found.append(Control(rule, tuple(updates), apart, largest, right))
    return tuple(found)


def _without_averages(net: nn.Sequential, x: Tensor) -> Tensor:
    """Return the logits in training mode, and leave the running averages as they were."""
    buffers = {name: buffer.clone() for name, buffer in net.named_buffers()}
    logits = net(x)
    for name, buffer in net.named_buffers():
        buffer.copy_(buffers[name])
    return logits
