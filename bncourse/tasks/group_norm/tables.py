"""The tables of Wu & He 2018 that the exercises of lesson 10 ask about.

"Group Normalization", arXiv 1803.08494, Tables 1 to 3: top-1 validation error in per cent, a
ResNet-50 on ImageNet, trained on 8 devices. All other rows than those of `BY_BATCH` are with 32
images on each device.
"""

from __future__ import annotations

from bncourse.results.published import WU_HE

SIZES = WU_HE.images_per_gpu
BY_BATCH = {"BN": WU_HE.batch_norm, "GN": WU_HE.group_norm}
AT_32 = dict(zip(WU_HE.norms, WU_HE.at_32, strict=True))
COUNTS = WU_HE.groups
BY_GROUPS, BY_CHANNELS = WU_HE.by_groups, WU_HE.by_channels


def error(norm: str, size: int) -> float:
    """Return the error of "BN" or "GN" with that many images on each device."""
    return BY_BATCH[norm][SIZES.index(size)]


def of_groups(count: int) -> float:
    """Return the error with that many groups in each layer."""
    return BY_GROUPS[COUNTS.index(count)]


def of_channels(count: int) -> float:
    """Return the error with that many channels in each group."""
    return BY_CHANNELS[COUNTS.index(count)]


def by_batch() -> str:
    """Write BN and GN by images on each device as a Markdown table."""
    return _table("images on each device", SIZES, BY_BATCH)


def at_32() -> str:
    """Write the four norms with 32 images on each device as a Markdown table."""
    return _table("32 images on each device", tuple(AT_32), {"error": tuple(AT_32.values())})


def by_groups() -> str:
    """Write the ablation of group norm as a Markdown table of two rows of its own."""
    return _table(
        "how many",
        COUNTS,
        {"groups in each layer": BY_GROUPS, "channels in each group": BY_CHANNELS},
    )


def _table(corner: str, columns: tuple, rows: dict[str, tuple[float, ...]]) -> str:
    lines = [f"| {corner} |", "|:--|"]
    for column in columns:
        lines[0] += f" {column} |"
        lines[1] += "--:|"
    lines += [f"| {name} |" + "".join(f" {v:.1f} |" for v in row) for name, row in rows.items()]
    return "\n".join(lines)
