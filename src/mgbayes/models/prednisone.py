r"""Prednisone doses at three visits: a hierarchical longitudinal model.

The mean dose of arm a (R reference, C contrast) at visit v (baseline, 12m, last), in mg/day:

    log μ_av = log_mean_av
    log_mean_Rv ~ Normal,   log_mean_Cv ~ Normal(log_mean_Rv + log_ratio, log_ratio_sd)
    log_ratio ~ Normal,     log_ratio_sd ~ LogNormal

Arms are compared by ratios, partially pooled over the visits: a mean dose is never negative, and at
10 mg/day half the dose is 5 mg less, at 50 mg/day 25. The spread of single doses and the
correlation of one patient's doses:

    sd_av / μ_av ~ LogNormal                          (sampled as sd_av, in mg/day)
    Ω_a ~ LKJ(η) through its canonical vine, vine_a   (see mgbayes.models.vine)

A patient's doses are multivariate normal with mean μ_a, SDs sd_a and correlations Ω_a (family
``normal``), or each gamma with this mean and SD, tied by a Gaussian copula with correlations Ω_a
(family ``gamma``, mgbayes.models.gamma_doses; there cv_av = sd_av / μ_av is sampled, and z are the
coordinates of the latent doses). Of patients with doses of zero neither holds: a zero is no small
dose. Their family is ``hurdle_lognormal`` (mgbayes.models.hurdle_doses): zero_share_av of them at
zero, and above it log-normal doses with patient intercepts of SD between_a about which a patient's
doses vary with SD within_a; log_mean_av is then that of the doses above zero.

Evidence, either of:

- **published**: n_a, the printed means and SDs. With the unprinted sample correlations R_a they are
  sufficient: means ~ MVN(μ_a, Σ_a / n_a) and (n_a - 1) D R D ~ Wishart(Σ_a, n_a - 1), D the printed
  SDs. R is latent, through Bartlett's decomposition (mgbayes.models.bartlett):

      scatter_av ~ χ²(n_a - v),   tilt_a ~ Normal(0, 1) for each pair of visits

  and the printed SDs then give sd_av. A printed paired p bounds R (mgbayes.models.paired), which
  is what makes ``published+p``. Where a paper prints R, it is data and nothing is latent.
- **patients**: each patient's doses; in the hurdle family at any of the visits.

Only the printed p speak about R, so the correlations' posterior is nearly their prior, and the
adjusted estimands lean on it. Doses cannot be negative while printed SDs are near their means: the
normal family is an approximation for single patients, and a good one for means of 16 or 17.

Sources: Wishart (1928) Biometrika 20A:32; Bartlett (1933) Proc R Soc Edinburgh 53:260;
Lewandowski, Kurowicka and Joe (2009) J Multivariate Anal 100:1989.
"""

from collections.abc import Sequence

import numpy as np
import pymc as pm
import xarray as xr
from pytensor.tensor.variable import TensorVariable

from mgbayes.estimands.doses import ESTIMANDS, LATER, VISITS, curves, estimands
from mgbayes.estimands.estimand import Estimand
from mgbayes.models import arm_means, hurdle_doses
from mgbayes.models.curve import Curve
from mgbayes.models.dose_evidence import EVIDENCE
from mgbayes.models.dose_patients import patients, summarize
from mgbayes.models.marginals import MARGINALS
from mgbayes.models.paired import correlation_bounds, paired_p, unbounded
from mgbayes.models.parameters import parameter
from mgbayes.models.plan import NotPrinted, Plan, PrintedPUse
from mgbayes.models.printed_quantity import PrintedQuantity
from mgbayes.models.priors import Prior
from mgbayes.models.vine import LKJ_SHAPE, PAIRS, correlations, from_correlations
from mgbayes.study.numbers import find_mean
from mgbayes.study.schema import Study

__all__ = [
    "ESTIMANDS",
    "FAMILIES",
    "PRIORS",
    "build",
    "curves",
    "declared",
    "estimands",
    "from_study",
    "predict",
    "printed_p",
    "printed_quantities",
    "prior_draws",
    "published",
    "simulate",
    "simulate_patients",
    "with_printed_p",
]

FAMILIES: tuple[str, ...] = ("normal", "gamma", "hurdle_lognormal")

