"""Patients with two times and a continuous outcome: as data of the joint model, and drawn from it. See joint.py."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr
from numpy.random import Generator
from numpy.typing import NDArray
from scipy import special

from mgbayes.distributions.followup import draw_followup
from mgbayes.models.arms import ARM, arms_of, padded, places
from mgbayes.models.evidence import PatientOutcomes
from mgbayes.models.model import PrintedQuantity
from mgbayes.models.outcome import Outcome
from mgbayes.models.parameters import draw_parameter
from mgbayes.models.patient_times import PATIENT_TIMES, followed, placed, simulated, time_columns
from mgbayes.models.plan import NotPrinted
from mgbayes.models.priors import Prior
from mgbayes.models.visits import correlated, correlations, from_correlations, lkj_shape
from mgbayes.patients.patient_rows import PatientRows

Data = Mapping[str, NDArray[Any]]
NAMES = (
    *(f"{outcome}_{name}" for outcome in ("cure", "hazard") for name in PATIENT_TIMES),
    "value",
    "value_known",
)
SCALARS = (
    "logit_ever",
    "log_odds_ratio",
    "log_mean_time",
    "log_time_ratio",
    "time_shape",
    "log_hazard_ratio",
    "log_scale",
    "hazard_shape",
    "cure_loading",
    "hazard_loading",
    "continuous_loading",
)
_CONTINUOUS: Mapping[str, tuple[str, ...]] = {
    "difference": (),
    "difference_sd": (),
    "level": ("visit",),
    "difference_at": ("visit",),
    "sd": ("arm", "visit"),
    "vine": ("arm", "pair"),
    "mean": ("arm", "visit"),
    "correlation": ("arm", "pair"),
}
_OF_PATIENTS = ("mean", "sd", "correlation")
_FEWEST = 3  # patients whose mean may be told
_LEAST = 4  # patients of an arm with an outcome


def patients(cure: Data, hazard: Data, value: Any, value_known: Any) -> PatientOutcomes:
    """All three outcomes, one place (arm, patient) for the same patient throughout.

    Args:
        cure, hazard: times as ``patient_times`` gives them; ``present`` is 0 where not known.
        value: (arm, patient, visit) of the continuous outcome, 1 where not known.
        value_known: (arm, patient) one where the values of all visits are known.
    """
    return PatientOutcomes(
        **{f"cure_{name}": np.asarray(cure[name], float) for name in PATIENT_TIMES},
        **{f"hazard_{name}": np.asarray(hazard[name], float) for name in PATIENT_TIMES},
        value=np.asarray(value, float),
        value_known=np.asarray(value_known, float),
    )


def from_rows(rows: PatientRows, endpoints: tuple[str, str, str], visits: Sequence[str]) -> PatientOutcomes:
    """Two times and a continuous outcome of a spreadsheet's patients with any of them. Raises NotPrinted."""
    first, second, continuous = (rows.study.endpoint(name) for name in endpoints)
    for endpoint in (first, second, continuous):
        if not rows.has(endpoint):
            raise NotPrinted(endpoint.id, "times and events, or values, of patients")
    if not set(visits) <= set(rows.visits(continuous)):
        raise NotPrinted(continuous.id, "values of patients at every visit")
    times = [time_columns(rows, endpoint) for endpoint in (first, second)]
    value = np.stack([rows.numbers(continuous, visit) for visit in visits], axis=-1)
    valued = np.isfinite(value).all(axis=-1)
    arms = [arm & (valued | times[0]["known"] | times[1]["known"]) for arm in arms_of(rows)]
    for arm in arms_of(rows):
        if min((arm & known).sum() for known in (valued, *(part["known"] for part in times))) < _LEAST:
            raise NotPrinted(first.id, f"each outcome of {_LEAST} patients or more in both arms")
    value[~valued] = 1.0
    made = patients(
        placed(times[0], arms),
        placed(times[1], arms),
        padded([value[arm] for arm in arms], 1.0),
        padded([valued[arm].astype(float) for arm in arms], 0.0),
    )
    return made | {"row": places(rows, arms), **_followed(times)}


