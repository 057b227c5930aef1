from itertools import pairwise

import numpy as np
import pytest

from bncourse.experiments.rate_range import NORMS, RateRange, load_rate_range
from bncourse.figures.rate_range import LOOKS, rate_name, rate_range
from tests.figures.checks import png_of

RATES = np.array([1 / 16, 1 / 4, 1.0, 4.0, 16.0])


def made_up(accuracy=None):
    """One net; by default 1 rate is usable without norm, 3 with BN and 2, not neighbours, LN."""
    if accuracy is None:
        good = np.array([[0, 1, 0, 0, 0], [1, 1, 1, 0, 0], [1, 0, 1, 0, 0]], bool)
        accuracy = np.where(good, 0.95, 0.4)[None, :, :, None, None] + np.zeros((1, 3, 5, 2, 3))
        accuracy = accuracy + np.array([-0.02, 0, 0.03])
        accuracy[:, 0, 1, 0] = 0.89, 0.99, 0.99  # one seed is too slow for the short budget
    empty = np.zeros(accuracy.shape[:-1])
    return RateRange(("net",), NORMS, RATES, (20, 100), (0, 1, 2), accuracy, accuracy, empty, empty)


def curves(axes):
    return {line.get_label(): line for line in axes.lines if line.get_label() in NAMES}


def bars(axes):
    """Return, for every kind of norm, the rates that its bar marks."""
    found = {}
    for line in axes.lines:
        if line.get_linewidth() == 4:
            colour = next(name for name, look, *_ in LOOKS.values() if look == line.get_color())
            found[colour] = line.get_xdata()[np.isfinite(line.get_ydata())].tolist()
    return found


NAMES = [name for name, *_ in LOOKS.values()]


def test_medians_and_the_worst_and_best_seed_are_drawn():
    record = made_up()
    for t, axes in enumerate(rate_range(record, "net").picture.axes):
        for a, band in enumerate(axes.collections):
            percent = 100 * record.accuracy[0, a, :, t]
            line = curves(axes)[NAMES[a]]
            np.testing.assert_allclose(line.get_ydata(), np.median(percent, axis=1))
            np.testing.assert_allclose(line.get_xdata(), RATES)
            heights = band.get_paths()[0].vertices
            for rate, low, high in zip(RATES, percent.min(1), percent.max(1), strict=True):
                there = heights[np.isclose(heights[:, 0], rate), 1]
                assert there.min() == pytest.approx(low) and there.max() == pytest.approx(high)


def test_bars_mark_the_rates_where_every_seed_is_good():
    short, long = rate_range(made_up(), "net").picture.axes
    with_norm = {"batch norm": [1 / 16, 1 / 4, 1], "layer norm": [1 / 16, 1]}
    assert bars(short) == {"no norm": [], **with_norm}
    assert bars(long) == {"no norm": [1 / 4], **with_norm}


def test_colour_dash_and_marker_tell_the_norms_apart():
    lines = curves(rate_range(made_up(), "net").picture.axes[0]).values()
    assert len({line.get_color() for line in lines}) == 3
    assert len({line.get_marker() for line in lines}) == 3
    assert len({str(line._dash_pattern) for line in lines}) == 3


def test_the_caption_has_the_ranges_and_the_ratios():
    caption = rate_range(made_up(), "net").caption
    short, long = caption.split("After 100 updates: ")
    assert "from 1/16 to 16, medians of 3 seeds" in short
    assert short.endswith(
        "no norm none; batch norm 1/16 to 1; layer norm 1/16, 1. "
    )  # nothing to compare with
    assert long == (
        "no norm 1/4; batch norm 1/16 to 1, the largest 4 times that without norm; "
        "layer norm 1/16, 1, the largest 4 times that without norm."
    )


def test_neighbours_are_named_by_their_ends():
    accuracy = np.full((1, 3, 5, 2, 3), 0.95)
    accuracy[0, 1, 3] = 0.2
    caption = rate_range(made_up(accuracy), "net").caption
    assert "no norm 1/16 to 16; batch norm 1/16 to 1, 16, the largest 1 times" in caption


def test_overflows_can_be_drawn():
    record = made_up(np.zeros((1, 3, 5, 2, 3)))
    figure = rate_range(record, "net")
    png_of(figure._repr_mimebundle_())
    assert all(rates == [] for rates in bars(figure.picture.axes[0]).values())


def test_a_net_that_was_not_measured_is_refused():
    with pytest.raises(ValueError, match="there are net"):
        rate_range(made_up(), "another")


def test_rates_are_written_as_powers_of_two():
    assert [rate_name(rate) for rate in (1 / 1024, 0.5, 1, 4)] == ["1/1024", "1/2", "1", "4"]


def test_the_stored_nets_fit_their_pictures():
    record = load_rate_range()
    for net in record.nets[:2]:
        figure = rate_range(record, net)
        png_of(figure._repr_mimebundle_())
        for axes in figure.picture.axes:
            texts = axes.get_xticklabels()
            boxes = [text.get_window_extent() for text in texts]
            assert all(a.x1 < b.x0 for a, b in pairwise(boxes))
            assert all(text.get_fontsize() * 100 / 72 >= 13.99 for text in texts)
        assert net in figure.caption
