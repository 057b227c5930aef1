"""What learners get wrong about who shares a mean, and what a tutor says to it."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np

from bncourse.grading.kinds import slips
from bncourse.tasks.group_norm.stat_mask_switches import stat_mask

_slip = slips(stat_mask)


def _also(entry, *others):
    return replace(entry, variants=tuple(partial(stat_mask, **other) for other in others))


def _axes_exchanged(kind, index, shape, groups):
    """For "layer last": mask[n, h, w] = True, as if the mask were (N, H, W, C)."""
    if kind != "layer last":
        return stat_mask(kind, index, shape, groups)
    n, _, h, w = index
    mask = np.zeros(shape, dtype=bool)
    mask[n, h, w] = True
    return mask


MISCONCEPTIONS = (
    _slip(
        "batch without the other samples",
        "For batch norm only entries of the same sample share: that is instance norm.",
        "If another image of the batch gets brighter, does batch norm's mean change?",
        "M3",
        batch="nc",
    ),
    _also(
        _slip(
            "batch place by place",
            "For batch norm every place, row or column has a mean of its own. One filter made all "
            "places of a channel, and they share.",
            "How many means does batch norm take of C channels?",
            "M3",
            batch="chw",
        ),
        {"batch": "ch"},
        {"batch": "cw"},
    ),
    _slip(
        "batch without its colon",
        "For batch norm the channel's number was taken for a sample's: mask[c] is sample c.",
        "Which axis comes first in the mask, and which entries along it share?",
        "M3",
        batch="N",
    ),
    _slip(
        "batch over the channels",
        "For batch norm all channels share one mean.",
        "How many gammas does batch norm have, and how many means?",
        "M3",
        batch="",
    ),
    _slip(
        "batch as layer",
        "For batch norm all entries of one sample share: that is layer norm.",
        "How many means does batch norm take of C channels?",
        "M13",
        batch="n",
    ),
    _slip(
        "layer over the batch",
        "For layer norm all samples share. It looks at one sample only.",
        "If another image of the batch gets brighter, does layer norm's mean change?",
        "M13",
        layer="",
    ),
    _slip(
        "layer as batch",
        "For layer norm the samples share a channel's mean: that is batch norm.",
        "If another image of the batch gets brighter, does layer norm's mean change?",
        "M13",
        layer="c",
    ),
    _slip(
        "layer channel by channel",
        "For layer norm every channel has a mean of its own: that is instance norm.",
        "How many means does layer norm over (C, H, W) take of one image?",
        "M3",
        layer="nc",
    ),
    _slip(
        "layer at each place",
        'For "layer" every place has a mean of its own, over the channels. That is the other one, '
        '"layer last".',
        "How many means does layer norm over (C, H, W) take of one image?",
        "M3",
        layer="nhw",
    ),
    _slip(
        "layer last over space",
        'For "layer last" all places of an image share: that is layer norm over (C, H, W). Over C '
        "alone, only the channels of one place do.",
        "How many means does it take of one image of 2 × 3 pixels?",
        "M3",
        last="n",
    ),
    _slip(
        "layer last alone",
        'For "layer last" the entry shares with nobody. Its place has more channels.',
        "Which of the four letters does the mean run over?",
        "M3",
        last="nchw",
    ),
    _slip(
        "layer last over the batch",
        'For "layer last" the samples share a place\'s mean. Layer norm looks at one sample only.',
        "If another image of the batch gets brighter, does layer norm's mean change?",
        "M13",
        last="hw",
    ),
    replace(
        _slip(
            "rows of pixels",
            'For "layer last" a row of pixels shares a mean, as if the last axis of (N, C, H, W) '
            "were C. The mask has that order, but the norm runs over the channels.",
            "Which of the four letters does the mean run over, and where is it in the mask?",
            "M3",
            last="nch",
        ),
        variants=(_axes_exchanged,),
    ),
    _also(
        _slip(
            "channels of a row",
            'For "layer last" a row or a column of pixels shares, with all its channels. Over C '
            "alone, only the channels of one place do.",
            "How many means does it take of one image of 2 × 3 pixels?",
            "M3",
            last="nh",
        ),
        {"last": "nw"},
    ),
    _slip(
        "instance alone",
        "For instance norm the entry shares with nobody. Its channel has more places in this "
        "sample.",
        "Which numbers does instance norm take its mean of?",
        "M3",
        instance="nchw",
    ),
    _slip(
        "instance at each place",
        "For instance norm the channels of one place share: that is layer norm over C alone.",
        "How many means does instance norm take of one image with C channels?",
        "M3",
        instance="nhw",
    ),
    _slip(
        "instance over the batch",
        "For instance norm the samples share: that is batch norm.",
        "What is an instance: a sample or a channel?",
        "M3",
        instance="c",
    ),
    _slip(
        "instance over the channels",
        "For instance norm all channels of a sample share: that is layer norm.",
        "How many means does instance norm take of one image with C channels?",
        "M3",
        instance="n",
    ),
    _slip(
        "group over the batch",
        "For group norm the samples share. A group is made of channels, and of one sample.",
        "If another image of the batch gets brighter, does group norm's mean change?",
        "M3",
        group="g",
    ),
    _slip(
        "group at each place",
        "For group norm every place has a mean of its own. The places of all channels of the group "
        "share one.",
        "With one group, group norm has the statistics of layer norm. Over which axes?",
        "M3",
        group="nghw",
    ),
    _slip(
        "channel instead of group",
        "For group norm every channel has a mean of its own: that is instance norm.",
        "6 channels in 2 groups: how many channels share a mean?",
        "M3",
        group="nc",
    ),
    _slip(
        "groups ignored",
        "For group norm all channels share: that is layer norm, one group.",
        "6 channels in 2 groups: how many channels share a mean?",
        "M3",
        group="n",
    ),
    _slip(
        "interleaved groups",
        "Channels were dealt to the groups in turn (c % G). A group is made of neighbours.",
        "6 channels in 2 groups: is channel 1 with channel 0 or with channel 3?",
        "M3",
        blocks="interleaved",
    ),
    _slip(
        "number for size",
        "A group has got as many channels as there should be groups. `groups` is how many there "
        "are.",
        "6 channels in 2 groups: how many channels has one group?",
        "M3",
        blocks="size",
    ),
    _slip(
        "interleaved, number for size",
        "Channels share that have the same remainder by C // G: that deals them out, and makes "
        "C // G groups.",
        "6 channels in 2 groups: write down the channels of both groups. Are they neighbours?",
        "M3",
        blocks="interleaved, size",
    ),
    _slip(
        "group starts at the channel",
        "The group begins at the channel of the index, and the channels in front of it are "
        "missing. If channel 2 shares with channel 1, channel 1 shares with channel 2.",
        "6 channels in 2 groups: which channels does the group of channel 4 begin and end with?",
        "M3",
        start="own",
    ),
    _slip(
        "group's number as its start",
        "The group begins at its own number. Group 1 does not begin at channel 1, but after all "
        "channels of group 0.",
        "6 channels in 2 groups: at which channel does group 1 begin?",
        "M3",
        start="number",
    ),
    _also(
        _slip(
            "group's start by G",
            "The group has its right length, but it begins at the wrong channel: steps of G were "
            "made where a group has C // G channels.",
            "6 channels in 2 groups: at which channel does group 1 begin?",
            "M3",
            start="steps of G",
        ),
        {"start": "blocks of G"},
        {"start": "number by G"},
    ),
    _slip(
        "group by the remainder",
        "The group's number was taken as c % G, and the channels of that group are neighbours: so "
        "an entry may not be in its own group.",
        "6 channels in 2 groups: channel 1 is in group 0 or 1?",
        "M3",
        start="remainder",
    ),
    _also(
        _slip(
            "group begins at the remainder",
            "The group begins at a remainder of c. What is left over when c is divided says where "
            "a channel is, not where its group begins.",
            "6 channels in 2 groups: at which channel does the group of channel 4 begin?",
            "M3",
            start="at c % G",
        ),
        {"start": "at c % k"},
    ),
    _slip(
        "slice up to the size",
        "The slice ends at C // G. That is how long a group is, and where the first one ends.",
        "6 channels in 2 groups: between which channels lies group 1?",
        "M3",
        start="up to k",
    ),
    _slip(
        "G channels from the right start",
        "The group begins at the right channel, but G channels are taken from there. `groups` is "
        "how many groups there are.",
        "6 channels in 2 groups: how many channels has one group?",
        "M3",
        start="G long",
    ),
    _also(
        _slip(
            "one channel too few",
            "The group has a channel too few, or one too many, at its end.",
            "Which channels does the slice 4 : 8 take?",
            "M3",
            start="one short",
        ),
        {"start": "one long"},
    ),
    _slip(
        "around the channel",
        "The group lies around the channel of the index. Groups begin at 0, C // G, 2 · C // G … "
        "and nowhere else.",
        "6 channels in 2 groups: which channels does the group of channel 2 begin and end with?",
        "M3",
        start="around",
    ),
    _slip(
        "group's number as a channel",
        "One channel is marked, the one that has the group's number. c // (C // G) says which "
        "group it is, not which channels are in it.",
        "12 channels in 3 groups: which four channels are in group 1?",
        "M3",
        start="one channel",
    ),
    _slip(
        "the index's channel tested",
        "The channel of the index is tested, c % G. Whether groups come out even depends on how "
        "many channels there are.",
        "6 channels in 2 groups come out even. Does your test let channel 1 pass?",
        test="own channel",
    ),
    _slip(
        "the samples tested",
        "The number of samples is tested. The groups are made of channels.",
        "Which entry of `shape` is C?",
        test="samples",
    ),
    _slip(
        "the test turned round",
        "The test is turned round: G % C asks whether the channels divide the groups.",
        "What is 2 % 6, and what is 6 % 2?",
        test="turned",
    ),
    _slip(
        "uneven groups accepted",
        "Groups that do not divide the channels should raise a ValueError; yours answers.",
        "6 channels in 4 groups: which channels would be in the last one?",
        refuse="nothing",
    ),
    _slip(
        "every kind refused",
        "A number of groups that does not divide C is refused for all kinds. Only group norm makes "
        "groups; the others should answer.",
        "Does batch norm use `groups`?",
        refuse="all",
    ),
    _slip(
        "index read channels last",
        "The index was read as (n, h, w, c); it is (n, c, h, w).",
        "Which entry of the index is the channel?",
        order="nhwc",
    ),
    _slip(
        "h and w exchanged",
        "h and w have changed places: the entry at the index is not in its own set.",
        "Which entry of the index is h, and on which axis of the mask does it stand?",
        order="ncwh",
    ),
    _also(
        _slip(
            "n and c exchanged",
            "n and c have changed places: the entry at the index is not in its own set.",
            "Which entry of the index is n, and on which axis of the mask does it stand?",
            order="cnhw",
        ),
        {"batch": "C"},
        {"layer": "N"},
        {"instance": "NC"},
    ),
    _also(
        _slip(
            "always sample 0",
            "Sample 0 is marked, whichever sample the index names.",
            "Which entry of the index says which sample it is?",
            first="all",
        ),
        *({"first": kind} for kind in ("layer", "layer last", "instance", "group")),
    ),
    _slip(
        "itself left out",
        "The entry at the index is not marked. It is part of its own mean.",
        "Does the entry at the index share a mean with itself?",
        own=False,
    ),
    _slip(
        "the others marked",
        "The mask is turned: True stands where the mean is another.",
        "Does the entry at the index share a mean with itself?",
        turned=True,
    ),
)
