"""The bias in front of a batch normalisation does nothing: counts, gradients, training.

BN subtracts the batch mean, and with it any constant that was added to every sample (Ioffe &
Szegedy 2015, section 3.2: "the bias b can be ignored"). The network is the one of the lesson,
784-256-10, so the 8 x 8 digits are blown up to 28 x 28.
"""

from copy import deepcopy
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from bncourse.data import load_digits
from bncourse.experiments.training import mini_batches, one_thread, train

BATCH_SIZE = 60
LEARNING_RATE = 0.1
UPDATES = 100


@dataclass(frozen=True)
class DeadBias:
    """What was counted and measured, on one network with the bias and its twin without it.

    Everything is in float64, so that rounding is far below whatever is really there; in float32 the
    gradient of the bias is about 1e-7 instead of 1e-16.

    Attributes:
        trainable: numbers the network with the bias learns.
        trainable_without_bias: numbers its twin learns.
        buffered: numbers BN keeps without learning them: running_mean, running_var and the count
            of batches.
        gradient_norms: parameter name -> Euclidean norm of its gradient on the first batch.
        updates: how long both were trained, by SGD without momentum or weight decay.
        output_gap: largest |difference| between the twins' logits after training, all training
            images as one batch.
        output_gap_eval: the same in evaluation mode, on the test images. Only as small once the
            running mean, which starts at 0, has caught up with the bias.
        largest_output: largest |logit| in the first comparison, to judge the gap by.
        bias_moved: largest |change| of any entry of fc1.bias during training.
        weight_moved: largest |change| of any entry of fc1.weight.
    """

    trainable: int
    trainable_without_bias: int
    buffered: int
    gradient_norms: dict[str, float]
    updates: int
    output_gap: float
    output_gap_eval: float
    largest_output: float
    bias_moved: float
    weight_moved: float


class Net(nn.Module):
    """Linear(784, 256), BatchNorm1d(256), ReLU, Linear(256, 10)."""

    def __init__(self, bias: bool) -> None:
        super().__init__()
        self.fc1 = nn.Linear(784, 256, bias=bias)
        self.bn1 = nn.BatchNorm1d(256)
        self.fc2 = nn.Linear(256, 10)

    def forward(self, x: Tensor) -> Tensor:
        """Map images (N, 784) to logits (N, 10)."""
        return self.fc2(torch.relu(self.bn1(self.fc1(x))))


def as_28x28(images: np.ndarray) -> np.ndarray:
    """Blow up 8 x 8 images, (N, 64), to 28 x 28, (N, 784).

    Every pixel becomes a block of 3 x 3, and two rows of paper go round the 24 x 24 that makes.
    """
    blocks = np.kron(images.reshape(-1, 8, 8), np.ones((1, 3, 3)))
    return np.pad(blocks, ((0, 0), (2, 2), (2, 2))).reshape(-1, 784)


def measure_dead_bias(seed: int = 0, updates: int = UPDATES) -> DeadBias:
    """Count, take the gradients of one batch, then train both networks on the same batches."""
    digits = load_digits()
    x, x_test = (torch.from_numpy(as_28x28(images)) for images in (digits.x_train, digits.x_test))
    y = torch.from_numpy(digits.y_train)

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        net = Net(bias=True).double()
        twin = Net(bias=False).double()
    weights = net.state_dict()
    twin.load_state_dict({name: weights[name] for name in weights if name != "fc1.bias"})
    start = deepcopy(net)

    with one_thread():
        gradient_norms = _gradient_norms(deepcopy(net), x, y, seed)
        logits, logits_eval = _train(net, x, y, x_test, seed, updates)
        twin_logits, twin_logits_eval = _train(twin, x, y, x_test, seed, updates)
    return DeadBias(
        trainable=sum(p.numel() for p in net.parameters()),
        trainable_without_bias=sum(p.numel() for p in twin.parameters()),
        buffered=sum(b.numel() for b in net.buffers()),
        gradient_norms=gradient_norms,
        updates=updates,
        output_gap=_largest(logits - twin_logits),
        output_gap_eval=_largest(logits_eval - twin_logits_eval),
        largest_output=_largest(logits),
        bias_moved=_largest(net.fc1.bias - start.fc1.bias),
        weight_moved=_largest(net.fc1.weight - start.fc1.weight),
    )


def _gradient_norms(net: Net, x: Tensor, y: Tensor, seed: int) -> dict[str, float]:
    (batch,) = next(mini_batches(len(x), BATCH_SIZE, [seed]))
    F.cross_entropy(net(x[batch]), y[batch]).backward()
    return {name: float(p.grad.norm()) for name, p in net.named_parameters()}


def _train(
    net: Net, x: Tensor, y: Tensor, x_test: Tensor, seed: int, updates: int
) -> tuple[Tensor, Tensor]:
    """Train; return the logits of all of x as one batch, and of x_test in evaluation mode."""
    (logits_eval,) = train(
        net,
        x,
        y,
        (batch for (batch,) in mini_batches(len(x), BATCH_SIZE, [seed])),
        learning_rate=LEARNING_RATE,
        measure=lambda net: net(x_test),
        measure_at=[updates],
    )
    with torch.no_grad():
        return net(x), logits_eval


def _largest(values: Tensor) -> float:
    return float(values.detach().abs().max())
