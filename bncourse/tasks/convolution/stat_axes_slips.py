"""Wrong axes: one function with a switch for each slip."""

from __future__ import annotations

from bncourse.grading.kinds import slips

UNKNOWN_KIND = "a kind that does not exist"
UNKNOWN_LAYOUT = "a layout without samples"
OTHER_LAYOUT = "a layout with an axis T"
KINDS = ("batch", "layer", "instance")
LAYOUTS = ("NC", "NCHW", "NHWC", "NCL", "NCDHW")
SPACE = "LDHW"


def stat_axes(
    layout, kind, *,
    batch="N+space", layer="C+space", instance="space", channel="C", space=SPACE, turned=False,
    bare="as it is", refuse="both",
):  # fmt: skip
    """Return the axes that a mean runs over; the keywords switch single slips on."""
    if layout not in LAYOUTS and refuse in ("both", "layouts"):
        raise ValueError(f"layout {layout!r} is not known")
    if kind not in KINDS and refuse != "nothing" and refuse != "layouts":
        raise (KeyError(kind) if refuse == "KeyError" else ValueError(f"{kind!r} is not known"))
    letters = _read(layout, channel)
    if kind == "instance" and layout == "NC" and bare != "as it is":
        return {"features": (1,), "samples": (0,), "both": (0, 1)}[bare]
    shared = {"batch": batch, "layer": layer}.get(kind, instance)
    shared = shared.replace("+", "").replace("space", space)
    return tuple(k for k, letter in enumerate(letters) if (letter in shared) != turned)


def _read(layout: str, channel: str) -> str:
    """Return the letters as somebody reads them who looks for the channel elsewhere."""
    if channel == "C":
        return layout
    rest = layout[1:].replace("C", "")
    return f"NC{rest}" if channel == "second" else f"N{rest}C"


_slip = slips(stat_axes)

MISCONCEPTIONS = (
    _slip(
        "batch over the samples alone",
        "Batch norm averages over the samples alone, so every place of a map has a mean of its "
        "own.",
        "Which numbers were made by the same filter?",
        "M3",
        batch="N",
    ),
    _slip(
        "batch within each image",
        "Batch norm averages over the places of one image: no image would need the others.",
        "What is the B in BN?",
        "M3",
        batch="space",
    ),
    _slip(
        "batch over channels and places",
        "Batch norm averages over the channels and places of one image.",
        "How many gammas does batch norm learn, and how many means should it have?",
        "M3",
        batch="C+space",
    ),
    _slip(
        "batch over everything",
        "Batch norm averages over everything, so all channels share one mean.",
        "How many gammas does batch norm learn, and how many means should it have?",
        "M3",
        batch="N+C+space",
    ),
    _slip(
        "batch over samples and channels",
        "Batch norm averages over the samples and the channels, place by place.",
        "Which numbers were made by the same filter?",
        "M3",
        batch="N+C",
    ),
    _slip(
        "layer over the channels alone",
        "Layer norm averages over the channels alone, so every place of an image has a mean of "
        "its own. Some libraries use the name for that; here one image has one mean.",
        "How many means does layer norm take of one image, as it is told in this exercise?",
        "M3",
        layer="C",
    ),
    _slip(
        "layer over the places alone",
        "Layer norm averages over the places, so every channel of an image has a mean of its own.",
        "How many means does layer norm take of one image?",
        "M3",
        layer="space",
    ),
    _slip(
        "layer over everything",
        "Layer norm averages over the samples, too.",
        "Should what one image gets depend on the others, in layer norm?",
        "M13",
        layer="N+C+space",
    ),
    _slip(
        "layer over the batch",
        "Layer norm averages over samples and places: that is what batch norm does.",
        "Should what one image gets depend on the others, in layer norm?",
        "M13",
        layer="N+space",
    ),
    _slip(
        "layer over the samples alone",
        "Layer norm averages over the samples.",
        "Should what one image gets depend on the others, in layer norm?",
        "M13",
        layer="N",
    ),
    _slip(
        "instance with the channels",
        "Instance norm averages over the channels, too, so one image has one mean.",
        "How many means does instance norm take of one image with C channels?",
        "M3",
        instance="C+space",
    ),
    _slip(
        "instance with the samples",
        "Instance norm averages over the samples, too.",
        "Does instance norm need other images?",
        "M3",
        instance="N+space",
    ),
    _slip(
        "instance without a table's samples",
        "In a table, instance norm averages over the features. A channel of a sample is one "
        "number there: nothing is left to share with.",
        "NC has no axis of places. Over how many axes does a mean run that needs places?",
        "M3",
        bare="features",
    ),
    _slip(
        "instance as batch in a table",
        "In a table, instance norm averages over the samples. It never does.",
        "NC has no axis of places. Over how many axes does a mean run that needs places?",
        "M3",
        bare="samples",
    ),
    _slip(
        "the axes that are kept",
        "Those are the axes that are kept: the ones with a mean of their own.",
        "For x.mean(axis=…): does it name the axes that stay, or those that go?",
        "M3",
        turned=True,
    ),
    _slip(
        "channels always second",
        "The channels were taken to be on axis 1 whatever the layout says.",
        "Which axis is C in NHWC?",
        "M3",
        channel="second",
    ),
    _slip(
        "channels always last",
        "The channels were taken to be on the last axis whatever the layout says.",
        "Which axis is C in NCHW?",
        "M3",
        channel="last",
    ),
    _slip(
        "depth is no place",
        "D was not counted among the places. NCDHW holds volumes: depth, height, width.",
        "A filter for volumes moves in how many directions?",
        "M3",
        space="LHW",
    ),
    _slip(
        "length is no place",
        "L was not counted among the places. NCL holds series, whose places are along L.",
        "In which direction does a filter for series move?",
        "M3",
        space="DHW",
    ),
    _slip(
        "only height and width are places",
        "Only H and W were counted as places; the filter of a series moves along L, that of a "
        "volume along D as well.",
        "In which directions does the filter move, for each layout?",
        "M3",
        space="HW",
    ),
    _slip(
        "unknown kind answered",
        "A kind that does not exist should be refused with a ValueError; yours gives axes for it.",
        'What does your function do with "group"?',
        refuse="layouts",
    ),
    _slip(
        "unknown layout answered",
        "A layout that is not in the list should be refused with a ValueError; yours gives axes "
        "for it.",
        'What does your function do with "CHW"?',
        refuse="kinds",
    ),
    _slip(
        "nothing refused",
        "Layouts and kinds that do not exist should be refused with a ValueError; yours gives axes "
        "for both.",
        'What does your function do with "group", and with "CHW"?',
        refuse="nothing",
    ),
    _slip(
        "a dict's own error",
        "A dict raises KeyError for a kind that it does not have; ValueError was asked for. And a "
        "layout that is not in the list gets axes.",
        "Which of the two arguments can you look up before you use it?",
        refuse="KeyError",
    ),
)
