r"""Time to an event that some never have: a mixture cure model.

A patient of arm a (0 reference, 1 contrast) ever has the event with probability π_a. Given that, the time T to it has
density f_a and survival S_a of the family:

    logit_ever       ~ prior        logit π, midway between the arms
    log_odds_ratio   ~ prior        logit π_1 - logit π_0
    log_mean_time    ~ prior        log mean of T, midway between the arms
    log_time_ratio   ~ prior        log mean of T, contrast minus reference
    shape            ~ prior        shape of the family

so that each arm lies half the difference from the level: naming the other arm as the reference changes nothing. The
shape is the same in both arms, since a ratio of times is one number only where the arms' times are the same but for a
factor; a handful of times an arm could not tell two shapes apart.

A patient is followed for F, independent of T. The event is seen if T < F, so an event at t contributes
π_a f_a(t) G(t), with G(t) = P(F > t), and a patient without it E[1 - π_a + π_a S_a(F)] = 1 - q_a. Here
q_a = π_a (1 - E[S_a(F)]) is the chance that it is seen. An event that counts only after a waiting time w is seen if
T + w < F: then F stands for follow-up less w throughout (distributions/followup.py). The product over
patients is written as counts times the times of those seen to have the event:

    events_seen      ~ Binomial(n_a, q_a), a = 0, 1
    z                ~ Normal(0, 1), directions of the latent times, padded
    printed_times    ~ the density of each published mean and SD (latent/times.py), of one arm's times or of
                       both arms' together, each time having density f_a(t) G(t) / (1 - E[S_a(F)]); events whose
                       times are not published are in events_seen alone

The sampler sees the shape and the mean times around where the latent times suggest them, and all but the shape
without their skewness (coordinates.py), which changes how fast it is, and nothing else.

With patient data F is known, G(t) does not matter, and the likelihood is by patient:

    outcomes         ~ π_a f_a(t_i) if the event was at t_i, π_a (S_a(l_i) - S_a(u_i)) if seen between
                       visits at l_i and u_i, 1 - π_a + π_a S_a(F_i) otherwise

Where the plan asks for covariates x_i (adjusted.py), x_i β is added to logit π_a and x_i γ to the log mean of T:

    covariate_log_odds_ratio ~ prior    β, one a covariate, independent
    covariate_log_time_ratio ~ prior    γ

Evidence: events per arm, mean and SD of their times, follow-up (time_evidence.py); or patients (patient_times.py).
Units: those of the endpoint. Sources: Farewell 1982, Biometrics 38:1041 (mixture cure); latent/times.py;
distributions/followup.py.
"""

from pathlib import Path

from mgbayes.models.catalogue import MODELS
from mgbayes.models.plan_file import load_plan
from mgbayes.models.priors import Prior
from mgbayes.study.load import load_study

ROOT = Path(__file__).resolve().parents[3]
FAMILY = "gamma"
PRIORS = {
    "logit_ever": Prior("normal", (0.0, 1.5), 'Between 5 % and 95 % would ever remit.'),
    "log_odds_ratio": Prior("normal", (0.0, 1.5), 'No direction is favoured; odds ratios between 1/19 and 19.'),
    "log_mean_time": Prior("normal", (5.9, 1.0), 'Those who remit do so after about a year on average, 51 days to 7 years.'),
    "log_time_ratio": Prior("normal", (0.0, 1.0), 'No direction is favoured; from seven times faster to seven times slower.'),
    "shape": Prior("lognormal", (0.0, 0.5), 'Times from steeply falling to clearly peaked.'),
}
OUTCOME = MODELS["cure"].of(load_study("litchman2020"), load_plan("remission"))


def model(data):
    """The PyMC model; data as they stand in the database, as arrays."""
    return OUTCOME.build(data, FAMILY, PRIORS)
