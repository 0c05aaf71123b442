r"""The effect that a paper reports with its confidence interval, as evidence about the same contrast.

With y the reported effect, the log of a ratio or a difference, and s its standard error, the length of the interval
over 2 z, z the normal quantile of its level, in families approximate_ratio and approximate_difference

    effect     ~ Normal(θ, s)     of y, an approximation: the patients behind it are not published
    log_ratio  ~ prior            θ: the log of the hazard, odds, risk, rate or mean ratio
    difference ~ prior            θ: the difference of means, or of risks in percent

A Wald interval is exactly so long; exact and profile intervals are not symmetric, and with few events the likelihood
is skewed. Where the paper says that no other variable was adjusted for, two likelihoods are exact. Family counts: an
odds ratio, risk ratio or difference of risks is reported so of some counts (x_0, x_1) of n_0 and n_1 patients and of
no others (mgbayes.study.statistics.effect_tables), with the chance of arm a (0 reference, 1 contrast)

    log_odds       ~ prior        midway between the arms, in logit chance_a = log_odds + (a - 1/2) log_odds_ratio
    log_odds_ratio ~ prior
    reported       ~ Σ over these counts of Π_a Binomial(x_a; n_a, chance_a)

Family means: a difference of means with Student's interval, whose length gives the pooled variance of
ν = n_0 + n_1 - 2 degrees of freedom,

    sd             ~ prior        within arms
    effect         ~ Normal(difference, sd √(1/n_0 + 1/n_1))
    pooled         ~ sd² χ²(ν) / ν

Counts, and means with SDs, that are reported themselves have models of their own. A ratio of the reference arm to the
contrast arm is turned round. Of several effects the first of the study file counts.

Evidence: estimate and limits. Source: Altman and Bland (2011), BMJ 343:d2090; Spiegelhalter, Abrams and Myles (2004),
Bayesian Approaches to Clinical Trials, section 2.4.
"""

from pathlib import Path

from mgbayes.models.catalogue import MODELS
from mgbayes.models.plan_file import load_plan
from mgbayes.models.priors import Prior
from mgbayes.study.load import load_study

ROOT = Path(__file__).resolve().parents[3]
FAMILY = "counts"
PRIORS = {
    "log_odds": Prior("normal", (0.0, 1.5), 'Midway between the arms, the chance of a fall lies between 5 % and 95 %.'),
    "log_odds_ratio": Prior("normal", (0.0, 1.5), 'Neither arm is favoured; odds ratios between 1/19 and 19.'),
}
OUTCOME = MODELS["reported_effect"].of(load_study(ROOT / "tests/oracles/studies/effects_only.toml"), load_plan(ROOT / "posterior_database/models/plans/fall.toml"))


def model(data):
    """The PyMC model; data as they stand in the database, as arrays."""
    return OUTCOME.build(data, FAMILY, PRIORS)
