"""What learners get wrong about group norm, and what a tutor says to it."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from bncourse.grading.kinds import slips
from bncourse.tasks.group_norm.forward_switches import group_norm

_slip = slips(group_norm)


def _also(entry, *others):
    return replace(entry, variants=tuple(partial(group_norm, **other) for other in others))


SLIPS = (
    _slip(
        "dealt in turn",
        "Channels were dealt to the groups in turn, as x.reshape(N, C // G, G, H, W) does. A group "
        "is made of neighbours.",
        "6 channels in 2 groups: which of np.arange(6).reshape(3, 2) and reshape(2, 3) has the "
        "rows 0 1 2 and 3 4 5?",
        "M3",
        share="dealt",
    ),
    _also(
        _slip(
            "number for size",
            "A group has got G channels. G is how many groups there are.",
            "6 channels in 2 groups: how many channels has one group?",
            "M3",
            share="size",
        ),
        {"cut": "G long"},
    ),
    _slip(
        "slices begin at the group's number",
        "The slice of group g begins at channel g. Group 1 does not begin at channel 1, but after "
        "all channels of group 0.",
        "6 channels in 2 groups: at which channel does group 1 begin?",
        "M3",
        cut="at its number",
    ),
    _slip(
        "over the samples too",
        "The samples of the batch share the statistics. A group belongs to one sample.",
        "If another image of the batch gets brighter, should this one's output change?",
        "M3",
        share="samples too",
    ),
    _slip(
        "samples fell into the groups",
        "x.reshape(G, -1) cuts the whole batch into G parts, and N comes first in memory: the "
        "parts are made of samples.",
        "How many means does group norm take of N images?",
        "M3",
        share="samples in the groups",
    ),
    _slip(
        "space alone",
        "Each channel is normalised by itself: that is instance norm, whatever G is.",
        "6 channels in 2 groups: how many channels share a mean?",
        "M3",
        share="space alone",
    ),
    _slip(
        "at each place",
        "Each place has got a mean of its own, over the channels of the group.",
        "How many means does group norm take of one image?",
        "M3",
        share="at each place",
    ),
    _slip(
        "an axis of space left out: W",
        "Each column of pixels has got a mean of its own; the axis W is missing from it.",
        "Name the five axes. Which two of them should be left after the mean?",
        "M3",
        share="rows too many",
    ),
    _slip(
        "an axis of space left out: H",
        "Each row of pixels has got a mean of its own; the axis H is missing from it.",
        "Name the five axes. Which two of them should be left after the mean?",
        "M3",
        share="columns too many",
    ),
    _slip(
        "all channels together",
        "All channels of a sample share: that is layer norm, whatever G is.",
        "6 channels in 2 groups: how many means does one image have?",
        "M3",
        share="everything of a sample",
    ),
    _also(
        _slip(
            "over the groups",
            "The mean ran over the axis that numbers the groups: channels of different groups "
            "share.",
            "Name the five axes. Which two of them should be left after the mean?",
            "M3",
            share="groups at each channel",
        ),
        {"share": "groups alone"},
        {"share": "an axis too early"},
        {"share": "two axes"},
    ),
    _slip(
        "over the samples alone",
        "The mean ran over axis 0: each channel of each place has one, made of the samples.",
        "If another image of the batch gets brighter, should this one's output change?",
        "M3",
        share="samples alone",
    ),
    _slip(
        "batch norm",
        "Each channel is normalised over the samples and places: that is batch norm.",
        "If another image of the batch gets brighter, should this one's output change?",
        "M3",
        share="batch norm",
    ),
    _slip(
        "everything together",
        "All numbers of the batch share one mean and one variance.",
        "How many means does group norm take of N images?",
        "M3",
        share="everything",
    ),
    _also(
        _slip(
            "gamma per group",
            "One gamma and one beta serve all channels of a group. The channels share their mean, "
            "not their scale.",
            "How many gammas are there: C or G?",
            "M19",
            order="per group",
        ),
        {"order": "the group's first"},
        {"order": "the group's mean"},
        {"order": "dealt per group"},
    ),
    _slip(
        "gamma per place in the group",
        "The first gammas are used again for each group: all groups have the same ones.",
        "How many gammas are there: C or C / G?",
        "M19",
        order="per place in the group",
    ),
    _slip(
        "gammas in another order",
        "gamma and beta were folded with the two axes of the channels exchanged: channels have got "
        "each other's.",
        "Which channel stands at [g, k] of your five axes: g · (C / G) + k or k · G + g?",
        "M19",
        order="turned",
    ),
    _slip(
        "channels shuffled",
        "y has its channels in another order: the two axes of the channels were exchanged before "
        "they were made one.",
        "In which order must the five axes stand before you reshape them to four?",
        "M3",
        laid="shuffled",
    ),
    _slip(
        "left in five axes",
        "y still has five axes; it should have the shape of x.",
        "Which shape must y have?",
        laid="five axes",
    ),
    _also(
        _slip(
            "gamma on the last axis",
            "gamma and beta are lined up with the last axis, W. That is an error for most shapes, "
            "and silent where W equals C.",
            "Shapes are compared from the right. Which shape must gamma have to meet axis 1?",
            "M3",
            affine="on the last axis",
        ),
        {"affine": "on the last axis, turned"},
    ),
    _slip(
        "unbiased",
        "The variance is divided by m − 1. These numbers themselves are to get variance 1.",
        "What is the variance of each group of your output, for gamma = 1?",
        "M2",
        spread="unbiased",
    ),
    _slip(
        "variances of the channels averaged",
        "The variances of the single channels were averaged. What the channels' means differ by is "
        "missing from that.",
        "Two channels, each of one grey: each has variance 0. And both together?",
        "M3",
        spread="of the channels",
    ),
    _slip(
        "variance of the channels' means",
        "That is the variance of the channels' means. What varies inside a channel is missing.",
        "Two channels with the same mean: is the variance of the group 0?",
        "M3",
        spread="of channel means",
    ),
    _slip(
        "one spread for the sample",
        "Each group has its own mean, but one variance serves all groups of a sample.",
        "What is the standard deviation of each group of x_hat?",
        "M3",
        spread="one of the sample",
    ),
    _slip(
        "spread of each channel",
        "The mean is that of the group, and the variance that of each channel by itself.",
        "What is the standard deviation of each group of x_hat?",
        "M3",
        spread="of each channel",
    ),
    # With the same for the variance, the next two are all channels together and space alone.
    replace(
        _slip(
            "one mean for the sample",
            "Each group has its own variance, but one mean serves all groups of a sample.",
            "What is the mean of each group of x_hat?",
            "M3",
            centred="of the sample",
        ),
        switches={},
    ),
    replace(
        _slip(
            "mean of each channel",
            "The variance is that of the group, and the mean that of each channel by itself.",
            "Two channels, each of one grey: how should they differ in x_hat?",
            "M3",
            centred="of each channel",
        ),
        switches={},
    ),
    _slip(
        "brackets missing",
        "Only the mean is divided by the root: the difference needs brackets.",
        "What does Python do first in x - mean / sd?",
        centred="no brackets",
    ),
    _slip(
        "eps behind",
        "eps is added after the division. It belongs to the variance, under the root.",
        "A group that is constant: what is its variance, and what do you divide by?",
        "M17",
        divisor="eps behind",
    ),
    _slip(
        "sum for average",
        "The squared deviations are added up but not averaged.",
        "What should x_hat's spread be when the maps are twice as large?",
        spread="sum",
    ),
    _slip(
        "variance about zero",
        "The variance is the mean of the squares of x itself, as if the mean were 0.",
        "The spread around what?",
        spread="about zero",
    ),
    _slip(
        "not centred",
        "The mean is never subtracted from the values that are divided.",
        "What is the mean of each group of x_hat, and what should it be?",
        centred=False,
    ),
    _slip(
        "variance for sd",
        "The centred values are divided by the variance.",
        "What should the standard deviation of x_hat be, and what is yours?",
        "M1",
        divisor="variance",
    ),
    _slip(
        "eps outside the root",
        "eps is added to the standard deviation instead of the variance.",
        "Take variance 0 and eps = 1e-5: what should the divisor be, √eps or eps?",
        "M17",
        divisor="eps outside",
    ),
    _slip(
        "eps squared",
        "eps is squared before it joins the variance.",
        "What exactly stands under the root?",
        "M17",
        divisor="eps squared",
    ),
    _slip(
        "no eps",
        "eps is never used: a group that is constant gives 0/0.",
        "A ReLU may be 0 in all channels of a group. What is their variance then?",
        "M17",
        divisor="no eps",
    ),
    _slip(
        "eps fixed",
        "eps is always 1e-5, whatever was passed in.",
        "Where does the argument eps enter your code?",
        "M17",
        divisor="fixed eps",
    ),
    _slip(
        "affine forgotten",
        "y is x_hat: gamma and beta are never used.",
        "Where do gamma and beta come in?",
        "M8",
        affine="none",
    ),
    _slip(
        "beta forgotten",
        "gamma scales, but beta is never added.",
        "What is y where x_hat is 0?",
        "M8",
        affine="no shift",
    ),
    _slip(
        "gamma forgotten",
        "beta is added, but gamma never scales.",
        "What becomes of y if gamma is twice as large?",
        "M8",
        affine="no scale",
    ),
    _slip(
        "gamma and beta swapped",
        "gamma and beta have changed places.",
        "Which of the two multiplies x_hat?",
        affine="swapped",
    ),
    _slip(
        "shift before scale",
        "beta is added before gamma multiplies, so the shift is scaled as well.",
        "In gamma · x_hat + beta, what comes first?",
        affine="shift first",
    ),
    _slip(
        "one gamma for all",
        "All channels have the first gamma and beta.",
        "gamma has C entries. How should they line up with the maps?",
        "M19",
        affine="one gamma",
    ),
    _slip(
        "the test turned round",
        "The test is turned round: G % C asks whether the channels divide the groups.",
        "What is 2 % 6, and what is 6 % 2?",
        test="turned",
    ),
    _slip(
        "the samples tested",
        "The number of samples is tested. The groups are made of channels.",
        "Which entry of x.shape is C?",
        test="samples",
    ),
    _slip(
        "uneven groups accepted",
        "Groups that do not divide the channels should raise a ValueError; yours answers. "
        "x.reshape(N, G, -1) may cut through a channel without a word.",
        "What does your function do with 6 channels in 4 groups, and maps of 2 × 2?",
        guard=False,
    ),
)
