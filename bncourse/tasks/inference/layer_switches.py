"""The layer with a memory, with a switch for each slip."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

NAMES = ("gamma", "beta", "running_mean", "running_var")


class BatchNorm1d:
    """The layer, right unless a switch is set."""

    SWITCHES: ClassVar = {
        "stored": "unbiased", "used": "biased", "weight": "new", "in_eval": "memory",
        "remember": "training", "before": False, "row": "zero", "in_train": "batch",
        "start_var": 1.0, "reset": "both", "load": "all", "copies": "all", "single": "refused",
        "affine": "right", "eps_used": "right", "modes": "right", "spread": "variance",
        "momentum_used": "given",
    }  # fmt: skip

    def __init__(self, num_features, eps=1e-5, momentum=0.1, **switches):
        assert switches.keys() <= self.SWITCHES.keys()
        self.s = {**self.SWITCHES, **switches}
        self.num_features, self.eps = num_features, eps
        self.momentum = momentum if self.s["momentum_used"] == "given" else 0.1
        self.gamma, self.beta = np.ones(num_features), np.zeros(num_features)
        self.running_mean = np.zeros(num_features)
        self.running_var = np.full(num_features, self.s["start_var"])
        self.batches, self.training = 0, True

    def train(self):
        """Go to training mode."""
        if self.s["modes"] != "no train":
            self.training = True

    def eval(self):
        """Go to evaluation mode."""
        self.training = False
        if self.s["modes"] == "eval forgets":
            self._forget(1.0)

    def reset(self):
        """Forget every batch."""
        how = self.s["reset"]
        if how == "nothing":
            return
        if how != "variance only":
            self.running_mean = np.zeros(self.num_features)
        if how != "mean only":
            self.running_var = np.full(self.num_features, 0.0 if how == "variance 0" else 1.0)
        if how == "and affine":
            self.gamma, self.beta = np.ones(self.num_features), np.zeros(self.num_features)
        if how == "and mode":
            self.training = True

    def state(self):
        """Return copies of all four arrays."""
        shared = {"all": (), "none": NAMES, "parameters": NAMES[2:], "statistics": NAMES[:2]}
        return {
            n: getattr(self, n) if n in shared[self.s["copies"]] else getattr(self, n).copy()
            for n in NAMES
        }

    def load(self, state):
        """Take over what state returned."""
        left = {
            "all": (), "parameters": NAMES[2:], "statistics": NAMES[:2],
            "no variance": NAMES[3:], "no mean": NAMES[2:3], "no gamma": NAMES[:1],
            "no beta": NAMES[1:2],
        }[self.s["load"]]  # fmt: skip
        for name in NAMES:
            if name not in left:
                kept = state[name]
                setattr(self, name, kept if self.s["copies"] == "none" else kept.copy())

    def forward(self, x):
        """Return y (m, D)."""
        s, m = self.s, len(x)
        late = s["single"] == "late"
        alone = x.size < 2 if s["single"] == "by size" else m < 2
        if alone and self.training and s["single"] in ("refused", "by size"):
            raise ValueError("one row has no variance")
        if alone and s["single"] == "never":
            raise ValueError("one row has no variance")
        mean, var = x.mean(axis=0), x.var(axis=0)
        remember = {
            "training": self.training, "always": True, "never": False, "eval": not self.training,
        }[s["remember"]]  # fmt: skip
        if remember and (s["before"] or late):
            self._remember(mean, var, m)
        if late and alone and self.training:
            raise ValueError("one row has no variance")
        by_batch = self.training and s["in_train"] == "batch"
        if not self.training and s["in_eval"] == "batch":
            by_batch = True
        if by_batch:
            at, spread = mean, var if s["used"] == "biased" else self._unbiased(var, m)
        else:
            at, spread = self.running_mean, self.running_var
        y = (x - at) / self._root(spread, by_batch)
        if remember and not (s["before"] or late):
            self._remember(mean, var, m)
        return {
            "right": lambda: self.gamma * y + self.beta,
            "none": lambda: y,
            "no gamma": lambda: y + self.beta,
            "no beta": lambda: self.gamma * y,
            "training": lambda: self.gamma * y + self.beta if self.training else y,
        }[s["affine"]]()

    def _root(self, spread, by_batch):
        how = self.s["eps_used"]
        eps = {"right": self.eps, "none": 0.0, "fixed": 1e-5, "outside": 0.0}.get(how, self.eps)
        if how == "not in evaluation" and not by_batch:
            eps = 0.0
        if not by_batch and self.s["spread"] == "sd, squared":
            spread = spread**2
        if not by_batch and self.s["spread"] in ("sd", "biased sd"):
            return spread + eps
        outside = self.eps if how == "outside" else 0.0
        return np.sqrt(spread + eps) + outside

    def _unbiased(self, var, m):
        if m > 1:
            return var * m / (m - 1)
        return np.full_like(var, np.nan) if self.s["row"] == "nan" else var

    def _remember(self, mean, var, m):
        self.batches += 1
        s, new = self.s, self.momentum
        kept = self._unbiased(var, m) if s["stored"] == "unbiased" else var
        if s["spread"] != "variance":
            kept = np.sqrt(var if s["spread"] == "biased sd" else kept)
        flip = {"old": (1, 1), "old for the variance": (0, 1), "old for the mean": (1, 0)}
        flips = flip.get(s["weight"], (0, 0))
        for name, value, other in zip(NAMES[2:], (mean, kept), flips, strict=True):
            share = 1 - new if other else new
            if s["weight"] == "cumulative":
                share = 1 / self.batches
            if s["weight"] == "newest" or (s["weight"] == "first copied" and self.batches == 1):
                share = 1.0
            setattr(self, name, (1 - share) * getattr(self, name) + share * value)

    def _forget(self, var):
        self.running_mean = np.zeros(self.num_features)
        self.running_var = np.full(self.num_features, var)


class OneMemory(BatchNorm1d):
    """The memory hangs on the class: every new layer clears it for all."""

    memory: ClassVar = {}
    running_mean = property(
        lambda self: self.memory["mean"], lambda self, a: self.memory.update(mean=a)
    )
    running_var = property(
        lambda self: self.memory["var"], lambda self, a: self.memory.update(var=a)
    )
