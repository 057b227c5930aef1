"""What deep nets make of their signal before training: DyT in every layer, or nothing.

The net is the "deep MLP" of `without_norms`: eight ReLU layers without skips, He's weights. As
|tanh(a x)| <= a |x|, a DyT layer with a start of alpha below 1 shrinks whatever passes it, and
nothing in such a net adds what was lost.
"""

from collections.abc import Sequence

import numpy as np
import torch
from torch import nn

from bncourse.experiments.batch_race import load_stack
from bncourse.experiments.substitutes import DynamicTanh
from bncourse.experiments.training import one_thread
from bncourse.experiments.without_norms import SEEDS, build


def signal(alpha: float | None, seeds: Sequence[int] = SEEDS) -> np.ndarray:
    """Return the rms of the training digits and behind each of the 8 ReLUs, (S, 9), untrained.

    `alpha` is where DyT's alpha starts; with None the layers have neither DyT nor a norm.
    """
    model = build("deep MLP", "none" if alpha is None else "DyT", 1.0, seeds)
    for module in model.modules():
        if isinstance(module, DynamicTanh):
            nn.init.constant_(module.alpha, alpha)
    h = load_stack(tuple(seeds))[0].float()
    found = [h]
    with one_thread(), torch.no_grad():
        for layer in model:
            h = layer(h)
            if isinstance(layer, nn.ReLU):
                found.append(h)
    return np.stack([each.square().mean((1, 2)).sqrt().numpy() for each in found], axis=1)
