"""Times depend on the machine and are not asserted; what is timed and counted is."""

import numpy as np
import pytest
import torch
from torch import nn

from bncourse.experiments.transformer_times import CASES, NormTimes, time_norms, written_out


def test_every_case_is_timed_for_both_norms():
    times = time_norms(2, (4, 3, 8))
    assert times.cases == CASES
    assert times.layer.shape == times.other.shape == (len(CASES), 2)
    assert (times.layer > 0).all() and (times.other > 0).all()


def test_quartiles_are_of_the_ratios_repeat_by_repeat():
    layer = np.array([[1.0, 2, 4]])
    times = NormTimes(("forward",), layer, layer * [[3, 1, 2]])
    np.testing.assert_allclose(times.ratio(), [[1.5, 2, 2.5]])


@pytest.mark.parametrize(("kind", "library"), [("layer", nn.LayerNorm), ("rms", nn.RMSNorm)])
def test_what_is_written_out_is_what_the_library_computes(kind, library):
    x = torch.from_numpy(np.random.default_rng(0).normal(2, 3, (4, 5, 8)))
    theirs = library(8, eps=1e-5, dtype=torch.float64)
    for parameter in theirs.parameters():
        nn.init.normal_(parameter)
    torch.testing.assert_close(written_out(kind, *theirs.parameters())(x), theirs(x))
