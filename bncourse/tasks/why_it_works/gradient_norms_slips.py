"""Wrong walks back through a deep net: one function with a switch for each slip."""

from __future__ import annotations

import numpy as np

from bncourse.grading.kinds import slips

SIZES = {
    "squares": lambda d: (d**2).sum(),
    "root": lambda d: np.sqrt((d**2).sum()),
    "mean": lambda d: (d**2).mean(),
    "per sample": lambda d: (d**2).sum() / len(d),
    "sizes": lambda d: np.abs(d).sum(),
    "sum squared": lambda d: d.sum() ** 2,
    "spectral": lambda d: np.linalg.norm(d, 2) ** 2,
    "largest": lambda d: np.abs(d).max() ** 2,
}


def gradient_norms(
    norm, x, weights, dy, *,
    mask="z", back="right", product="transposed", size="squares", order="input first",
    which="all", forward="relu", walk="backwards",
):  # fmt: skip
    """Return |dL/dh|² at the input and behind each layer; the keywords switch slips on."""
    h, kept = x, []
    for W in weights:
        a = (x if forward == "always x" else h) @ W
        z, undo = norm(a)
        kept.append((W, a, z, undo, h))
        h = z if forward == "no relu" else np.maximum(z, 0)
    found, dh = [dy], dy
    for place in range(len(kept) - 1, -1, -1):
        W, a, z, undo, below = kept[place]
        other = kept[len(kept) - 1 - place]
        if walk in ("weights forwards", "all forwards"):
            W = other[0]
        if walk in ("the rest forwards", "all forwards"):
            _, a, z, undo, below = other
        undo = kept[-1][3] if back == "of the last layer" else undo
        if back == "norm once more":
            undo = lambda dz: norm(dz)[0]  # noqa: E731 (in its place stands a function, too)
        shut = {
            "z": lambda z=z: z > 0,
            "none": lambda: 1,
            "a": lambda a=a: a > 0,
            "input": lambda below=below: below > 0,
            "gradient": lambda dh=dh: dh > 0,
            "last": lambda: kept[-1][2] > 0,
            "above": lambda place=place: kept[min(place + 1, len(kept) - 1)][2] > 0,
            "not the last": lambda z=z, place=place: (z > 0) | (place == len(kept) - 1),
        }[mask if mask != "behind" else "none"]()
        dz = dh * shut
        da = dz if back in ("skipped", "skipped, mask behind") else undo(dz)
        if mask == "behind":
            da = da * (z > 0)
        if which in ("weights", "weights, then dy"):
            found.append(below.T @ da)
        if which == "before the product":
            found.append(da)
        dh = da @ (W if product == "not transposed" else W.T)
        if which not in ("weights", "weights, then dy", "before the product"):
            found.append(dh)
    if which == "activations":
        found = [h, *(below for *_, below in kept[::-1])]
    squares = np.array([SIZES[size](d) for d in found[::-1]])
    if which in ("weights", "without dy"):
        squares = squares[:-1]
    if which == "without the input":
        squares = squares[1:]
    if which == "input only":
        squares = squares[:1]
    if which == "growth":
        squares = squares[:-1] / squares[1:]
    if which == "over dy":
        squares = squares / squares[-1]
    return squares[::-1] if order == "output first" else squares


_slip = slips(gradient_norms)

