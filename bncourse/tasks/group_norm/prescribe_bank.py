"""The cases of 10.5: what is told of a net, and which norm and reason fit it."""

from __future__ import annotations

from dataclasses import dataclass

NORMS = ("BN", "SyncBN", "frozen BN", "GN", "LN", "IN")
REASONS = {
    "mates": "mates must not matter",
    "contrast": "contrast must go",
    "large": "large and mixed",
    "stored": "stored ones fit",
    "few": "too few",
    "steps": "lengths differ",
    "unmixed": "not mixed",
    "together": "enough together",
}
MEANINGS = {
    "mates": "in training, too, a sample's output must not depend on the others of the batch",
    "contrast": "each channel's own level and spread in an image must not reach the output",
    "large": "each device has many samples at a time, well mixed",
    "stored": "good statistics are stored, of data like this",
    "few": "few samples at a time, and neither other devices nor stored statistics can help",
    "steps": "sequences of any length: a step can neither have a stored average of its own, nor "
    "share one with all steps, nor wait for later steps",
    "unmixed": "many samples at a time, but those of one batch are alike",
    "together": "few samples on each device, many on all of them, and statistics can be exchanged",
}


@dataclass(frozen=True)
class Situation:
    """A kind of case: its norm, cases of that kind by name, why not another norm, a question."""

    norm: str
    told: dict[str, str]
    why_not: dict[str, str]
    asks: str


_SCRATCH = "Nothing has been trained before: there are no stored statistics to freeze."
_ALONE = "There is one device only: nobody to share statistics with."
_LAYER = (
    "Layer norm does not look at the batch either, but takes all channels together: its error is "
    "25.3 in the paper's table, and another norm of one sample has less."
)
_INSTANCE = (
    "Instance norm does not look at the batch either, but throws away how strong each channel is: "
    "its error is 28.4 in the paper's table, and another norm of one sample has less."
)
_OTHER_FUNCTION = (
    "The weights were trained behind batch norm, and the layers are to stay: with another norm it "
    "is another function, which would have to be trained anew."
)
_NO_BN = (
    "It could be trained with few samples, but it is no batch norm and cannot become one: it needs "
    "the statistics of each input in use."
)
_STEPS = (
    "With an average for each step some steps are seen seldom or never. One average for all steps "
    "fails here, as the numbers drift along a sequence (where they do not, it has served: Deep "
    "Speech 2, 2015). And the other sequences of the batch would matter."
)
_WHOLE_SEQUENCE = (
    "It takes its mean over all steps of the sequence: a step's output would depend on the steps "
    "behind it, and on how many there are."
)
_BATCH_CONTRAST = (
    "Its mean and spread are those of the batch: an image that is paler than the others stays "
    "paler."
)

