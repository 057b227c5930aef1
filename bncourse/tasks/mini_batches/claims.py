"""1.5: five sentences about batches, to be completed."""

from __future__ import annotations

from bncourse.grading.sentences import Sentence, Sentences

SENTENCES = Sentences(
    pieces=Sentence(
        "A batch of 12 goes through in pieces of 5, 5 and 2; gradients are added up with the right "
        "weights. As if it had gone in one piece is …",
        (
            "the gradient, but not batch norm's x_hat",
            "the gradient, and batch norm's x_hat as well",
            "neither of the two",
        ),
        1,
    ),
    company=Sentence(
        "Batch norm in training: image 7 of the batch is replaced by a different one. What image 0 "
        "gets …",
        (
            "changes, whatever the two images show",
            "stays as it was",
            "changes only if the two are of one class",
        ),
        2,
    ),
    summed=Sentence(
        "The loss is the sum over the batch, not the mean. You go from 32 to 64 images at the same "
        "learning rate. A step becomes …",
        ("about twice as long", "as long as before", "half as long"),
        1,
    ),
    sorted=Sentence(
        "The file is sorted by class, and the loader does not shuffle. A batch of 60 …",
        (
            "speaks for one or two classes only",
            "is as good as any, since every image has its turn",
            "has less noise, which helps",
        ),
        0,
    ),
    epochs=Sentence(
        "To the same accuracy, each size at its own best rate, batches of 4 need …",
        ("fewer epochs than the full batch", "more epochs", "as many epochs"),
        2,
    ),
)

MISCONCEPTIONS = (
    SENTENCES.slip(
        "accumulation as a large batch",
        "Gradients add up, statistics do not: each piece has a mean and a spread of its own.",
        "Whose mean is subtracted from the first piece?",
        "M16",
        pieces=1,
    ),
    SENTENCES.slip(
        "nothing adds up",
        "The gradient of a mean loss is the mean of the images' gradients, however they are "
        "grouped.",
        "What came out in the lesson when 5 + 5 + 2 were added up?",
        pieces=2,
    ),
    SENTENCES.slip(
        "rows are independent",
        "In training batch norm couples the whole batch: every image moves the mean and the "
        "spread that all of them get.",
        "In lesson 00 one image had two companies. What happened to its scores?",
        company=1,
    ),
    SENTENCES.slip(
        "coupled within a class",
        "The mean and the spread of a batch know nothing of classes.",
        "Which images does the batch's mean run over?",
        company=2,
    ),
    SENTENCES.slip(
        "sum taken for mean",
        "With a sum over the batch, twice the images make about twice the gradient: the learning "
        "rate scales with the batch size without a word.",
        "What is the gradient of a sum of 64 losses, compared with that of 32?",
        summed=1,
    ),
    SENTENCES.slip(
        "more images, shorter step",
        "Nothing divides by the number of images here: the loss is their sum.",
        "What is the gradient of a sum of 64 losses, compared with that of 32?",
        summed=2,
    ),
    SENTENCES.slip(
        "order does not matter",
        "Every image has its turn, but each update sees one or two classes and pulls the weights "
        "their way; batch norm measures their mean and spread only.",
        "What do the images of one such batch have in common?",
        sorted=1,
    ),
    SENTENCES.slip(
        "sorted is less noisy",
        "The images of a batch are more alike, so the batch is further from the whole data set, "
        "not nearer.",
        "How far is the gradient of a batch of ones from that of all digits?",
        sorted=2,
    ),
    SENTENCES.slip(
        "more epochs with small batches",
        "It is the other way round: in each epoch small batches make more updates. It is the "
        "large batch that needs more epochs.",
        "How many updates are in an epoch of batches of 4, and of batches of 1297?",
        epochs=1,
    ),
    SENTENCES.slip(
        "epochs do not depend on the batch",
        "An epoch of small batches holds many updates, one of the full batch holds one.",
        "What did the race show for 4 and for 1297?",
        epochs=2,
    ),
)

TASK = SENTENCES.task(
    id="1.5",
    title="five sentences about batches",
    entry="batch_claims",
    objective="Say what a batch changes, and what it does not",
    minutes=4,
    misconceptions=MISCONCEPTIONS,
    hints=(
        "Most of these were measured in lessons 00 and 01; the others follow from what a batch is.",
        "Sums over images may be taken in pieces; means and spreads belong to the images they "
        "were measured on. An epoch is a pass over the data, whatever the number of updates.",
        "In the lesson: pieces of 5 + 5 + 2 gave the same gradient and x_hat differed by 0.95; "
        "batches of 4 needed about 2 epochs and the full batch about 60.",
    ),
)
