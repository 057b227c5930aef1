"""1.3: the gradient of each mini-batch, and the full gradient from them."""

from __future__ import annotations

import numpy as np

from bncourse.grading.kinds import slips
from bncourse.grading.task import Case, Task


def batch_gradients(
    X, y, w, batches, *, divide="batch", factor=1.0, rows="own", targets="own", combine="weighted"
):  # fmt: skip
    """Return each batch's gradient and the full one; the keywords switch single slips on."""
    sizes = np.array([len(batch) for batch in batches])
    starts = np.cumsum(sizes) - sizes
    G = []
    for start, size, batch in zip(starts, sizes, batches, strict=True):
        in_a_row = np.arange(start, start + size)
        own = batch if rows == "own" else in_a_row
        aims = y[own if targets == "own" else np.arange(size)]
        total = factor * X[own].T @ (X[own] @ w - aims)
        G.append(total / {"batch": size, "n": len(X), "dealt": sizes.sum(), "none": 1}[divide])
    G = np.stack(G)
    full = {
        "weighted": lambda: sizes @ G / sizes.sum(),
        "plain": lambda: G.mean(axis=0),
        "sum": lambda: G.sum(axis=0),
        "over n": lambda: sizes @ G / len(X),
        "not divided": lambda: sizes @ G,
        "all rows": lambda: X.T @ (X @ w - y) / len(X),
    }[combine]()
    return G, full


_slip = slips(batch_gradients)

MISCONCEPTIONS = (
    _slip(
        "sum for mean",
        "The gradients of a batch are added up but not averaged. Twice the batch then makes twice "
        "the step, at the same learning rate.",
        "The loss is a mean over the batch. What must its gradient be divided by?",
        divide="none",
    ),
    _slip(
        "divided by n",
        "Each batch was divided by the number of all images instead of its own.",
        "A batch is a small data set of its own. How many images are in it?",
        divide="n",
    ),
    _slip(
        "divided by all",
        "Each batch was divided by the number of images in all batches together.",
        "A batch is a small data set of its own. How many images are in it?",
        divide="dealt",
    ),
    _slip(
        "factor two",
        "The gradient is twice as long: the loss is half the mean of the squares.",
        "What is the derivative of ½ r²?",
        factor=2.0,
    ),
    _slip(
        "half too much",
        "The gradient is half as long. The ½ of the loss and the 2 of the square cancel.",
        "What is the derivative of ½ r²?",
        factor=0.5,
    ),
    _slip(
        "sign",
        "The gradient points the other way: it points downhill. The minus sign belongs to the "
        "update.",
        "If w is too large for all images, should the gradient be positive or negative?",
        factor=-1.0,
    ),
    _slip(
        "in file order",
        "The batches' sizes were used, but not their indices: the rows were taken as they lie in "
        "the file.",
        "Which rows of X does batches[0] name?",
        rows="in a row",
    ),
    _slip(
        "targets of others",
        "The rows of X are the batch's own, the targets are the first ones of the file.",
        "Which entries of y belong to X[batch]?",
        targets="first",
    ),
    _slip(
        "mean of batch means",
        "The full gradient is the plain average of the batches' gradients. A short batch then "
        "counts as much as a long one.",
        "In batches of 5, 5 and 2: how much should an image of the last batch count?",
        combine="plain",
    ),
    _slip(
        "gradients added up",
        "full is the sum of the rows of G, as they are.",
        "If each row is the average of its batch, and all rows are the same, what must full be?",
        combine="sum",
    ),
    _slip(
        "weights not divided out",
        "full is the sum over all images, not yet their average.",
        "If every batch had the same gradient, what would the full one be?",
        combine="not divided",
    ),
    _slip(
        "dropped images counted",
        "The weighted sum was divided by all rows of X, also where some of them are in no batch.",
        "How many images do the batches hold together?",
        combine="over n",
    ),
    _slip(
        "gradient of all rows",
        "full is the gradient over every row of X, also over rows that are in no batch.",
        "Which images have had their turn in these batches?",
        combine="all rows",
    ),
)


def cases(rng: np.random.Generator) -> list[Case]:
    """Draw data sets with equal and unequal batches, in shuffled order, some rows dropped."""

    def draw(label, n, d, sizes, dtype=float, rtol=1e-7):
        X = rng.normal(0.5, 1, (n, d)).astype(dtype)
        y = rng.normal(1, 2, n).astype(dtype)
        w = rng.normal(0, 1, d).astype(dtype)
        order = rng.permutation(n)
        ends = np.cumsum(sizes)
        batches = [order[e - s : e] for s, e in zip(sizes, ends, strict=True)]
        return Case(label, (X, y, w, batches), rtol)

    X, y = np.array([[1.0], [2.0], [1.0]]), np.array([2.0, 1.0, 5.0])
    by_hand = (X, y, np.array([1.0]), [np.array([2, 0]), np.array([1])])
    return [
        Case("three images, one feature", by_hand),
        draw("12 images as 5 + 5 + 2", 12, 3, [5, 5, 2]),
        draw("12 images as 4 + 4 + 4", 12, 2, [4, 4, 4]),
        draw("one batch of all", 7, 3, [7]),
        draw("batches of one", 5, 2, [1] * 5),
        draw("three images dropped", 13, 2, [5, 5]),
        draw("float32", 12, 4, [5, 5, 2], np.float32, 1e-4),
    ]


def _rows(X, y, w, batches):
    G = []
    for batch in batches:
        g = np.zeros_like(w)
        for i in batch:
            g = g + (sum(X[i, j] * w[j] for j in range(len(w))) - y[i]) * X[i]
        G.append(g / len(batch))
    used = np.concatenate(batches)
    return G, X[used].T @ (X[used] @ w - y[used]) / len(used)


def _average(X, y, w, batches):
    G = np.array([((X[b] @ w - y[b])[:, None] * X[b]).mean(axis=0) for b in batches])
    return G, np.average(G, axis=0, weights=[len(b) for b in batches])


def stub(X, y, w, batches):
    """The exercise as learners find it."""
    G = full = None
    return G, full


TASK = Task(
    id="1.3",
    title="a gradient for each batch",
    entry="batch_gradients",
    objective="Average gradients over batches of unequal size",
    minutes=15,
    params=("X", "y", "w", "batches"),
    outputs=("G", "full"),
    cases=cases,
    reference=batch_gradients,
    misconceptions=MISCONCEPTIONS,
    hints=(
        "A batch is a small data set. Take its rows of X and its entries of y, and forget the "
        "rest for a moment.",
        "With residuals r = X_b w − y_b, the gradient of half the mean of r² is X_bᵀ r divided by "
        "the size of the batch. For the full gradient every image must count the same.",
        "By hand: x = (1, 1), y = (5, 2), w = 1 gives residuals −4 and −1, gradients −4 and −1, "
        "mean −2.5. A second batch with one image, x = 2, y = 1, has r = 1 and gradient 2. All "
        "three together: (−4 − 1 + 2) / 3 = −1; you get it from −2.5 and 2 with weights 2 and 1.",
    ),
    stub=stub,
    accepted=(_rows, _average),
    switchboard=batch_gradients,
)
