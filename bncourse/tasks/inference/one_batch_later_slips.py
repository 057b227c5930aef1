"""What learners get wrong about running averages by hand."""

from __future__ import annotations

import math

import numpy as np

from bncourse.grading.task import Misconception
from bncourse.tasks.inference.one_batch_later_numbers import (
    KERAS_NEW,
    TORCH_NEW,
    answers,
    averages,
    batches,
    both,
    keras_fields,
    output,
    own,
    partly,
    quotient,
    sd_averaged,
    stored,
    torch_fields,
)

MISCONCEPTIONS = (
    Misconception(
        "biased stored",
        "PyTorch's running variance got the variance over N. What is stored has to speak for the "
        "population, and there PyTorch divides by N − 1.",
        "In eval mode the running variance speaks for samples that were not in the batch. Which of "
        "the two variances estimates theirs?",
        "M2",
        lambda p: torch_fields(p, ddof=0),
    ),
    Misconception(
        "unbiased in Keras",
        "Keras's running variance got the variance over N − 1. Keras stores the one that it "
        "normalises with.",
        "Which of the two libraries keeps two kinds of variance apart?",
        "M2",
        lambda p: keras_fields(p, ddof=1),
    ),
    Misconception(
        "PyTorch reversed",
        "The new batch got the weight 0.9 in PyTorch's average, which now remembers hardly more "
        "than this batch.",
        "In PyTorch, which of the two does momentum = 0.1 weigh: the old average or the new batch?",
        "M6",
        lambda p: torch_fields(p, new=1 - TORCH_NEW),
    ),
    Misconception(
        "Keras reversed",
        "The new batch got the weight 0.99 in Keras's average, which now remembers hardly more "
        "than this batch.",
        "In Keras, which of the two does momentum = 0.99 weigh: the old average or the new batch?",
        "M6",
        lambda p: keras_fields(p, new=1 - KERAS_NEW),
    ),
    Misconception(
        "PyTorch's momentum in Keras",
        "Keras's averages were made with PyTorch's weights, 0.9 and 0.1.",
        "What weight does momentum = 0.99 leave for the new batch?",
        "M6",
        lambda p: keras_fields(p, new=TORCH_NEW),
    ),
    Misconception(
        "the same in both",
        "Keras's averages are PyTorch's over again: its weights, and its variance.",
        "The two layers have different momenta. Can they move equally far towards the batch?",
        "M6",
        lambda p: keras_fields(p, TORCH_NEW, 1),
    ),
    Misconception(
        "Keras's momentum in PyTorch",
        "PyTorch's averages were made with Keras's weights, 0.99 and 0.01.",
        "What weight does momentum = 0.1 give to the new batch?",
        "M6",
        lambda p: torch_fields(p, new=KERAS_NEW),
    ),
    Misconception(
        "layers exchanged",
        "PyTorch and Keras have changed places: each has the other's weights and variance.",
        "Which of the two layers takes larger steps towards a new batch?",
        "M6",
        lambda p: torch_fields(p, KERAS_NEW, 0) | keras_fields(p, TORCH_NEW, 1),
    ),
    Misconception(
        "sd averaged",
        "The standard deviation was averaged. The layer averages variances, and takes the root "
        "when it divides.",
        "Which quantity does the layer store, and what unit has it?",
        "M1",
        lambda p: sd_averaged(p, False),
    ),
    Misconception(
        "sd averaged, then squared",
        "The standard deviations were averaged and the result was squared. The mean of roots is "
        "below the root of the mean.",
        "If the old variance is 1 and the new one 9, is their half-and-half average 4 or 5?",
        "M1",
        lambda p: sd_averaged(p, True),
    ),
    Misconception(
        "root in the variance field",
        "That is the root of the running variance; the running variance was asked for.",
        "Which of the two does the layer store?",
        "M1",
        lambda p: {n: np.sqrt(answers(p)[n]) for n in ("torch_var", "keras_var")},
    ),
    Misconception(
        "sum for average",
        "The batch's squared deviations were added up but not averaged.",
        "The variance is a mean. By what must the sum be divided?",
        "",
        lambda p: both(p, ddof=len(p["x"]) - 1),
    ),
    Misconception(
        "the batch itself",
        "Those are this batch's own mean and variance. A running average keeps most of what it "
        "was.",
        "What were the averages before this batch, and how much of that is left?",
        "M5",
        lambda p: own(p, 1, 0),
    ),
    Misconception(
        "the batch itself, biased",
        "Those are this batch's own mean and variance, over N. A running average keeps most of "
        "what it was.",
        "What were the averages before this batch, and how much of that is left?",
        "M5",
        lambda p: own(p, 0, 0),
    ),
    Misconception(
        "start forgotten",
        "The new batch has its weight, but nothing is left of the variance that was there: it "
        "started at 1.",
        "If the batch's variance were 1 as well, what should the average be?",
        "",
        lambda p: both(p, old=0.0),
    ),
    Misconception(
        "start kept whole",
        "The weighted batch was added, and the old variance kept whole: the weights add up to more "
        "than 1.",
        "If the batch's variance were 1, like the old one, what should the average be?",
        "",
        lambda p: both(p, old=1.0),
    ),
    Misconception(
        "mean starts at 1",
        "The running mean was started at 1. Only the variance starts there.",
        "What does a fresh layer do in eval mode, and with which mean?",
        "",
        lambda p: both(p, start=(1.0, 1.0)),
    ),
    Misconception(
        "eval with batch statistics",
        "The single value was normalised with the mean and the variance of the batch before. In "
        "eval mode the layer uses what it has stored.",
        "Which two numbers does the layer still have when the batch is gone?",
        "M5",
        lambda p: output(p, p["x"].mean(), p["x"].var()),
    ),
    Misconception(
        "eval with the batch's mean",
        "The running variance was used, but the mean is the batch's.",
        "Which mean has the layer stored?",
        "M5",
        lambda p: output(p, p["x"].mean(), stored(p)[1]),
    ),
    Misconception(
        "eval with the batch's spread",
        "The running mean was used, but the spread is the batch's.",
        "Which variance has the layer stored?",
        "M5",
        lambda p: output(p, stored(p)[0], p["x"].var()),
    ),
    Misconception(
        "eval by itself",
        "The single value was normalised by itself, so any value would become 0.",
        "Should the output in eval mode depend on the value at all?",
        "M5",
        lambda p: partly(eval_output=0),
    ),
    Misconception(
        "eval of a fresh layer",
        "The value came out as it went in: that is what the layer did before it had seen a batch.",
        "What are the running mean and variance now?",
        "",
        lambda p: partly(eval_output=p["value"]),
    ),
    Misconception(
        "eval with Keras's averages",
        "The running averages are Keras's; PyTorch's layer was asked for.",
        "Which layer was put into eval mode?",
        "M6",
        lambda p: output(p, *averages(p, KERAS_NEW, 0)),
    ),
    Misconception(
        "variance for sd",
        "In eval mode the value was divided by the running variance.",
        "Which of the two, variance or standard deviation, has the unit of x?",
        "M1",
        lambda p: partly(eval_output=(p["value"] - stored(p)[0]) / stored(p)[1]),
    ),
    Misconception(
        "not centred",
        "In eval mode the running mean was not subtracted.",
        "What should the output be for a value that equals the running mean?",
        "",
        lambda p: output(p, 0.0, stored(p)[1]),
    ),
    Misconception(
        "not divided",
        "In eval mode the running mean was subtracted, but nothing was divided.",
        "What is the running variance for?",
        "",
        lambda p: output(p, stored(p)[0], 1.0),
    ),
    Misconception(
        "sign",
        "The size is right and the sign is not.",
        "Is the value above or below the running mean? Which sign should say so?",
        "",
        lambda p: partly(eval_output=-answers(p)["eval_output"]),
    ),
    Misconception(
        "one batch too few",
        "After that many batches the start still weighs a little more than 1 %.",
        "What is its weight after exactly that many batches?",
        "",
        lambda p: partly(batches=batches(1 - p["momentum"]) - 1),
    ),
    Misconception(
        "one batch too many",
        "The weight is below 1 % one batch earlier already.",
        "What is the start's weight one batch before?",
        "",
        lambda p: partly(batches=batches(1 - p["momentum"]) + 1),
    ),
    Misconception(
        "not rounded",
        "That is where the curve crosses 1 %. Batches come whole.",
        "After which batch is the weight below 1 % for the first time?",
        "",
        lambda p: partly(batches=quotient(1 - p["momentum"])),
    ),
    Misconception(
        "forgotten in a straight line",
        "That is 1 / momentum, rounded up: the start would lose the same share with every batch. "
        "But each batch takes a share of what is left.",
        "What is the start's weight after two batches: 1 − 2 · momentum, or something else?",
        "",
        lambda p: partly(batches=math.ceil(1 / p["momentum"])),
    ),
    Misconception(
        "count reversed",
        "The momentum itself was raised to the power: the old average got the new batch's weight.",
        "What is left of the start after one batch of PyTorch's rule?",
        "M6",
        lambda p: partly(batches=batches(p["momentum"])),
    ),
    Misconception(
        "count for small momentum",
        "That is 4.6 / momentum, rounded up, where (1 − momentum)ᵏ was taken for "
        "exp(−momentum · k). Near, but a count is exact.",
        "What is the start's weight after one batch, to four digits?",
        "",
        lambda p: partly(batches=math.ceil(-math.log(0.01) / p["momentum"])),
    ),
    Misconception(
        "ten per cent",
        "After that many batches the start weighs less than 10 %.",
        "What is 1 % as a fraction?",
        "",
        lambda p: partly(batches=batches(1 - p["momentum"], 0.1)),
    ),
    Misconception(
        "one per thousand",
        "That is the count for 0.1 %.",
        "What is 1 % as a fraction?",
        "",
        lambda p: partly(batches=batches(1 - p["momentum"], 0.001)),
    ),
    Misconception(
        "PyTorch's default in the count",
        "That is the count for momentum 0.1.",
        "Which momentum has the layer of the last question?",
        "",
        lambda p: partly(batches=batches(1 - TORCH_NEW)),
    ),
    Misconception(
        "Keras's default in the count",
        "That is the count for Keras's 0.99.",
        "Which momentum has the layer of the last question, and what does it weigh?",
        "M6",
        lambda p: partly(batches=batches(1 - KERAS_NEW)),
    ),
)