MISCONCEPTIONS = (
    _slip(
        "no ReLU backwards",
        "Backwards the ReLU is missing: the gradient went through where z was negative.",
        "What is the slope of a ReLU left of 0?",
        mask="none",
    ),
    _slip(
        "ReLU of a",
        "The gradient was stopped where a is negative. The ReLU saw z, what the norm made of a.",
        "What goes into the ReLU?",
        mask="a",
    ),
    _slip(
        "ReLU of the layer below",
        "The gradient was stopped by what goes into the layer, not by what its ReLU saw.",
        "Which layer's z belongs to this step?",
        mask="input",
    ),
    _slip(
        "ReLU of the gradient",
        "The ReLU was applied to the gradient itself: negative gradients were dropped.",
        "Does the ReLU's slope depend on the gradient, or on z?",
        mask="gradient",
    ),
    _slip(
        "ReLU of the layer above",
        "The gradient was stopped by the z of the layer above.",
        "Which layer's z belongs to this step?",
        mask="above",
    ),
    _slip(
        "the last ReLU forgotten",
        "dy went back through the last layer as if it had no ReLU.",
        "What stands between the last z and the output?",
        mask="not the last",
    ),
    _slip(
        "the last layer's ReLU",
        "Every layer used the z of the last one.",
        "What must the forward loop keep for each layer?",
        mask="last",
    ),
    _slip(
        "ReLU after the norm's backward",
        "The gradient first went back through the norm and then through the ReLU. Forwards the "
        "norm comes first, so backwards the ReLU does.",
        "Which of the two was applied last on the way up?",
        mask="behind",
    ),
    _slip(
        "the norm skipped",
        "Backwards the norm was skipped: dz was taken for da. That drops the 1/sd and both paths "
        "through the statistics.",
        "What does back do, and where do you call it?",
        "M4",
        back="skipped",
    ),
    _slip(
        "the last layer's back",
        "Every layer went back through the norm of the last one.",
        "Which of the functions called back belongs to this step?",
        back="of the last layer",
    ),
    _slip(
        "the norm forwards once more",
        "The gradient was normalised: it went through norm once more, not through back.",
        "norm(a) gave two things. Which of them takes a gradient?",
        back="norm once more",
    ),
    _slip(
        "weights in forward order",
        "Backwards the weights came in the order of the way up: the first W met the last layer's "
        "gradient. reversed turns only the list that it is given.",
        "Which W belongs to the first step of your second loop?",
        walk="weights forwards",
    ),
    _slip(
        "layers in forward order",
        "Backwards the weights came in turned order, but what the layers kept, z or back, came in "
        "the order of the way up.",
        "Whose z and back does the first step of your second loop need?",
        walk="the rest forwards",
    ),
    _slip(
        "walked forwards",
        "The second loop walks up through the layers again. dy belongs behind the last one.",
        "Through which layer does dy go first?",
        walk="all forwards",
    ),
    _slip(
        "W not transposed",
        "The gradient was multiplied by W, not by its transpose. W is square, so no error comes.",
        "a = h @ W: which unit of h does da[n, j] lead back to, and by which entry of W?",
        product="not transposed",
    ),
    _slip(
        "lengths, not squares",
        "Those are the lengths of the gradients. Their squares were asked for.",
        "How is the growth of the squares related to that of the lengths?",
        size="root",
    ),
    _slip(
        "mean of squares",
        "The squares were averaged, not summed.",
        "Which function did you use behind **2?",
        size="mean",
    ),
    _slip(
        "per sample",
        "The sum was divided by the number of samples.",
        "Over what is the sum of all squares taken?",
        size="per sample",
    ),
    _slip(
        "sum of sizes",
        "The sizes were summed without squaring them.",
        "For a gradient (3, 4): 25 or 7?",
        size="sizes",
    ),
    _slip(
        "square of the sum",
        "The entries were summed first and squared then: they cancel.",
        "For a gradient (3, −3): 18 or 0?",
        size="sum squared",
    ),
    _slip(
        "spectral norm",
        "np.linalg.norm got the order 2, which for a matrix is its largest singular value.",
        "What does np.linalg.norm do with a matrix when no order is given?",
        size="spectral",
    ),
    _slip(
        "largest entry",
        "That is the square of the largest entry.",
        "For a gradient (3, 4): 25 or 16?",
        size="largest",
    ),
    _slip(
        "output first",
        "The order is turned: the output's comes first. The input's was to.",
        "Which of your numbers is the sum of dy**2?",
        order="output first",
    ),
    _slip(
        "weights' gradients",
        "Those are the gradients of the weights. Those of h were asked for.",
        "dL/dW or dL/dh: which of the two has the shape of x?",
        which="weights",
    ),
    _slip(
        "weights' gradients, then dy",
        "Those are the gradients of the weights, with dy's behind them. Those of h were asked for.",
        "dL/dW or dL/dh: which of the two has the shape of x?",
        which="weights, then dy",
    ),
    _slip(
        "activations",
        "Those are the squares of x and of the layers' outputs. The gradients' were asked for.",
        "What should the last number be, and what did you put there?",
        which="activations",
    ),
    _slip(
        "gradients of a",
        "Those are the gradients of a, before the product with W. Those of h were asked for.",
        "What comes between da and dh?",
        which="before the product",
    ),
    _slip(
        "dy left out",
        "The square of dy itself is missing at the end: depth + 1 numbers were asked for.",
        "How many h are there, with the input and the output?",
        which="without dy",
    ),
    _slip(
        "input left out",
        "The input's gradient is missing at the start: depth + 1 numbers were asked for.",
        "How many h are there, with the input and the output?",
        which="without the input",
    ),
    _slip(
        "input only",
        "Only the input's gradient came back: depth + 1 numbers were asked for.",
        "Where do you keep the squares on the way?",
        which="input only",
    ),
    _slip(
        "ratios for squares",
        "Those are the ratios of neighbouring layers. The squares themselves were asked for.",
        "What should the last number be?",
        which="growth",
    ),
    _slip(
        "over dy's",
        "Everything was divided by the square of dy. The squares themselves were asked for.",
        "What should the last number be?",
        which="over dy",
    ),
    _slip(
        "always x",
        "Each layer was given x, not the output of the layer below.",
        "What goes into the second layer?",
        forward="always x",
    ),
    _slip(
        "no ReLU forwards",
        "Forwards the ReLU is missing: the next layer got z.",
        "What does a layer hand on, z or max(z, 0)?",
        forward="no relu",
    ),
)
