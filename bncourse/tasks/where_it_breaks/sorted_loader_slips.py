"""What learners get wrong when they mend a loader that keeps classes together."""

from __future__ import annotations

from bncourse.tasks.where_it_breaks.sorted_loader_ways import also, slip

MISCONCEPTIONS = (
    slip(
        "still sorted",
        "label_entropy is right, and it tells what is wrong: the batches still hold one or two "
        "classes each.",
        "Print label_entropy of one epoch. What would it be for well mixed batches?",
        "",
        deal="sorted",
    ),
    also(
        slip(
            "labels without their samples",
            "The labels were shuffled. Sample 0 then has the label of another sample, and what "
            "label_entropy says of the same batch changes from epoch to epoch.",
            "Which of the two may be dealt anew: the indices of the samples or their labels?",
            "",
            deal="labels alone",
        ),
        deal=("labels, sorted again",),
    ),
    also(
        slip(
            "the batches themselves shuffled",
            "Something is shuffled now, the order of the batches or the order within each. But "
            "each batch still holds its one or two classes.",
            "Which two samples can never be in the same batch?",
            "",
            deal="batches",
        ),
        deal=("within", "both"),
    ),
    slip(
        "the same mates for ever",
        "The samples were shuffled once, and after that only the batches change places: each "
        "sample always meets the same mates.",
        "In which method must the samples be shuffled so that it happens in each epoch?",
        "",
        deal="once, then batches",
    ),
    slip(
        "shuffled once",
        "The samples were shuffled once, when the loader was made. Every epoch deals the same "
        "batches: each sample always meets the same mates.",
        "In which method must the shuffle stand so that it happens in each epoch?",
        "",
        deal="once",
    ),
    also(
        slip(
            "shifted along",
            "The samples were shuffled once, and each epoch shifts them along. Whoever were "
            "neighbours stay neighbours: most mates of a sample are those of the epoch before.",
            "How many of the mates of sample 0 are its mates in the next epoch, too?",
            "",
            deal="once, then rolled",
        ),
        deal=("once, then rolled at random", "once, then rolled by half"),
    ),
    also(
        slip(
            "the same order in each epoch",
            "The samples are mixed, but in the same order every epoch, whatever rng was handed in.",
            "Which line draws something new from self.rng in each epoch?",
            "",
            deal="fixed",
        ),
        deal=("interleaved", "every so many"),
    ),
    slip(
        "as many batches as samples",
        "The epoch was cut into batch_size batches. batch_size says how many samples one batch "
        "has.",
        "48 samples, batch_size 8: how many batches should come?",
        "",
        deal="as many batches",
    ),
    also(
        slip(
            "labels dealt",
            "The batches hold labels. They should hold the samples' indices; label_entropy looks "
            "up the labels of those itself.",
            "What should stand in a batch for sample 7: its number or its class?",
            "",
            deal="dealt labels",
        ),
        deal=("dealt labels, sorted",),
    ),
    slip(
        "batches evened out",
        "The epoch was cut into batches of nearly the same size. Each should have batch_size "
        "samples, and only the last one what is left.",
        "23 samples, batches of 5: which sizes should come, and which does np.array_split give?",
        "",
        deal="evened out",
    ),
    slip(
        "another generator",
        "The order does not come from the rng that was handed in: nobody can repeat this run.",
        "Which generator was handed in, and which one do you use?",
        "",
        deal="unseeded",
    ),
    also(
        slip(
            "drawn with replacement",
            "Some samples come twice in an epoch, and others not at all.",
            "Does each draw know what was drawn before? rng.integers does not, and a rng.choice "
            "for each batch does not know the other batches.",
            "",
            deal="replacement",
        ),
        deal=("from many", "choice", "choice, full ones", "choice, whole ones"),
    ),
)
