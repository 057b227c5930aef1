import itertools
from dataclasses import FrozenInstanceError, astuple

import pytest

from bncourse.results.published import SOURCE, WU_HE, load_published


def test_the_tables_agree_with_each_other():
    """The same training stands in several tables of the paper."""
    assert WU_HE.error_at_32("BN") == WU_HE.batch_norm[WU_HE.images_per_gpu.index(32)]
    assert WU_HE.error_at_32("GN") == WU_HE.group_norm[WU_HE.images_per_gpu.index(32)]
    assert WU_HE.error_at_32("GN") == WU_HE.by_groups[WU_HE.groups.index(32)]
    assert WU_HE.error_at_32("LN") == WU_HE.by_groups[WU_HE.groups.index(1)]
    assert WU_HE.error_at_32("IN") == WU_HE.by_channels[WU_HE.channels_per_group.index(1)]


def test_rows_are_complete_and_sizes_descend_by_halves():
    for sizes, *rows in (
        (WU_HE.images_per_gpu, WU_HE.batch_norm, WU_HE.group_norm),
        (WU_HE.groups, WU_HE.by_groups),
        (WU_HE.channels_per_group, WU_HE.by_channels),
    ):
        assert all(len(row) == len(sizes) for row in rows)
        assert all(a == 2 * b for a, b in itertools.pairwise(sizes))
        assert all(20 < error < 40 for row in rows for error in row)


def test_what_the_lesson_says_of_the_tables():
    assert WU_HE.overtaken() == (16, 8)
    assert WU_HE.batch_norm[-1] > WU_HE.error_at_32("IN")
    assert max(WU_HE.group_norm) - min(WU_HE.group_norm) < 0.3
    gaps = [b - g for b, g in zip(WU_HE.batch_norm, WU_HE.group_norm, strict=True)]
    assert max(gaps) == pytest.approx(10.6)
    inner = WU_HE.by_groups[:-1]  # 64 to 2 groups
    assert max(inner) - min(inner) < WU_HE.by_groups[-1] - min(inner)


def test_the_record_is_frozen_and_names_its_source():
    assert load_published() is WU_HE and WU_HE.source == SOURCE and "1803.08494" in SOURCE
    with pytest.raises(FrozenInstanceError):
        WU_HE.groups = ()
    assert all(isinstance(part, str | tuple) for part in astuple(WU_HE))
    with pytest.raises(ValueError):
        WU_HE.error_at_32("none")
