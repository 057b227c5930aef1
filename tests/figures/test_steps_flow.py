import numpy as np
import torch

from bncourse.figures import steps_flow as module
from bncourse.figures.steps_flow import BETA, EVALUATED, GAMMA, SAMPLES, steps_flow
from bncourse.figures.style import number, numbers
from tests.figures.checks import check_svg, words_of


def test_every_step_shows_the_numbers_that_torch_computes():
    figure = steps_flow()
    check_svg(str(figure.picture))
    layer = torch.nn.BatchNorm1d(1, dtype=torch.float64)
    with torch.no_grad():
        layer.weight[:], layer.bias[:] = GAMMA, BETA
        y = layer(torch.tensor(SAMPLES, dtype=torch.float64)[:, None])[:, 0].numpy()
        evaluated = layer.eval()(torch.tensor([[EVALUATED]], dtype=torch.float64)).item()
    words = words_of(str(figure.picture))
    shown = [number(value).replace("-", "−") for value in y]
    assert any(words[k : k + 5] == shown for k in range(len(words)))
    assert f"y = ({numbers(y)})" in figure.caption
    assert f"running mean {number(layer.running_mean.item())}," in figure.caption
    assert f"running variance {number(layer.running_var.item())}." in figure.caption
    assert f"x = 5 gives y = {number(evaluated)}." in figure.caption


def test_the_slips_show_their_own_numbers():
    caption = steps_flow().caption
    assert "divided by the variance: (-0.5, -0.25, 0, 0.25, 0.5)" in caption
    assert "divided by N - 1: (-1.265, -0.632, 0, 0.632, 1.265)" in caption
    assert "no ε, all samples 5: (nan, nan, nan, nan, nan)" in caption
    words = words_of(str(steps_flow().picture))
    assert words.count("nan") == 5 and "−0.632" in words and "−0.25" in words


def test_nothing_is_typed_in(monkeypatch):
    monkeypatch.setattr(module, "SAMPLES", (2.0, 4.0, 6.0, 8.0, 110.0))
    figure = steps_flow()
    check_svg(str(figure.picture))
    x = np.array(module.SAMPLES)
    x_hat = (x - x.mean()) / x.std()
    assert f"x_hat = ({numbers(x_hat)})" in figure.caption
    assert f"mean {number(x.mean())}, variance {number(x.var())}" in figure.caption
