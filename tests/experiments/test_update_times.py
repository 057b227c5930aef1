import numpy as np
import torch

from bncourse.experiments.update_times import time_updates


def test_timing_gives_one_positive_number_per_batch_size_and_leaves_torch_alone():
    threads, state = torch.get_num_threads(), torch.get_rng_state()
    times = time_updates((1, 64), repeats=3)
    assert times.shape == (2,)
    assert np.all(times > 0)
    assert torch.get_num_threads() == threads
    assert torch.equal(torch.get_rng_state(), state)
