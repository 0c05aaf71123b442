r"""The distribution of a patient's outcomes given the parameters and the patient's effect.

One effect u ~ N(0, 1) a patient ties the outcomes: each has a score that is normal with correlation l = tanh(loading)
with u, so that its distribution over patients stays what its plan says (a one-factor Gaussian copula, as in the joint
model on patients). A higher u is better for the patient in every outcome whose loading is positive.

- a time to an event that some never have: π_a is the share that ever has it, f_a and S_a the times given that.
  P(ever | u) = Φ((Φ⁻¹(π_a) ± l u) / √(1 - l²)). Followed for F, an event at t that counts after a waiting time w has
  P(ever | u) f_a(t) where t + w < F, no event 1 - P(ever | u) + P(ever | u) S_a(F - w);
- a time to an event that comes to everybody: with the score z(t) = Φ⁻¹(1 - S_a(t)), the density
  f_a(t) φ((z - l u) / c) / (c φ(z)), c = √(1 - l²), and survival Φ(-(z(F) ∓ l u) / c);
- an amount with a share at zero, at one or several visits: P(zero at v | u) = Φ((Φ⁻¹(zero_share_av) ± l u) / c),
  above it log-normal with a patient's intercept b of SD between_a, of which l u between_a is the effect's part;
- an outcome that is normal in each arm: the mean of a patient's standardized values is normal given u, with mean
  ± l u and SD c (measured.py); of one visit the value itself, with mean μ_a ± l σ_a u and SD c σ_a;
- an outcome of which medians are reported: the score of a value is tied, and each value stands for its cell on the
  grid (by_median.py);
- ordered classes at one visit: P(class below k | u) = Φ((Φ⁻¹(P_ak) ∓ l u) / c), P_ak being that over patients; at
  several, that of the model given the patient's own effect ~ N(0, 1), of which l u is the effect's part;
- counted events, Poisson or negative binomial given follow-up: each threshold of the count is tied as a class is;
- a yes/no outcome: P(yes | u) = Φ((Φ⁻¹(p_a) ± l u) / c).

With a loading of 0 these are the densities of the models on patients (tests hold them together).
"""

from __future__ import annotations

from mgbayes.latent_cohort.amount import Amount
from mgbayes.latent_cohort.by_median import ByMedian
from mgbayes.latent_cohort.counted import Counted
from mgbayes.latent_cohort.measured import Measured
from mgbayes.latent_cohort.ordered import Ordered
from mgbayes.latent_cohort.outcome import Outcome
from mgbayes.latent_cohort.timed import CureTime, HazardTime
from mgbayes.latent_cohort.yes_no import YesNo
from mgbayes.models.catalogue import MODELS
from mgbayes.models.plan import Plan

OUTCOMES: tuple[type[Outcome], ...] = (
    CureTime,
    HazardTime,
    Amount,
    Measured,
    ByMedian,
    YesNo,
    Ordered,
    Counted,
)


def outcomes_for(plan: Plan) -> list[type[Outcome]]:
    """Those that answer a plan; of several, the first is meant that has a family for it."""
    model = MODELS[plan.model].load()
    return [kind for kind in OUTCOMES if issubclass(model, kind.answers)]
