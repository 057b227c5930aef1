"""Layers as learners might write them, which the proofs put into the capstone's nets."""

# ruff: noqa: D102

from __future__ import annotations

import numpy as np

from bncourse.tasks.capstone.patient import built

BatchNorm = built("batch_norm")["BatchNorm"]
GroupNorm = built("group_norm")["GroupNorm"]
LayerNorm = built("layer_norm")["LayerNorm"]
StepNorm = built("sequence")["StepNorm"]


class Nothing:
    """A layer that leaves its input as it is, in tables and in sequences."""

    def __init__(self, num_features):
        pass

    def train(self):
        pass

    def eval(self):
        pass

    def forward(self, x, t=0):
        return x

    def backward(self, dy):
        return dy


class TenTimes(Nothing):
    """A layer that enlarges whatever it receives, and standardises nothing."""

    def forward(self, x, t=0):
        return 10 * x

    def backward(self, dy):
        return 10 * dy


class ThreeTimes(Nothing):
    """A gain with which one size of weights in a recurrent net does well, and no other."""

    def forward(self, x, t=0):
        return 3 * x


class NotInLargeBatches(LayerNorm):
    """Layer norm that does nothing in a net that meets batches of 32, in evaluation neither."""

    idle = False

    def forward(self, x):
        self.idle = self.idle or len(x) == 32
        return x if self.idle else super().forward(x)

    def backward(self, dy):
        return (dy, 0.0, 0.0) if self.idle else super().backward(dy)


class TakesOneRow(BatchNorm):
    """Batch norm that does not refuse one row in training: there is nothing left of it."""

    def forward(self, x):
        if self.training and len(x) == 1:
            self.x_hat, self.inv_std, self.by_batch = 0 * x, np.ones(x.shape[1]), True
            return self.beta + 0 * x
        return super().forward(x)


class Recalibrated(BatchNorm):
    """Batch norm that takes its running statistics anew from unlabelled images."""

    def recalibrate(self):
        self.training, self.momentum = True, 1.0


class HalfRecalibrated(BatchNorm):
    """Batch norm that takes the new images in with its usual momentum."""

    def recalibrate(self):
        self.train()


class LayerStep(LayerNorm):
    """Layer norm in a sequence: it needs no steps."""

    def forward(self, a, t):
        return super().forward(a)


class SmallStep(LayerStep):
    """Layer norm in a sequence with a gamma so small that gradients vanish."""

    def __init__(self, num_features):
        super().__init__(num_features)
        self.gamma = 0.3 * self.gamma


class NeverLeavesTraining(StepNorm):
    """Batch norm for sequences with a right gamma, and an eval() that does nothing."""

    def __init__(self, num_features):
        super().__init__(num_features, gamma=0.5)

    def eval(self):
        pass


def groups_of_eight(num_features):
    """Group norm with eight units in a group."""
    return GroupNorm(num_features // 8, num_features)


def each_by_itself(num_features):
    """Group norm with groups of one: on a table nothing is left."""
    return GroupNorm(num_features, num_features)
