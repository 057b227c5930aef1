"""What learners get wrong about the steps from T_max on."""

from __future__ import annotations

from bncourse.tasks.where_it_breaks.per_step_stats import POOLS, also, slip

PAST = (
    also(
        slip(
            "one past the last step",
            "T_max steps have the numbers 0 to T_max − 1: min(t, T_max) points one past the last.",
            "T_max = 3: which index has the last of three rows?",
            "",
            place="one past",
        ),
        {"place": "one past, KeyError"},
        {"place": "one past, with a row more"},
    ),
    also(
        slip(
            "no late update",
            "update looks a step from T_max on up where nothing is kept. In get you saw to it.",
            "T_max = 3, a sequence of five steps: at which place does the last one arrive?",
            "",
            late="IndexError",
        ),
        {"late": "list"},
        {"late": "KeyError"},
    ),
    also(
        slip(
            "no step beyond T_max",
            "A step from T_max on is looked up where nothing is kept. Test sequences may well be "
            "longer than those of training.",
            "Which kept step does the exercise name for a step from T_max on?",
            "",
            past="IndexError",
            late="IndexError",
        ),
        {"past": "IndexError"},
        {"past": "list"},
        {"past": "KeyError"},
        {"past": "list", "late": "list"},
        {"past": "KeyError", "late": "KeyError"},
        {"past": "IndexError", "late": "ignored"},
        {"past": "list", "late": "ignored"},
        {"past": "KeyError", "late": "ignored"},
    ),
    also(
        slip(
            "refused beyond T_max",
            "A step from T_max on is refused. Test sequences may well be longer than those of "
            "training.",
            "Which kept step does the exercise name for a step from T_max on?",
            "",
            past="ValueError",
            late="ignored",
        ),
        {"past": "ValueError"},
        {"past": "ValueError", "late": "ValueError"},
        {"late": "ValueError"},
    ),
    slip(
        "begins anew beyond T_max",
        "From T_max on the steps begin again at 0; a late step should count as the last one.",
        "Which kept step does the exercise name for a step from T_max on?",
        "",
        past="wrapped",
    ),
    slip(
        "the first step beyond T_max",
        "From T_max on you use the first step; a late step should count as the last one.",
        "Which kept step does the exercise name for a step from T_max on?",
        "",
        past="first",
    ),
    also(
        slip(
            "the average of all steps beyond T_max",
            "From T_max on you use an average over all steps. It may serve as well, but the rule "
            "asked for is another one: a late step counts as the last one, in update and in get.",
            "Which kept step does the exercise name for a step from T_max on?",
            "",
            past="average",
        ),
        *({"past": pool} for pool in POOLS),
        *({"past": pool, "late": "ignored"} for pool in POOLS if pool != "average"),
    ),
    slip(
        "the last step seen beyond T_max",
        "From T_max on you use the last step that was ever seen. The rule asked for names one "
        "step, T_max − 1: if that was never seen, get has nothing to give.",
        "T_max = 5, and only the steps 0 to 2 were seen: what should get(4) do, and what get(5)?",
        "",
        past="last seen",
    ),
    slip(
        "unnormalised beyond T_max",
        "Beyond T_max you return 0 and 1: nothing would be normalised there.",
        "Which kept step does the exercise name for a step from T_max on?",
        "",
        past="start",
    ),
    slip(
        "late updates lost",
        "Updates from T_max on leave no trace. Those steps share the statistics of the last one, "
        "so they belong into its average.",
        "T_max = 3, a sequence of five steps: how many updates belong to the last place?",
        "",
        late="ignored",
    ),
)