PRIORS: dict[str, Prior] = {
    "log_mean": Prior(
        "normal",
        (float(np.log(20)), 1.0),
        "mean dose at each visit 20 mg/day, 95 % between 3 and 140: all doses used in this disease",
    ),
    "log_ratio": Prior(
        "normal",
        (0.0, 0.7),
        "ratio of the arms' mean doses common to all visits: no difference, 95 % between 1/4 and 4",
    ),
    "log_ratio_sd": Prior(
        "lognormal",
        (float(np.log(0.6)), 0.45),
        "how far a visit's ratio lies from the common one: typically a factor exp(0.6) = 1.8, 95 % "
        "between 1.3 and 4.3; that it be exactly the same at all visits is not credible",
    ),
    "sd": Prior(
        "lognormal",
        (float(np.log(0.8)), 0.5),
        "SD of doses as a share of their mean: 0.8, 95 % between 0.3 and 2.1, as for any dose "
        "that some patients stop and others need",
    ),
    "zero_share": Prior(
        "beta",
        (1.0, 1.0),
        "share of patients at a dose of zero, by arm and visit: any share equally credible",
    ),
    "between": Prior(
        "lognormal",
        (float(np.log(0.5)), 0.5),
        "a patient's usual dose differs from another's by a factor of exp(0.5) = 1.6, 95 % between 1.2 and 3.8",
    ),
    "within": Prior(
        "lognormal",
        (float(np.log(0.5)), 0.5),
        "a patient's dose at one visit differs as much from the patient's usual one",
    ),
    "correlation": Prior(
        "lkj",
        (3.0,),
        "correlation of one patient's doses at two visits a year or more apart: 0, 95 % between "
        "-0.71 and 0.71",
    ),
}

Data = dict[str, np.ndarray]

CURVE = Curve(
    variable="mean_dose",
    over="visit",
    grid=(0.0,),
    x_label="visit",
    y_label="mean prednisone dose, mg/day",
    scale=1.0,
    caption="The mean dose of each arm at each visit: point, posterior median; bars, central 50 % and 95 %. "
    "The arms start from different doses, so the same dose later is a different reduction.",
)


def declared(data: Data) -> tuple[Estimand, ...]:
    """The estimands, whatever the data."""
    return tuple(ESTIMANDS.values())


def from_study(study: Study, plan: Plan) -> Data:
    """The data from what a study prints, the visits in the plan's order. Raises NotPrinted."""
    arms = (study.reference, study.contrast)
    rows = [[find_mean(study, part.endpoint, arm.id, part.visit) for part in plan.endpoints] for arm in arms]
    endpoint = plan.endpoints[0].endpoint
    if len(plan.endpoints) != len(VISITS) or any(row is None for arm in rows for row in arm):
        raise NotPrinted(endpoint, f"mean and SD in both arms at {len(VISITS)} visits")
    mean, sd = (
        np.array([[float(getattr(row, name)) for row in arm] for arm in rows]) for name in ("mean", "sd")
    )
    if min(int(arm.n) for arm in arms) < MIN_PATIENTS or (sd <= 0).any():
        raise NotPrinted(endpoint, f"{MIN_PATIENTS} patients or more in each arm, and SDs above zero")
    return published(mean, sd, np.array([int(arm.n) for arm in arms]))


def with_printed_p(data: Data, study: Study, uses: Sequence[PrintedPUse]) -> Data:
    """The data with the bounds that printed paired p put on the correlations.

    Raises NotPrinted when no correlation gives them.
    """
    arms = [study.reference.id, study.contrast.id]
    low, high = np.zeros((2, len(LATER))), np.ones((2, len(LATER)))
    for use in uses:
        for text in study.claim(use.claim).p_by_source.values():
            interval = study.parse_p(text).interval
            at = (arms.index(use.arm or ""), LATER.index(use.statistic.removeprefix("paired_")))
            low[at], high[at] = max(low[at], interval.low), min(high[at], interval.high)
    try:
        bounds = correlation_bounds(data["printed_mean"], data["printed_sd"], data["n"], low, high)
    except ValueError as error:
        raise NotPrinted(uses[0].claim, f"a paired p that some correlation gives ({error})") from None
    return data | {"bounds": bounds}


def printed_quantities(data: Data) -> tuple[PrintedQuantity, ...]:
    """The means and SDs that are printed; of patients, besides, how many were at zero."""
    return tuple(
        PrintedQuantity(name, (a, v), float(data[name][a, v]), f"dose at {visit}, {label}", arm, unit)
        for v, visit in enumerate(VISITS)
        for name, label, unit in _QUANTITIES
        if name in data
        for a, arm in enumerate(("reference", "contrast"))
    )


