r"""Yes/no endpoints: logistic models, each endpoint by itself or all with a common average.

For endpoint k and arm a (reference, contrast) with y of n patients,

    y_ka ~ Binomial(n_ka, chance_ka)
    logit chance_ka = level_k -+ log_odds_ratio_k / 2,   level_k ~ Normal

minus in the reference arm, plus in the contrast arm, so that no arm is vaguer than the other before the data and
it does not matter which is named as the reference. log_odds_ratio_k is the log of the odds ratio that is shown.

Family ``independent``: log_odds_ratio_k ~ Normal, the same prior for each and nothing shared.

Family ``hierarchical``: the benefits are partially pooled,

    log_odds_ratio_k = sign_k (mu + tau zeta_k),   mu ~ Normal(m, s),   tau ~ HalfNormal(t),   zeta_k ~ Normal(0, 1)

with sign_k +1 where the event is good for the patient and -1 where it is bad. This induces for each log odds ratio
a prior of mean sign_k m and SD sqrt(s² + t²). An endpoint to which a plan gives a prior of its own,
log_odds_ratio_<endpoint>, has that prior and leaves the pool of the others; so does the endpoint whose prior a
sensitivity analysis varies. Outcomes that overlap are not pooled (``mgbayes.models.overlap``).

Family ``beta``: chance_ka = p_ka ~ Beta for every endpoint and arm by itself; the arms differ by no parameter.

Evidence: counts as printed (exact binomial likelihood). The odds ratio is a contrast of odds, the risk
difference of chances. Source: Gelman et al., Bayesian Data Analysis (2013), sections 2.4 and 5.6.
"""

from pathlib import Path

from mgbayes.models.catalogue import MODELS
from mgbayes.models.plan_file import load_plan
from mgbayes.models.priors import Prior
from mgbayes.study.load import load_study

ROOT = Path(__file__).resolve().parents[3]
FAMILY = "independent"
PRIORS = {
    "level": Prior("normal", (0.0, 1.0606602), 'Independent Normal(0, 1.5) of both log odds, in half sum and difference.'),
    "log_odds_ratio": Prior("normal", (0.0, 2.1213203), 'Independent Normal(0, 1.5) of both log odds, in half sum and difference.'),
}
OUTCOME = MODELS["binary"].of(load_study(ROOT / "tests/oracles/published/admissions.study.toml"), load_plan(ROOT / "tests/oracles/published/admissions.plan.toml"))


def model(data):
    """The PyMC model; data as they stand in the database, as arrays."""
    return OUTCOME.build(data, FAMILY, PRIORS)
