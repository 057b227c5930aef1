from dataclasses import replace

import numpy as np
import pytest

from bncourse.experiments.averages_lag import AveragesLag
from bncourse.figures.fresh_statistics import fresh_statistics
from tests.figures.checks import png_of


@pytest.fixture
def record():
    """Three momenta, three seeds and four times; the seeds are 0.02 apart."""
    seeds = np.array([-0.02, 0.0, 0.02])[:, None]
    precise = np.array([0.9, 0.92, 0.94, 0.96]) + seeds
    lags = np.array([[0.6, 0.5, 0.4, 0.2], [0.05, 0.02, 0.01, 0.0], [0.02, 0.02, 0.02, 0.02]])
    return AveragesLag(
        momenta=(0.01, 0.1, None),
        updates=(10, 20, 50, 1000),
        seeds=(0, 1, 2),
        learning_rate=0.5,
        running=precise - lags[:, None],
        batch=precise - 0.01,
        precise=precise,
    )


def lines(axes):
    return {bars.get_label(): bars for bars in axes.containers}


def test_means_and_spreads_of_every_arm_are_drawn(record):
    left, right = fresh_statistics(record).picture.axes
    names = ("momentum 0.01", "momentum 0.1", "None, plain average")
    arms = dict(zip(names, record.running, strict=True))
    arms |= {"test batch": record.batch, "recomputed": record.precise}
    for axes, of in ((left, lambda run: run), (right, lambda run: 100 * (run - record.precise))):
        drawn = lines(axes)
        assert set(drawn) == set(arms)
        for name, run in arms.items():
            line, _, (bars,) = drawn[name]
            np.testing.assert_allclose(line.get_ydata(), of(run).mean(axis=0))
            np.testing.assert_array_equal(np.rint(line.get_xdata()), np.arange(4))
            lengths = [np.ptp(segment[:, 1]) / 2 for segment in bars.get_segments()]
            np.testing.assert_allclose(lengths, of(run).std(axis=0, ddof=1), atol=1e-9)
        assert [tick.get_text() for tick in axes.get_xticklabels()] == ["10", "20", "50", "1,000"]
    shapes = [bars[0].get_marker() for bars in lines(left).values()]
    assert len(set(shapes)) == 5


def test_differences_are_taken_seed_by_seed(record):
    caption = fresh_statistics(record).caption
    assert "after 10, 20, 50, 1,000 updates, mean ± sd over 3 seeds" in caption
    level, minus = caption.split("seed by seed")
    assert "momentum 0.1: 85.0 ± 2.0, 90.0 ± 2.0, 93.0 ± 2.0, 96.0 ± 2.0;" in level
    assert "momentum 0.1: -5.0 ± 0.0, -2.0 ± 0.0, -1.0 ± 0.0, 0.0 ± 0.0;" in minus
    assert "test batch: -1.0 ± 0.0" in minus and "recomputed:" not in minus


@pytest.mark.parametrize("count", [1, 6])
def test_text_is_inside_and_the_picture_small(record, count):
    momenta = (0.001, 0.01, 0.1, 0.5, 1.0, None)[:count]
    running = np.stack([record.running[0]] * count)
    figure = fresh_statistics(replace(record, momenta=momenta, running=running))
    bundle = figure._repr_mimebundle_()
    assert png_of(bundle).shape[1] == 880
    assert len(bundle["image/png"]) * 3 / 4 < 23_000
    (legend,) = figure.picture.legends
    for text in (*legend.get_texts(), *(axes.xaxis.label for axes in figure.picture.axes)):
        box = text.get_window_extent()
        assert box.x0 >= 0 and box.x1 <= 880 and box.y0 >= 0
        assert text.get_fontsize() * 100 / 72 >= 13.99
    top = max(axes.get_window_extent().y1 for axes in figure.picture.axes)
    assert legend.get_window_extent().y0 > top
