"""Wrong layers, by name."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from bncourse.grading.kinds import slips
from bncourse.grading.task import Misconception
from bncourse.tasks.inference.layer_switches import BatchNorm1d, OneMemory

_slip = slips(BatchNorm1d)


def _also(slip, *others):
    """Return the slip with other ways of making it."""
    ways = tuple(partial(BatchNorm1d, **switches) for switches in others)
    return replace(slip, variants=ways)


MISCONCEPTIONS = (
    _slip(
        "biased memory",
        "The running variance averages the variance divided by N. Here a population is estimated "
        "from batches, and that takes N − 1.",
        "Batches of two, variance 1 in the population: what is the mean of their variance over N?",
        "M2",
        stored="biased",
    ),
    _slip(
        "unbiased normaliser",
        "In training the batch is divided by its unbiased standard deviation. That one belongs "
        "into the memory; the batch itself is normalised by the variance over N.",
        "Which of the two variances makes the batch's own variance 1?",
        "M2",
        used="unbiased",
    ),
    _slip(
        "momentum reversed",
        "momentum weighs the old value here. In this layer, as in PyTorch, it weighs the new one.",
        "With momentum 0.1, how much should one batch move the memory?",
        "M6",
        weight="old",
    ),
    _slip(
        "newest only",
        "The memory holds the newest batch and nothing else.",
        "Where is the share of the old value?",
        "M6",
        weight="newest",
    ),
    _slip(
        "batch statistics in evaluation",
        "In evaluation mode the batch is still its own ruler.",
        "What does a single row get from it, whatever it is?",
        "M5",
        in_eval="batch",
    ),
    _also(
        _slip(
            "memory written in evaluation",
            "The memory is written in evaluation mode too: two passes over the same data disagree.",
            "Which of the two modes may leave a trace?",
            "M5",
            remember="always",
        ),
        {"remember": "always", "row": "nan"},
        {"remember": "always", "before": True},
        {"remember": "always", "before": True, "row": "nan"},
        {"remember": "always", "stored": "biased"},
    ),
    _slip(
        "memory never written",
        "The memory stays as it was at the start.",
        "Which line writes down what a training batch measured?",
        "M5",
        remember="never",
    ),
    _also(
        _slip(
            "memory written in the wrong mode",
            "The memory is written in evaluation mode, and only there.",
            "Which of the two modes may leave a trace?",
            "M5",
            remember="eval",
        ),
        {"remember": "eval", "row": "nan"},
        {"remember": "eval", "before": True},
        {"remember": "eval", "before": True, "row": "nan"},
    ),
    _slip(
        "memory in training",
        "In training mode the batch is normalised by the memory. In training the batch is its own "
        "ruler; the memory is for later.",
        "What are the mean and the variance of the output in training?",
        "M5",
        in_train="memory",
    ),
    _also(
        _slip(
            "variance starts at zero",
            "The running variance starts at 0: an untrained layer in evaluation mode divides by "
            "√eps.",
            "What should an untrained layer do to x in evaluation mode?",
            start_var=0.0,
        ),
        {"start_var": 0.0, "reset": "variance 0"},
    ),
    _slip(
        "reset does nothing",
        "After reset() the memory is still there.",
        "What should running_mean and running_var be after it?",
        reset="nothing",
    ),
    _slip(
        "half a reset",
        "reset() clears the mean and leaves the variance.",
        "How many arrays does the memory have?",
        reset="mean only",
    ),
    _slip(
        "reset to zero",
        "reset() sets the running variance to 0; it starts at 1.",
        "What should a layer without a memory do to x in evaluation mode?",
        reset="variance 0",
    ),
    _slip(
        "reset of the parameters",
        "reset() also takes away gamma and beta, which were learned. It is about the memory.",
        "Which of the four arrays are measured, and which are learned?",
        reset="and affine",
    ),
    _slip(
        "only parameters loaded",
        "load() takes gamma and beta and leaves the running averages. They are no parameters, but "
        "without them the layer is another one.",
        "How many arrays make the answer in evaluation mode?",
        "M18",
        load="parameters",
    ),
    _slip(
        "only statistics loaded",
        "load() takes the running averages and leaves gamma and beta.",
        "How many arrays make the answer in evaluation mode?",
        load="statistics",
    ),
    _slip(
        "running variance not loaded",
        "load() leaves out the running variance.",
        "How many arrays make the answer in evaluation mode?",
        load="no variance",
    ),
    _slip(
        "gamma not loaded",
        "load() leaves out gamma.",
        "How many arrays make the answer in evaluation mode?",
        load="no gamma",
    ),
    _slip(
        "beta not loaded",
        "load() leaves out beta.",
        "How many arrays make the answer in evaluation mode?",
        load="no beta",
    ),
    _slip(
        "running mean not loaded",
        "load() leaves out the running mean.",
        "How many arrays make the answer in evaluation mode?",
        load="no mean",
    ),
    _slip(
        "state is a view",
        "state() hands out the layer's own arrays: whoever writes into what was saved changes the "
        "layer.",
        "What would a checkpoint hold an hour later?",
        copies="none",
    ),
    Misconception(
        "half of the state is a view",
        "state() hands out some of the layer's own arrays, others as copies: whoever writes into "
        "what was saved changes the layer.",
        "Which of the four arrays does your state() copy?",
        wrong=partial(BatchNorm1d, copies="parameters"),
    ),
    Misconception(
        "parameters handed out",
        "state() copies the running averages and hands out gamma and beta themselves: whoever "
        "writes into what was saved changes the layer.",
        "Which of the four arrays does your state() copy?",
        wrong=partial(BatchNorm1d, copies="statistics"),
    ),
    _also(
        _slip(
            "one row in training",
            "A training batch of one row is let through. Its mean is the row itself: every output "
            "is beta.",
            "What is x − mean for a single row?",
            "M12",
            single="taken",
        ),
        {"single": "taken", "row": "nan"},
    ),
    _slip(
        "one row in evaluation",
        "A single row is refused in evaluation mode. There the memory is the ruler, and one row is "
        "as good as many.",
        "What in evaluation mode depends on the number of rows?",
        "M5",
        single="never",
    ),
    _slip(
        "refused too late",
        "A single row is refused in training, but the memory has learned from it already.",
        "What comes first in your forward: the refusal or the update?",
        single="late",
    ),
    _slip(
        "counted numbers for rows",
        "A single row of several features is let through: the numbers in x were counted, not its "
        "rows.",
        "How many values share one mean if x is (1, 3)?",
        "M12",
        single="by size",
    ),
    _slip(
        "affine forgotten",
        "gamma and beta are never used.",
        "Which step comes after x_hat?",
        "M8",
        affine="none",
    ),
    _slip(
        "gamma forgotten",
        "beta is added, but gamma never scales.",
        "Which step comes after x_hat?",
        "M8",
        affine="no gamma",
    ),
    _slip(
        "beta forgotten",
        "gamma scales, but beta is never added.",
        "Which step comes after x_hat?",
        "M8",
        affine="no beta",
    ),
    _slip(
        "affine in training only",
        "gamma and beta are used in training only.",
        "Does evaluation change what was learned?",
        "M8",
        affine="training",
    ),
    _slip(
        "eps missing in evaluation",
        "In evaluation mode eps is left out.",
        "What happens where the running variance is 0?",
        "M17",
        eps_used="not in evaluation",
    ),
    _slip(
        "no eps",
        "eps is never used.",
        "What happens where a feature does not vary?",
        "M17",
        eps_used="none",
    ),
    _slip(
        "eps fixed",
        "eps is always 1e-5, whatever was passed in.",
        "Where does self.eps enter your code?",
        "M17",
        eps_used="fixed",
    ),
    _slip(
        "eps outside the root",
        "eps is added to the standard deviation instead of the variance.",
        "Take variance 0: what should the divisor be, √eps or eps?",
        "M17",
        eps_used="outside",
    ),
    _slip(
        "momentum fixed",
        "The momentum is always 0.1, whatever was passed in.",
        "Where does self.momentum enter your code?",
        "M6",
        momentum_used="fixed",
    ),
    _slip(
        "first batch copied",
        "The memory becomes the first batch, instead of an average of it with the start.",
        "After one batch, how much of the start should be left?",
        "M6",
        weight="first copied",
    ),
    _slip(
        "plain average",
        "The memory is the plain average of all batches: momentum is not used.",
        "With momentum 0.1, how much should one batch move the memory?",
        "M6",
        weight="cumulative",
    ),
    _slip(
        "momentum reversed for the variance",
        "The mean's memory is right; in the variance's, momentum weighs the old value.",
        "Which of the two numbers in each line should momentum stand beside?",
        "M6",
        weight="old for the variance",
    ),
    _slip(
        "momentum reversed for the mean",
        "The variance's memory is right; in the mean's, momentum weighs the old value.",
        "Which of the two numbers in each line should momentum stand beside?",
        "M6",
        weight="old for the mean",
    ),
    _slip(
        "eval forgets",
        "eval() wipes the memory that evaluation needs.",
        "What did training write down, and who should read it?",
        "M5",
        modes="eval forgets",
    ),
    _slip(
        "reset changes the mode",
        "reset() also switches to training mode. It is about the memory only.",
        "In which mode should a layer be after eval() and reset()?",
        "M5",
        reset="and mode",
    ),
    _slip(
        "mean not reset",
        "reset() clears the variance and leaves the mean.",
        "How many arrays does the memory have?",
        reset="variance only",
    ),
    _slip(
        "never back to training",
        "After eval() the layer stays in evaluation mode, also after train().",
        "What does your train() set?",
        "M5",
        modes="no train",
    ),
    _also(
        _slip(
            "standard deviation remembered",
            "running_var averages standard deviations, as a text does. The mean of roots is "
            "below the root of the mean.",
            "Batches with standard deviations 1 and 3: which variance have all samples together?",
            "M1",
            spread="sd",
        ),
        {"spread": "biased sd"},
        {"spread": "sd, squared"},
        {"spread": "sd, squared", "stored": "biased"},
        {"spread": "sd, squared root"},
        {"spread": "sd, squared root", "stored": "biased"},
    ),
    Misconception(
        "one memory for all layers",
        "All layers share one memory: it hangs on the class, not on the layer.",
        "If a second layer is made, what becomes of the first one's memory?",
        wrong=OneMemory,
    ),
)
