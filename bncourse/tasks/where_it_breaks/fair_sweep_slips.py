"""What learners get wrong when they compare batch sizes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np

from bncourse.grading.kinds import slips

SAMPLES, EPOCHS, RATE, AT = 1280, 6, 0.3, 32

RATES: dict[str, Callable] = {
    "scaled": lambda b: RATE * b / AT,
    "fixed": lambda b: RATE,
    "rounded down": lambda b: RATE * (b // AT),
    "reversed": lambda b: RATE * AT / b,
    "root": lambda b: RATE * (b / AT) ** 0.5,
    "times b": lambda b: RATE * b,
    "over 32 only": lambda b: RATE / AT,
    "over b": lambda b: RATE / b,
}
UPDATES: dict[str, Callable] = {
    "epochs": lambda b: EPOCHS * SAMPLES // b,
    "fixed": lambda b: EPOCHS * SAMPLES // AT,
    "as epochs": lambda b: EPOCHS,
    "one epoch": lambda b: SAMPLES // b,
    "samples": lambda b: EPOCHS * SAMPLES,
    "samples in an epoch": lambda b: SAMPLES,
    "times b": lambda b: EPOCHS * b,
    "in proportion": lambda b: EPOCHS * SAMPLES // AT * b // AT,
}
SUMMARIES: dict[str, Callable] = {
    "mean": np.mean,
    "best": np.min,
    "worst": np.max,
    "median": np.median,
    "sum": np.sum,
    "first": lambda errors: errors[0],
    "last": lambda errors: errors[-1],
    "sd": np.std,
    "error of the mean": lambda errors: np.std(errors) / len(errors) ** 0.5,
}
SEEDS: dict[str, Callable] = {  # which seeds train the size at place k
    "all": lambda seeds, k: seeds,
    "first": lambda seeds, k: seeds[:1],
    "last": lambda seeds, k: seeds[-1:],
    "one each": lambda seeds, k: [seeds[k % len(seeds)]],
    "counted": lambda seeds, k: range(len(seeds)),
    "always 0": lambda seeds, k: [0],
    "not the last": lambda seeds, k: seeds[:-1] or seeds,
}


def sweep(
    norm, sizes, seeds, train_and_test, *,
    rate="scaled", updates="epochs", summary="mean", use="all", mode="eval", kind=None,
    emptied=True,
):  # fmt: skip
    """Return {size: mean test error over the seeds}; the keywords switch slips on."""
    told = {"mode": mode} if mode else {}
    errors, runs = {}, []
    for k, size in enumerate(sizes):
        before = [] if emptied else runs
        runs = before + [
            train_and_test(
                kind or norm,
                size,
                learning_rate=RATES[rate](size),
                updates=UPDATES[updates](size),
                seed=seed,
                **told,
            )
            for seed in SEEDS[use](seeds, k)
        ]
        errors[size] = float(SUMMARIES[summary](runs))
    return errors


_slip = slips(sweep)

MISCONCEPTIONS = (
    _slip(
        "one rate for all",
        "All sizes have the same learning rate. What suits 32 samples is too large for 2, so that "
        "small batches lose for a reason that is not theirs.",
        "Which rate should batch size 2 have, if 32 has 0.3?",
        "",
        rate="fixed",
    ),
    _slip(
        "rate rounded down",
        "size // 32 is a whole number, rounded down: 0 for every size below 32, so that the rate "
        "is 0, and 1 for 40.",
        "What is 8 // 32, and what is 8 / 32?",
        "",
        rate="rounded down",
    ),
    _slip(
        "rate reversed",
        "The rate grows where the batch shrinks.",
        "Which gradient is the noisier one, and which should take the larger steps?",
        "",
        rate="reversed",
    ),
    _slip(
        "rate over the size",
        "The rate is 0.3 divided by the batch size. It should be 0.3 at 32, and grow with the "
        "size.",
        "What rate does your code give for batch size 32, and what for 64?",
        "",
        rate="over b",
    ),
    _slip(
        "root of the size",
        "The rate grows with the root of the batch size. There is such a rule, but the one asked "
        "for is in proportion.",
        "Which rate should batch size 64 have, if 32 has 0.3?",
        "",
        rate="root",
    ),
    _slip(
        "rate times the size",
        "The rate is 0.3 times the batch size. It should be 0.3 at 32.",
        "What rate does your code give for batch size 32?",
        "",
        rate="times b",
    ),
    _slip(
        "rate of one sample",
        "All sizes have the rate of a single sample, 0.3 / 32.",
        "What rate does your code give for batch size 32?",
        "",
        rate="over 32 only",
    ),
    _slip(
        "equal updates",
        "All sizes make as many updates. Batch size 2 then sees a sixteenth of what 32 sees.",
        "How many updates are six epochs of 1280 samples at batch size 2?",
        "",
        updates="fixed",
    ),
    _slip(
        "epochs for updates",
        "The trainer was told 6 updates. Six epochs are many more.",
        "How many updates is one epoch of 1280 samples at batch size 32?",
        "",
        updates="as epochs",
    ),
    _slip(
        "one epoch",
        "The trainer was told the updates of one epoch; six were asked for.",
        "How many updates does your code give for batch size 32?",
        "",
        updates="one epoch",
    ),
    replace(
        _slip(
            "an update for each sample",
            "The number of samples was taken for that of updates. An update uses a whole batch.",
            "How many updates is one epoch of 1280 samples at batch size 32?",
            "",
            updates="samples",
        ),
        variants=(partial(sweep, updates="samples in an epoch"),),
    ),
    replace(
        _slip(
            "more updates for larger batches",
            "The updates were made proportional to the batch size. That is the rule for the rate; "
            "a larger batch uses an epoch up in fewer updates.",
            "Which size makes more updates in one epoch: 2 or 64?",
            "",
            updates="in proportion",
        ),
        variants=(partial(sweep, updates="times b"),),
    ),
    _slip(
        "best seed",
        "The best seed stands for all. The more seeds, the better it looks, whatever is compared.",
        "With one lucky run in five, what would you tell about the method?",
        "",
        summary="best",
    ),
    _slip(
        "worst seed",
        "The worst seed stands for all.",
        "Which number speaks for all five runs?",
        "",
        summary="worst",
    ),
    _slip(
        "median",
        "That is the median over the seeds; the mean was asked for.",
        "What becomes of a run that failed wholly: in the mean, and in the median?",
        "",
        summary="median",
    ),
    _slip(
        "not divided",
        "The errors of the seeds were added up, but not divided by their number.",
        "Can an error rate be above 100 %?",
        "",
        summary="sum",
    ),
    replace(
        _slip(
            "one run told",
            "All seeds are trained, but the error of one alone is told: in a loop each run may "
            "have overwritten the one before.",
            "What is in your dict after the first seed, and what after the last?",
            "",
            summary="last",
        ),
        variants=(partial(sweep, summary="first"),),
    ),
    _slip(
        "errors of earlier sizes kept",
        "The errors of earlier sizes are still in the list when the next size is averaged.",
        "With two seeds: how many errors are in your list after the second size?",
        "",
        emptied=False,
    ),
    replace(
        _slip(
            "spread for error",
            "That is how much the seeds differ, not how large their error is.",
            "If all seeds had 5 %, what should come out?",
            "",
            summary="sd",
        ),
        variants=(partial(sweep, summary="error of the mean"),),
    ),
    replace(
        _slip(
            "one seed only",
            "Only one seed was used. A difference between two runs may be luck.",
            "How often is train_and_test called for each size?",
            "",
            use="first",
        ),
        variants=(partial(sweep, use="last"), partial(sweep, use="one each")),
    ),
    _slip(
        "a seed left out",
        "One of the seeds was never used.",
        "Which seeds does your loop run over?",
        "",
        use="not the last",
    ),
    replace(
        _slip(
            "seeds counted",
            "The runs had the seeds 0, 1, 2, …, not those that were handed in.",
            "Does your loop run over seeds or over how many there are?",
            "",
            use="counted",
        ),
        variants=(partial(sweep, use="always 0"),),
    ),
    replace(
        _slip(
            "tested in training mode",
            "The nets were tested in training mode: test images were normalised by one another.",
            "In which mode does training leave a net, and what if nobody changes it?",
            "M5",
            mode="",
        ),
        variants=(partial(sweep, mode="train"),),
    ),
    _slip(
        "norm not handed on",
        "All nets had batch norm, whatever norm was asked for.",
        "Where does the argument norm enter your code?",
        "",
        kind="batch",
    ),
)