def _followed(times: Sequence[Mapping[str, np.ndarray]]) -> dict[str, np.ndarray]:
    """Follow-up, known of a patient who lacks either event, and beyond the later event of one who has both."""
    known = times[0]["known"] & times[1]["known"]
    time = np.maximum(times[0]["time"], times[1]["time"])[known]
    both = ((times[0]["event"] == 1) & (times[1]["event"] == 1))[known]
    return followed(time, both)


def prior_draws(rng: Generator, priors: Mapping[str, Prior], draws: int) -> xr.Dataset:
    """Parameters drawn from the priors, (chain, draw, ...) with one chain."""
    values: dict[str, Any] = {
        name: (("chain", "draw"), draw_parameter(rng, name, priors, size=(1, draws))) for name in SCALARS
    }
    rows = [_draw_continuous(rng, priors) for _ in range(draws)]
    for name, dims in _CONTINUOUS.items():
        values[name] = (("chain", "draw", *dims), np.stack([row[name] for row in rows])[None])
    return xr.Dataset(values, coords={"chain": [0], "draw": np.arange(draws)})


def _draw_continuous(rng: Generator, priors: Mapping[str, Prior]) -> dict[str, Any]:
    """Levels, differences, SDs and correlations of the continuous outcome."""
    drawn = {name: draw_parameter(rng, name, priors) for name in ("difference", "difference_sd")}
    drawn["level"] = draw_parameter(rng, "level", priors, size=3)
    drawn["difference_at"] = rng.normal(drawn["difference"], drawn["difference_sd"], size=3)
    drawn["sd"] = draw_parameter(rng, "sd", priors, size=(2, 3))
    shape = priors["correlation"].values[0] + lkj_shape(3)
    share = rng.beta(shape, shape, size=(2, 3))
    mean = drawn["level"] + np.array([[-0.5], [0.5]]) * drawn["difference_at"]
    return {
        **drawn,
        "vine": share,
        "mean": mean,
        "correlation": np.stack(correlations(2 * share - 1, 3), axis=-1),
    }


def _arm(rng: Generator, draws: xr.Dataset, data: Data, arm: int, n: int) -> dict[str, Any]:
    """n new patients of an arm for each draw: (chain, draw, patient)."""
    par = {name: draws[name].transpose("chain", "draw").to_numpy()[..., None] for name in SCALARS}
    mean, sd, r = (
        draws[name].transpose("chain", "draw", "arm", ...).to_numpy()[:, :, arm] for name in _OF_PATIENTS
    )
    size, half = (*par["log_scale"].shape[:2], n), arm - 0.5
    score = correlated(from_correlations(r, 3)[:, :, None], rng.standard_normal((*size, 3)))

    def mixed(loading: Any, one: Any) -> Any:
        """A standard normal with correlation λ with another one."""
        return np.tanh(loading) * one + rng.standard_normal(size) / np.cosh(loading)

    effect = mixed(par["continuous_loading"], -score[..., 2])
    threshold = special.ndtri(special.expit(par["logit_ever"] + half * par["log_odds_ratio"]))
    ever = mixed(par["cure_loading"], effect) > -threshold
    sigma = par["time_shape"]
    log_time = par["log_mean_time"] + half * par["log_time_ratio"] - sigma**2 / 2
    hazard = -special.log_ndtr(-mixed(par["hazard_loading"], effect)) * np.exp(
        -half * par["log_hazard_ratio"]
    )
    return {
        "ever": ever,
        "cure": np.exp(log_time + sigma * rng.standard_normal(size)),
        "hazard": np.exp(par["log_scale"] + np.log(hazard) / par["hazard_shape"]),
        "followed": draw_followup(rng, data, size),
        "value": mean[:, :, None] + sd[:, :, None] * score,
    }


