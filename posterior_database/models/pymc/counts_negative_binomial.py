r"""Events that can recur (hospital stays, exacerbations): counts with each patient's follow-up.

Patient i of arm a (0 reference, 1 contrast), followed for F_i years, has y_i events:

    log_rate       ~ prior      log events per patient-year, midway between the arms
    log_rate_ratio ~ prior      contrast against reference
    rate_cv        ~ prior      SD of patients' own rates, as a share of the mean rate of their arm
    events         ~ Poisson(g_i λ_a F_i),  λ_a = exp(log_rate + (a - 1/2) log_rate_ratio),
                     g_i ~ Gamma with mean 1 and SD rate_cv

Each arm lies half the difference from the level: naming the other arm as the reference changes nothing. With g_i
integrated out y_i is negative binomial with mean μ_i = λ_a F_i and variance μ_i + rate_cv² μ_i² (family
``negative_binomial``). Family ``poisson``: all patients of an arm alike, rate_cv 0. A patient's follow-up is taken
as unrelated to the events.

Evidence: patients only, the number of events of each and the time over which they were counted.
Units: events per year of 365.25 days. Source: Lawless 1987, Can J Stat 15:209.
"""

from pathlib import Path

from mgbayes.models.catalogue import MODELS
from mgbayes.models.plan_file import load_plan
from mgbayes.models.priors import Prior
from mgbayes.study.load import load_study

ROOT = Path(__file__).resolve().parents[3]
FAMILY = "negative_binomial"
PRIORS = {
    "log_rate": Prior("normal", (0.0, 2.0), 'Wide: a fiftieth to fifty children.'),
    "log_rate_ratio": Prior("normal", (0.0, 1.0), 'Neither group is favoured; ratios between 1/7 and 7.'),
    "rate_cv": Prior("half_normal", (0.5,), 'Women of a group are from all alike to rates that differ threefold.'),
}
OUTCOME = MODELS["counts"].of(load_study(ROOT / "tests/oracles/published/births.study.toml"), load_plan(ROOT / "posterior_database/models/plans/births.toml"))


def model(data):
    """The PyMC model; data as they stand in the database, as arrays."""
    return OUTCOME.build(data, FAMILY, PRIORS)
