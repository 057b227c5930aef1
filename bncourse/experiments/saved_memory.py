"""What a batch costs in memory: the arrays that autograd keeps for the backward pass.

The data set is in memory either way. What grows with the batch is what every layer keeps of its
forward pass until its gradient has been worked out: inputs, activations, the positions of maxima.
The net is a small convolutional one on the digits, in float32.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from bncourse.data import load_digits

BATCH_SIZES = (1, 4, 16, 64, 256, 1024)


@dataclass(frozen=True)
class SavedMemory:
    """Bytes of one net and one forward pass per batch size.

    What is kept is a fixed number of bytes per image and a constant of a few bytes (the loss keeps
    one number for the whole batch): exactly `saved == constant + per_image * batch_sizes`.

    Attributes:
        batch_sizes: (K,).
        saved: (K,) bytes kept for the backward pass, parameters not counted, each storage once.
        weights: bytes of all parameters.
        gradients: bytes of their gradients: one float32 for each, whatever the batch size.
        data_set: bytes of all training images in float32 and their classes in int64.
    """

    batch_sizes: np.ndarray
    saved: np.ndarray
    weights: int
    gradients: int
    data_set: int

    @property
    def per_image(self) -> float:
        """Bytes kept for one image: the slope between the smallest and the largest batch."""
        small, large = self.batch_sizes.argmin(), self.batch_sizes.argmax()
        rise = self.saved[large] - self.saved[small]
        return float(rise / (self.batch_sizes[large] - self.batch_sizes[small]))

    @property
    def constant(self) -> float:
        """Bytes kept whatever the batch size."""
        small = self.batch_sizes.argmin()
        return float(self.saved[small] - self.per_image * self.batch_sizes[small])


def measure_memory(batch_sizes: Sequence[int] = BATCH_SIZES) -> SavedMemory:
    """Send one batch of each size forward and count what autograd keeps.

    Raises:
        ValueError: fewer than two different batch sizes, or one outside 1 to 1297.
    """
    digits = load_digits()
    images = torch.from_numpy(digits.x_train).float().view(-1, 1, 8, 8)
    classes = torch.from_numpy(digits.y_train)
    if len(set(batch_sizes)) < 2:
        raise ValueError("a slope needs two different batch sizes")
    if not all(1 <= size <= len(images) for size in batch_sizes):
        raise ValueError(f"a batch holds 1 to {len(images)} images, not {list(batch_sizes)}")
    net = build_net()
    saved = [
        # Copies, or a slice would count with the storage of the whole data set.
        saved_bytes(net, images[:size].clone(), classes[:size].clone())
        for size in batch_sizes
    ]
    F.cross_entropy(net(images[:1]), classes[:1]).backward()
    return SavedMemory(
        batch_sizes=np.array(batch_sizes),
        saved=np.array(saved),
        weights=sum(p.untyped_storage().nbytes() for p in net.parameters()),
        gradients=sum(p.grad.untyped_storage().nbytes() for p in net.parameters()),
        data_set=images.untyped_storage().nbytes() + classes.untyped_storage().nbytes(),
    )


def build_net() -> nn.Sequential:
    """Two convolutions with ReLU and pooling, then a linear layer: (N, 1, 8, 8) -> (N, 10)."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return nn.Sequential(
            nn.Conv2d(1, 16, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(16, 32, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Flatten(),
            nn.Linear(32 * 2 * 2, 10),
        )


def saved_bytes(net: nn.Module, images: Tensor, classes: Tensor) -> int:
    """Return the bytes kept by one forward pass and its mean cross-entropy, without parameters."""
    of_parameters = {p.untyped_storage().data_ptr() for p in net.parameters()}
    kept: dict[int, Tensor] = {}

    def pack(tensor: Tensor) -> Tensor:
        # Holding on to the tensor keeps its address from being given to another one.
        kept[tensor.untyped_storage().data_ptr()] = tensor
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        loss = F.cross_entropy(net(images), classes)
    total = sum(
        tensor.untyped_storage().nbytes()
        for address, tensor in kept.items()
        if address not in of_parameters
    )
    del loss
    return total
