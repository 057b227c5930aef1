"""The group dial: from layer norm to instance norm by one number, and what a paper found there."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import svg
from ipywidgets import Widget

from bncourse.figures.choices import Choices
from bncourse.figures.dial import Stops
from bncourse.figures.gate import Choice
from bncourse.figures.group_dial_drawing import Sets, picture
from bncourse.figures.interactive import Record, Schematic, note
from bncourse.figures.style import number
from bncourse.layers.shared_mean import normalise_over
from bncourse.results.published import WU_HE

if TYPE_CHECKING:
    from bncourse.results.published import WuHe

SHAPE = (2, 8, 3, 3)  # N, C, H, W
EPS = 1e-5
GROUPS = (1, 2, 4, 8)
KINDS = {"BN": "batch norm", "LN": "layer norm", "IN": "instance norm", "GN": "group norm"}
# Names of the axes that a set runs over, for the hatches.
ALONG = {
    "BN": ("images", "pixels"),
    "LN": ("channels", "pixels"),
    "IN": ("pixels",),
    "GN": ("channels", "pixels"),
}


class GroupDial(Schematic):
    """Two images of eight channels, one number marked, and the numbers that share its mean.

    The state is ``kind``, a key of KINDS; ``groups``, G of group norm, one of GROUPS; ``marked``
    [n, c, h, w]; and ``images``, per GPU, where the reported errors are read.

    Args:
        record: as in ``Interactive``.
        reported: the errors of the paper.
    """

    name = "group_dial"
    title = "The group dial: which numbers share a mean"
    opening: ClassVar = {"kind": "GN", "groups": 2, "marked": [0, 5, 1, 1], "images": 32}
    frames = (
        ("Group norm with 2 groups, 16 images per GPU", {"images": 16}),
        ("Group norm with 8 groups, 8 images per GPU", {"groups": 8, "images": 8}),
        ("Batch norm, 2 images per GPU", {"kind": "BN", "images": 2}),
    )
    questions = (
        Choice(
            "limits",
            "Group norm cuts the C = 8 channels of an image into G groups of neighbours; a group "
            "of one image shares a mean. Which G normalises as layer norm over (C, H, W) does, "
            "and which as instance norm?",
            (
                "layer norm: G = 1, instance norm: G = 8",
                "layer norm: G = 8, instance norm: G = 1",
                "layer norm: G = 2, instance norm: G = 4",
                "no G gives either of them",
            ),
        ),
        Choice(
            "overtakes",
            "A ResNet-50 on ImageNet was trained with 32, 16, 8, 4 and 2 images per GPU, with "
            "batch norm and with group norm. Coming from 32, where does group norm begin to have "
            "the smaller validation error?",
            (
                "already at 32",
                "between 32 and 16",
                "between 16 and 8",
                "between 8 and 4",
                "between 4 and 2",
                "nowhere down to 2",
            ),
        ),
    )
    gap = (
        "With 2 images per GPU batch norm does worse than instance norm with 32, although its "
        "means run over twice as many numbers. What do its means depend on that those of instance "
        "norm do not? And between 64 groups and 2, how much does the choice of G matter?"
    )
    claim = (
        "Sets and counts are exact for this shape; what a batch-mate changes is computed on one "
        "random tensor. Errors are reported by Wu & He (2018), Tables 1 to 3, one number for each "
        "net and no spread; they were not measured here. Their layers have 64 to 2048 channels, so "
        "G = 8 is not instance norm there."
    )

    def __init__(self, record: Record = note, reported: WuHe = WU_HE) -> None:
        self.reported = reported
        super().__init__(record)

    def make_controls(self) -> dict[str, Widget]:
        """Return the tabs, the dial of groups and the images per GPU."""
        return {
            "kind": Choices([(kind, kind) for kind in KINDS], self.state["kind"]),
            "groups": Stops("groups G", GROUPS, self.state["groups"]),
            # In the order of the chart, so that its cursor goes the same way.
            "images": Stops("images per GPU", self.reported.images_per_gpu, self.state["images"]),
        }

    def make_actions(self) -> dict[str, Callable[[dict[str, Any]], dict[str, Any]]]:
        """Return the button that marks another number."""
        return {"Mark another number": lambda state: {"marked": _another(state["marked"])}}

    def steer(self, name: str, value: Any) -> dict[str, Any]:
        """Turning the dial of groups chooses group norm."""
        if name == "groups":
            return {"kind": "GN", "groups": int(value)}
        return {name: int(value) if name == "images" else value}

    def draw(self, state: dict[str, Any]) -> svg.SVG:
        """Draw the tensor; sets, counts and errors only when revealed."""
        guess = None
        if self.prediction:
            said = self.prediction["overtakes"]
            guess = (f"you: {said}", () if said.startswith("nowhere") else _sizes_in(said))
        return picture(
            sets_of(state),
            self.reported if self.revealed else None,
            state["images"],
            guess,
            self.title,
            self.describe(state),
        )

    def describe(self, state: dict[str, Any]) -> str:
        """Say who shares a mean and what is reported; only what is marked before the prediction."""
        place = ", ".join(str(at) for at in state["marked"])
        if not self.revealed:
            return f"Marked: x[{place}] of 2 images with 8 channels of 3 × 3 pixels."
        now, at = sets_of(state), self.reported.images_per_gpu.index(state["images"])
        text = (
            f"{now.name}: x[{place}] shares its mean with {now.size - 1} others; {now.count} sets "
            f"of {now.size}, {now.learned} numbers gamma and beta. "
        )
        if now.mate:
            text += f"Another batch-mate changes x̂ of its image by up to {number(now.mate, 2)}. "
        else:
            text += "Another batch-mate changes nothing. "
        batch, group = self.reported.batch_norm[at], self.reported.group_norm[at]
        text += (
            f"Reported with {state['images']} images per GPU: BN {batch:.1f} %, GN with 32 groups "
            f"{group:.1f} %"
        )
        if state["kind"] == "GN":
            errors = dict(zip(self.reported.groups, self.reported.by_groups, strict=True))
            plural = "" if state["groups"] == 1 else "s"
            error = errors[state["groups"]]
            return f"{text}; with 32 images, {state['groups']} group{plural} {error:.1f} %."
        if state["kind"] != "BN":
            error = self.reported.error_at_32(state["kind"])
            return f"{text}; with 32 images, {state['kind']} {error:.1f} %."
        return f"{text}."


def sets_of(state: dict[str, Any]) -> Sets:
    """Return the sets of the state's norm, with all counts."""
    kind, groups, marked = state["kind"], state["groups"], tuple(state["marked"])
    channels, pixels = SHAPE[1], SHAPE[2] * SHAPE[3]
    over = blocks(kind, groups)
    size = over[0] * over[1] * pixels
    name = f"GN, G = {groups}" if kind == "GN" else f"{kind}, {KINDS[kind]}"
    same = ""
    if kind == "GN" and groups in (1, channels):
        same = f"the sets of {'layer norm over (C, H, W)' if groups == 1 else 'instance norm'}"
    # Layer norm over (C, H, W) has its own gamma and beta for each place of each channel.
    learned = 2 * channels * (pixels if kind == "LN" else 1)
    return Sets(
        shape=SHAPE,
        marked=marked,
        over=over,
        members=members(kind, groups, marked),
        along=tuple(axis for axis in ALONG[kind] if axis != "channels" or over[1] > 1),
        name=name,
        same=same,
        size=size,
        count=math.prod(SHAPE) // size,
        learned=learned,
        mate=mate_matters(kind, groups, marked[0]),
        kind=kind,
        groups=groups,
    )


