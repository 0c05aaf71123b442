r"""Time to an event that comes to everybody, sooner or later: proportional hazards.

In arm a (0 reference, 1 contrast) the cumulative hazard at time t is H_a(t) = exp(b (a - 1/2)) H0(t), with H0 of the
hazard family (distributions/hazards.py), and S_a = exp(-H_a) and f_a are its survival and density:

    log_hazard_ratio ~ prior        b, contrast against reference
    log_scale        ~ prior        log time, midway between the arms; Weibull: to a cumulative hazard of 1;
                                    piecewise: over the hazard before the first cut
    shape            ~ prior        Weibull shape (hazard falls below 1, rises above)
    log_step_1       ~ prior        piecewise: log ratio of the hazard after the first cut to before
    log_step_2       ~ prior        piecewise: log ratio of the hazard after the second cut to before

so that each arm lies half the difference from the level: naming the other arm as the reference changes nothing. The
shape is the same in both arms, which is what makes the ratio of hazards one number.

A patient is followed for F, independent of T. The event is seen if T < F, so an event at t contributes f_a(t) G(t),
with G(t) = P(F > t), and a patient without it E[S_a(F)] = 1 - q_a. An event that counts only after a waiting time w
is seen if T + w < F: then F stands for follow-up less w throughout (distributions/followup.py). The product over
patients is written as counts times the times of the events:

    events_seen      ~ Binomial(n_a, q_a), a = 0, 1
    z                ~ Normal(0, 1), directions of the latent times, padded
    printed_times    ~ the density of each published mean and SD (latent/times.py), of one arm's times or of
                       both arms' together, each time having density f_a(t) G(t) / q_a in its arm; events whose
                       times are not published are in events_seen alone

or, where the paper has the median or other quantiles of an arm's times, the density of these in place of a mean's
(latent/quantile_times.py), with

    place            ~ Logistic(0, 1), of each latent time between its neighbours
    gap              ~ Logistic(0, 1), of the two neighbours of a quantile; its density is taken back
    definition_drawn ~ Uniform(0, 1), which of the possible definitions of a quantile the latent times have

With patient data F is known, G(t) does not matter, and the likelihood is by patient:

    outcomes         ~ f_i(t_i) if the event was at t_i, S_i(l_i) - S_i(u_i) if seen between visits at l_i
                       and u_i, S_i(F_i) otherwise

with f_i = f_a and S_i = S_a in arm a, unless the plan asks for more (adjusted.py). With covariates x_i the
cumulative hazard of patient i is H_i = exp(x_i β) H_a; with a frailty S_i = (1 + v H_i)^(-1/v):

    covariate_log_hazard_ratio ~ prior    β, one a covariate, independent
    frailty_variance           ~ prior    v

Evidence: events per arm, mean and SD or quantiles of their times, follow-up (time_evidence.py); or
patients (patient_times.py).
Units: those of the endpoint. Sources: Cox 1972, JRSS B 34:187 (proportional hazards); latent/times.py;
distributions/followup.py.
"""

from pathlib import Path

from mgbayes.models.catalogue import MODELS
from mgbayes.models.plan_file import load_plan
from mgbayes.models.priors import Prior
from mgbayes.study.load import load_study

ROOT = Path(__file__).resolve().parents[3]
FAMILY = "weibull"
PRIORS = {
    "log_hazard_ratio": Prior("normal", (0.0, 1.0), 'No direction is favoured; hazard ratios between 1/7 and 7.'),
    "log_scale": Prior("normal", (7.51, 1.0), 'Two thirds relapse within about 5 years, from 0.7 to 36 years.'),
    "shape": Prior("lognormal", (0.0, 0.5), 'The hazard may fall or rise with time; constant lies between.'),
}
OUTCOME = MODELS["proportional_hazards"].of(load_study("litchman2020"), load_plan("relapse"))


def model(data):
    """The PyMC model; data as they stand in the database, as arrays."""
    return OUTCOME.build(data, FAMILY, PRIORS)
