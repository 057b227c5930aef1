"""Cases of the map of `decision`: sequences, trained nets, and a change of single channels."""

from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np

from bncourse.experiments.decision_verdicts import Case, Comparison
from bncourse.experiments.fine_tuning import load_fine_tuning
from bncourse.experiments.longer_sequences import load_longer_sequences
from bncourse.experiments.recurrent_arms import load_recurrent_arms
from bncourse.experiments.recurrent_torch_start import load_recurrent_torch_start
from bncourse.experiments.shifts import load_shifts
from bncourse.experiments.transformer_training import load_transformer_training
from bncourse.layers.group_norm import groupnorm_forward, instancenorm_forward

SEQUENCE = {"trained": False, "sequence": True}


def sequences() -> Iterator[Case]:
    """Yield recurrent nets and transformers."""
    yield _recurrent()
    yield _lengths()
    yield from _transformers()


def trained_nets() -> Iterator[Case]:
    """Yield nets with batch norm that are trained already."""
    yield from _shifted()
    yield from _tuned()


def _percent(accuracy: np.ndarray) -> np.ndarray:
    return 100 * (1 - accuracy)


def _recurrent() -> Case:
    record = load_recurrent_arms()
    rows: dict[tuple[int, str], Mapping[str, np.ndarray]] = {
        (steps, start): dict(zip(record.arms, _percent(row[:, -1]), strict=True))
        for steps, start, row in zip(record.steps, record.starts, record.evaluated, strict=True)
    }
    rows = {place: row for place, row in rows.items() if np.isfinite(row["layer 1"]).all()}
    torch_start = load_recurrent_torch_start()
    for steps in torch_start.steps:
        row = {arm: _percent(torch_start.at(steps, arm)) for arm in torch_start.arms}
        rows.setdefault((steps, "torch"), row)
    rivals = {"shared 0.1": "BN, shared statistics", "per step 0.1": "BN per step", "none": "none"}
    found = tuple(
        Comparison(f"{steps} steps, {start} weights", "LN", name, row["layer 1"], row[rival])
        for (steps, start), row in rows.items()
        for rival, name in rivals.items()
        if rival in row and np.isfinite(row[rival]).all()
    )
    records = "recurrent_arms and recurrent_torch_start"
    return Case("RNN, equal lengths, batches of 100", SEQUENCE, records, found)


def _lengths() -> Case:
    record = load_longer_sequences()
    layer = record.arms.index("layer norm")
    rivals = {"BN per step": "per step, last reused", "none": "none"}
    tests = {
        "lengths as in training": record.mixed,
        f"{record.blanks[-1]} blank steps first": record.before[:, -1],
    }
    found = tuple(
        Comparison(test, "LN", name, _percent(row[layer]), _percent(row[record.arms.index(arm)]))
        for test, row in tests.items()
        for name, arm in rivals.items()
    )
    return Case("RNN, different lengths", SEQUENCE, "longer_sequences", found)


def _transformers() -> Iterator[Case]:
    record = load_transformer_training()
    layer = _percent(record.at_best("pre"))
    rivals = {
        "BN": record.at_best("pre, batch norm"),
        "BN recomputed": record.at_best("pre, batch norm", recomputed=True),
        "none": record.at_best("none"),
    }
    found = tuple(
        Comparison(f"{updates} updates", "LN", name, layer[b], _percent(accuracy[b]))
        for b, updates in enumerate(record.budgets)
        for name, accuracy in rivals.items()
    )
    yield Case("Transformer, equal lengths", SEQUENCE, "transformer_training", found)
    cut = dict(zip(record.cut_arms, _percent(record.cut_accuracy), strict=True))
    names = {
        "BN, padding left out": "batch norm, padding left out",
        "BN, padding counted": "batch norm, padding counted",
    }
    found = tuple(
        Comparison(test, "LN", name, cut["layer norm"][t], cut[arm][t])
        for t, test in enumerate(("lengths as in training", "whole images"))
        for name, arm in names.items()
    )
    yield Case("Transformer, different lengths", SEQUENCE, "transformer_training", found)


def _shifted() -> Iterator[Case]:
    record = load_shifts()
    found = tuple(
        Comparison(name, "recomputed", "old averages", _percent(new), _percent(old))
        for name, new, old in zip(record.names, record.recalibrated, record.frozen, strict=True)
    )
    answers = {"trained": True, "changed": True}
    yield Case("Trained conv net, test images changed", answers, "shifts", found)


def _tuned() -> Iterator[Case]:
    record = load_fine_tuning()
    errors = dict(zip(record.arms, record.test_error, strict=True))
    sizes = record.batch_sizes.tolist()
    for size, few in ((2, True), (8, True), (40, False)):
        arms = [("frozen", "train mode"), ("frozen", "recomputed, frozen")]
        if not few:
            arms = [("train mode", "frozen")]
        found = tuple(
            Comparison(
                f"{record.updates} updates",
                ours,
                theirs,
                errors[ours][sizes.index(size)],
                errors[theirs][sizes.index(size)],
            )
            for ours, theirs in arms
        )
        yield Case(
            f"Trained MLP, tuned on {record.images} moved images, batches of {size}",
            {"trained": True, "changed": False, "tuned": few},
            "fine_tuning",
            found,
        )
    yield Case(
        "Trained on ImageNet, tuned for detection, 2 images per GPU",
        {"trained": True, "changed": False, "tuned": True},
        reported="Wu & He 2018, section 4.2: about 6 points of AP less if batch norm is tuned too "
        "and not frozen; group norm, trained from the start, did better than frozen batch norm",
    )


def channels_changed(seeds: Sequence[int] = range(10)) -> Case:
    """Return by how much norms let through what changes each channel by itself: by algebra.

    In one of four images each channel x becomes c + a x, with c and a of its own. Batch norm keeps
    the means and variances of the images before.
    """
    found = tuple(
        Comparison(
            "c + a x, each channel its own",
            "IN",
            rival,
            np.array([change_left("IN", "each channel", seed) for seed in seeds]),
            np.array([change_left(rival, "each channel", seed) for seed in seeds]),
            "rms change of x_hat",
        )
        for rival in ("GN", "BN")
    )
    answers = {"trained": False, "sequence": False, "style": True}
    return Case("Each channel's level and spread changes, and nothing should", answers, "", found)


def change_left(norm: str, change: str, seed: int) -> float:
    """Return the rms change of an image's x_hat, 6 channels of 8 x 8, as x becomes c + a x.

    Args:
        norm: "IN", "GN" (3 groups), "LN" (over C, H, W) or "BN" (averages of before).
        change: "each channel" has an own a and c, or "whole image" for one a and c.
        seed: of the images, a and c.
    """
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(4, 6, 8, 8))
    shape = (6, 1, 1) if change == "each channel" else (1, 1, 1)
    changed = x.copy()
    changed[0] = rng.normal(size=shape) + rng.uniform(0.5, 2, shape) * x[0]
    mean, sd = x.mean((0, 2, 3), keepdims=True), x.std((0, 2, 3), keepdims=True)
    gamma, beta = np.ones(6), np.zeros(6)
    norms: dict[str, Callable[[np.ndarray], np.ndarray]] = {
        "IN": lambda x: instancenorm_forward(x, gamma, beta)[0],
        "GN": lambda x: groupnorm_forward(x, 3, gamma, beta)[0],
        "LN": lambda x: groupnorm_forward(x, 1, gamma, beta)[0],
        "BN": lambda x: (x - mean) / sd,
    }
    return float(np.sqrt(np.mean((norms[norm](changed) - norms[norm](x))[0] ** 2)))
