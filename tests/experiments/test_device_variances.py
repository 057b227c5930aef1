"""The variance of a feature over two devices: merged, averaged, and in float32."""

import numpy as np
import pytest

from bncourse.experiments.device_variances import measure_merging, measure_one_pass


@pytest.mark.parametrize("sizes", [(32, 32), (8, 16), (1, 5), (3, 4, 9)])
def test_within_and_between_make_the_whole(sizes):
    found = measure_merging(sizes)
    assert found.variance == pytest.approx(found.within + found.between)
    assert found.mean == pytest.approx(np.average(found.means, weights=sizes))


def test_averaged_variances_lose_what_is_between_two_shifted_halves():
    found = measure_merging()
    assert found.mean_of_variances < 1.5 < 8 < found.variance
    assert found.mean_of_variances == pytest.approx(found.within)  # equal sizes
    assert found.mean_of_means == pytest.approx(found.mean)


def test_the_mean_of_means_needs_equal_shards():
    found = measure_merging((8, 16), 2.0)
    assert abs(found.mean_of_means - found.mean) > 0.1


def test_one_pass_loses_digits_with_the_square_of_the_offset_and_the_merge_does_not():
    found = measure_one_pass()
    worst = found.one_pass.max(axis=0)
    assert found.offsets.tolist() == [0, 10, 100, 1000, 1e4]
    assert worst[0] < 1e-6 and worst[2] > 1e-4 and worst[3] > 0.01 and worst[4] > 1
    # Ten times the offset costs about two digits.
    typical = np.median(found.one_pass, axis=0)
    assert (typical[2:] / typical[1:-1] > 10).all()
    assert found.negative[-1] > 0 and not found.negative[:3].any()
    assert found.merged.max() < 1e-3
    assert (found.merged.max(axis=0)[2:] < worst[2:] / 100).all()
