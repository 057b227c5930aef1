"""2.5: five sentences about inputs, to be completed."""

from __future__ import annotations

from bncourse.grading.sentences import Sentence, Sentences

SENTENCES = Sentences(
    shape=Sentence(
        "After standardising, the histogram of a skewed feature …",
        ("has the shape it had", "is close to a bell curve", "is symmetric, but no bell curve"),
        2,
    ),
    range=Sentence(
        "Pixels from 0 to 255 are divided by 255. They are now …",
        (
            "rescaled: their mean and spread are what they are",
            "standardised",
            "centred, but not scaled",
        ),
        1,
    ),
    scales=Sentence(
        "Age in years and distance in kilometres, both raw, one learning rate. Then …",
        (
            "the rate that kilometres allow hardly moves the weight of age",
            "gradients are unlikely to explode, since the ranges differ",
            "the weight of age is the first to diverge",
        ),
        0,
    ),
    deeper=Sentence(
        "The inputs of a net are standardised. During training the inputs of its layer 4 …",
        (
            "move, since the weights below them learn",
            "stay at mean 0 and spread 1",
            "move only when the learning rate is too large",
        ),
        1,
    ),
    few=Sentence(
        "The covariance of 32 samples of 100 features has rank …",
        ("at most 31", "32", "100"),
        2,
    ),
)

MISCONCEPTIONS = (
    SENTENCES.slip(
        "standardised as Gaussian",
        "A shift and a scale cannot change a shape: skewness is the same to the last digit.",
        "Measure a long tail in other units. Is it gone?",
        "M7",
        shape=1,
    ),
    SENTENCES.slip(
        "standardised as symmetric",
        "The mean is 0 afterwards, but a long tail on one side stays on that side.",
        "Which number measures asymmetry, and what became of it in the lesson?",
        "M7",
        shape=2,
    ),
    SENTENCES.slip(
        "range for spread",
        "A range is no spread: the digits' pixels lie in 0 … 1 and have mean 0.31 and sd 0.38.",
        "What are mean and sd of standardised data?",
        range=1,
    ),
    SENTENCES.slip(
        "a range taken for centred",
        "Nothing was subtracted: a mean of values in 0 … 1 lies between them.",
        "Can the mean of numbers between 0 and 1 be 0, unless all are?",
        range=2,
    ),
    SENTENCES.slip(
        "mixed scales are harmless",
        "Different ranges do not protect: one rate must serve the steepest direction, and a rate "
        "chosen without looking at it explodes.",
        "What did a rate of 0.1 do to raw wines?",
        scales=1,
    ),
    SENTENCES.slip(
        "the small feature called steep",
        "Curvature goes with the square of a feature's numbers, so kilometres are steep and age is "
        "flat.",
        "Which of the two has the larger mean square?",
        scales=2,
    ),
    SENTENCES.slip(
        "normalised once for all layers",
        "The first layer's input is fixed; the others are made by weights that move.",
        "What did the inputs of layer 4 do in 300 updates?",
        deeper=1,
    ),
    SENTENCES.slip(
        "moving only when too fast",
        "The net of the lesson ran at its best rate and learned well, and its inputs moved.",
        "What must happen to the inputs of layer 4 when the weights of layer 3 change?",
        deeper=2,
    ),
    SENTENCES.slip(
        "rank of all samples",
        "One direction is lost to the mean: the deviations of m samples sum to 0.",
        "Two points and their mean: how many directions do the deviations span?",
        "M10",
        few=1,
    ),
    SENTENCES.slip(
        "full rank from few samples",
        "32 points around their mean cannot spread in 100 directions.",
        "Two points and their mean: how many directions do the deviations span?",
        "M10",
        few=2,
    ),
)

TASK = SENTENCES.task(
    id="2.5",
    title="five sentences about inputs",
    entry="input_claims",
    objective="Say what normalised inputs do, and what they do not",
    minutes=4,
    misconceptions=MISCONCEPTIONS,
    hints=(
        "For each sentence find the cell of the lesson that measured it.",
        "Standardising sets a mean and a spread and nothing else, for the rows it was fitted on "
        "and for the layer that reads them.",
        "In the lesson: skewness 1.854 before and after; raw wines at rate 0.1 were no number "
        "after 32 steps; 16 images gave a covariance of rank 15.",
    ),
)
