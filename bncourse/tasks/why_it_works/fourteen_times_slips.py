"""What goes wrong when speed-ups are read from tables."""

from __future__ import annotations

import numpy as np

from bncourse.grading.task import Misconception

# name, learning rate and million steps to 72.2 % (figure 3 of the paper)
STEPS = {
    "inception": ("Inception", 0.0015, 31.0),
    "baseline": ("BN-Baseline", 0.0015, 13.3),
    "x5": ("BN-x5", 0.0075, 2.1),
}
PAPER = (14.0, *(a / b for a, b in ((31.0, 2.1), (31.0, 13.3), (13.3, 2.1))))  # and the headline
RATES = (0.125, 0.5, 2.0, 8.0)
FOLLOWS = (
    "batch norm makes training 14 times faster",
    "most of the 14 times came with what batch norm allowed, or came along with it",
    "batch norm had no part in the 14 times",
    "the larger rate alone, without batch norm, would have given the 14 times",
)
RIGHT = 1


def _at(p, net):
    return p[net][p["rates"].index(p["common"])]


def answers(p):
    """Return the right answer of every field."""
    inception, baseline, x5 = (steps for _, _, steps in STEPS.values())
    return {
        "paper_all": np.asarray(inception / x5),
        "paper_alone": np.asarray(inception / baseline),
        "paper_rest": np.asarray(baseline / x5),
        "same_rate": np.asarray(_at(p, "plain") / _at(p, "batch")),
        "own_best": np.asarray(min(p["plain"]) / min(p["batch"])),
        "follows": np.asarray(float(RIGHT)),
    }


def _partly(**fields):
    return {name: np.asarray(float(value)) for name, value in fields.items()}


def _upside_down(p):
    right = answers(p)
    return {name: 1 / right[name] for name in right if name != "follows"}


def _per_cent(p):
    right = answers(p)
    return {name: 100 * (1 - 1 / right[name]) for name in right if name != "follows"}


def _share_saved(p):
    right = answers(p)
    return {name: 1 - 1 / right[name] for name in right if name != "follows"}


def _differences(p):
    inception, baseline, x5 = (steps for _, _, steps in STEPS.values())
    return _partly(
        paper_all=inception - x5,
        paper_alone=inception - baseline,
        paper_rest=baseline - x5,
        same_rate=_at(p, "plain") - _at(p, "batch"),
        own_best=min(p["plain"]) - min(p["batch"]),
    )


