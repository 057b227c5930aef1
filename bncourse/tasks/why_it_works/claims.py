"""7.5: eight sentences about why batch norm works, to be completed."""

from __future__ import annotations

from bncourse.grading.sentences import Sentence, Sentences

SENTENCES = Sentences(
    shift=Sentence(
        "Internal covariate shift, as the paper means it, is …",
        (
            "the change of a layer's inputs that updates of the layers below cause",
            "the randomness of the initial weights and of the data",
            "that new data differ from the training data",
            "that each layer depends on the one before it",
        ),
        2,
    ),
    noise=Sentence(
        "Noise after batch norm made every layer's inputs jump more than without batch norm. The "
        "net …",
        (
            "still trained about as fast, while much larger jumps did hurt",
            "trained as badly as without batch norm, as the covariate-shift story says",
            "could not be trained at all",
        ),
    ),
    smooth=Sentence(
        "If batch norm makes the loss smoother, then because …",
        (
            "it makes another function of the same weights",
            "it changes the distribution of the weights",
            "it cuts off the largest gradients",
        ),
        1,
    ),
    scale=Sentence(
        "The weights before batch norm are multiplied by 10. Then the output …",
        (
            "stays the same, and the gradient gets ten times smaller",
            "stays the same, and so does the gradient",
            "gets ten times larger, and so does the gradient",
        ),
        2,
    ),
    decay=Sentence(
        "Weight decay on weights before batch norm …",
        (
            "keeps them short, so that each step turns them further",
            "keeps the function simple by making its outputs small",
            "does nothing at all, since their scale does not matter",
        ),
    ),
    growth=Sentence(
        "In a deep ReLU net with batch norm, without skips, before training, the gradient …",
        (
            "grows towards the input, layer by layer",
            "has about the same size in every layer, like the activations",
            "fades towards the input, layer by layer",
        ),
        2,
    ),
    rates=Sentence(
        "With batch norm the learning rate …",
        (
            "may be chosen from a wider range, which still ends",
            "may be as large as you like",
            "must be smaller, since the statistics are noisy",
        ),
        1,
    ),
    audit=Sentence(
        "“Batch norm works because it reduces internal covariate shift” is …",
        (
            "the paper's motivation, which later tests did not support",
            "a theorem of the paper",
            "a measurement that has been repeated often",
        ),
    ),
)


def _slip(key, says, asks, code="", **endings):
    return SENTENCES.slip(key, says, asks, code, **endings)


MISCONCEPTIONS = (
    _slip(
        "random weights as the shift",
        "Random weights and random data are there before any training. The shift is what *updates* "
        "do: with frozen weights it is zero.",
        "Freeze all weights. What is left of the shift?",
        "M14",
        shift=1,
    ),
    _slip(
        "new data as the shift",
        "That is covariate shift, of the data. “Internal” means between layers, in training.",
        "What does the word internal say?",
        "M14",
        shift=2,
    ),
    _slip(
        "dependence as the shift",
        "Every layer depends on the one before it, also when nothing moves. That is composition.",
        "Does a layer stop depending on the one below when the weights are frozen?",
        "M14",
        shift=3,
    ),
    _slip(
        "noise must hurt",
        "That is what the story predicts. It did not happen in the lesson.",
        "Which arm of the noise test was the slowest?",
        "M14",
        noise=1,
    ),
    _slip(
        "noise must kill",
        "Even with the strongest noise, jumps three times as large as without batch norm and more, "
        "the nets got more than 90 % right, on average.",
        "How strong was the noise that already beat the net without batch norm in jumping?",
        "M14",
        noise=2,
    ),
    _slip(
        "weights' distribution",
        "Batch norm does not touch the weights. It puts them into another function.",
        "Which arrays does a batch-norm layer read, and does it read a weight?",
        "M14",
        smooth=1,
    ),
    _slip(
        "outliers cut off",
        "That is gradient clipping. Batch norm's 1/sd multiplies large and small gradients alike.",
        "Which line of the backward pass would treat a large gradient differently?",
        smooth=2,
    ),
    _slip(
        "same gradient",
        "The output does not change, so a step ten times longer would be needed for the same turn: "
        "the gradient is ten times smaller.",
        "f(10·w) = f(w): what does the chain rule say about the slope?",
        "M15",
        scale=1,
    ),
    _slip(
        "larger gradient",
        "The batch's sd is ten times larger, too, and divides it away.",
        "What does batch norm divide by, and how does that change?",
        "M15",
        scale=2,
    ),
    _slip(
        "decay as simplicity",
        "Shorter weights give the same outputs there. The decay acts through the length: it sets "
        "how far a step turns them.",
        "What does the net compute with half the weights?",
        "M15",
        decay=1,
    ),
    _slip(
        "decay does nothing",
        "The output does not mind the length, but the gradient does: it goes with 1/length.",
        "Which of the two, output or gradient, depends on the length of W?",
        "M15",
        decay=2,
    ),
    _slip(
        "gradients stay",
        "The activations do. Backwards each layer of batch norm and ReLU lets the squared gradient "
        "grow by about 1.47.",
        "What did the 30 layers show, forwards and backwards?",
        growth=1,
    ),
    _slip(
        "gradients fade",
        "Backwards they grow: batch norm divides by the sd of a ReLU's product, which is small.",
        "What did the 30 layers show, forwards and backwards?",
        growth=2,
    ),
    _slip(
        "any rate",
        "A wider range is not an infinite one. The lesson found its end.",
        "What happened at the largest rates of the sweep?",
        "M15",
        rates=1,
    ),
    _slip(
        "smaller rates",
        "The noise is there, but the usable rates are larger.",
        "Where did the two ranges end in the sweep?",
        rates=2,
    ),
    _slip(
        "a theorem",
        "There is no proof of it, nor did the paper claim one.",
        "Which line of the paper proves it?",
        "M14",
        audit=1,
    ),
    _slip(
        "measured often",
        "Faster training was measured often. That covariate shift is the reason was not.",
        "Which experiment separates the two?",
        "M14",
        audit=2,
    ),
)

TASK = SENTENCES.task(
    id="7.5",
    title="eight sentences about why",
    entry="why_claims",
    objective="Tell what is known about why batch norm works from what is only said",
    minutes=6,
    misconceptions=MISCONCEPTIONS,
    hints=(
        "For each sentence find the cell of the lesson that could have come out otherwise.",
        "Three kinds are mixed here: what follows from the formula, what was measured, and what "
        "was once proposed. Which cell, or which line, belongs to each sentence?",
        "From the formula: BN(10·W·x) = BN(W·x), and the gradient is the slope of that. Measured: "
        "the noise, the 30 layers, the range of rates. Proposed: the covariate shift.",
    ),
)
