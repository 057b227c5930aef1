"""Maps of 1 x 1: two images leave a sign, up to eps; one image is refused or is instance norm."""

import numpy as np

from bncourse.experiments.one_by_one import FILTERS, measure_one_by_one


def test_the_outputs_are_what_the_formula_says():
    few = measure_one_by_one()
    assert few.sizes.shape == few.predicted.shape == (200, FILTERS)
    np.testing.assert_allclose(few.sizes, few.predicted, atol=1e-10)


def test_most_are_near_one_and_none_beyond():
    few = measure_one_by_one()
    assert few.sizes.max() < 1
    assert (few.sizes > 0.5).mean() > 0.75
    assert (few.sizes > 0.99).mean() < 0.5  # eps is felt


def test_one_image_is_refused_at_one_pixel_and_is_instance_norm_at_sixteen():
    few = measure_one_by_one(pairs=1)
    assert "more than 1 value per channel" in few.refusal
    assert few.alone_gap < 1e-12
