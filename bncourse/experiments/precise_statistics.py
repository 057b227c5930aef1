"""Statistics of a whole data set for the BN layers of a trained net, and why one may need them.

A running average mixes what the layer saw under many different weights. The statistics that belong
to the present weights come from passing data through the net once more (Ioffe & Szegedy 2015,
Algorithm 2, lines 8 to 10; Wu & Johnson 2021, arXiv 2105.07576, call it PreciseBN). Batches are put
together by the law of total variance: the variance of everything is the mean of the variances
inside the batches plus the variance of the batches' means, each batch weighted by its size.

Averaged weights are the case in which the old running averages belong to no net at all: see
`averaged_weights`.
"""

from collections.abc import Iterable, Sequence
from copy import deepcopy
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.optim.swa_utils import AveragedModel

from bncourse.experiments.batch_race import load_stack, training_loss
from bncourse.experiments.training import accuracy, build_mlp, mini_batches, one_thread, train

SIZES = (64, 64, 64, 64, 10)
BATCH_SIZE = 60
SEEDS = (0, 1, 2, 3, 4)


@dataclass(frozen=True)
class PooledStatistics:
    """Mean and variance of all values that reached one BN layer, for each of D channels.

    Attributes:
        mean: (D,).
        within: (D,) mean of the batches' biased variances, weighted by their sizes.
        between: (D,) variance of the batches' means, weighted in the same way.
        count: values per channel in all batches together.
    """

    mean: np.ndarray
    within: np.ndarray
    between: np.ndarray
    count: int

    @property
    def var(self) -> np.ndarray:
        """Biased variance of all values, (D,): within + between."""
        return self.within + self.between

    @property
    def unbiased_var(self) -> np.ndarray:
        """Unbiased variance of all values, (D,): what PyTorch keeps in running_var."""
        return self.var * (self.count / (self.count - 1))


def pool(
    means: Sequence[np.ndarray], variances: Sequence[np.ndarray], counts: Sequence[int]
) -> PooledStatistics:
    """Put K batches together by the law of total variance.

    Args:
        means: (K, D).
        variances: (K, D), biased.
        counts: (K,) values per channel in each batch; they need not be equal.

    Raises:
        ValueError: there is no batch.
    """
    if not len(counts):
        raise ValueError("there is no batch to take statistics of: pass at least one.")
    means, variances = np.asarray(means, float), np.asarray(variances, float)
    weights = np.asarray(counts) / np.sum(counts)
    mean = weights @ means
    # Distances from the mean, not E[m^2] - E[m]^2: that one loses its digits where means are large.
    return PooledStatistics(
        mean, weights @ variances, weights @ (means - mean) ** 2, int(np.sum(counts))
    )


def precise_bn(
    model: nn.Module, batches: Iterable[Tensor], *, layer_by_layer: bool = False
) -> dict[str, PooledStatistics]:
    """Replace the running averages of every BN layer by the statistics of these batches.

    In one pass (the usual way) every BN layer normalises by its batch during the pass, so a deeper
    layer is shown inputs that earlier layers normalised by *batch* statistics, while in evaluation
    mode they will use the new ones. The difference is small for large batches. Layer by layer there
    is none: each layer is measured with all earlier ones already in evaluation mode, so its
    statistics are those of the inputs it meets there. That takes one pass per layer.

    Everything but the BN layers is in evaluation mode meanwhile, so dropout is off. Modes, momenta
    and counts of batches are left as they were. Layers without running averages are left alone.

    Args:
        model: a net with BN layers; changed in place.
        batches: inputs of the model, two or more values per channel each.
        layer_by_layer: whether to make one pass for each BN layer.

    Returns:
        name of the layer -> its statistics, in the order in which the layers are passed.

    Raises:
        ValueError: the model has no BN layer with running averages, there is no batch, or a batch
            has one value per channel.
    """
    layers = {
        name: module
        for name, module in model.named_modules()
        if isinstance(module, _BatchNorm) and module.running_mean is not None
    }
    if not layers:
        raise ValueError("the model has no BN layer with running averages to replace.")
    if not layer_by_layer:
        statistics = _collect(model, layers, batches)
        for name, pooled in statistics.items():
            _keep(layers[name], pooled)
        return statistics

    batches = list(batches)
    statistics = {}
    for name in _collect(model, layers, batches[:1]):
        statistics |= _collect(model, {name: layers[name]}, batches)
        _keep(layers[name], statistics[name])
    return statistics


