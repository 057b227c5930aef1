"""Errors that Wu & He (2018) report for group norm and its relatives, copied from their tables.

Nothing here was measured by this course: training a ResNet-50 on ImageNet takes days of several
GPUs. All numbers are percent of the ImageNet validation images that are classified wrongly. The
paper gives one number for each net, the median over its last five epochs (section 4.1), and no
spread over trainings: a difference of a few tenths may be luck.

Source: Y. Wu and K. He, Group Normalization, ECCV 2018, arXiv 1803.08494, Tables 1 to 3.
"""

from dataclasses import dataclass

SOURCE = "Wu & He 2018, Group Normalization, arXiv 1803.08494, Tables 1 to 3"


@dataclass(frozen=True)
class WuHe:
    """ResNet-50 on ImageNet: validation errors in percent, as reported and not measured here.

    Attributes:
        source: where the numbers stand.
        norms: the four norms of Table 1, which all train with 32 images per GPU.
        at_32: (4,) their errors.
        images_per_gpu: (5,) of Table 2, descending. The paper trains on 8 GPUs for 100 epochs;
            statistics of batch norm are those of each GPU alone, and the learning rate is
            proportional to the batch size, for both norms.
        batch_norm, group_norm: (5,) errors of Table 2; group norm has 32 groups in every layer.
        groups: (7,) of the first row of Table 3, in every layer; 1 is layer norm.
        by_groups: (7,) errors, with 32 images per GPU.
        channels_per_group: (7,) of its second row, in every layer; 1 is instance norm.
        by_channels: (7,) errors.
    """

    source: str
    norms: tuple[str, ...]
    at_32: tuple[float, ...]
    images_per_gpu: tuple[int, ...]
    batch_norm: tuple[float, ...]
    group_norm: tuple[float, ...]
    groups: tuple[int, ...]
    by_groups: tuple[float, ...]
    channels_per_group: tuple[int, ...]
    by_channels: tuple[float, ...]

    def error_at_32(self, norm: str) -> float:
        """Return the error of one of `norms` in Table 1; raises ValueError for another."""
        return self.at_32[self.norms.index(norm)]

    def overtaken(self) -> tuple[int, int]:
        """Return the two neighbouring batch sizes, the larger first, between which BN falls behind.

        Above the first, batch norm has the smaller error; from the second on, group norm.
        """
        rows = zip(self.images_per_gpu, self.batch_norm, self.group_norm, strict=True)
        behind = [size for size, batch, group in rows if group < batch]
        first = self.images_per_gpu.index(max(behind))
        return self.images_per_gpu[first - 1], self.images_per_gpu[first]


WU_HE = WuHe(
    source=SOURCE,
    norms=("BN", "LN", "IN", "GN"),
    at_32=(23.6, 25.3, 28.4, 24.1),
    images_per_gpu=(32, 16, 8, 4, 2),
    batch_norm=(23.6, 23.7, 24.8, 27.3, 34.7),
    group_norm=(24.1, 24.2, 24.0, 24.2, 24.1),
    groups=(64, 32, 16, 8, 4, 2, 1),
    by_groups=(24.6, 24.1, 24.6, 24.4, 24.6, 24.7, 25.3),
    channels_per_group=(64, 32, 16, 8, 4, 2, 1),
    by_channels=(24.4, 24.5, 24.2, 24.3, 24.8, 25.6, 28.4),
)


def load_published() -> WuHe:
    """Return the reported errors."""
    return WU_HE
