import pytest
import torch

from bncourse.figures.drawing import escape
from bncourse.figures.two_modes import CALLS, ROWS, two_modes
from tests.figures.checks import check_svg, words_of


def test_it_is_readable_and_every_cell_is_drawn_and_told():
    figure = two_modes()
    root = check_svg(str(figure.picture))
    assert float(root.get("width")) <= 900
    words = words_of(str(figure.picture))
    assert set(CALLS) <= set(words)
    for row in ROWS:
        for cell in row:
            assert all(line in words for line in cell)
        for call, cell in zip(CALLS, row[1:], strict=True):
            assert f"{call} {' '.join(cell)}" in figure.caption
    assert escape(figure.caption) in str(figure.picture)


def test_it_says_what_torch_does():
    x, alone = torch.tensor([[1.0], [3.0], [8.0]]), torch.tensor([[1.0]])

    def moved(layer):
        before = layer.running_mean.clone()
        y = layer(x)
        return y.mean().abs() < 1e-6, not torch.equal(layer.running_mean, before)

    layer = torch.nn.BatchNorm1d(1)
    assert moved(layer.train()) == (True, True)
    assert moved(layer.eval()) == (False, False)
    with torch.no_grad():
        assert moved(layer.train()) == (True, True)
        assert moved(layer.eval()) == (False, False)
        layer.train()
        with pytest.raises(ValueError, match="more than 1 value"):
            layer(alone)
    with pytest.raises(ValueError, match="more than 1 value"):
        layer(alone)
    assert layer.eval()(alone).shape == (1, 1)
