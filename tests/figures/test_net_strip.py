import pytest
import torch

from bncourse.figures.net_strip import net_strip
from tests.figures.checks import check_svg, words_of


@pytest.mark.parametrize("sizes", [(784, 256, 10), (64, 32, 10), (3, 5, 2)])
def test_counts_are_those_of_a_torch_net(sizes):
    d_in, hidden, d_out = sizes
    net = torch.nn.Sequential(
        torch.nn.Linear(d_in, hidden),
        torch.nn.BatchNorm1d(hidden),
        torch.nn.ReLU(),
        torch.nn.Linear(hidden, d_out),
    )
    learned = sum(parameter.numel() for parameter in net.parameters())
    buffers = sum(buffer.numel() for buffer in net.buffers())
    figure = net_strip(*sizes)
    check_svg(str(figure.picture))
    words = words_of(str(figure.picture))
    assert f"Parameters: {learned:,} numbers, {learned - hidden:,} without" in figure.caption
    assert f"Buffers: {buffers}." in figure.caption
    assert f"learned and used: {learned - hidden:,} numbers" in words
    assert f"buffer: {buffers:,} numbers" in words
    assert f"idle bias: {hidden:,} numbers" in words
    for parameter in net.state_dict().values():
        shape = str(tuple(parameter.shape))
        assert any(word.endswith(shape) for word in words), shape


def test_the_default_is_the_net_of_the_lesson():
    caption = net_strip().caption
    assert "204,042" in caption and "203,786" in caption and "513" in caption
