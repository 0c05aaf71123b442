r"""Continuous outcomes of two arms at one or several visits.

Arm a (0 reference, 1 contrast) at visit v has the mean μ_av of its patients. The arms lie symmetrically about a
common level, so that it does not matter which of them is called the reference. Family ``normal``, of any
real outcome:

    μ_av = level_v + (a - ½) difference_v          level_v ~ Normal
    difference_v ~ Normal(difference, difference_sd)     difference ~ Normal,  difference_sd ~ LogNormal

and the families of outcomes that are never negative, whose arms differ by ratios:

    log μ_av = log_level_v + (a - ½) log_ratio_v    log_level_v ~ Normal
    log_ratio_v ~ Normal(log_ratio, log_ratio_sd)        log_ratio ~ Normal,  log_ratio_sd ~ LogNormal

The differences of the visits (difference_by_visit, log_ratio_by_visit) are partially pooled; with one visit, the
difference there is difference itself. A patient's
outcomes are tied by correlations Ω_a ~ LKJ(η), sampled as vine_a (mgbayes.models.visits):

- ``normal``: multivariate normal with SDs sd_av ~ LogNormal, in the outcome's unit;
- ``normal_ratio``: multivariate normal with SDs cv_av μ_av, cv_av ~ LogNormal. Some patients are below zero where the
  SD is near the mean: an approximation for single patients, and a good one for means of 16 or 17;
- ``softplus_normal``: σ h(u / σ), u multivariate normal, standardized_mean_av ~ Normal its means in SDs, h the
  softplus function: above zero like u, and a share of about Φ(-standardized_mean) near zero, where u is below. The
  latent SDs σ follow from μ_av;
- ``hurdle_lognormal``: zero_share_av at zero, and above it log-normal with patient intercepts of SD between_a about
  which a patient's outcomes vary with SD within_a; log_ratio is then of the means above zero.

See mgbayes.models.continuous_families. Evidence, either of:

- **published**: n_a, means and SDs. Normal outcomes: with the sample correlations R_a these are sufficient, means
  ~ Normal(μ, Σ / n) and (n - 1) D R D ~ Wishart(Σ, n - 1), D the published SDs. R is a latent sample_place_av within
  its bounds, (-1, 1) but where a published paired p or the SD of changes narrows them (mgbayes.models.paired). With
  softplus_normal the patients' u are latent, of coordinates z (mgbayes.latent.mean_sd). Changes without their ends
  are an outcome of their own.
- **patients**: each patient's outcomes; in the hurdle family at any of the visits.

Each arm needs one patient more than there are visits, and two at least.

Labels, unit and direction come from the study and the plan (mgbayes.models.outcome). Only published p values speak
about R, so that the posterior of the correlations is nearly their prior, and what is adjusted for the baseline
depends on it.

Sources: Wishart (1928) Biometrika 20A:32; Lewandowski, Kurowicka and Joe (2009) J Multivariate Anal 100:1989;
Tobin (1958) Econometrica 26:24.
"""

from pathlib import Path

from mgbayes.models.catalogue import MODELS
from mgbayes.models.plan_file import load_plan
from mgbayes.models.priors import Prior
from mgbayes.study.load import load_study

ROOT = Path(__file__).resolve().parents[3]
FAMILY = "normal"
PRIORS = {
    "level": Prior("normal", (0.0, 100.0), 'Flat over what the data allow, as published.'),
    "difference": Prior("normal", (0.0, 100.0), 'Flat over what the data allow, as published.'),
    "sd": Prior("lognormal", (-1.5, 20.0), 'Flat over what the data allow, as published.'),
}
OUTCOME = MODELS["continuous"].of(load_study(ROOT / "tests/oracles/published/chickens.study.toml"), load_plan(ROOT / "tests/oracles/published/chickens.plan.toml"))


def model(data):
    """The PyMC model; data as they stand in the database, as arrays."""
    return OUTCOME.build(data, FAMILY, PRIORS)
