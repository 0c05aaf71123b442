"""Patients with remission, relapse and doses: as data of the joint model, and drawn from it. See joint.py."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr
from numpy.random import Generator
from numpy.typing import NDArray
from scipy import special

from mgbayes.models import arm_means
from mgbayes.models.arms import ARM
from mgbayes.models.followup import draw_followup
from mgbayes.models.parameters import draw_parameter
from mgbayes.models.patient_times import PATIENT_TIMES, simulated
from mgbayes.models.printed_quantity import PrintedQuantity
from mgbayes.models.priors import Prior
from mgbayes.models.vine import LKJ_SHAPE, correlated, correlations, from_correlations

Data = Mapping[str, NDArray[Any]]
NAMES = (
    *(f"{outcome}_{name}" for outcome in ("remission", "relapse") for name in PATIENT_TIMES),
    "dose",
    "dose_known",
)
SCALARS = (
    "logit_remission",
    "log_odds_ratio",
    "log_mean_time",
    "log_time_ratio",
    "time_shape",
    "log_hazard_ratio",
    "log_scale",
    "hazard_shape",
    "remission_loading",
    "relapse_loading",
    "dose_loading",
)
_DOSES = {"mean": ("arm", "visit"), "sd": ("arm", "visit"), "correlation": ("arm", "pair")}
_FEWEST = 3  # patients whose mean may be told


def patients(remission: Data, relapse: Data, dose: Any, dose_known: Any) -> dict[str, NDArray[Any]]:
    """The data of the model, one place (arm, patient) for the same patient throughout.

    Args:
        remission, relapse: times as ``patient_times`` gives them; ``present`` is 0 where not known.
        dose: (arm, patient, visit) mg/day, 1 where not known.
        dose_known: (arm, patient) one where all three doses are known.
    """
    return {
        **{f"remission_{name}": np.asarray(remission[name], float) for name in PATIENT_TIMES},
        **{f"relapse_{name}": np.asarray(relapse[name], float) for name in PATIENT_TIMES},
        "dose": np.asarray(dose, float),
        "dose_known": np.asarray(dose_known, float),
    }


def prior_draws(
    rng: Generator, data: Data, family: str, priors: Mapping[str, Prior], draws: int
) -> xr.Dataset:
    """Parameters drawn from the priors, (chain, draw, ...) with one chain."""
    values: dict[str, Any] = {
        name: (("chain", "draw"), draw_parameter(rng, name, priors, size=(1, draws))) for name in SCALARS
    }
    doses = [_draw_doses(rng, priors) for _ in range(draws)]
    for name, dims in _DOSES.items():
        values[name] = (("chain", "draw", *dims), np.stack([row[name] for row in doses])[None])
    return xr.Dataset(values, coords={"chain": [0], "draw": np.arange(draws)})


def _draw_doses(rng: Generator, priors: Mapping[str, Prior]) -> dict[str, Any]:
    """Means, SDs and correlations of doses, by arm."""
    log_mean = np.asarray(arm_means.draw(rng, dict(priors))["log_mean"])
    log_share, spread = priors["sd"].values
    shape = priors["correlation"].values[0] + LKJ_SHAPE
    vine = 2 * rng.beta(shape, shape, size=(2, 3)) - 1
    sd = np.exp(rng.normal(log_mean + log_share, spread))
    return {"mean": np.exp(log_mean), "sd": sd, "correlation": correlations(vine)}


def _arm(rng: Generator, draws: xr.Dataset, data: Data, arm: int, n: int) -> dict[str, Any]:
    """n new patients of an arm for each draw: (chain, draw, patient)."""
    par = {name: draws[name].transpose("chain", "draw").to_numpy()[..., None] for name in SCALARS}
    mean, sd, r = (
        draws[name].transpose("chain", "draw", "arm", ...).to_numpy()[:, :, arm] for name in _DOSES
    )
    size = (*par["log_scale"].shape[:2], n)
    score = correlated(from_correlations(r)[:, :, None], rng.standard_normal((*size, 3)))

    def mixed(loading: Any, one: Any) -> Any:
        """A standard normal with correlation λ with another one."""
        return np.tanh(loading) * one + rng.standard_normal(size) / np.cosh(loading)

    effect = mixed(par["dose_loading"], -score[..., 2])
    threshold = special.ndtri(special.expit(par["logit_remission"] + arm * par["log_odds_ratio"]))
    ever = mixed(par["remission_loading"], effect) > -threshold
    sigma = par["time_shape"]
    log_time = par["log_mean_time"] + arm * par["log_time_ratio"] - sigma**2 / 2
    hazard = -special.log_ndtr(-mixed(par["relapse_loading"], effect)) * np.exp(
        -arm * par["log_hazard_ratio"]
    )
    return {
        "ever": ever,
        "remission": np.exp(log_time + sigma * rng.standard_normal(size)),
        "relapse": np.exp(par["log_scale"] + np.log(hazard) / par["hazard_shape"]),
        "followed": draw_followup(rng, data, size),
        "dose": mean[:, :, None] + sd[:, :, None] * score,
    }


def drawn(rng: Generator, draws: xr.Dataset, like: Data) -> dict[str, NDArray[Any]]:
    """The data of one cohort, drawn at the first of the draws, with the sizes and follow-up of ``cohort_like``."""
    first = draws.isel(chain=[0], draw=[0])
    arms = [
        {name: values[0, 0] for name, values in _arm(rng, first, like, a, int(n)).items()}
        for a, n in enumerate(np.asarray(like["n"]))
    ]
    remitted = simulated([(part["remission"], part["ever"], part["followed"]) for part in arms])
    every = [np.ones(len(part["followed"]), bool) for part in arms]
    relapsed = simulated(
        [(part["relapse"], ever, part["followed"]) for part, ever in zip(arms, every, strict=True)]
    )
    dose = np.ones((*remitted["present"].shape, 3))
    for a, part in enumerate(arms):
        dose[a, : len(part["dose"])] = part["dose"]
    return patients(remitted, relapsed, dose, remitted["present"])


def simulate_patients(
    rng: Generator, data: Data, family: str, priors: Mapping[str, Prior]
) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """Draw parameters from the priors, and a cohort like ``cohort_like``, patient by patient."""
    draws = prior_draws(rng, data, family, priors, 1)
    truth = {name: draws[name].to_numpy()[0, 0] for name in (*SCALARS, *_DOSES)}
    return truth, drawn(rng, draws, data)


def predict(rng: Generator, draws: xr.Dataset, data: Data, family: str) -> xr.Dataset:
    """What one new cohort for each draw would give of ``printed_quantities``: (chain, draw, arm)."""
    values = []
    for a in (0, 1):
        known = _everything(data)[a]
        new = _arm(rng, draws, data, a, int(known.sum()))
        remitted = new["ever"] & (new["remission"] < new["followed"])
        relapsed = new["relapse"] < new["followed"]
        values.append(_counted(remitted, relapsed, new["dose"][..., 2]))
    coords = {"chain": draws["chain"], "draw": draws["draw"], "arm": ARM["arm"]}
    return xr.Dataset(
        {
            name: (("chain", "draw", "arm"), np.stack([part[name] for part in values], axis=-1))
            for name in _LABELS
        },
        coords=coords,
    )


_LABELS = {
    "remitted": ("in remission", ""),
    "relapsed": ("relapse seen", ""),
    "both": ("in remission, no relapse seen", ""),
    "dose_remitted": ("last dose of those in remission, mean", "mg/day"),
    "dose_others": ("last dose of the others, mean", "mg/day"),
}


def _counted(remitted: Any, relapsed: Any, last: Any) -> dict[str, Any]:
    """How many patients (last axis) had what, and the mean last dose of those who remitted and of the others."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return {
            "remitted": remitted.sum(axis=-1),
            "relapsed": relapsed.sum(axis=-1),
            "both": (remitted & ~relapsed).sum(axis=-1),
            "dose_remitted": np.where(remitted, last, 0).sum(axis=-1) / remitted.sum(axis=-1),
            "dose_others": np.where(remitted, 0, last).sum(axis=-1) / (~remitted).sum(axis=-1),
        }


def _everything(data: Data) -> NDArray[np.bool_]:
    """Who has all three outcomes, (arm, patient)."""
    known: NDArray[np.bool_] = (
        np.asarray(data["remission_present"])
        * np.asarray(data["relapse_present"])
        * np.asarray(data["dose_known"])
    ) == 1
    return known


def printed_quantities(data: Data) -> tuple[PrintedQuantity, ...]:
    """Of those with all three outcomes: who remitted, relapsed, did the one without the other, and on what dose."""
    rows, known = [], _everything(data)
    for a, arm in enumerate(("reference", "contrast")):
        parts = (data["remission_event"], data["relapse_event"], np.asarray(data["dose"])[..., 2])
        remitted, relapsed, last = (np.asarray(part)[a][known[a]] for part in parts)
        seen = _counted(remitted == 1, relapsed == 1, last)
        few = {"dose_remitted": seen["remitted"], "dose_others": len(last) - seen["remitted"]}
        rows += [
            PrintedQuantity(name, (a,), float(seen[name]), label, arm, unit)
            for name, (label, unit) in _LABELS.items()
            if few.get(name, _FEWEST) >= _FEWEST
        ]
    return tuple(sorted(rows, key=lambda row: list(_LABELS).index(row.variable)))
