"""One training run on digits and its test error: the trainer that exercise 8.2 compares with."""

from typing import Literal

import torch

from bncourse.data import load_digits
from bncourse.experiments.training import accuracy, build_mlp, mini_batches, one_thread, train

SAMPLES = 1280  # every batch size in use divides it
LAYERS = (64, 128, 128, 10)
NORMS = {"none": None, "batch": "batch", "layer": "layer", "group": "group"}


def train_and_test(
    norm: str,
    batch_size: int,
    *,
    learning_rate: float,
    updates: int,
    seed: int,
    mode: Literal["train", "eval"] = "train",
) -> float:
    """Train an MLP by plain SGD on 1280 digits; return its error on 500 others, in per cent.

    Args:
        norm: "none", "batch", "layer" or "group".
        batch_size: at most 1280; at least 2 for "batch".
        learning_rate: of every update.
        updates: how many; one epoch is 1280 / batch_size of them.
        seed: of the weights and of the order of the samples.
        mode: in which the net is tested; as in PyTorch, training leaves it in "train".

    Raises:
        ValueError: the norm or the mode is not known.
    """
    if norm not in NORMS or mode not in ("train", "eval"):
        raise ValueError(
            f"norm {norm!r} and mode {mode!r} are not both known: the norm is one of "
            f"{', '.join(NORMS)}, the mode 'train' or 'eval'"
        )
    digits = load_digits()
    x, y = (torch.from_numpy(a[:SAMPLES]) for a in (digits.x_train, digits.y_train))
    x_test, y_test = torch.from_numpy(digits.x_test), torch.from_numpy(digits.y_test)
    model = build_mlp(LAYERS, [seed], activation="relu", init="he", norm=NORMS[norm])
    batches = mini_batches(SAMPLES, batch_size, [seed])

    def error(net: torch.nn.Module) -> float:
        return 100 * (1 - float(accuracy(net.train(mode == "train")(x_test[None]), y_test)[0]))

    with one_thread():
        (found,) = train(
            model, x, y, batches, learning_rate=learning_rate, measure=error, measure_at=(updates,)
        )
    return found
