"""9.7: sentences about layer norm, to be completed."""

from __future__ import annotations

from bncourse.grading.sentences import Sentence, Sentences

CLAIMS = Sentences(
    mates=Sentence(
        "Another sample of the batch is exchanged. What layer norm gives for the first sample …",
        (
            "stays as it is, to rounding",
            "changes a little, since the mean of the batch changes",
            "changes in train mode, and stays in evaluation mode",
        ),
        1,
    ),
    mode=Sentence(
        "In evaluation mode layer norm …",
        (
            "does the same as in train mode: it has nothing stored",
            "uses running averages of the mean and the variance",
            "is switched off",
        ),
        2,
    ),
    sign=Sentence(
        "All units of a sample are multiplied by −2. What layer norm gives, with beta = 0, …",
        (
            "changes its sign",
            "stays as it is, for every factor but 0",
            "is multiplied by −2",
        ),
        0,
    ),
    two=Sentence(
        "Layer norm over two units, without gamma and beta, leaves of a sample …",
        (
            "which of the two is larger, and hardly more",
            "both numbers, on another scale",
            "how far apart the two are",
        ),
        2,
    ),
    learned=Sentence(
        "Layer norm over 64 units of sequences (N, T, 64) learns …",
        (
            "128 numbers: a gamma and a beta for each unit",
            "2 numbers: one gamma and one beta, as there is one mean",
            "2 · T numbers: a gamma and a beta for each step",
        ),
        1,
    ),
    mean=Sentence(
        "RMSNorm and layer norm, with gamma = 1 and beta = 0, give the same …",
        (
            "for rows whose mean is 0",
            "for all rows: RMSNorm is the faster way to it",
            "for rows whose numbers are all equal",
        ),
        1,
    ),
    pixels=Sentence(
        "Layer norm is the first thing that an image meets. Then …",
        (
            "a foggy image and a clear one may become nearly the same",
            "nothing is lost: it is only another scale",
            "it is the same as standardising with the training set's mean and sd",
        ),
        2,
    ),
    transformer=Sentence(
        "In a usual transformer, a token is normalised …",
        (
            "by itself, over its units",
            "over the batch, unit by unit, as in batch norm",
            "together with all tokens of its own sequence",
        ),
        1,
    ),
)

BANK = (
    CLAIMS.slip(
        "a mean of the batch",
        "Layer norm takes its mean over the units of one sample. Nobody else is in it.",
        "Of which numbers is the mean made that is subtracted from the first sample?",
        "M3",
        mates=1,
    ),
    CLAIMS.slip(
        "mates in training only",
        "Layer norm has no two modes, and in neither of them it looks at other samples.",
        "Of which numbers is the mean made that is subtracted from the first sample?",
        "M5",
        mates=2,
    ),
    CLAIMS.slip(
        "running averages",
        "There are none to look for: the ruler comes with each sample.",
        "Which buffers does nn.LayerNorm have? Print its state_dict.",
        "M5",
        mode=1,
    ),
    CLAIMS.slip(
        "off in evaluation",
        "It goes on: the weights behind it have learned to expect normalised numbers.",
        "What does nn.LayerNorm give before and after .eval()?",
        "M5",
        mode=2,
    ),
    CLAIMS.slip(
        "deaf to every factor",
        "The size is divided out, and a size has no sign.",
        "What does layer norm make of (1, 3), and what of (−2, −6)?",
        "",
        sign=1,
    ),
    CLAIMS.slip(
        "the factor comes through",
        "The 2 is divided out with the standard deviation; only the sign comes through.",
        "By how much does the standard deviation of a row grow that is multiplied by −2?",
        "",
        sign=2,
    ),
    CLAIMS.slip(
        "two numbers kept",
        "Two numbers have two things to say: where they are and how far apart. Both are taken "
        "away, and + 1 and − 1 are left.",
        "What does layer norm make of (3, 11), and what of (100, 101)?",
        "M12",
        two=1,
    ),
    CLAIMS.slip(
        "the distance kept",
        "Both are divided by half their distance: it is gone.",
        "What does layer norm make of (3, 11), and what of (3, 1100)?",
        "M12",
        two=2,
    ),
    CLAIMS.slip(
        "one gamma",
        "The units share the mean and the standard deviation, not gamma and beta.",
        "What is the shape of nn.LayerNorm(64).weight?",
        "M3",
        learned=1,
    ),
    CLAIMS.slip(
        "gamma for each step",
        "The steps share gamma and beta: layer norm does not know how many there are.",
        "What is the shape of nn.LayerNorm(64).weight?",
        "",
        learned=2,
    ),
    CLAIMS.slip(
        "only a faster way",
        "RMSNorm leaves the mean in, so a row far from 0 comes out almost constant.",
        "What does layer norm make of (101, 102, 103, 106), and what RMSNorm?",
        "",
        mean=1,
    ),
    CLAIMS.slip(
        "equal numbers",
        "Of equal numbers layer norm makes 0, as nothing but their mean is in them. RMSNorm keeps "
        "the mean, and makes 1 or −1 of each.",
        "What does layer norm make of (3, 3, 3), and what RMSNorm?",
        "",
        mean=2,
    ),
    CLAIMS.slip(
        "only a scale",
        "A scale of its own for each image: how bright and how strong in contrast it was cannot be "
        "told any more.",
        "All pixels of an image become half as far from grey. What does layer norm give?",
        "M8",
        pixels=1,
    ),
    CLAIMS.slip(
        "the training set's ruler",
        "That ruler is the same for all images, so that a dark image stays dark. Layer norm has "
        "one for each image.",
        "How many means does layer norm take of 1000 images?",
        "M13",
        pixels=2,
    ),
    CLAIMS.slip(
        "by the batch",
        "That would be batch norm. A transformer has layer norms, and keeps no running averages.",
        "Over which axis of (N, T, H) does the norm of a transformer run?",
        "M3",
        transformer=1,
    ),
    CLAIMS.slip(
        "by the sequence",
        "Tokens meet in self-attention. The norm takes each vector of H units by itself.",
        "Over which axis of (N, T, H) does the norm of a transformer run?",
        "M3",
        transformer=2,
    ),
)

TASK = CLAIMS.task(
    id="9.7",
    title="eight sentences about layer norm",
    entry="layer_norm_claims",
    objective="Say whose mean layer norm takes, and what is lost with it",
    minutes=6,
    misconceptions=BANK,
    hints=(
        "Ask of each sentence: which numbers are averaged, and who else is among them?",
        "One vector, its units, nothing stored. The mean goes, and the size; the sign and the "
        "proportions stay. gamma and beta belong to the units.",
        "(3, 11) and (100, 101) both become (−1, 1); (−6, −22) becomes (1, −1). "
        "nn.LayerNorm(5).weight has 5 entries, and its state_dict holds weight and bias alone.",
    ),
)
