"""5.8 and 5.9: sentences about modes, averages and folding, to be completed."""

from __future__ import annotations

from bncourse.grading.sentences import Sentence, Sentences

MODES = Sentences(
    no_grad=Sentence(
        "A validation pass under torch.no_grad(), the net still in train mode, …",
        (
            "changes the running averages",
            "leaves the net as it was, since nothing is learned",
            "is an evaluation: batch norm uses its running averages",
        ),
        1,
    ),
    frozen=Sentence(
        "requires_grad = False is set for all parameters of a batch norm layer, gamma and beta. In "
        "train mode …",
        (
            "its running averages move on, and batch statistics are used",
            "it is frozen: it does what it would do in eval mode",
            "its running averages stay, but batch statistics are used",
        ),
        2,
    ),
    momentum=Sentence(
        "The momentum of batch norm is raised from 0.1 to 0.5, and nothing else. The loss in train "
        "mode …",
        (
            "stays the same, step by step",
            "falls faster, as with a larger momentum of SGD",
            "becomes noisier, since the statistics are noisier",
        ),
        0,
    ),
    zero=Sentence(
        "PyTorch, momentum = 0: the running averages …",
        (
            "stay at their start, 0 and 1",
            "are those of the newest batch",
            "are the plain average of all batches",
        ),
        1,
    ),
    unbiased=Sentence(
        "In training a layer normalises with the variance over N, and stores the one over N − 1. "
        "This is …",
        (
            "meant: the batch is to get variance 1, the memory speaks for the population",
            "a mistake in PyTorch: both should be the same",
            "of no effect, whatever N is",
        ),
        2,
    ),
    single=Sentence(
        "One single row is to be predicted by a net with batch norm. This …",
        (
            "works in eval mode, and gives the same as in any company",
            "is impossible: one row has no variance",
            "works in eval mode, but gives beta whatever the row is",
        ),
        1,
    ),
)

MODES_BANK = (
    MODES.slip(
        "no_grad leaves no trace",
        "no_grad stops gradients. The averages are not moved by gradients but by the forward pass.",
        "Which line of the layer writes the running mean: one in forward or one in backward?",
        "M5",
        no_grad=1,
    ),
    MODES.slip(
        "no_grad as eval",
        "no_grad stops gradients and leaves the mode alone. In train mode batch statistics are "
        "used.",
        "Which switch changes the formula of the layer, and which only what is recorded?",
        "M5",
        no_grad=2,
    ),
    MODES.slip(
        "frozen parameters as eval",
        "That freezes gamma and beta. Mean and variance are no parameters, and the mode is as it "
        "was.",
        "Which numbers of the layer does an optimiser never see?",
        "M18",
        frozen=1,
    ),
    MODES.slip(
        "averages stopped by requires_grad",
        "The running averages have no gradient to switch off: the forward pass in train mode "
        "writes them.",
        "Which numbers of the layer does an optimiser never see?",
        "M18",
        frozen=2,
    ),
    MODES.slip(
        "momentum of SGD",
        "The two share a name only. This one keeps the books of means and variances, and training "
        "does not read them.",
        "Where in the forward pass of train mode do the running averages appear?",
        "M6",
        momentum=1,
    ),
    MODES.slip(
        "momentum enters training",
        "In train mode the layer divides by the statistics of this batch alone. Only what it will "
        "use in eval mode is noisier.",
        "Where in the forward pass of train mode do the running averages appear?",
        "M6",
        momentum=2,
    ),
    MODES.slip(
        "zero as newest only",
        "In PyTorch momentum is the weight of the new batch. With weight 0 it leaves no trace.",
        "Put 0 into (1 − momentum) · old + momentum · new. What is left?",
        "M6",
        zero=1,
    ),
    MODES.slip(
        "zero as plain average",
        "The plain average is PyTorch's momentum = None. 0 is a weight like any other.",
        "Put 0 into (1 − momentum) · old + momentum · new. What is left?",
        "M6",
        zero=2,
    ),
    MODES.slip(
        "unbiased as a mistake",
        "They are two jobs. In the batch N numbers are to get variance 1; the memory has to guess "
        "the variance of samples that were not there.",
        "Batches of two from a population of variance 1: what is their variance over N on average?",
        "M2",
        unbiased=1,
    ),
    MODES.slip(
        "N − 1 of no effect",
        "The two differ by the factor N / (N − 1). That is 2 for batches of two.",
        "For which N does it matter?",
        "M2",
        unbiased=2,
    ),
    MODES.slip(
        "one row impossible",
        "In eval mode nothing is measured. The row meets two stored numbers.",
        "Whose mean and variance are used in eval mode?",
        "M5",
        single=1,
    ),
    MODES.slip(
        "one row gives beta",
        "That is what its own mean would do. In eval mode the stored mean is subtracted.",
        "Whose mean and variance are used in eval mode?",
        "M5",
        single=2,
    ),
)

MODES_TASK = MODES.task(
    id="5.8",
    title="six sentences about modes",
    entry="inference_claims",
    objective="Say what each switch of batch norm does, and what it does not",
    minutes=4,
    misconceptions=MODES_BANK,
    hints=(
        "Ask of each sentence: which numbers are used here, and which are written?",
        "train and eval choose the formula. no_grad and requires_grad are about gradients only, "
        "and the running averages have none. The momentum only weighs what is written.",
        "A layer in train mode, momentum 0.1, gets a batch of mean 5 under no_grad: its running "
        "mean was 0 and is 0.5 afterwards. In eval mode it would still be 0.",
    ),
)