_QUANTITIES = (
    ("printed_mean", "mean", "mg/day"),
    ("printed_sd", "SD", "mg/day"),
    ("zeros", "patients at zero", ""),
)


MIN_PATIENTS = 4  # with fewer, three visits' sample covariance has no density


def published(mean: np.ndarray, sd: np.ndarray, n: np.ndarray, bounds: np.ndarray | None = None) -> Data:
    """Return the data of printed means and SDs (arm, visit) in mg/day, and patients n (arm,).

    bounds: from `mgbayes.models.paired.correlation_bounds`, where printed paired p are evidence.

    Raises ValueError for numbers no cohort could have.
    """
    mean, sd, n = np.asarray(mean, float), np.asarray(sd, float), np.asarray(n, np.int64)
    if mean.shape != (2, 3) or sd.shape != (2, 3) or n.shape != (2,):
        raise ValueError(
            f"means and SDs are 2 arms by 3 visits and n is 2 arms; given {mean.shape}, {sd.shape} "
            f"and {n.shape}"
        )
    if not (np.isfinite(mean).all() and np.isfinite(sd).all() and (sd > 0).all()):
        raise ValueError(f"means must be finite and SDs positive; given {mean.tolist()}, {sd.tolist()}")
    if (n < MIN_PATIENTS).any():
        raise ValueError(f"each arm needs {MIN_PATIENTS} patients or more; given {n.tolist()}")
    return {
        "n": n,
        "printed_mean": mean,
        "printed_sd": sd,
        "bounds": unbounded() if bounds is None else np.asarray(bounds, float),
    }


def build(data: Data, family: str, priors: dict[str, Prior]) -> pm.Model:
    """Build the model for the evidence that `data` holds.

    data, published: see `published`; with ``sample_correlation`` (arm, pair) instead of ``bounds``
    where the paper prints it. data, patients: ``dose`` (arm, patient, visit), padded, and ``n``
    (arm,); for the hurdle family also ``seen``, like ``dose``, one where a visit was made.
    """
    coords = {"arm": ["reference", "contrast"], "visit": list(VISITS), "pair": list(PAIRS)}
    if family == hurdle_doses.FAMILY:
        return _hurdle(data, priors, coords)
    evidence = next(name for name in EVIDENCE[family] if name in data)
    with pm.Model(coords=coords) as model:
        for name, values in data.items():
            pm.Data(name, values)
        for name in priors.keys() - {"log_ratio"}:
            pm.Data(f"prior_{name}", np.array(priors[name].values))
        parameter("log_ratio", priors)
        EVIDENCE[family][evidence](model, _vines(model))
    return model


def _hurdle(data: Data, priors: dict[str, Prior], coords: dict[str, list[str]]) -> pm.Model:
    with pm.Model(coords=coords) as model:
        for name in ("dose", "seen"):
            pm.Data(name, data[name])
        for name in ("log_mean", "log_ratio_sd"):
            pm.Data(f"prior_{name}", np.array(priors[name].values))
        parameter("log_ratio", priors)
        hurdle_doses.add(model, priors)
    return model


def _vines(model: pm.Model) -> TensorVariable:
    """Ω as canonical vines (arm, pair)."""
    shape = model["prior_correlation"][0] + LKJ_SHAPE
    vine = 2 * pm.Beta("vine", shape, shape, dims=("arm", "pair")) - 1
    pm.Deterministic("correlation", correlations(vine), dims=("arm", "pair"))
    return vine


def simulate(
    rng: np.random.Generator, data: Data, family: str, priors: dict[str, Prior]
) -> tuple[dict[str, float | np.ndarray], Data]:
    """Draw parameters from the prior, then patients; return the parameters and their summaries."""
    truth = _draw_parameters(rng, priors)
    mean, sd, correlation = (np.asarray(truth[name]) for name in ("mean", "sd", "correlation"))
    cohort = patients(rng, mean, sd, from_correlations(correlation), data["n"], MARGINALS[family])
    return truth, published(*summarize(cohort), data["n"])


