"""The layers that a learner's own tests meet: thirty wrong batch norms and six right ones."""

from __future__ import annotations

from bncourse.grading.tags import Tags
from bncourse.tasks.group_norm.kill_bank import RIGHT, WRONG, oracle_for

LEFT_OUT = (
    # wrong on images only, and the capstone's tests need no images
    "each image by itself",
    "each activation by itself",
    "one mean for each column of pixels",
    # much like others that are in
    "eps fixed",
    "one gamma for all",
    "variance in one pass",
)
MUTANTS = {
    **{name: switches for name, switches in WRONG.items() if name not in LEFT_OUT},
    "eps left out": {"eps_where": "none", "eval_eps": "none"},
    "no beta": {"affine": "no beta"},
    "mean path missing": {"paths": (0.0, 1.0)},
    "gradient of gamma averaged": {"dgamma": "mean"},
    "gamma in the gradient of beta": {"dbeta": "gamma"},
    "evaluation goes back as training does": {"eval_backward": "batch"},
    "first batch replaces the memory": {"rule": "first replaces"},
    "running mean never updated": {"remembers": ("var",)},
}

TAGS = Tags(len(RIGHT) + len(MUTANTS), oracle_for(RIGHT, MUTANTS))  # the right ones come first