def _collect(
    model: nn.Module, layers: dict[str, _BatchNorm], batches: Iterable[Tensor]
) -> dict[str, PooledStatistics]:
    """Pass the batches with these layers alone in training mode; leave the model as it was."""
    seen: dict[str, list[tuple[np.ndarray, np.ndarray, int]]] = {}

    def remember(name: str):
        def hook(layer: _BatchNorm, inputs: tuple[Tensor], output: Tensor) -> None:
            m = inputs[0].numel() // layer.num_features
            # Copied, as the next batch overwrites the buffers.
            mean = layer.running_mean.to("cpu", torch.float64, copy=True).numpy()
            var = layer.running_var.to("cpu", torch.float64, copy=True).numpy() * ((m - 1) / m)
            seen.setdefault(name, []).append((mean, var, m))

        return hook

    modes = {module: module.training for module in model.modules()}
    before = {
        name: (layer.momentum, {key: value.clone() for key, value in layer.named_buffers()})
        for name, layer in layers.items()
    }
    hooks = [layer.register_forward_hook(remember(name)) for name, layer in layers.items()]
    try:
        model.eval()
        for layer in layers.values():
            layer.train()
            # With momentum 1 the running averages are the statistics of the batch just seen.
            layer.momentum = 1.0
            layer.reset_running_stats()
        with torch.no_grad():
            for batch in batches:
                model(batch)
    finally:
        for hook in hooks:
            hook.remove()
        for name, (momentum, buffers) in before.items():
            layers[name].momentum = momentum
            for key, value in buffers.items():
                layers[name].get_buffer(key).copy_(value)
        for module, mode in modes.items():
            module.training = mode
    if not seen:
        raise ValueError("there is no batch to take statistics of: pass at least one.")
    return {name: pool(*zip(*found, strict=True)) for name, found in seen.items()}


def _keep(layer: _BatchNorm, pooled: PooledStatistics) -> None:
    layer.running_mean.copy_(torch.from_numpy(pooled.mean))
    layer.running_var.copy_(torch.from_numpy(pooled.unbiased_var))


ARMS = ("last", "averaged, last buffers", "averaged, averaged buffers", "averaged, recomputed")


@dataclass(frozen=True)
class AveragedWeights:
    """Nets with averaged weights under three kinds of BN statistics: K rates, S seeds, A arms.

    Attributes:
        learning_rates: (K,) tried with every seed.
        arms: (A,) the net after the last update with its own running averages; then the mean of
            the checkpoints' weights with the running averages of the last checkpoint, with the mean
            of the checkpoints' running averages, and with statistics recomputed on the training
            set.
        checkpoints: how many were averaged.
        accuracy: (K, A, S) share of test images classified correctly.
        loss: (K, A, S) mean cross-entropy of the test images.
    """

    learning_rates: tuple[float, ...]
    arms: tuple[str, ...]
    checkpoints: int
    accuracy: np.ndarray
    loss: np.ndarray


def averaged_weights(
    learning_rates: Sequence[float] = (0.25, 4.0),
    first: int = 40,
    every: int = 20,
    updates: int = 400,
    seeds: Sequence[int] = SEEDS,
) -> AveragedWeights:
    """Train 64-64-64-64-10 with BN, average the weights of checkpoints, and evaluate the average.

    A checkpoint is taken after `first` updates and every `every` from there to `updates`, as in
    Izmailov et al. (2018, arXiv 1803.05407), who recompute the statistics. The first rate is the
    best that `averages_lag` found for this net, the second is far too high. Two seconds by default.
    """
    rows = [_average(rate, range(first, updates + 1, every), seeds) for rate in learning_rates]
    accuracies, losses = (np.array(values) for values in zip(*rows, strict=True))
    checkpoints = len(range(first, updates + 1, every))
    return AveragedWeights(tuple(learning_rates), ARMS, checkpoints, accuracies, losses)


def _average(
    rate: float, checkpoints: range, seeds: Sequence[int]
) -> tuple[list[np.ndarray], list[np.ndarray]]:
    x, y, x_test, y_test = load_stack(tuple(seeds))
    samples = x.shape[1]
    net = build_mlp(SIZES, seeds, activation="relu", init="torch", norm="batch", hidden_bias=False)
    weights = AveragedModel(net)  # leaves the buffers as they are in the last checkpoint
    weights_and_buffers = AveragedModel(net, use_buffers=True)

    def checkpoint(net: nn.Module) -> None:
        weights.update_parameters(net)
        weights_and_buffers.update_parameters(net)

    first = samples * torch.arange(len(seeds))[:, None]
    with one_thread():
        train(
            net,
            x.flatten(0, 1),
            y.flatten(),
            (first + batch for batch in mini_batches(samples, BATCH_SIZE, seeds)),
            learning_rate=rate,
            measure=checkpoint,
            measure_at=checkpoints,
        )
        recomputed = deepcopy(weights)
        precise_bn(recomputed, x.split(BATCH_SIZE, dim=1))
        with torch.no_grad():
            nets = (net, weights, weights_and_buffers, recomputed)
            logits = [model.eval()(x_test) for model in nets]
            losses = [training_loss(model, x_test, y_test) for model in nets]
    return [accuracy(values, y_test) for values in logits], losses
