r"""Doses of patients with a share at zero: a hurdle, and log-normal doses above it with patient intercepts.

Patient i of arm a at visit v, with dose y_iv in mg/day:

    P(y_iv = 0) = zero_share_av
    log y_iv = log m_av - (between_a² + within_a²) / 2 + b_i + e_iv   where y_iv > 0,
    b_i ~ Normal(0, between_a),   e_iv ~ Normal(0, within_a)

so that m_av = exp(log_mean_av) is the mean of the doses above zero, and (1 - zero_share_av) m_av the mean dose. The
intercept is integrated over: with r_iv the residuals of a patient's k doses above zero,

    log density = -½ [k log 2π + (k - 1) log within² + log(within² + k between²)
                      + Σ r² / within² - between² (Σ r)² / (within² (within² + k between²))] - Σ log y

and the zeros add log zero_share or log(1 - zero_share) for each visit that was seen. A visit that was not seen adds
nothing. Zeros are independent of the patient's other doses: who stops does not hang on how much was taken before.

The dose at a later visit given a dose b > 0 at the first, with ρ = between² / (between² + within²) and λ the
location of the log doses:

    E[y_v | y_1 = b] = (1 - zero_share_v) exp(λ_v + ρ (log b - λ_1) + (1 - ρ²) (between² + within²) / 2)

Source: Duan, Manning, Morris and Newhouse (1983), J Business and Economic Statistics 1:115 (two-part models); Laird
and Ware (1982), Biometrics 38:963.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pymc as pm
import pytensor.tensor as pt
import xarray as xr

from mgbayes.models import arm_means
from mgbayes.models.fused import Fused, Passes
from mgbayes.models.hurdle_density import density, density_back
from mgbayes.models.latent import given_density
from mgbayes.models.parameters import draw_parameter, parameter
from mgbayes.models.priors import Prior

FAMILY = "hurdle_lognormal"
Data = dict[str, np.ndarray]
_DENSITY = Fused(Passes(density, density_back, (0,), (2,), (False, False, True, True, True, True)))


def add(model: pm.Model, priors: Mapping[str, Prior]) -> None:
    """Add parameters and the outcomes of patients; the model holds ``dose`` and ``seen`` (arm, patient, visit)."""
    zero_share = parameter("zero_share", priors, dims=("arm", "visit"))
    between, within = (parameter(name, priors, dims="arm") for name in ("between", "within"))
    log_mean = arm_means.plain_log_means(model)
    pm.Deterministic("mean", (1 - zero_share) * pt.exp(log_mean), dims=("arm", "visit"))
    log_density = _DENSITY.of(model["dose"], model["seen"], zero_share, log_mean, between, within)
    given_density("outcomes", log_density, model["dose"].sum(axis=-1))


def draw_truth(rng: np.random.Generator, priors: Mapping[str, Prior]) -> dict[str, Any]:
    """Parameters drawn from the prior, and the mean doses that follow from them."""
    truth = arm_means.draw(rng, dict(priors)) | {
        "zero_share": draw_parameter(rng, "zero_share", priors, size=(2, 3)),
        "between": draw_parameter(rng, "between", priors, size=2),
        "within": draw_parameter(rng, "within", priors, size=2),
    }
    return truth | {"mean": (1 - truth["zero_share"]) * np.exp(truth["log_mean"])}


PARAMETERS: Mapping[str, tuple[str, ...]] = {
    "zero_share": ("arm", "visit"),
    "log_mean": ("arm", "visit"),
    "mean": ("arm", "visit"),
    "between": ("arm",),
    "within": ("arm",),
}
"""What `patients` and the estimands need of a draw, by dimension."""


def patients(
    rng: np.random.Generator, draws: Mapping[str, np.ndarray], n: np.ndarray
) -> tuple[np.ndarray, ...]:
    """Each arm's doses (..., patient, visit), from draws with arms (and visits) last."""
    return tuple(
        _arm(rng, {name: draws[name] for name in PARAMETERS}, arm, int(size)) for arm, size in enumerate(n)
    )


def _arm(rng: np.random.Generator, draws: Mapping[str, np.ndarray], arm: int, size: int) -> np.ndarray:
    between, within = (draws[name][..., arm, None, None] for name in ("between", "within"))
    log_mean, zero_share = (draws[name][..., arm, None, :] for name in ("log_mean", "zero_share"))
    leading = log_mean.shape[:-2]
    location = log_mean - (between**2 + within**2) / 2
    log_dose = location + between * rng.standard_normal((*leading, size, 1))
    log_dose = log_dose + within * rng.standard_normal((*leading, size, 3))
    return np.where(rng.uniform(size=log_dose.shape) < zero_share, 0.0, np.exp(log_dose))


def summaries(dose: np.ndarray, seen: np.ndarray) -> dict[str, np.ndarray]:
    """Mean, SD and number at zero (..., visit) of the doses (..., patient, visit) that were seen (patient, visit)."""
    n = seen.sum(axis=-2)
    mean = (dose * seen).sum(axis=-2) / n
    square = ((dose - mean[..., None, :]) ** 2 * seen).sum(axis=-2)
    return {
        "printed_mean": mean,
        "printed_sd": np.sqrt(square / (n - 1)),
        "zeros": ((dose == 0) * seen).sum(axis=-2),
    }


def predict(rng: np.random.Generator, draws: xr.Dataset, data: Data) -> xr.Dataset:
    """Means, SDs and numbers at zero of one new cohort for each draw, seen at the same visits."""
    arrays = {name: draws[name].transpose("chain", "draw", *of).to_numpy() for name, of in PARAMETERS.items()}
    n = data["n"]
    cohort = patients(rng, arrays, n)
    arms = [summaries(doses, data["seen"][arm, : n[arm]]) for arm, doses in enumerate(cohort)]
    dims = ("chain", "draw", "arm", "visit")
    values = {name: (dims, np.stack([arm[name] for arm in arms], axis=-2)) for name in arms[0]}
    return xr.Dataset(values, coords={"arm": draws["arm"], "visit": draws["visit"]})