def drawn(rng: Generator, draws: xr.Dataset, like: Data) -> PatientOutcomes:
    """One cohort, drawn at the first of the draws, with the sizes and follow-up of ``cohort_like``."""
    first = draws.isel(chain=[0], draw=[0])
    arms = [
        {name: values[0, 0] for name, values in _arm(rng, first, like, a, int(n)).items()}
        for a, n in enumerate(np.asarray(like["n"]))
    ]
    some = simulated([(part["cure"], part["ever"], part["followed"]) for part in arms])
    every = [np.ones(len(part["followed"]), bool) for part in arms]
    later = simulated(
        [(part["hazard"], ever, part["followed"]) for part, ever in zip(arms, every, strict=True)]
    )
    value = np.ones((*some["present"].shape, 3))
    for a, part in enumerate(arms):
        value[a, : len(part["value"])] = part["value"]
    return patients(some, later, value, some["present"])


def simulate_patients(
    rng: Generator, like: Data, priors: Mapping[str, Prior]
) -> tuple[dict[str, Any], PatientOutcomes]:
    """Draw parameters from the priors, and a cohort like ``cohort_like``, patient by patient."""
    draws = prior_draws(rng, priors, 1)
    truth = {name: draws[name].to_numpy()[0, 0] for name in (*SCALARS, *_CONTINUOUS)}
    return truth, drawn(rng, draws, like)


def predict(rng: Generator, draws: xr.Dataset, data: Data) -> xr.Dataset:
    """What one new cohort for each draw would give of ``printed_quantities``: (chain, draw, arm)."""
    values = []
    for a in (0, 1):
        known = _everything(data)[a]
        new = _arm(rng, draws, data, a, int(known.sum()))
        first = new["ever"] & (new["cure"] < new["followed"])
        second = new["hazard"] < new["followed"]
        values.append(_counted(first, second, new["value"][..., 2]))
    coords = {"chain": draws["chain"], "draw": draws["draw"], "arm": ARM["arm"]}
    return xr.Dataset(
        {
            name: (("chain", "draw", "arm"), np.stack([part[name] for part in values], axis=-1))
            for name in _QUANTITIES
        },
        coords=coords,
    )


_QUANTITIES = ("with_first", "with_second", "first_alone", "value_with_first", "value_without_first")


def _counted(first: Any, second: Any, last: Any) -> dict[str, Any]:
    """How many patients (last axis) had which event, and the mean last value of those with the first and without."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return {
            "with_first": first.sum(axis=-1),
            "with_second": second.sum(axis=-1),
            "first_alone": (first & ~second).sum(axis=-1),
            "value_with_first": np.where(first, last, 0).sum(axis=-1) / first.sum(axis=-1),
            "value_without_first": np.where(first, 0, last).sum(axis=-1) / (~first).sum(axis=-1),
        }


def _everything(data: Data) -> NDArray[np.bool_]:
    """Who has all three outcomes, (arm, patient)."""
    known: NDArray[np.bool_] = (
        np.asarray(data["cure_present"])
        * np.asarray(data["hazard_present"])
        * np.asarray(data["value_known"])
    ) == 1
    return known


def printed_quantities(
    data: Data, cure: Outcome, hazard: Outcome, continuous: Outcome
) -> tuple[PrintedQuantity, ...]:
    """Of those with all three outcomes: who had either event, the one without the other, and the last values."""
    last_visit = f"{continuous.label} at {continuous.visits[-1].label}"
    labels = {
        "with_first": (f"{cure.event}, patients", ""),
        "with_second": (f"{hazard.event}, patients", ""),
        "first_alone": (f"{cure.event} and no {hazard.event}, patients", ""),
        "value_with_first": (f"{last_visit}, mean of those with {cure.event}", continuous.unit),
        "value_without_first": (f"{last_visit}, mean of those without {cure.event}", continuous.unit),
    }
    rows, known = [], _everything(data)
    for a, arm in enumerate(("reference", "contrast")):
        parts = (data["cure_event"], data["hazard_event"], np.asarray(data["value"])[..., 2])
        first, second, last = (np.asarray(part)[a][known[a]] for part in parts)
        seen = _counted(first == 1, second == 1, last)
        few = {"value_with_first": seen["with_first"], "value_without_first": len(last) - seen["with_first"]}
        rows += [
            PrintedQuantity(name, (a,), float(seen[name]), label, arm, unit)
            for name, (label, unit) in labels.items()
            if few.get(name, _FEWEST) >= _FEWEST
        ]
    return tuple(sorted(rows, key=lambda row: _QUANTITIES.index(row.variable)))