def simulate_patients(
    rng: np.random.Generator, data: Data, family: str, priors: dict[str, Prior]
) -> tuple[dict[str, float | np.ndarray], Data]:
    """Draw parameters from the prior, then patients; return the parameters and the patients' doses."""
    if family == hurdle_doses.FAMILY:
        truth = hurdle_doses.draw_truth(rng, priors)
        cohort = hurdle_doses.patients(rng, {name: np.asarray(v) for name, v in truth.items()}, data["n"])
        dose = _padded_doses(cohort)
        return truth, {"n": data["n"], "dose": dose, "seen": np.ones_like(dose) * _places(data["n"])}
    truth = _draw_parameters(rng, priors)
    mean, sd, correlation = (np.asarray(truth[name]) for name in ("mean", "sd", "correlation"))
    cohort = patients(rng, mean, sd, from_correlations(correlation), data["n"], MARGINALS[family])
    return truth, {"n": data["n"], "dose": _padded_doses(cohort)}


def _padded_doses(cohort: tuple[np.ndarray, ...]) -> np.ndarray:
    """Doses (arm, patient, visit), 1 in padding."""
    dose = np.ones((len(cohort), max(map(len, cohort)), len(VISITS)))
    for arm, doses in enumerate(cohort):
        dose[arm, : len(doses)] = doses
    return dose


def _places(n: np.ndarray) -> np.ndarray:
    """Which places (arm, patient, 1) hold a patient."""
    return (np.arange(n.max()) < n[:, None])[..., None]


def prior_draws(
    rng: np.random.Generator, data: Data, family: str, priors: dict[str, Prior], draws: int
) -> xr.Dataset:
    """What `predict` needs, drawn from the prior: mean, sd and correlation with one chain."""
    hurdle = family == hurdle_doses.FAMILY
    drawn = [(hurdle_doses.draw_truth if hurdle else _draw_parameters)(rng, priors) for _ in range(draws)]
    dims = hurdle_doses.PARAMETERS if hurdle else _SUMMARIZED
    values = {
        name: (("chain", "draw", *of), np.stack([np.asarray(row[name]) for row in drawn])[None])
        for name, of in dims.items()
    }
    return xr.Dataset(
        values, coords={"arm": ["reference", "contrast"], "visit": list(VISITS), "pair": list(PAIRS)}
    )


_SUMMARIZED: dict[str, tuple[str, ...]] = {
    "mean": ("arm", "visit"),
    "sd": ("arm", "visit"),
    "correlation": ("arm", "pair"),
}


def _draw_parameters(rng: np.random.Generator, priors: dict[str, Prior]) -> dict[str, float | np.ndarray]:
    truth = arm_means.draw(rng, priors)
    log_cv, spread = priors["sd"].values
    shape = priors["correlation"].values[0] + LKJ_SHAPE
    vine = rng.beta(shape, shape, size=(2, 3))
    return truth | {
        "vine": vine,
        "mean": np.exp(truth["log_mean"]),
        "sd": np.exp(rng.normal(truth["log_mean"] + log_cv, spread)),
        "correlation": correlations(2 * vine - 1),
    }


def printed_p(rng: np.random.Generator, draws: xr.Dataset, data: Data, family: str) -> xr.Dataset:
    """Return p of the paired t tests against baseline in each draw: (chain, draw, arm).

    Only for published evidence. In the normal family `bounds` puts them into the density; in any
    family draws can be selected by them, and their share is how far the print agrees.
    """
    r = draws["sample_correlation"].transpose("chain", "draw", "arm", "pair").to_numpy()
    p = paired_p(data["printed_mean"], data["printed_sd"], data["n"], r[..., :2])
    dims = ("chain", "draw", "arm")
    return xr.Dataset(
        {f"paired_{visit}": (dims, p[..., i]) for i, visit in enumerate(VISITS[1:])},
        coords={"arm": draws["arm"]},
    )


def predict(rng: np.random.Generator, draws: xr.Dataset, data: Data, family: str) -> xr.Dataset:
    """Return replicates of the printed means and SDs, (chain, draw, arm, visit), mg/day."""
    if family == hurdle_doses.FAMILY:
        return hurdle_doses.predict(rng, draws, data)
    dims = ("chain", "draw", "arm", "visit")
    mean, sd = (draws[name].transpose(*dims).to_numpy() for name in ("mean", "sd"))
    correlation = draws["correlation"].transpose("chain", "draw", "arm", "pair").to_numpy()
    vine = from_correlations(correlation)
    cohort = patients(rng, mean, sd, vine, data["n"], MARGINALS[family])
    means, sds = summarize(cohort)
    coords = {"arm": draws["arm"], "visit": draws["visit"]}
    return xr.Dataset({"printed_mean": (dims, means), "printed_sd": (dims, sds)}, coords=coords)


default_priors = PRIORS
curve = CURVE
