"""6.5: six sentences about batch norm behind a convolution, to be completed."""

from __future__ import annotations

from bncourse.grading.sentences import Sentence, Sentences

SENTENCES = Sentences(
    shares=Sentence(
        "Behind a convolution, batch norm takes one mean for each feature map, since …",
        (
            "one filter made all places of the map",
            "a mean per activation would cost too much memory",
            "all places of a map have the same mean anyway",
        ),
        1,
    ),
    learned=Sentence(
        "Batch norm for C channels keeps 4C numbers and a counter. Of these it learns …",
        ("2C: gamma and beta", "all 4C", "2C: the running mean and the running variance"),
        2,
    ),
    alone=Sentence(
        "One single image with maps of 4 × 4, in training …",
        (
            "works: each channel is normalised over 16 numbers",
            "is an error, since there is no batch",
            "gives outputs of 0, since the image is its own mean",
        ),
        1,
    ),
    layout=Sentence(
        "A tensor (N, H, W, C) goes through a layer for (N, C, H, W), and H equals C. Then …",
        (
            "no error comes, and each row of pixels has its own mean",
            "an error comes",
            "nothing changes, since the numbers are the same",
        ),
        0,
    ),
    points=Sentence(
        "Maps of 1 × 1, two images that differ in a channel by far more than √eps; gamma 1, beta "
        "0. In training the two outputs are …",
        (
            "close to +1 and −1, however far apart the images are",
            "noisy, but right on average",
            "0, since each map is one number",
        ),
        2,
    ),
    bias=Sentence(
        "A convolution with a bias stands right before batch norm. Its bias …",
        (
            "does nothing: it is subtracted with the mean",
            "shifts its feature map",
            "does nothing at the edges, and shifts the inside",
        ),
        1,
    ),
)

MISCONCEPTIONS = (
    SENTENCES.slip(
        "memory as the reason",
        "It does cost more, but a cost is no reason to share: one ruler for all channels would be "
        "cheaper still.",
        "What happened to the per-activation norm when the image moved?",
        "M3",
        shares=1,
    ),
    SENTENCES.slip(
        "same means anyway",
        "Digits have little ink in the corners, so the places of a map do differ.",
        "Average the images of a class. Is the result a flat picture?",
        "M3",
        shares=2,
    ),
    SENTENCES.slip(
        "4C learned",
        "No gradient reaches the running mean and variance. They are measured.",
        "Which arrays did the lesson find among the parameters, and which among the buffers?",
        "M8",
        learned=1,
    ),
    SENTENCES.slip(
        "learned for measured",
        "It is the other way round: those two are measured, gamma and beta are learned.",
        "Which arrays does a gradient reach?",
        "M8",
        learned=2,
    ),
    SENTENCES.slip(
        "one image is impossible",
        "The count is N·H·W, and 1 · 4 · 4 = 16 numbers have a mean and a spread.",
        "What did the lesson find that it equals?",
        "M12",
        alone=1,
    ),
    SENTENCES.slip(
        "one image is its own mean",
        "The image is not one number. Its 16 pixels differ from their mean.",
        "How many numbers does a channel of this image have?",
        "M12",
        alone=2,
    ),
    SENTENCES.slip(
        "the layout is checked",
        "The layer sees four axes and C numbers on axis 1, which is what it wants.",
        "What does a layer know about its input but the shape?",
        "M3",
        layout=1,
    ),
    SENTENCES.slip(
        "the layout is no matter",
        "The numbers are the same, but other ones share a mean.",
        "Axis 1 is H in (N, H, W, C). What gets a mean of its own, then?",
        "M3",
        layout=2,
    ),
    SENTENCES.slip(
        "two images are only noisy",
        "They are not noisy: two numbers lie one standard deviation from their mean. Unless eps is "
        "felt, only which one is larger survives.",
        "(3, 11) and (100, 108): what are the two x_hat?",
        "M12",
        points=1,
    ),
    SENTENCES.slip(
        "each image its own mean",
        "There is one number per image, but two images share the mean.",
        "Over which axes does the mean run?",
        "M3",
        points=2,
    ),
    SENTENCES.slip(
        "a bias that acts",
        "The bias is the same for the whole map and every image, so the mean takes it off again.",
        "What becomes of x + b when its mean is subtracted?",
        "M9",
        bias=1,
    ),
    SENTENCES.slip(
        "a bias that acts inside",
        "A bias is added behind the filter, to every place alike, edge or not.",
        "Is padding done before the filter or behind it?",
        "M9",
        bias=2,
    ),
)

TASK = SENTENCES.task(
    id="6.5",
    title="six sentences about maps",
    entry="convolution_claims",
    objective="Say what batch norm does behind a convolution, and what it does not",
    minutes=5,
    misconceptions=MISCONCEPTIONS,
    hints=(
        "For each sentence find the cell of the lesson that measured it.",
        "A mean belongs to a channel; it runs over N·H·W numbers, and the layer looks for the "
        "channels on axis 1, whatever lies there.",
        "In the lesson: (1, 3, 4, 4) gave what instance norm gives, (2, C, 1, 1) gave outputs near "
        "+1 and −1, and an array with H = C in the other layout went through without a word.",
    ),
)
