import numpy as np
import pytest

from bncourse.experiments.without_norms import ARMS, CELLS, NETS, WithoutNorms
from bncourse.figures.style import FEATURE, INK, number
from bncourse.figures.without_norms import without_norms
from tests.figures.checks import png_of

SCALES = (0.1, 1.0, 10.0)  # in the order of the panels


@pytest.fixture
def record():
    shape = len(NETS), len(ARMS), len(CELLS)
    rates = np.exp2(np.arange(np.prod(shape)) % 5 - 6.0).reshape(shape)
    usable = np.stack([rates / 4, rates * 2], axis=-1)
    own = np.arange(np.prod(shape)).reshape(shape)[..., None] / 10 + [1, 2, 3]
    dead = NETS.index("deep MLP"), ARMS.index("DyT"), CELLS.index((32, 0.1))
    usable[dead], own[dead] = np.nan, 90
    conv, skips = NETS.index("conv net"), ARMS.index("SkipInit")
    own[conv, skips] = rates[conv, skips] = usable[conv, skips] = np.nan
    arrays = np.ones(shape[::2]), own, own, rates, usable
    return WithoutNorms(NETS, ARMS, CELLS, *arrays, (), np.empty((0, 3)), (), own[0, 0], (0, 1, 2))


def bars(axes):
    return {int(line.get_ydata()[0]): line for line in axes.lines if len(line.get_xdata()) == 2}


def marks(axes):
    return {int(line.get_ydata()[0]): line for line in axes.lines if len(line.get_xdata()) == 1}


def test_a_bar_spans_the_usable_rates_and_a_marker_is_the_best(record):
    n = NETS.index("deep MLP")
    for axes, scale in zip(without_norms(record).picture.axes, SCALES, strict=True):
        q = CELLS.index((32, scale))
        for a, arm in enumerate(ARMS):
            if arm == "DyT" and scale == 0.1:
                assert a not in bars(axes) and a not in marks(axes)
                continue
            low, high = np.log2(record.usable[n, a, q])
            np.testing.assert_allclose(bars(axes)[a].get_xdata(), [low - 0.3, high + 0.3])
            np.testing.assert_allclose(marks(axes)[a].get_xdata(), np.log2(record.rates[n, a, q]))
            assert axes.get_xlim()[0] < low and high < axes.get_xlim()[1]
            looks = marks(axes)[a].get_color(), marks(axes)[a].get_marker()
            assert looks == ((INK, "o") if a < 4 else (FEATURE, "s"))


def test_what_has_no_rate_says_so(record):
    panels = without_norms(record).picture.axes
    texts = [[text.get_text() for text in axes.texts] for axes in panels]
    assert [row.count("no rate") for row in texts] == [1, 0, 0]
    wanted = record.own[NETS.index("deep MLP"), 0, CELLS.index((32, 10.0))].mean()
    assert texts[2][0] == number(wanted, 1)


@pytest.mark.parametrize("net", NETS[:2])
def test_the_caption_tells_the_record(record, net):
    drawn = without_norms(record, net)
    caption = drawn.caption
    assert caption.startswith(net[0].upper() + net[1:]) and "3 seeds" in caption
    assert "SkipInit" in caption
    assert ("DyT no rate (90 %)" in caption) == (net == "deep MLP")
    assert "BN 4 (" in caption and "nan" not in caption
    assert png_of(drawn._repr_mimebundle_()).shape == (60 + 44 * 7, 890, 3)


def test_what_was_not_measured_is_not_drawn_as_a_failure(record):
    record.rates[NETS.index("conv net"), 0, CELLS.index((32, 10.0))] = np.nan
    with pytest.raises(ValueError, match="not measured"):
        without_norms(record, "conv net")
