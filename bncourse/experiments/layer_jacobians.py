"""Singular values of what L layers do to a sample: is batch norm's Jacobian near orthogonal?

Ioffe & Szegedy (2015, section 3.3) conjecture that batch norm "may lead the layer Jacobians to have
singular values close to 1", so that a gradient keeps its length on the way back. They argue for
two layers next to each other, inputs that are Gaussian and uncorrelated, and a layer that is nearly
linear; whether it holds for real layers they leave open.

Here a batch of 64 standardised digits goes through L layers of 64 units, h_l = act(norm(h_(l-1)
W_l + b_l)), and the Jacobian is that of one sample's h_L (64,) with respect to the same sample's
input (64,). With batch norm the sample moves the statistics of its batch, and that counts.

`python -m bncourse.experiments.layer_jacobians` measures everything again, in about 15 seconds.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bncourse import results
from bncourse.data import load_digits

WIDTH, BATCH = 64, 64
EPS = 1e-5
DEPTHS = (1, 5, 20)
NORMS = ("none", "batch", "layer")
# How weights start: a variance of 2 / width (He et al. 2015), PyTorch's default, and two numbers.
INITS = ("he", "torch", 0.01, 1.0)
SEEDS = (0, 1, 2, 3, 4)
NEAR = (0.5, 2.0)  # what is "near 1" here
TRAINED = {"depth": 5, "updates": 300}

Layer = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]


@dataclass(frozen=True)
class Spectrum:
    """Singular values of the Jacobian of one kind of net, for S seeds.

    Attributes:
        norm: in `NORMS`.
        activation: "relu" or "linear".
        init: in `INITS`, or "1 / width", a variance of that for linear nets.
        depth: L, layers.
        trained: whether the net has learned the digits before (see `measure_trained`).
        near: (S,) share of the 64 singular values within `NEAR`.
        largest: (S,).
        median, smallest: (S,) of those that are not 0, by NumPy's rule for the rank of a matrix.
        zeros: (S,) how many are 0 by that rule.
    """

    norm: str
    activation: str
    init: str
    depth: int
    trained: bool
    near: np.ndarray
    largest: np.ndarray
    median: np.ndarray
    smallest: np.ndarray
    zeros: np.ndarray


def normaliser_singular_values(x: np.ndarray, eps: float = 0.0) -> np.ndarray:
    """Return the singular values (N,) of the Jacobian of normalising one feature, x (N,).

    With eps = 0 they are 1 / sd, N - 2 times, and 0 twice: for what moves all samples alike, and
    for what stretches them about their mean.
    """
    variance = x.var() + eps
    x_hat = (x - x.mean()) / np.sqrt(variance)
    jacobian = np.eye(len(x)) - 1 / len(x) - np.outer(x_hat, x_hat) / len(x)
    return np.linalg.svd(jacobian / np.sqrt(variance), compute_uv=False)


def jacobian(
    layers: Sequence[Layer], x: np.ndarray, norm: str, activation: str, sample: int = 0
) -> np.ndarray:
    """Return d h_L[sample] / d x[sample], (units of h_L, units of x), in float64.

    Args:
        layers: weight (fan_in, fan_out), bias, gamma and beta (fan_out,) of each layer.
        x: the batch, (N, fan_in).
        norm: in `NORMS`.
        activation: "relu" or "linear".
        sample: which of the N.

    Raises ValueError for another norm or activation.
    """
    if norm not in NORMS or activation not in ("relu", "linear"):
        raise ValueError(f"no norm {norm!r} or no activation {activation!r} here")
    if norm != "batch":  # no sample feels another
        x, sample = x[sample : sample + 1], 0
    h, kept, axis = x, [], 0 if norm == "batch" else 1
    for weight, bias, gamma, beta in layers:
        z = h @ weight + bias
        x_hat, inv_std = z, None
        if norm != "none":
            inv_std = 1 / np.sqrt(z.var(axis=axis, keepdims=True) + EPS)
            x_hat = (z - z.mean(axis=axis, keepdims=True)) * inv_std
            z = gamma * x_hat + beta
        slope = z > 0 if activation == "relu" else None
        h = z if slope is None else z * slope
        kept.append((slope, x_hat, inv_std))

    units = h.shape[1]
    # Entry k starts from unit k of the sample: (units, N, features) all the way back.
    back = np.zeros((units, *h.shape))
    back[np.arange(units), sample, np.arange(units)] = 1
    for (weight, _, gamma, _), (slope, x_hat, inv_std) in zip(
        reversed(layers), reversed(kept), strict=True
    ):
        if slope is not None:
            back = back * slope
        if inv_std is not None:
            back = back * gamma
            along = (back * x_hat).mean(axis=axis + 1, keepdims=True)
            back = inv_std * (back - back.mean(axis=axis + 1, keepdims=True) - x_hat * along)
        back = back @ weight.T
    return back[:, sample]


def draw_layers(depth: int, seed: int, init: str | float = "he") -> list[Layer]:
    """Draw a net at its start; "1 / width" is one more init, for linear nets. Gamma is 1."""
    from bncourse.experiments.training import draw_layer

    generator = np.random.default_rng(seed)
    scale = 1 / np.sqrt(WIDTH) if init == "1 / width" else init
    layers = []
    for _ in range(depth):
        weight, bias = draw_layer(generator, WIDTH, WIDTH, scale)
        layers.append((weight, bias[0], np.ones(WIDTH), np.zeros(WIDTH)))
    return layers


def batch_of_digits(seed: int) -> np.ndarray:
    """Return 64 training digits (64, 64), every pixel standardised over the training set."""
    return _standardised(seed)[0][:BATCH]


def spectrum(
    norm: str, init: str | float, depth: int, activation: str = "relu", seeds: Sequence[int] = SEEDS
) -> Spectrum:
    """Measure nets at their start, one per seed."""
    nets = [draw_layers(depth, seed, init) for seed in seeds]
    return _summary(nets, norm, activation, str(init), depth, False, seeds)


def measure_trained(norm: str, rate: float, seeds: Sequence[int] = SEEDS) -> Spectrum:
    """Measure ReLU nets of `TRAINED` depth after as many updates by plain SGD at this rate."""
    import torch

    from bncourse.experiments.training import build_mlp, mini_batches, one_thread, train

    splits = [_standardised(seed) for seed in seeds]
    x = torch.from_numpy(np.concatenate([images for images, _ in splits]))
    y = torch.from_numpy(np.concatenate([labels for _, labels in splits]))
    samples = len(x) // len(seeds)
    first = samples * torch.arange(len(seeds))[:, None]
    model = build_mlp(
        (WIDTH,) * (TRAINED["depth"] + 1) + (10,),
        seeds,
        activation="relu",
        init="he",
        norm=None if norm == "none" else norm,
    )
    with one_thread():
        train(
            model,
            x,
            y,
            (first + batch for batch in mini_batches(samples, 60, seeds)),
            learning_rate=rate,
            measure=lambda model: None,
            measure_at=[TRAINED["updates"]],
        )
    nets = [_layers_of(model, k, norm) for k in range(len(seeds))]
    return _summary(nets, norm, "relu", "he", TRAINED["depth"], True, seeds)


def measure_all() -> dict:
    """Measure every norm and start at every depth, linear nets, and trained nets."""
    from bncourse.experiments.deep_training import load_deep_training

    found = [spectrum(norm, init, depth) for norm in NORMS for init in INITS for depth in DEPTHS]
    found += [spectrum(norm, "1 / width", depth, "linear") for norm in NORMS for depth in DEPTHS]
    runs = load_deep_training()
    place = list(runs.depths).index(TRAINED["depth"]), list(runs.budgets).index(TRAINED["updates"])
    for norm in NORMS:
        rate = float(runs.rates[(runs.kinds.index(norm), *place)])
        found.append(measure_trained(norm, rate))
    return {
        "network": {"width": WIDTH, "batch": BATCH, "eps": EPS},
        "near": NEAR,
        "seeds": SEEDS,
        "trained": TRAINED,
        "spectra": [_plain(each) for each in found],
    }


def load_layer_jacobians() -> list[Spectrum]:
    """Return the stored measurements."""
    return [
        Spectrum(**{k: np.array(v) if isinstance(v, list) else v for k, v in each.items()})
        for each in results.load("layer_jacobians")["spectra"]
    ]


def _standardised(seed: int) -> tuple[np.ndarray, np.ndarray]:
    digits = load_digits(seed)
    deviation = digits.x_train.std(axis=0)
    deviation[deviation == 0] = 1  # a pixel without ink in every training image
    return (digits.x_train - digits.x_train.mean(axis=0)) / deviation, digits.y_train


def _layers_of(model, k: int, norm: str) -> list[Layer]:
    """Return the hidden layers of the k-th network of a stack."""
    step = 2 if norm == "none" else 3
    layers = []
    for start in range(0, len(model) - 1, step):
        weight = model[start].weight.detach().numpy()[k]
        bias = model[start].bias.detach().numpy()[k, 0]
        gamma, beta = np.ones(WIDTH), np.zeros(WIDTH)
        if norm != "none":
            gamma, beta = (
                each.detach().numpy().reshape(-1, WIDTH)[k]
                for each in (model[start + 1].weight, model[start + 1].bias)
            )
        layers.append((weight, bias, gamma, beta))
    return layers


def _summary(
    nets: list[list[Layer]],
    norm: str,
    activation: str,
    init: str,
    depth: int,
    trained: bool,
    seeds: Sequence[int],
) -> Spectrum:
    near, largest, median, smallest, zeros = [], [], [], [], []
    for layers, seed in zip(nets, seeds, strict=True):
        values = np.linalg.svd(
            jacobian(layers, batch_of_digits(seed), norm, activation), compute_uv=False
        )
        some = values[values > values.max() * len(values) * np.finfo(float).eps]
        near.append(np.mean((values >= NEAR[0]) & (values <= NEAR[1])))
        largest.append(values.max())
        median.append(np.median(some))
        smallest.append(some.min())
        zeros.append(len(values) - len(some))
    return Spectrum(
        norm,
        activation,
        init,
        depth,
        trained,
        *(np.array(each) for each in (near, largest, median, smallest, zeros)),
    )


def _plain(found: Spectrum) -> dict:
    return {
        key: [float(f"{each:.4g}") for each in value] if isinstance(value, np.ndarray) else value
        for key, value in vars(found).items()
    }


if __name__ == "__main__":
    command = "python -m bncourse.experiments.layer_jacobians"
    print(results.store("layer_jacobians", command, measure_all()))