KEEPING = Sentences(
    averaged=Sentence(
        "The weights of the last five epochs are averaged to one net with batch norm. Before it is "
        "evaluated, …",
        (
            "its statistics are measured anew with a pass over training data",
            "nothing is needed: weights and statistics fit each other",
            "gamma and beta are set back to 1 and 0",
        ),
        1,
    ),
    folded=Sentence(
        "Batch norm is folded into the layer before it, and that net is used in training. Then …",
        (
            "it no longer normalises: the batch's statistics are no constants",
            "it trains as before, only faster",
            "it trains as before, with frozen gamma and beta",
        ),
        2,
    ),
    equal=Sentence(
        "After folding, the outputs in float32 differ by about 1e-7 of their size. This is …",
        (
            "rounding: the same sums in another order",
            "a mistake in the folding, small but real",
            "the effect of eps, which was lost",
        ),
        1,
    ),
    nan=Sentence(
        "One bad batch brings a nan into the running mean. After a thousand good batches it is …",
        (
            "still nan",
            "good again, since the bad batch has no weight left",
            "good again after the next call of train()",
        ),
        2,
    ),
    twice=Sentence(
        "Checkpointing saves memory: the forward pass is run again in the backward pass. In train "
        "mode, without further measures, the running averages …",
        (
            "are updated twice for each batch",
            "are updated once, since the second pass is only for gradients",
            "are not updated at all",
        ),
        0,
    ),
    thawed=Sentence(
        "layer.eval() is called once for a pretrained batch norm layer; each epoch begins with "
        "net.train(). The running averages of the layer …",
        (
            "move again from the first epoch on",
            "stay as they were pretrained",
            "stay, but gamma and beta move",
        ),
        1,
    ),
)

KEEPING_BANK = (
    KEEPING.slip(
        "averaged weights, old statistics",
        "The statistics belong to the outputs of other weights. Averaged weights have outputs of "
        "their own.",
        "Which weights were in use when the running mean was measured?",
        "M5",
        averaged=1,
    ),
    KEEPING.slip(
        "affine set back",
        "gamma and beta were learned and averaged like the other weights. What fits none of the "
        "nets is the statistics.",
        "Which numbers of batch norm are measured, not learned?",
        "M8",
        averaged=2,
    ),
    KEEPING.slip(
        "folded for training",
        "Folding is right for fixed statistics. In train mode they change with every batch and "
        "with every step of the weights.",
        "What would the folded W be for the next batch?",
        "M5",
        folded=1,
    ),
    KEEPING.slip(
        "folded as frozen affine",
        "More than gamma and beta is fixed: the mean and the variance are too, so nothing is "
        "normalised by the batch.",
        "Which of the four numbers per unit come from the batch in train mode?",
        "M18",
        folded=2,
    ),
    KEEPING.slip(
        "exact equality expected",
        "float32 keeps about seven digits, and each order of multiplying and adding rounds in its "
        "own way.",
        "What do you get for 0.1 + 0.2 == 0.3?",
        "",
        equal=1,
    ),
    KEEPING.slip(
        "rounding taken for eps",
        "eps was in the folding. Leaving it out would give the same error in float64; this one "
        "becomes far smaller there.",
        "How large is the difference if everything is done in float64?",
        "M17",
        equal=2,
    ),
    KEEPING.slip(
        "nan is forgotten",
        "A nan times any weight is nan, however small the weight.",
        "What is 0.9 · nan + 0.1 · 5?",
        "",
        nan=1,
    ),
    KEEPING.slip(
        "train() clears the averages",
        "train() sets the mode and nothing else. To begin anew, PyTorch has reset_running_stats().",
        "What does train() change in the layer?",
        "M5",
        nan=2,
    ),
    KEEPING.slip(
        "second pass leaves no trace",
        "The layer does not know why it is called. Each forward pass in train mode writes.",
        "Which line of the layer writes the running mean, and how often is it run?",
        "M5",
        twice=1,
    ),
    KEEPING.slip(
        "checkpointing freezes the averages",
        "Each forward pass in train mode writes, and there are two of them.",
        "Which line of the layer writes the running mean, and how often is it run?",
        "M5",
        twice=2,
    ),
    KEEPING.slip(
        "frozen for good",
        "net.train() walks through all layers of the net and sets the mode of each.",
        "Which layers does net.train() reach?",
        "M18",
        thawed=1,
    ),
    KEEPING.slip(
        "affine moves, averages stay",
        "gamma and beta move, but after net.train() the layer is in train mode, and there the "
        "averages move too.",
        "In which mode is the layer when the first batch comes?",
        "M18",
        thawed=2,
    ),
)

KEEPING_TASK = KEEPING.task(
    id="5.9",
    title="six sentences about keeping a net",
    entry="keeping_claims",
    objective="Say what becomes of the statistics when a net is folded, averaged or frozen",
    minutes=4,
    misconceptions=KEEPING_BANK,
    hints=(
        "Statistics are measured: by which weights, on which data, in which mode?",
        "Every forward pass in train mode writes, for whatever reason it is run, and train() on a "
        "net reaches every layer in it. Statistics fit the weights that they were measured with.",
        "0.9 · nan + 0.1 · 5 is nan. Two passes with momentum 0.1 over one batch of mean 5 take a "
        "running mean from 0 to 0.5 and on to 0.95.",
    ),
)