def blocks(kind: str, groups: int) -> tuple[int, int]:
    """Return how many images and how many channels one set spans."""
    images, channels = SHAPE[:2]
    spans = {"BN": (images, 1), "LN": (1, channels), "IN": (1, 1)}
    return spans.get(kind, (1, channels // groups))


def members(kind: str, groups: int, marked: tuple[int, ...]) -> np.ndarray:
    """Return which numbers share the mean of the marked one, a boolean array of SHAPE."""
    images, channels = blocks(kind, groups)
    n, c = marked[0] // images * images, marked[1] // channels * channels
    chosen = np.zeros(SHAPE, dtype=bool)
    chosen[n : n + images, c : c + channels] = True
    return chosen


def normalised(x: np.ndarray, kind: str, groups: int) -> np.ndarray:
    """Return x_hat of x, an array of SHAPE, without gamma and beta."""
    images, channels = blocks(kind, groups)
    n, c, h, w = SHAPE
    cut = x.reshape(n // images, images, c // channels, channels, h, w)
    return normalise_over(cut, (1, 3, 4, 5), EPS)[0].reshape(SHAPE)


@lru_cache(maxsize=32)
def mate_matters(kind: str, groups: int, image: int) -> float:
    """Return by how much another batch-mate changes x_hat of an image, at most; 0 if by nothing."""
    draw = np.random.default_rng(10)
    x, other = draw.normal(size=SHAPE), draw.normal(1, 2, size=SHAPE)
    changed = x.copy()
    changed[1 - image] = other[1 - image]
    gap = np.abs(normalised(x, kind, groups) - normalised(changed, kind, groups))[image].max()
    return float(gap) if gap > 1e-9 else 0.0


def _sizes_in(said: str) -> tuple[int, ...]:
    """Return the batch sizes that an answer names, ("between 8 and 4") -> (8, 4)."""
    return tuple(int(word) for word in said.split() if word.isdecimal())


def _another(marked: list[int]) -> list[int]:
    # A step without a common factor with the number of cells: it comes to every one of them.
    flat = np.ravel_multi_index(marked, SHAPE) + 59
    return [int(at) for at in np.unravel_index(flat % math.prod(SHAPE), SHAPE)]
