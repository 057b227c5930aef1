"""The quicker recurrent nets are those of `recurrent`, number by number."""

import pytest
import torch
import torch.nn.functional as F

from bncourse.experiments.quick_recurrent import QuickRNN
from bncourse.experiments.recurrent import PIXELS, StackedRNN, sequences

STEPS = 16


@pytest.mark.parametrize("norm", [None, "layer", "batch"])
@pytest.mark.parametrize("start", ["orthogonal", "torch"])
def test_outputs_gradients_and_statistics_are_equal_to_the_bit(norm, start):
    x, y, x_test, _ = sequences((0, 3), STEPS)
    found = []
    for kind in (QuickRNN, StackedRNN):
        net = kind(norm, (0, 3), pixels=PIXELS // STEPS, steps=STEPS, gamma=0.5, start=start)
        for part in x[:, :40].split(20, dim=1):
            F.cross_entropy(net(part).flatten(0, 1), y[:, : part.shape[1]].flatten()).backward()
        gradients = [parameter.grad for parameter in net.parameters()]
        found.append([*gradients, *net.buffers(), net.eval()(x_test[:, :30])])
    for one, two in zip(*found, strict=True):
        assert torch.equal(one, two)


def test_the_parts_of_the_backward_pass_grow_with_the_steps_and_no_faster():
    """An index into all steps would send back as many zeros as there are numbers in all steps."""

    def largest(kind):
        sizes = []
        net = kind(None, (0,), pixels=1, steps=64)
        logits = net(torch.zeros(1, 5, 64, 1))
        waiting, seen = [logits.grad_fn], set()
        while waiting:
            node = waiting.pop()
            if node is None or node in seen:
                continue
            seen.add(node)
            sizes.append(node.name().startswith("Select"))
            waiting += [earlier for earlier, _ in node.next_functions]
        return sum(sizes)

    assert largest(StackedRNN) == 64 and largest(QuickRNN) == 0
