from itertools import combinations, permutations

import numpy as np
import pytest

from bncourse.data import load_digits
from bncourse.experiments.twelve_images import TwelveImages, deal, twelve_images


@pytest.fixture(scope="module")
def images():
    return twelve_images()


def test_halves_are_the_upper_and_the_lower_ink(images):
    pixels = load_digits().x_train
    for i in (0, 5, 11):
        assert images.x[i] == pytest.approx(16 * sum(pixels[i, :32]) / 32)
        assert images.y[i] == pytest.approx(16 * sum(pixels[i, 32:]) / 32)
    assert images.x.shape == images.y.shape == images.gradients.shape == (12,)


def test_gradients_are_slopes_of_the_half_squared_error(images):
    def losses(w):
        return (w * images.x - images.y) ** 2 / 2

    slopes = (losses(images.w + 1e-4) - losses(images.w - 1e-4)) / 2e-4
    np.testing.assert_allclose(images.gradients, slopes, rtol=1e-7)
    assert images.full == pytest.approx(slopes.mean())


def test_gradients_differ_and_their_mean_is_not_nothing(images):
    assert len(set(images.gradients)) == 12
    assert images.gradients.min() < 0 < images.gradients.max()
    assert abs(images.full) > images.spread / 4


@pytest.mark.parametrize("batch_size", range(1, 14))
def test_every_image_is_dealt_once(batch_size):
    order = np.random.default_rng(3).permutation(12)
    batches = deal(12, batch_size, order=order)
    assert list(np.concatenate(batches)) == list(order)
    assert len(batches) == -(-12 // batch_size)
    assert {len(batch) for batch in batches[:-1]} <= {batch_size}
    full = deal(12, batch_size, drop_last=True, order=order)
    assert len(full) == 12 // batch_size
    assert all(list(a) == list(b) for a, b in zip(full, batches, strict=False))
    assert {len(batch) for batch in full} <= {batch_size}


def test_without_an_order_samples_lie_in_theirs():
    assert [list(batch) for batch in deal(5, 2)] == [[0, 1], [2, 3], [4]]


@pytest.mark.parametrize("order", [[0, 1, 1], [1, 2, 3], [0, 1]])
def test_a_deck_that_lacks_a_card_is_refused(order):
    with pytest.raises(ValueError, match="once"):
        deal(3, 2, order=order)
    with pytest.raises(ValueError, match="at least one"):
        deal(3, 0)


@pytest.mark.parametrize("batch_size", range(1, 13))
def test_the_weighted_average_is_the_full_gradient_and_the_plain_one_only_for_equal_batches(
    images, batch_size
):
    for seed in range(5):
        order = np.random.default_rng(seed).permutation(12)
        batches = deal(12, batch_size, order=order)
        assert images.weighted_average(batches) == pytest.approx(images.full, rel=1e-12)
        even = images.plain_average(batches) == pytest.approx(images.full, rel=1e-12)
        assert even == (12 % batch_size == 0)


def test_a_batch_needs_an_image(images):
    for batches in ([], [np.array([], int)]):
        with pytest.raises(ValueError, match="every batch needs an image"):
            images.gradients_of(batches)


@pytest.fixture(scope="module")
def few():
    return TwelveImages(np.random.default_rng(4).integers(0, 17, (6, 8, 8)), 0.5)


@pytest.mark.parametrize("batch_size", range(1, 7))
def test_the_predicted_sd_is_that_of_all_batches_there_are(few, batch_size):
    every = few.gradients_of([np.array(chosen) for chosen in combinations(range(6), batch_size)])
    assert every.mean() == pytest.approx(few.full)
    assert every.std() == pytest.approx(few.predicted_sd(batch_size), abs=1e-12)


def test_an_epoch_of_three_pairs_averages_to_the_full_gradient_in_every_order(few):
    for order in permutations(range(6)):
        assert few.plain_average(deal(6, 2, order=order)) == pytest.approx(few.full)


def test_estimates_are_seeded_and_spread_as_predicted(images):
    for batch_size in (1, 2, 4):
        drawn = images.estimates(batch_size, 2000)
        np.testing.assert_array_equal(drawn, images.estimates(batch_size, 2000))
        assert not np.array_equal(drawn, images.estimates(batch_size, 2000, seed=1))
        # The sd of 2000 draws is within 5 % of the truth; three times its own error.
        assert drawn.std() == pytest.approx(images.predicted_sd(batch_size), rel=0.05)
    assert set(images.estimates(12, 5)) == {images.full}
