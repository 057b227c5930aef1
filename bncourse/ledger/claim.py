"""What a claim is: said by a text, judged, and settled somewhere."""

from __future__ import annotations

from dataclasses import dataclass

from bncourse.ledger.finding import Finding

# What each verdict means. The order is that of the page and of the table.
VERDICTS = {
    "right": "as it stands",
    "right within limits": "right where its limits are kept, or right but for a part left out",
    "wrong": "not so, or not for the reason given",
    "contested": "disputed, or not decided by anything measured here",
    "not a claim": "nothing that could be right or wrong",
}
GROUNDS = {
    "proved": "follows by arithmetic or algebra, and a computation agrees",
    "measured here": "by the course's own runs; see the spread",
    "reported": "somebody else's result or the history of the field; see the source",
    "by definition": "a matter of what the method is, or of words; see the source",
}
TEXTS = {
    1: "Batch Size and Batch Normalisation (2023-11-21)",
    2: "Batch Normalisation (notes, undated)",
    3: "Batch Normalization (notes of 2024-09-17)",
    4: "Batch Normalisation (draft of 2020-04-15)",
    5: "Batch normalization (blog post, undated)",
}
TOPICS = {
    "mini-batches": "Mini-batches",
    "inputs": "Preparing the inputs",
    "algorithm": "The algorithm",
    "backward": "The backward pass",
    "inference": "Inference",
    "convolution": "Convolutions",
    "training": "Speed, rates and initial weights",
    "saturation": "Saturation",
    "shift": "Internal covariate shift",
    "landscape": "Landscape and gradients",
    "regularisation": "Regularisation",
    "batch-size": "Small and large batches",
    "elsewhere": "Recurrent nets, transformers, other norms",
}
OPEN = "?"  # stands for the heading in a lesson that is not written yet


@dataclass(frozen=True)
class Place:
    """A section of a lesson: its number, "03", and its heading, or `OPEN`."""

    lesson: str
    heading: str

    def __str__(self) -> str:
        return f"lesson {self.lesson}" + (f", {self.heading}" if self.heading != OPEN else "")


@dataclass(frozen=True)
class Claim:
    """A claim of one or more of the five texts, with its verdict.

    Attributes:
        id: stable name.
        topic: a key of `TOPICS`.
        at: the statements that say it, as "text.number": the statements of each text are counted
            in the order in which they stand, so "3.12" is the twelfth of text 3.
        says: the claim in the course's words.
        verdict: a key of `VERDICTS`.
        ground: a key of `GROUNDS`.
        where: the sections that settle it; empty only if a source alone does.
        evidence: the findings it rests on, most telling first; empty only for the grounds
            "reported" and "by definition".
        why: one or two sentences, the measured numbers filled in.
        source: paper and section; "" if the course's own runs are all there is.
        against: ids of claims that say otherwise.
    """

    id: str
    topic: str
    at: tuple[str, ...]
    says: str
    verdict: str
    ground: str
    where: tuple[Place, ...]
    evidence: tuple[Finding, ...]
    why: str
    source: str
    against: tuple[str, ...]

    @property
    def texts(self) -> tuple[int, ...]:
        """The numbers of the texts that say it, ascending."""
        return tuple(sorted({int(place.partition(".")[0]) for place in self.at}))

    @property
    def effect(self) -> str:
        """The most telling number with its spread and what it is, or ""."""
        return self.evidence[0].told() if self.evidence else ""