# Two of a kind are never drawn together, so that each mistake is about one case.
SITUATIONS = {
    "large": Situation(
        "BN",
        {
            "256 images on each device": "A ResNet classifies photos. 256 images are on each "
            "device at a time, shuffled.",
            "128 photos, used one by one": "A ResNet classifies photos. It is trained on one "
            "device with 128 shuffled images at a time. In use, images come one by one.",
            "64 photos, norms to be folded": "A convolutional net classifies photos. It is trained "
            "on one device with 64 shuffled images at a time. In use, its norms must be folded "
            "into the convolutions.",
        },
        {
            "SyncBN": "Each device has enough samples of its own, or is the only one: exchanging "
            "statistics would cost time and bring nothing.",
            "frozen BN": _SCRATCH,
            "GN": "With so many images its error is not the lowest in the paper's table. And use "
            "speaks for stored averages: they serve one image as well as many and can be folded, "
            "while group norm needs the statistics of each input.",
            "LN": "Its error is 25.3 in the paper's table, and another norm has less.",
            "IN": "Its error is 28.4 in the paper's table, the largest of the four.",
        },
        "How many samples make a mean here, and are they a fair sample?",
    ),
    "few": Situation(
        "GN",
        {
            "2 large images": "A ResNet-50 finds objects in large photos. On its one device 2 "
            "images fit at a time.",
            "2 clips": "A 3D ResNet-50 classifies clips of 32 frames. On its one device 2 clips "
            "fit at a time.",
            "The stream of photos": "A ResNet-50 classifies photos and learns from a stream of "
            "them on one device: one photo, one update.",
        },
        {
            "BN": "In large nets the mean and variance of so few samples cost much: with 2 images "
            "BN's error is 34.7 in the paper's table. In the lesson's small conv nets "
            "plain GN did not beat it.",
            "SyncBN": _ALONE,
            "frozen BN": _SCRATCH,
            "LN": _LAYER,
            "IN": _INSTANCE,
        },
        "How many samples make a mean of the batch here, and who could lend more?",
    ),
    "together": Situation(
        "SyncBN",
        {
            "32 devices with 2 images": "A convolutional net finds objects in photos, on 32 "
            "devices with 2 shuffled images each and fast links. In use, its norms must be folded "
            "into the convolutions.",
            "The streets on 16 devices": "A convolutional net marks the pixels of streets, on 16 "
            "devices with 4 shuffled images each and fast links. In use, its norms must be fixed "
            "scales and shifts.",
        },
        {
            "BN": "One device alone has too few samples for a good mean and variance.",
            "frozen BN": _SCRATCH,
            "GN": _NO_BN,
            "LN": _NO_BN,
            "IN": _NO_BN,
        },
        "How many images are trained on at a time, and what must the norms become in the end?",
    ),
    "stored": Situation(
        "frozen BN",
        {
            "8 more photos": "A net was trained with batch norm on a million photos. On one device "
            "it is tuned with 8 more photos like them, 2 at a time; its layers are to stay.",
            "The objects in similar photos": "A net was trained with batch norm to classify "
            "photos. On one device it now learns to find objects in similar photos, 2 at a time; "
            "the layers that it has are to stay.",
        },
        {
            "BN": "A mean of 2 images would take the place of one that many images made.",
            "SyncBN": _ALONE,
            "GN": _OTHER_FUNCTION,
            "LN": _OTHER_FUNCTION,
            "IN": _OTHER_FUNCTION,
        },
        "What does this net bring along from its first training, besides the weights?",
    ),
    "mates": Situation(
        "GN",
        {
            "Which two are the same photo": "A ResNet learns which two of the 256 shuffled images "
            "in a batch show the same photo, on one device. No image may leave a trace in the "
            "features of another.",
            "The photos of patients": "A ResNet classifies photos of patients, 256 shuffled ones "
            "at a time, on one device. To keep them private, each gets a gradient of its own, in "
            "which no other photo has a part.",
        },
        {
            "BN": "In train mode each output depends on all samples of the batch, by their mean "
            "and variance, however many they are.",
            "SyncBN": "In train mode each output then depends on even more samples.",
            "frozen BN": _SCRATCH,
            "LN": _LAYER,
            "IN": _INSTANCE,
        },
        "In train mode, what may one sample know of another?",
    ),
    "unmixed": Situation(
        "GN",
        {
            "The camera's film": "A ResNet learns from a camera's film while it is taken, on one "
            "device: the 64 images of a batch show one scene and cannot be shuffled. In use, "
            "scenes change.",
            "Class by class": "A ResNet classifies photos, on one device. They come class by class "
            "and cannot be shuffled: the 128 photos of a batch are of one class. In use, classes "
            "are mixed.",
        },
        {
            "BN": "The mean of such a batch is that of one scene or class: what it takes away is "
            "what should be told apart, and in use the mean is another.",
            "SyncBN": _ALONE,
            "frozen BN": _SCRATCH,
            "LN": _LAYER,
            "IN": _INSTANCE,
        },
        "Of which images is the mean of such a batch, and which images come in use?",
    ),
    "steps": Situation(
        "LN",
        {
            "The next character": "A recurrent net predicts the next character of texts of any "
            "length. Its states drift along a text, and what it predicts must not depend on the "
            "other texts of the batch.",
            "The next word": "A transformer predicts the next word of texts of any length. Its "
            "features drift along a text, and what it predicts must not depend on the other texts "
            "of the batch.",
            "The speech": "A recurrent net writes down speech while it is spoken, for as long as "
            "it lasts. Its states drift along a recording, and what it writes must not depend on "
            "the other recordings of the batch.",
        },
        {
            "BN": _STEPS,
            "SyncBN": _STEPS,
            "frozen BN": _SCRATCH,
            "GN": _WHOLE_SEQUENCE,
            "IN": _WHOLE_SEQUENCE,
        },
        "Which numbers are known at a step, and which of them belong to that step alone?",
    ),
    "contrast": Situation(
        "IN",
        {
            "The painting": "A convolutional net paints photos in the style of one painting. "
            "Neither paleness nor a colour cast of the photo may show: each channel's own level "
            "and spread in it must go.",
            "The exchanged style": "A convolutional net takes the style out of an image: each "
            "channel's own mean and spread over the image. Then it puts another image's in.",
        },
        {
            "BN": _BATCH_CONTRAST,
            "SyncBN": _BATCH_CONTRAST,
            "frozen BN": _SCRATCH,
            "GN": "The channels of a group share one mean and spread: paleness goes, but how "
            "strong each is beside the others of its group, such as a colour cast, stays.",
            "LN": "All channels share one mean and spread: paleness goes, but how strong each is "
            "beside the others, such as a colour cast, stays.",
        },
        "Which mean and spread are to go: those of the batch, of an image, or of each channel?",
    ),
}

# Why a reason does not decide, by the kinds of case; the first entry holds for all others.
NOT_THE_REASON = {
    "large": (
        "The samples on one device are not many here, or not mixed.",
        {
            "mates": "The batch is large and mixed. But here any use of it is forbidden.",
            "steps": "How many samples there are is not said. A large batch would not help a step "
            "that hardly any sequence has.",
            "contrast": "How many samples there are is not said, and a mean over more of them "
            "would not help.",
        },
    ),
    "few": (
        "There are samples enough at a time.",
        {
            "together": "They are few on one device, but that device is not alone.",
            "stored": "They are few at a time, but the net does not start from nothing.",
            "steps": "How many samples there are at a time is not said, and does not decide.",
            "contrast": "How many samples there are at a time is not said, and does not decide.",
        },
    ),
    "together": ("No device needs another's samples here, or there is no other device.", {}),
    "stored": ("This net starts from scratch: nothing is stored yet.", {}),
    "mates": (
        "Nobody forbids here that a sample is compared with its batch mates.",
        {
            "few": "Nobody forbids it to look at batch mates. There are hardly any, or none: that "
            "is the trouble.",
            "steps": "That is so, but group norm and instance norm do not look at them either: "
            "something else in a sequence rules those out, too.",
        },
    ),
    "unmixed": (
        "The samples of a batch are mixed here.",
        {"few": "Nothing says that they are alike; and so few would make a poor mean if mixed."},
    ),
    "steps": ("There are no sequences here whose lengths could differ.", {}),
    "contrast": (
        "How strong a channel is tells something about the image here, and may stay.",
        {"steps": "There are no images here, and nothing is said of contrast."},
    ),
}
