"""Equivalence: cohorts analyzed from their patients and from nothing but their own summaries.

Summaries are a function of the patients, so that over cohorts from the prior, exactly:

    E[mean_s - mean_p] = 0                                   (the tower rule)
    E[var_s] = E[var_p] + E[(mean_s - mean_p)²]               (the law of total variance)

with mean and variance of a parameter's posterior given the summaries (s) or the patients (p). The
second says how much wider the posterior from summaries is. Both are held to four standard errors over
cohorts; the spread between cohorts holds the Monte Carlo error of the fits.
"""

import numpy as np
import pytest

from mgbayes.distributions import followup, hazards, lifetimes
from mgbayes.inference.sample import compile_model, draw, swap
from mgbayes.latent.times import slots
from mgbayes.models.parameters import draw_parameter
from mgbayes.models.plan import Sampling
from tests.known_models import priors_of, relapse, remission

COHORTS = 24
N = np.array([17, 16])
FOLLOW_UP = (365.0, 1861.0, 953.4)
ARM = np.array([0.0, 1.0])[:, None]
SAMPLING = Sampling(chains=2, draws=500, tune=400, target_accept=0.9, seed=5)
PRESENT = (np.arange(17) < N[:, None]).astype(float)


def remissions(rng, truth):
    """Days to remission (arm, patient), infinite in those who never remit."""
    chance = 1 / (1 + np.exp(-truth["logit_ever"] - truth["log_odds_ratio"] * (ARM - 0.5)))
    log_mean = truth["log_mean_time"] + truth["log_time_ratio"] * (ARM - 0.5)
    time = lifetimes.LOGNORMAL.draw(rng, log_mean, truth["shape"], (2, 17))
    return np.where(rng.uniform(size=(2, 17)) < chance, time, np.inf)


def relapses(rng, truth):
    """Days to relapse (arm, patient)."""
    spent = rng.exponential(size=(2, 17)) * np.exp(-truth["log_hazard_ratio"] * (ARM - 0.5))
    return hazards.WEIBULL.time_at(spent, truth["log_scale"], truth["shape"])


def by_arm(time, seen):
    """Mean and SD of the times seen in each arm; 1 where there is none."""
    rows = [time[a][seen[a]] for a in (0, 1)]
    return [row.mean() if len(row) else 1.0 for row in rows], [spread(row) for row in rows]


def spread(row):
    return row.std(ddof=1) if len(row) > 1 else 1.0


def over_arms(time, seen):
    row = time[seen]
    return (row.mean() if len(row) else 1.0), spread(row)


CASES = {
    "remission": (remission, "lognormal", remissions, by_arm, "log_time_ratio"),
    "relapse": (relapse, "weibull", relapses, over_arms, "log_hazard_ratio"),
}


def cohort(rng, module, family, priors, times, summarize):
    """The data of one cohort from the prior: from its patients, and from its summaries."""
    truth = {name: draw_parameter(rng, name, priors) for name in priors}
    time, followed = times(rng, truth), followup.draw_followup(rng, DATA, (2, 17))
    seen = (time < followed) & (PRESENT > 0)
    observed = np.where(PRESENT > 0, np.minimum(time, followed), 1.0)
    patients = module.patients(observed, seen, PRESENT)
    printed = module.published(N, seen.sum(axis=1), *summarize(time, seen), FOLLOW_UP)
    return patients, printed | {"slot": slots(34)}  # one compiled model for any number of events


DATA = followup.followup_data(*FOLLOW_UP)


def posteriors(compiled, datasets, parameter):
    """Mean and variance of a parameter's posterior for each dataset."""
    fits = [draw(swap(compiled, data), SAMPLING, cores=1)[0][parameter].values for data in datasets]
    return np.array([fit.mean() for fit in fits]), np.array([fit.var() for fit in fits])


@pytest.mark.long
@pytest.mark.parametrize("name", CASES)
def test_summaries_are_centred_like_patients_and_wider_by_the_law_of_total_variance(name):
    module, family, times, summarize, parameter = CASES[name]
    priors = {
        key: prior
        for key, prior in priors_of(name).items()
        if not key.startswith(("log_step", "covariate", "frailty"))
    }
    rng = np.random.default_rng(11)
    cohorts = [cohort(rng, module, family, priors, times, summarize) for _ in range(COHORTS)]
    patients, summaries = (list(column) for column in zip(*cohorts, strict=True))
    mean_p, var_p = posteriors(compile_model(module.build(patients[0], family, priors)), patients, parameter)
    mean_s, var_s = posteriors(
        compile_model(module.build(summaries[0], family, priors)), summaries, parameter
    )
    shift = mean_s - mean_p
    assert abs(shift.mean()) < 4 * shift.std(ddof=1) / np.sqrt(COHORTS)
    excess = var_s - var_p - shift**2
    assert abs(excess.mean()) < 4 * excess.std(ddof=1) / np.sqrt(COHORTS)
    assert var_s.mean() > var_p.mean()
