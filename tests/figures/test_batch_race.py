from copy import deepcopy

import numpy as np
import pytest

from bncourse import results
from bncourse.figures.batch_race import batch_race
from tests.figures.checks import png_of


@pytest.fixture
def stored():
    def arm(size, rate, updates, per_epoch, ms):
        epochs = [None if u is None else u / per_epoch for u in updates]
        return {
            "batch_size": size,
            "learning_rate": rate,
            "updates": updates,
            "epochs": epochs,
            "ms_per_update": ms,
        }

    arms = [
        arm(1, 0.05, [2000.0, 1000.0, 4000.0], 1000, 0.5),
        arm(10, 0.5, [90.0, 100.0, 120.0], 100, 0.6),
        arm(1000, 1.0, [50.0, 95.0, 60.0], 1, 5.0),
    ]
    return {"target_accuracy": 0.95, "arms": arms}


def median_line(axes):
    return axes.lines[0].get_ydata()


def test_three_panels_draw_every_seed_and_the_median(stored):
    updates, epochs, seconds = batch_race(stored).picture.axes
    np.testing.assert_allclose(median_line(updates), [2000, 100, 60])
    np.testing.assert_allclose(median_line(epochs), [2, 1, 60])
    np.testing.assert_allclose(median_line(seconds), [1, 0.06, 0.3])
    for axes in (updates, epochs, seconds):
        assert len(axes.lines[1].get_ydata()) == 9
        low, high = axes.get_ylim()
        assert low < axes.lines[1].get_ydata().min() and axes.lines[1].get_ydata().max() < high
        assert [tick.get_text() for tick in axes.get_xticklabels()] == ["1", "10", "1000"]
        assert len(axes.get_yticks()) >= 2
    rings = [axes.lines[3].get_xdata()[0] for axes in (updates, epochs, seconds)]
    assert rings == [1000, 10, 10]


def test_the_caption_tells_medians_and_who_is_as_good(stored):
    caption = batch_race(stored).caption
    assert "to a test accuracy of 95 %" in caption.lower() and "(0.05, 0.5, 1)" in caption
    assert (
        "updates: 2000, 100, 60 (smallest at 1000, seeds 50 to 95, overlapping with those of 10)"
        in caption
    )
    assert (
        "epochs: 2, 1, 60 (smallest at 10, seeds 0.9 to 1.2, overlapping with those of 1)"
        in caption
    )
    assert "seconds: 1, 0.06, 0.3 (smallest at 10, seeds 0.054 to 0.072)" in caption


def test_a_seed_that_never_got_there_is_a_cross(stored):
    lame = deepcopy(stored)
    for key in ("updates", "epochs"):
        lame["arms"][0][key] = [None, None, lame["arms"][0][key][2]]
    figure = batch_race(lame)
    for axes in figure.picture.axes:
        assert len(axes.lines[1].get_ydata()) == 7
        assert len(axes.lines[2].get_ydata()) == 2
        assert axes.lines[2].get_ydata()[0] < axes.get_ylim()[1]
    assert "updates: never, 100, 60" in figure.caption
    png_of(figure._repr_mimebundle_())


def test_the_stored_race_can_be_drawn():
    bundle = batch_race(results.load("batch_sizes"))._repr_mimebundle_()
    png_of(bundle)
    assert len(bundle["image/png"]) * 3 / 4 < 20_000