MISCONCEPTIONS = (
    Misconception(
        "upside down",
        "That is fast divided by slow.",
        "31 against 2.1: how many times fewer, about 15 or about 0.07?",
        wrong=_upside_down,
    ),
    Misconception(
        "per cent saved",
        "That is the share saved, in per cent. How many times fewer was asked for.",
        "10 instead of 20: how many times fewer is that?",
        wrong=_per_cent,
    ),
    Misconception(
        "share saved",
        "That is the share of the steps that was saved. How many times fewer was asked for.",
        "10 instead of 20: how many times fewer is that?",
        wrong=_share_saved,
    ),
    Misconception(
        "the headline",
        "14 is what the abstract says, rounded down. The table tells more digits.",
        "Which two numbers of the table does it come from?",
        wrong=lambda p: _partly(paper_all=14),
    ),
    Misconception(
        "each at its worst",
        "Each net was taken at its slowest rate.",
        "Are few updates good or bad?",
        wrong=lambda p: _partly(own_best=max(p["plain"]) / max(p["batch"])),
    ),
    Misconception(
        "subtracted",
        "The two numbers were subtracted. How many times fewer is a quotient.",
        "10 instead of 20: how many times fewer is that?",
        wrong=_differences,
    ),
    Misconception(
        "all of it by batch norm",
        "That is the whole gain, of which batch norm alone is a part. BN-x5 was changed in other "
        "ways, too.",
        "Which net has batch norm and nothing else that is new?",
        "M20",
        lambda p: _partly(paper_alone=STEPS["inception"][2] / STEPS["x5"][2]),
    ),
    Misconception(
        "the rest for the whole",
        "That compares BN-x5 with BN-Baseline, which has batch norm already.",
        "Which two nets does the question name?",
        wrong=lambda p: _partly(paper_all=STEPS["baseline"][2] / STEPS["x5"][2]),
    ),
    Misconception(
        "batch norm for the whole",
        "That is the part of batch norm alone, of which the whole gain is a multiple.",
        "Which two nets does the question name?",
        wrong=lambda p: _partly(paper_all=STEPS["inception"][2] / STEPS["baseline"][2]),
    ),
    Misconception(
        "batch norm for the rest",
        "That is the part of batch norm alone once more. BN-Baseline has it already.",
        "From BN-Baseline to BN-x5: how many million steps to how many?",
        "M20",
        lambda p: _partly(paper_rest=STEPS["inception"][2] / STEPS["baseline"][2]),
    ),
    Misconception(
        "the rest for batch norm",
        "That compares BN-x5 with BN-Baseline, which both have batch norm.",
        "Which net has no batch norm?",
        "M20",
        lambda p: _partly(paper_alone=STEPS["baseline"][2] / STEPS["x5"][2]),
    ),
    Misconception(
        "alone and rest exchanged",
        "The two parts have changed places.",
        "From Inception to BN-Baseline: what was changed?",
        "M20",
        lambda p: _partly(
            paper_alone=STEPS["baseline"][2] / STEPS["x5"][2],
            paper_rest=STEPS["inception"][2] / STEPS["baseline"][2],
        ),
    ),
    Misconception(
        "the rest by subtraction",
        "The part of batch norm was subtracted from the whole. Factors multiply: whole = alone × "
        "rest.",
        "From 31.0 to 13.3 to 2.1 million: what is the second step's factor?",
        wrong=lambda p: _partly(
            paper_rest=STEPS["inception"][2] / STEPS["x5"][2]
            - STEPS["inception"][2] / STEPS["baseline"][2]
        ),
    ),
    Misconception(
        "the rates' ratio",
        "That is by how much the learning rate was raised, not how many steps it saved.",
        "Which column holds the steps?",
        wrong=lambda p: _partly(paper_rest=5),
    ),
    Misconception(
        "own best for the same rate",
        "Each net was taken at its own best rate; one common rate was asked for.",
        "Which row of your table has the common rate?",
        "M20",
        lambda p: _partly(same_rate=min(p["plain"]) / min(p["batch"])),
    ),
    Misconception(
        "same rate for own best",
        "Both nets were taken at the common rate. It is far from the best one of at least one net, "
        "so the comparison flatters the other.",
        "At which rate is each net fastest?",
        "M20",
        lambda p: _partly(own_best=_at(p, "plain") / _at(p, "batch")),
    ),
    Misconception(
        "slow against best",
        "The net without BN was taken at the common rate and the one with BN at its best. That "
        "flatters batch norm.",
        "Which rate suits the net without BN best?",
        "M20",
        lambda p: _partly(own_best=_at(p, "plain") / min(p["batch"])),
    ),
    Misconception(
        "best of one net",
        "Both were taken at the rate that suits the net without BN.",
        "At which rate is the net with BN fastest?",
        "M20",
        lambda p: _partly(own_best=min(p["plain"]) / p["batch"][int(np.argmin(p["plain"]))]),
    ),
    Misconception(
        "the rate that suits batch norm",
        "Both were taken at the rate that suits the net with BN.",
        "At which rate is the net without BN fastest?",
        "M20",
        lambda p: _partly(own_best=p["plain"][int(np.argmin(p["batch"]))] / min(p["batch"])),
    ),
    Misconception(
        "averaged over the rates",
        "The updates were averaged over all rates first. Nobody would train at the bad ones.",
        "Which rate would you choose for each net?",
        wrong=lambda p: _partly(own_best=np.mean(p["plain"]) / np.mean(p["batch"])),
    ),
    Misconception(
        "mean of the ratios",
        "That is the mean of the four ratios. Each net was to run at its own best rate.",
        "Which rate would you choose for each net?",
        wrong=lambda p: _partly(own_best=np.mean(np.array(p["plain"]) / np.array(p["batch"]))),
    ),
    Misconception(
        "fourteen times by batch norm",
        "BN-Baseline has batch norm too, and needs 13.3 million steps, not 2.1.",
        "What does batch norm alone give in the first table?",
        "M20",
        lambda p: _partly(follows=0),
    ),
    Misconception(
        "no part in it",
        "At the same rate batch norm alone saves more than half of the steps.",
        "What was changed between the first two nets?",
        wrong=lambda p: _partly(follows=2),
    ),
    Misconception(
        "the rate alone",
        "No net in the first table has the larger rate without batch norm. (In the paper Inception "
        "at that rate diverged.) In the second table the net without BN is behind at its own best "
        "rate, too.",
        "Which row would show that?",
        "M20",
        lambda p: _partly(follows=3),
    ),
)
