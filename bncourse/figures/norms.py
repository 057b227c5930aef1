"""The norms of the course and what stands beside them, as data: what the summary sheet says."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Norm:
    """One norm.

    Attributes:
        name, formula: the formula in TeX, as far as Matplotlib knows it.
        shape: names of the rows, of the grids in a row, and of what is in a grid.
        shaded: (rows, grids, cells), how many of each one set spans in a small picture.
        along: "batch", "channel" or "space": the axes that a set runs over.
        axes, learned, state, same, smallest, use, source: one or two lines each.
    """

    name: str
    formula: str
    shape: tuple[str, str, str]
    shaded: tuple[int, int, int]
    along: tuple[str, ...]
    axes: str
    learned: str
    state: str
    same: str
    smallest: str
    use: str
    source: str


IMAGES, VECTORS, WEIGHTS = ("N", "C", "H × W"), ("N", "H", ""), ("O", "I", "kernel")
ALL = 9  # cells of a 3 × 3 grid
STANDARD = r"$y=\gamma_c\,\dfrac{x-\mu_{%s}}{\sqrt{\sigma_{%s}^2+\epsilon}}+\beta_c$"
NORMS = (
    Norm(
        "Batch norm",
        STANDARD % ("c", "c"),
        IMAGES,
        (2, 1, ALL),
        ("batch", "space"),
        "mean over N, H, W: axes (0, 2, 3)",
        "gamma, beta (C,)",
        "running mean and var (C,)",
        "no, running averages",
        "2 numbers: only signs left",
        "shuffled batches of 16 or more\nsamples per device",
        "Ioffe & Szegedy 2015, 1502.03167",
    ),
    Norm(
        "Layer norm",
        r"$y=\gamma_j\,\dfrac{x-\mu_n}{\sqrt{\sigma_n^2+\epsilon}}+\beta_j$",
        VECTORS,
        (1, 6, 1),
        ("channel",),
        "mean over the features: axis -1",
        "gamma, beta (H,)",
        "none",
        "yes",
        "2 features: only signs left",
        "sequences, transformers, RNNs;\nMLPs with small batches",
        "Ba, Kiros & Hinton 2016, 1607.06450",
    ),
    Norm(
        "RMSNorm",
        r"$y=\gamma_j\,\dfrac{x}{\sqrt{\mathrm{mean}_n(x^2)+\epsilon}}$",
        VECTORS,
        (1, 6, 1),
        ("channel",),
        "mean of squares: axis -1, no centring",
        "gamma (H,), no beta",
        "none",
        "yes",
        "1 (its sign times gamma)",
        "as layer norm, with less to\ncompute; nothing is centred",
        "Zhang & Sennrich 2019, 1910.07467",
    ),
    Norm(
        "Instance norm",
        STANDARD % ("n,c", "n,c"),
        IMAGES,
        (1, 1, ALL),
        ("space",),
        "mean over H, W: axes (2, 3)",
        "gamma, beta (C,), or none",
        "none, unless asked for",
        "yes, as there is no state",
        "2 pixels: only signs left",
        "style: removes each channel's own\nlevel and spread in an image",
        "Ulyanov and others 2016, 1607.08022",
    ),
    Norm(
        "Group norm",
        STANDARD % ("n,g", "n,g"),
        IMAGES,
        (1, 2, ALL),
        ("channel", "space"),
        "mean over C / G channels, H, W",
        "gamma, beta (C,), not (G,)",
        "none",
        "yes",
        "2 numbers in a group",
        "few images per device (reported):\ndetection, segmentation, video",
        "Wu & He 2018, 1803.08494",
    ),
    Norm(
        "Weight standardisation",
        r"$\hat{W}=\dfrac{W-\mu_o}{\sqrt{\sigma_o^2+\epsilon}}$",
        WEIGHTS,
        (1, 4, ALL),
        ("channel", "space"),
        "mean over I and kernel, for each output",
        "none of its own (W is learned)",
        "none",
        "yes",
        "2 weights of an output",
        "convolutions, together with\ngroup norm",
        "Qiao and others 2019, 1903.10520",
    ),
    Norm(
        "Dynamic tanh (DyT)",
        r"$y=\gamma_j\,\tanh(\alpha\,x)+\beta_j$",
        VECTORS,
        (1, 1, 1),
        (),
        "no mean at all: each number alone",
        "alpha (1), gamma, beta (H,)",
        "none",
        "yes",
        "1",
        "in place of layer norm in\ntransformers",
        "Zhu and others 2025, 2503.10622",
    ),
)
