import numpy as np
import pytest

from bncourse.experiments.dyt_signal import signal

SEEDS = (0, 1)


def test_half_an_alpha_halves_the_signal_in_every_layer():
    rms = signal(0.5, SEEDS)
    assert rms.shape == (2, 9)
    shrink = rms[:, 1:] / rms[:, :-1]
    assert shrink.mean() == pytest.approx(0.5, abs=0.05)
    assert (rms[:, -1] < 0.01 * rms[:, 0]).all()


def test_without_it_he_keeps_the_signal_and_larger_alphas_keep_more():
    start = signal(None, SEEDS)
    np.testing.assert_allclose(start[:, -1], start[:, 0], rtol=0.4)
    last = [signal(alpha, SEEDS)[:, -1].mean() for alpha in (0.5, 1, 2, 4)]
    assert last == sorted(last) and last[1] > 50 * last[0]


def test_a_tanh_never_adds():
    rms = {alpha: signal(alpha, SEEDS)[:, 1] for alpha in (None, 0.5, 1)}
    assert (rms[0.5] < 0.5 * rms[None]).all() and (rms[1] < rms[None]).all()
