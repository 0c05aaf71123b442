r"""Ordered classes at one or several visits: cumulative logit with patient intercepts.

Patient i of arm a (0 reference, 1 contrast) is in class y_iv, 0 (lowest) to K - 1, at visit v. With c_k the cut
between class k - 1 and class k:

    logit P(y_iv < k) = c_k - shift_v + (a - 1/2) (base + log_odds_ratio_v) - patient_sd u_i,  u_i ~ Normal(0, 1)
    c_1 = first_cut,  c_k = c_(k-1) + gap_k
    first_cut      ~ prior      log odds of the lowest class at the first visit, for a middling patient
    gap            ~ prior      between one cut and the next
    shift          ~ prior      move towards higher classes at each visit after the first, over both arms
    base           ~ prior      log odds ratio of a lower class before treatment, contrast against reference
    log_odds_ratio ~ prior      what later visits add to it; 0 before treatment
    patient_sd     ~ prior      SD of the patients' own log odds within an arm

Levels are midway between the arms and each arm lies half a difference from them: naming the other arm as the
reference changes nothing. Patients of equal severity before treatment differ by log_odds_ratio_v at visit v, the
difference between the arms adjusted for where they began. Where no visit lies before treatment base is 0 and
log_odds_ratio is of every visit. With one visit shift, base and patient_sd are 0, and the model is
McCullagh's. u_i is integrated out by the trapezoidal rule, so that a patient enters as one:

    classes        ~ ∫ Π_v P(y_iv | u) φ(u) du,  over the visits at which the class is known

The effects are the same at every cut (proportional odds), which the predictive check of the mean class
and of the lowest class looks into. Missing visits are taken as missing by chance.

Evidence: patients; or what a paper reports, the counts of the classes or their medians
(mgbayes.models.ordinal_published), of which medians at several visits leave the u_i latent (``patient``).
Sources: McCullagh 1980, JRSS B 42:109; Hedeker and Gibbons 1994, Biometrics 50:933 (patient intercepts).
"""

from pathlib import Path

from mgbayes.models.catalogue import MODELS
from mgbayes.models.plan_file import load_plan
from mgbayes.models.priors import Prior
from mgbayes.study.load import load_study

ROOT = Path(__file__).resolve().parents[3]
FAMILY = "cumulative_logit"
PRIORS = {
    "first_cut": Prior("normal", (-1.5, 2.0), 'One of five classes, give or take a factor of 50 in the odds of the lowest.'),
    "gap": Prior("lognormal", (0.4, 0.7), 'From one class to the next the log odds change by 0.4 to 6.'),
    "shift": Prior("normal", (0.0, 2.0), 'The odds of the warm bottle are between a fiftieth and fifty times those of the cold one.'),
    "base": Prior("normal", (0.0, 1.5), 'Of a visit before treatment, which there is none.'),
    "log_odds_ratio": Prior("normal", (0.0, 1.5), 'No direction is favoured; odds ratios between 1/19 and 19.'),
    "patient_sd": Prior("half_normal", (2.0,), 'Pairs are from all alike to fiftyfold apart in their odds.'),
}
OUTCOME = MODELS["ordinal"].of(load_study(ROOT / "posterior_database/data/data-raw/wine/study.toml"), load_plan(ROOT / "posterior_database/models/plans/wine.toml"))


def model(data):
    """The PyMC model; data as they stand in the database, as arrays."""
    return OUTCOME.build(data, FAMILY, PRIORS)
