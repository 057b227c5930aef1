"""10.8: sentences about group norm and about choosing, to be completed."""

from __future__ import annotations

from bncourse.grading.sentences import Sentence, Sentences

CHOOSING = Sentences(
    width=Sentence(
        "nn.LayerNorm(C) on x of shape (N, C, H, W) …",
        (
            "normalises rows of pixels if W happens to be C, and is an error otherwise",
            "normalises the channels of each place",
            "normalises all numbers of each sample",
        ),
        1,
    ),
    one_group=Sentence(
        "Group norm with one group, and layer norm over (C, H, W) …",
        (
            "have the same mean and variance, and another number of gammas",
            "are the same layer under two names",
            "have different means: group norm's runs over the batch as well",
        ),
        2,
    ),
    uneven=Sentence(
        "8 channels in 3 groups …",
        (
            "are refused: groups are equal slices",
            "become groups of 3, 3 and 2 channels",
            "become 3 groups of 2, and two channels go through as they are",
        ),
        1,
    ),
    parameters=Sentence(
        "nn.GroupNorm(4, 32), 32 channels in 4 groups, learns …",
        (
            "64 numbers",
            "8 numbers",
            "16 numbers",
        ),
        2,
    ),
    modes=Sentence(
        "In evaluation mode group norm …",
        (
            "computes what it computes in train mode, from the same sample",
            "uses the running averages that it kept in training",
            "needs a batch of some size, as in train mode",
        ),
        0,
    ),
    swapped=Sentence(
        "In a trained net batch norm is replaced by group norm with the same gammas and betas. "
        "Then the net …",
        (
            "is another function, and must be trained on",
            "computes the same as before in evaluation mode",
            "computes the same as before, if the batch was large",
        ),
        1,
    ),
    always=Sentence(
        "In Wu & He's Table 2, a ResNet-50 on ImageNet, group norm has …",
        (
            "a somewhat larger error than batch norm with 32 images on a device, and a much "
            "smaller one with 2",
            "a smaller error than batch norm with every number of images",
            "an error that grows with fewer images as batch norm's does, only later",
        ),
        2,
    ),
    count=Sentence(
        "The number of groups, in the same paper's Table 3, …",
        (
            "matters little from 2 to 64, and much where each channel is a group of its own",
            "must be 32",
            "should be as large as it can be",
        ),
        0,
    ),
)

BANK = (
    CHOOSING.slip(
        "LayerNorm(C) finds the channels",
        "nn.LayerNorm counts its axes from the right and knows no channels: the last axis of "
        "(N, C, H, W) is W.",
        "Which axes does a normalized_shape of length one name?",
        "M3",
        width=1,
    ),
    CHOOSING.slip(
        "LayerNorm(C) takes the sample",
        "It takes as many axes as its normalized_shape has entries: C is one, so it takes one "
        "axis. For a whole sample it needs (C, H, W).",
        "Which axes does a normalized_shape of length one name?",
        "M3",
        width=2,
    ),
    CHOOSING.slip(
        "one group is layer norm",
        "Their statistics are the same, their parameters are not: group norm has one gamma for "
        "each channel, this layer norm one for each channel and place.",
        "How many gammas have the two, for 8 channels of 3 × 3?",
        "M19",
        one_group=1,
    ),
    CHOOSING.slip(
        "one group over the batch",
        "Group norm never looks at another sample, however many groups there are.",
        "If another image of the batch gets brighter, does group norm's output change?",
        "M3",
        one_group=2,
    ),
    CHOOSING.slip(
        "a smaller last group",
        "All groups have the same size; PyTorch refuses the layer when it is made.",
        "x.reshape(N, 3, ?, H, W) with 8 channels: which number would stand there?",
        "",
        uneven=1,
    ),
    CHOOSING.slip(
        "channels left out",
        "Every channel is in a group, and all groups have the same size.",
        "x.reshape(N, 3, ?, H, W) with 8 channels: which number would stand there?",
        "",
        uneven=2,
    ),
    CHOOSING.slip(
        "a pair for each group",
        "That would be one gamma and one beta for each group. The channels of a group share mean "
        "and variance, not gamma and beta.",
        "Which shape has the layer's weight?",
        "M19",
        parameters=1,
    ),
    CHOOSING.slip(
        "a pair for each place in a group",
        "That would be one gamma and one beta for each of the 8 channels of a group, the same in "
        "all groups.",
        "Which shape has the layer's weight?",
        "M19",
        parameters=2,
    ),
    CHOOSING.slip(
        "running averages",
        "It keeps none: what it needs is in the sample that it is given.",
        "Which buffers has nn.GroupNorm?",
        "M5",
        modes=1,
    ),
    CHOOSING.slip(
        "a batch in evaluation",
        "It needs no batch, neither in training nor in evaluation: one sample is enough.",
        "What changes for one image if the others of its batch are left out?",
        "M12",
        modes=2,
    ),
    CHOOSING.slip(
        "a norm like another",
        "In evaluation mode batch norm is a fixed scale and shift for each channel. Group norm "
        "takes each sample's own mean: it is another function.",
        "Two images, one twice as bright: what does each of the two layers make of them?",
        "M5",
        swapped=1,
    ),
    CHOOSING.slip(
        "alike with large batches",
        "A large batch brings batch norm's mean close to that of all images. Group norm's is that "
        "of one image, and of several channels.",
        "Two images, one twice as bright: what does each of the two layers make of them?",
        "M12",
        swapped=2,
    ),
    CHOOSING.slip(
        "GN is always better",
        "With 32 and with 16 images batch norm's error is 0.5 points smaller there.",
        "What do the columns of 32 and 16 images say?",
        "",
        always=1,
    ),
    CHOOSING.slip(
        "GN fails later",
        "Its errors are 24.1, 24.2, 24.0, 24.2 and 24.1: they do not grow with fewer images.",
        "Whose mean becomes worse when there are fewer images?",
        "M12",
        always=2,
    ),
    CHOOSING.slip(
        "the magic 32",
        "32 groups have the smallest error there, by 0.3 to 0.6 points.",
        "How far apart are the errors from 2 to 64 groups?",
        "",
        count=1,
    ),
    CHOOSING.slip(
        "as many groups as possible",
        "As many groups as channels is instance norm: 28.4, the largest error of the table.",
        "Which norm is it when each group is one channel?",
        "",
        count=2,
    ),
)

TASK = CHOOSING.task(
    id="10.8",
    title="eight sentences about groups and choosing",
    entry="choosing_claims",
    objective="Say what group norm shares, what it does not, and what the published tables show",
    minutes=6,
    misconceptions=BANK,
    hints=(
        "Ask of each sentence: which numbers share a mean, and which share a gamma?",
        "Mean and variance belong to a group of one sample, gamma and beta to a channel. A shape "
        "that a layer is given is counted from the right. And a table is read column by column.",
        "nn.LayerNorm(5) takes the last axis, which must be 5 long. 12 channels in 3 groups: 3 "
        "means for each sample, 12 gammas and 12 betas. With 32 images 23.6 for batch norm and "
        "24.1 for group norm, with 2 images 34.7 and 24.1.",
    ),
)
