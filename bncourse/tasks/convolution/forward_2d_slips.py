"""Wrong forward passes for maps that are a slip each, and what a tutor says to them."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np

from bncourse.grading.kinds import slips
from bncourse.tasks.convolution.forward_2d_switches import forward_2d


def _measured_in_the_reshape(x, gamma, beta, eps=1e-5):
    """The wrong table gives mean and variance; the rest is done to the maps themselves."""
    table = x.reshape(-1, x.shape[1])
    if len(table) == 1:
        raise ValueError("one value per channel")
    mean, var = table.mean(axis=0)[:, None, None], table.var(axis=0)[:, None, None]
    return gamma[:, None, None] * ((x - mean) / np.sqrt(var + eps)) + beta[:, None, None]


_slip = slips(forward_2d)
RESHAPED = (partial(forward_2d, share="rows of the reshape", scaled="the maps"),)
TURNED_PRODUCT = (partial(forward_2d, affine="on the last axis, written the other way round"),)
TURNED = (partial(forward_2d, share="columns of the reshape", scaled="the maps"),)

SLIPS = (
    _slip(
        "per activation",
        "Every place of every map is normalised by itself, over the images alone.",
        "One filter made all places of a map. Which of them should share its ruler?",
        "M3",
        share="activation",
    ),
    _slip(
        "per image and channel",
        "Each image is normalised by itself, channel by channel: that is instance norm.",
        "If one image of the batch gets brighter, should the outputs of the others change?",
        "M3",
        share="image and channel",
    ),
    _slip(
        "per image",
        "Each image is normalised by itself, all channels together: that is layer norm.",
        "How many gammas are there, and how many means do you take?",
        "M3",
        share="image",
    ),
    _slip(
        "everything together",
        "All channels share one mean and one variance, so large channels drown the others.",
        "How many gammas are there, and how many means do you take?",
        "M3",
        share="everything",
    ),
    _slip(
        "per column of pixels",
        "The last axis was taken for the channels: each column of pixels (one value of W) has "
        "got its own mean.",
        "Name the axes of x, one by one. Which one is C?",
        "M3",
        share="column",
    ),
    _slip(
        "per row of pixels",
        "Each row of pixels (one value of H) has got its own mean, over all channels.",
        "Name the axes of x, one by one. Which one is C?",
        "M3",
        share="row",
    ),
    _slip(
        "per place",
        "Each place has got one mean over images and channels.",
        "Which numbers did one filter make?",
        "M3",
        share="place",
    ),
    _slip(
        "over the channels",
        "The mean runs over the channels of one pixel.",
        "Which numbers did one filter make?",
        "M3",
        share="pixel",
    ),
    _slip(
        "per channel and column",
        "Each column of pixels of each channel has got its own mean; the axis W is still missing "
        "from it.",
        "What has the shape of your mean, and what should have?",
        "M3",
        share="channel and column",
    ),
    _slip(
        "per channel and row",
        "Each row of pixels of each channel has got its own mean; the axis H is still missing "
        "from it.",
        "What has the shape of your mean, and what should have?",
        "M3",
        share="channel and row",
    ),
    replace(
        _slip(
            "reshaped without moving the axis",
            "The numbers equal those of x.reshape(-1, C): its columns are not the channels. A "
            "reshape reads the numbers as they lie in memory, and there W runs fastest, not C.",
            "Which axis must be last before the reshape, so that a row of the table holds the "
            "channels of one pixel?",
            "M3",
            share="rows of the reshape",
        ),
        variants=(*RESHAPED, _measured_in_the_reshape),
    ),
    replace(
        _slip(
            "reshaped to channels first",
            "The numbers equal those of x.reshape(C, -1): its rows are not the channels, as N "
            "comes first in memory.",
            "What do the first H·W numbers of x belong to, and what the next H·W?",
            "M3",
            share="columns of the reshape",
        ),
        variants=TURNED,
    ),
    _slip(
        "not moved back",
        "The channels were moved to the end and normalised; then the table was reshaped to "
        "(N, C, H, W) without moving them back.",
        "What shape has the table before you flatten it, and what shape must it get back first?",
        "M3",
        laid="channels last, then reshaped",
    ),
    _slip(
        "left channels last",
        "y has the axes (N, H, W, C): the channels were not moved back.",
        "Which shape must y have?",
        "M3",
        laid="left channels last",
    ),
    replace(
        _slip(
            "gamma on the last axis",
            "gamma and beta are lined up with the last axis, W. That is an error for most shapes, "
            "and silent where W equals C.",
            "Shapes are compared from the right. Which shape must gamma have to meet axis 1?",
            "M3",
            affine="on the last axis",
        ),
        variants=TURNED_PRODUCT,
    ),
    _slip(
        "unbiased",
        "The variance is divided by N·H·W − 1. These numbers themselves are to get variance 1.",
        "What is the variance of each channel of your output, for gamma = 1?",
        "M2",
        spread="unbiased",
    ),
    _slip(
        "unbiased over the batch",
        "The variance was corrected with N/(N − 1), and N counts images, not numbers. No "
        "correction belongs here at all.",
        "What is the variance of each channel of your output, for gamma = 1?",
        "M2",
        spread="batch minus one",
    ),
    _slip(
        "variance within the images",
        "The variances of the single images were averaged. What the images' means differ by is "
        "missing from that.",
        "Two images, each of one grey: each has variance 0. And both together?",
        "M3",
        spread="within images",
    ),
    _slip(
        "variance of the images' means",
        "That is the variance of the images' means. What varies inside each image is missing.",
        "Two images with the same mean: is the variance of the channel 0?",
        "M3",
        spread="of image means",
    ),
    _slip(
        "standard deviations averaged",
        "The standard deviations of the single images were averaged.",
        "Over which numbers does one variance run, and how many of them are there?",
        "M3",
        spread="average sd",
    ),
    _slip(
        "sum for average",
        "The squared deviations are added up but not averaged.",
        "What should x_hat's spread be when there are twice as many images?",
        spread="sum",
    ),
    _slip(
        "divided by the batch size",
        "The sum of the squares was divided by N, the number of images. Each image gives H·W "
        "numbers.",
        "How many numbers share one variance?",
        "M3",
        spread="over the batch alone",
    ),
    _slip(
        "variance about zero",
        "The variance is the mean of the squares of x itself, as if the mean were 0.",
        "The spread around what?",
        spread="about zero",
    ),
    _slip(
        "one spread for all",
        "Each channel has its own mean, but one variance serves them all.",
        "What is the standard deviation of each channel of x_hat?",
        "M3",
        share="channel, one spread for all",
    ),
    _slip(
        "one mean for all",
        "Each channel has its own variance, but the mean of all numbers is subtracted.",
        "What is the mean of each channel of x_hat?",
        "M3",
        share="channel, one mean for all",
    ),
    _slip(
        "not centred",
        "The mean is never subtracted from the values that are divided.",
        "What is the mean of each channel of x_hat, and what should it be?",
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
        "What exactly stands under the root in STEP 3?",
        "M17",
        divisor="eps squared",
    ),
    _slip(
        "no eps",
        "eps is never used: a map that is constant over the batch gives 0/0.",
        "A ReLU may be 0 everywhere in the batch. What is its variance then?",
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
        "What should the mean of each channel of y be?",
        "M8",
        affine="no shift",
    ),
    _slip(
        "gamma forgotten",
        "beta is added, but gamma never scales.",
        "What should the standard deviation of each channel of y be?",
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
        "All channels share the first gamma and beta.",
        "gamma has C entries. How should they line up with the maps?",
        "M3",
        affine="one gamma",
    ),
    _slip(
        "one number taken",
        "With one number per channel it should raise a ValueError. Such a number is its own mean: "
        "nothing of the image is left to be normalised.",
        "What does your function return for one image with maps of 1 × 1?",
        "M12",
        guard=False,
    ),
)
