"""Which side of no difference is better for a patient, of every estimand of every model: written by hand.

Each row was written by thinking of a patient, and not by running anything. ``happens`` is the outcome, ``better``
what a patient would wish of it, ``side`` where the estimand then lies when the contrast arm does better. The id of an
estimand begins with ``estimand``; where one is added, its row is added here first.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

Side = Literal["above", "below"]


class Direction(NamedTuple):
    """One estimand of one model for one kind of outcome."""

    model: str
    happens: str
    better: str
    benefit: Literal["higher", "lower"]  # of the endpoint, as its study file says it
    estimand: str
    side: Side | None
    null: float
    unit: str
    why: str


DISCHARGE = ("cure", "time to discharge, in weeks", "sooner", "lower")
INFECTION = ("cure", "time to an infection, in weeks", "later", "higher")
HEALING = ("proportional_hazards", "time to healing, in weeks", "sooner", "lower")
FALL = ("proportional_hazards", "time to a fall, in weeks", "later", "higher")
PAIN = ("continuous", "pain, in points", "less", "lower")
STRENGTH = ("continuous", "strength, in points", "more", "higher")
WALKS = ("binary", "walking alone", "more patients", "higher")
READMITTED = ("binary", "readmitted", "fewer patients", "lower")
MILD = ("ordinal", "class of a disease, 0 the mildest", "a lower class", "lower")
INDEPENDENT = ("ordinal", "class of independence, 0 the least", "a higher class", "higher")
SEIZURES = ("counts", "seizures", "fewer", "lower")
GOOD_DAYS = ("counts", "outings", "more", "higher")
STAY = ("quantiles", "stay", "shorter", "lower")
WALKED = ("quantiles", "distance walked", "farther", "higher")
RECOVERY = ("reported_effect", "time to recovery", "sooner", "lower")
SURVIVAL = ("reported_effect", "time to death", "later", "higher")

DIRECTIONS = (
    Direction(*DISCHARGE, "odds_ratio_ever", "above", 1.0, "", "higher odds of ever going home"),
    Direction(*DISCHARGE, "time_ratio", "below", 1.0, "", "sooner home: a ratio of times below 1"),
    Direction(*DISCHARGE, "risk_difference", "above", 0.0, "", "more patients are home by then"),
    Direction(*DISCHARGE, "rmst_difference", "below", 0.0, "weeks", "fewer weeks spent not yet home"),
    Direction(*INFECTION, "odds_ratio_ever", "below", 1.0, "", "lower odds of ever being infected"),
    Direction(*INFECTION, "time_ratio", "above", 1.0, "", "infected later: a ratio of times above 1"),
    Direction(*INFECTION, "risk_difference", "below", 0.0, "", "fewer patients are infected by then"),
    Direction(*INFECTION, "rmst_difference", "above", 0.0, "weeks", "more weeks without an infection"),
    Direction(*HEALING, "hazard_ratio", "above", 1.0, "", "wounds heal at a higher rate"),
    Direction(*HEALING, "event_free_difference", "below", 0.0, "", "fewer patients are not yet healed"),
    Direction(*HEALING, "rmst_difference", "below", 0.0, "weeks", "fewer weeks with an open wound"),
    Direction(*FALL, "hazard_ratio", "below", 1.0, "", "falls come at a lower rate"),
    Direction(*FALL, "event_free_difference", "above", 0.0, "", "more patients have not fallen"),
    Direction(*FALL, "rmst_difference", "above", 0.0, "weeks", "more weeks without a fall"),
    Direction(*PAIN, "mean_difference", "below", 0.0, "points", "less pain than in the other arm"),
    Direction(
        *PAIN, "change_difference", "below", 0.0, "points", "pain fell further (its change is negative)"
    ),
    Direction(*PAIN, "adjusted_difference", "below", 0.0, "points", "less pain of patients who began alike"),
    Direction(*STRENGTH, "mean_difference", "above", 0.0, "points", "stronger than in the other arm"),
    Direction(*STRENGTH, "change_difference", "above", 0.0, "points", "strength rose further"),
    Direction(
        *STRENGTH, "adjusted_difference", "above", 0.0, "points", "stronger, of patients who began alike"
    ),
    Direction(*WALKS, "odds_ratio", "above", 1.0, "", "higher odds of walking alone"),
    Direction(*WALKS, "risk_difference", "above", 0.0, "", "more patients walk alone"),
    Direction(*READMITTED, "odds_ratio", "below", 1.0, "", "lower odds of coming back"),
    Direction(*READMITTED, "risk_difference", "below", 0.0, "", "fewer patients come back"),
    Direction(*MILD, "odds_ratio", "above", 1.0, "", "higher odds of a lower, milder class"),
    Direction(*MILD, "lowest_difference", "above", 0.0, "", "more patients in the mildest class"),
    Direction(*INDEPENDENT, "odds_ratio", "below", 1.0, "", "lower odds of a lower, less independent class"),
    Direction(*INDEPENDENT, "lowest_difference", "below", 0.0, "", "fewer patients in the lowest class"),
    Direction(*SEIZURES, "rate_ratio", "below", 1.0, "", "seizures at a lower rate"),
    Direction(*SEIZURES, "rate_difference", "below", 0.0, "events/year", "fewer seizures a year"),
    Direction(*GOOD_DAYS, "rate_ratio", "above", 1.0, "", "outings at a higher rate"),
    Direction(*GOOD_DAYS, "rate_difference", "above", 0.0, "events/year", "more outings a year"),
    Direction(*RECOVERY, "hazard_ratio", "above", 1.0, "", "patients recover at a higher rate"),
    Direction(*SURVIVAL, "hazard_ratio", "below", 1.0, "", "patients die at a lower rate"),
    Direction(*STAY, "median_ratio", "below", 1.0, "", "half of the patients are home in a shorter time"),
    Direction(*STAY, "median_difference", "below", 0.0, "points", "half of the patients are home earlier"),
    Direction(*WALKED, "median_ratio", "above", 1.0, "", "half of the patients walk a longer way"),
    Direction(*WALKED, "median_difference", "above", 0.0, "points", "half of the patients walk farther"),
)

JOINT = {
    # of the embedded study: remission is good, relapse bad, and less prednisone better
    "odds_ratio": ("above", 1.0, ""),
    "hazard_ratio": ("below", 1.0, ""),
    "adjusted_difference": ("below", 0.0, "mg/day"),
    "mean_benefit": ("above", 0.0, "SD"),
    "middle_benefit": ("above", 0.0, "SD"),
    "least_benefit": ("above", 0.0, "SD"),
    "correlation": (None, 0.0, ""),
}
"""The joint model's: which side is better, the null and the unit. A correlation of outcomes is no benefit."""
