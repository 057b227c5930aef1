"""8.9: sentences about small batches, devices and sequences, to be completed."""

from __future__ import annotations

from bncourse.grading.sentences import Sentence, Sentences

BREAKS = Sentences(
    two=Sentence(
        "In a batch of two, batch norm without gamma and beta tells the next layer of each "
        "feature …",
        (
            "which of the two samples has the larger value, and hardly more",
            "the value as in any batch, only with more noise",
            "how far apart the two values are",
        ),
        1,
    ),
    larger=Sentence(
        "The batch is made larger and larger, each time with its best learning rate. Batch norm …",
        (
            "soon gains nothing more: no batch is too large to normalise by",
            "works better and better, without end",
            "begins to fail as it does with two samples",
        ),
        2,
    ),
    devices=Sentence(
        "A batch of 64 is spread over 8 devices by data-parallel training. Plain batch norm …",
        (
            "normalises each device's 8 samples by themselves",
            "normalises all 64 together, since the gradients are summed",
            "normalises by 64, and updates the running averages by 8",
        ),
        0,
    ),
    buffers=Sentence(
        "After each epoch the running averages of all devices are averaged. Then …",
        (
            "all devices evaluate alike, and training is as before",
            "each device trains as if it had the whole batch",
            "the gradients of the devices become equal",
        ),
        1,
    ),
    accumulated=Sentence(
        "The gradients of 4 batches of 16 are averaged before an update. For a net with batch "
        "norm this is …",
        (
            "not the gradient of one batch of 64; with layer norm it would be",
            "the gradient of one batch of 64, up to rounding",
            "not the gradient of one batch of 64; with layer norm it would not be either",
        ),
        2,
    ),
    recurrent=Sentence(
        "Batch norm in a recurrent net …",
        (
            "can be done, with statistics for each step",
            "cannot be done, since sequences have different lengths",
            "can be done as in any net: one layer, shared by all steps",
        ),
        0,
    ),
    pairs=Sentence(
        "An encoder gets pairs of images, and a pair is always in the same batch. It is to tell "
        "pairs from strangers. With batch norm in train mode …",
        (
            "the loss may fall although the features are useless: batch mates leave traces",
            "nothing can leak, since each image goes through the net alone",
            "only the speed of training depends on who is in the batch",
        ),
        1,
    ),
)

BANK = (
    BREAKS.slip(
        "two is just noisy",
        "It is more than noise. Each feature becomes + 1 or − 1, for (3, 11) as for (100, 101): "
        "only the sign is left.",
        "What does batch norm make of (3, 11), and what of (100, 101)?",
        "M12",
        two=1,
    ),
    BREAKS.slip(
        "the distance kept",
        "Both values are divided by half their distance: it is gone.",
        "What does batch norm make of (3, 11), and what of (3, 1100)?",
        "M12",
        two=2,
    ),
    BREAKS.slip(
        "larger is always better",
        "Beyond some size the statistics are good enough: in the lesson's small nets little or "
        "nothing was gained from about 16 samples on, and from 8 on where the gradient's batch was "
        "always large.",
        "How far is the mean of 256 samples from that of all, and how far that of 1000?",
        "M12",
        larger=1,
    ),
    BREAKS.slip(
        "fails at both ends",
        "At two samples x̂ is + 1 or − 1. With many samples mean and variance are those of the "
        "population.",
        "What goes wrong in a batch of two, and is it there in a batch of 1000?",
        "M12",
        larger=2,
    ),
    BREAKS.slip(
        "the whole batch by itself",
        "Summing gradients comes after the forward pass. In that pass no device sees another's "
        "samples.",
        "Which numbers do the devices exchange, and when?",
        "M12",
        devices=1,
    ),
    BREAKS.slip(
        "sixty-four in front, eight behind",
        "Nothing of the other devices is known in the forward pass: neither for normalising nor "
        "for the running averages.",
        "Which numbers do the devices exchange, and when?",
        "M12",
        devices=2,
    ),
    BREAKS.slip(
        "buffers as synchronisation",
        "In train mode the running averages are written and not read. Averaging them repairs the "
        "evaluation.",
        "Which statistics does a layer in train mode divide by?",
        "M5",
        buffers=1,
    ),
    BREAKS.slip(
        "equal buffers, equal gradients",
        "Each device has its own samples and its own batch statistics, before and after.",
        "Which statistics does a layer in train mode divide by?",
        "M5",
        buffers=2,
    ),
    BREAKS.slip(
        "accumulation as a large batch",
        "Each batch of 16 is normalised by its own mean and variance: that is another function, "
        "with another gradient.",
        "By which mean is the first sample centred: that of 16 or that of 64?",
        "M16",
        accumulated=1,
    ),
    BREAKS.slip(
        "accumulation fails for all",
        "Layer norm takes its mean over the features of one sample. It does not see who else is in "
        "the batch.",
        "By which mean does layer norm centre the first sample?",
        "M16",
        accumulated=2,
    ),
    BREAKS.slip(
        "impossible in time",
        "It has been done, with statistics for each step and the last one's for longer sequences.",
        "What would you have to keep for each step?",
        "",
        recurrent=1,
    ),
    BREAKS.slip(
        "one layer for all steps",
        "It trains, but each step has means of its own, and in evaluation one set of running "
        "averages may fit none of them: in the lesson, with sequences of one length, it failed.",
        "Each step reads another part of the input: is the mean of what it reads the same?",
        "",
        recurrent=2,
    ),
    BREAKS.slip(
        "alone through the net",
        "In train mode batch norm subtracts the mean of the batch, so that each image changes all "
        "others a little: through it, the mates are an input.",
        "What becomes of an output if another image of the batch is exchanged?",
        "M5",
        pairs=1,
    ),
    BREAKS.slip(
        "mates change the speed only",
        "They change each output, not only the speed.",
        "What becomes of an output if another image of the batch is exchanged?",
        "M5",
        pairs=2,
    ),
)

TASK = BREAKS.task(
    id="8.9",
    title="seven sentences about where it breaks",
    entry="breaking_claims",
    objective="Say whose mean it is: of few samples, of one device, of one step",
    minutes=5,
    misconceptions=BANK,
    hints=(
        "Ask of each sentence: whose mean and variance are these, and who else is in them?",
        "In train mode a layer knows the samples that it is given in this one call, on this one "
        "device, and nothing else. It writes running averages and does not read them.",
        "(3, 11) and (100, 101) both become − 1 and + 1. Four calls with 16 samples have four "
        "means and four variances. Layer norm has one mean for each sample, whoever is beside it.",
    ),
)
