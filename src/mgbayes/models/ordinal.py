r"""Ordered classes at several visits (MGFA class): cumulative logit with patient intercepts.

Patient i of arm a (0 reference, 1 contrast) is in class y_iv, 0 (lowest) to K - 1, at visit v (v = 0
before treatment). With c_k the cut between class k - 1 and class k:

    logit P(y_iv < k) = c_k - shift_v + a (base + log_odds_ratio_v) - patient_sd u_i,  u_i ~ Normal(0, 1)
    c_1 = first_cut,  c_k = c_(k-1) + gap_k
    first_cut      ~ prior      log odds of the lowest class before treatment, for a middling reference patient
    gap            ~ prior      between one cut and the next
    shift          ~ prior      move towards higher classes at each later visit, reference arm; 0 at v = 0
    base           ~ prior      log odds ratio of a lower class before treatment, contrast against reference
    log_odds_ratio ~ prior      what later visits add to it; 0 at v = 0
    patient_sd     ~ prior      SD of the patients' own log odds within an arm

Patients of equal severity before treatment differ by log_odds_ratio_v at visit v: the arms' difference
adjusted for where they began. u_i is integrated out by the trapezoidal rule, so that a patient enters as
one:

    classes        ~ ∫ Π_v P(y_iv | u) φ(u) du,  over the visits at which the class is known

The effects are the same at every cut (proportional odds), which the predictive check of the mean class
and of the lowest class looks into. Missing visits are taken as missing by chance.

Evidence: patients only. Sources: McCullagh 1980, JRSS B 42:109; Hedeker and Gibbons 1994, Biometrics
50:933 (patient intercepts).
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pymc as pm
import pytensor.tensor as pt
import xarray as xr
from numpy.random import Generator
from numpy.typing import NDArray
from scipy import special

from mgbayes.estimands.estimand import Estimand
from mgbayes.models import class_patterns
from mgbayes.models.arms import ARM
from mgbayes.models.class_patterns import patterns_of
from mgbayes.models.cohort_like import followed_like
from mgbayes.models.curve import Curve
from mgbayes.models.latent import given_density
from mgbayes.models.parameters import draw_parameter, parameter
from mgbayes.models.plan import NotPrinted, Plan
from mgbayes.models.printed_quantity import PrintedQuantity
from mgbayes.models.priors import Prior
from mgbayes.models.quadrature import LOG_WEIGHTS, NODES
from mgbayes.study.schema import Study

Data = Mapping[str, NDArray[Any]]
FAMILIES: tuple[str, ...] = ("cumulative_logit",)
LEAST_CLASSES = 3

PRIORS: dict[str, Prior] = {
    "first_cut": Prior(
        "normal",
        (-2.0, 2.0),
        "few are in the lowest class when a treatment begins: 12 %, between 0.3 % and 87 %",
    ),
    "gap": Prior(
        "lognormal",
        (float(np.log(1.5)), 0.7),
        "from one class to the next the odds change by a factor of 4.5, 95 % between 1.5 and 370",
    ),
    "shift": Prior("normal", (0.0, 2.0), "odds at a later visit between 1/50 and 50 times those before"),
    "base": Prior("normal", (0.0, 1.5), "arms alike before treatment, odds ratios of 1/19 to 19"),
    "log_odds_ratio": Prior("normal", (0.0, 1.5), "no direction favoured; odds ratios of 1/19 to 19"),
    "patient_sd": Prior(
        "half_normal", (2.0,), "patients of an arm from all alike to odds that differ fiftyfold either way"
    ),
}
_SHAPES = {"gap": "cut", "shift": "later", "log_odds_ratio": "later"}

CURVE = Curve(
    variable="lowest",
    over="visit",
    grid=(0.0,),
    x_label="visit",
    y_label="patients in the lowest class, %",
    scale=100.0,
    crosses="share",
    caption="The share of patients of each arm in the lowest (best) class at each visit: point, posterior median; "
    "bars, central 50 % and 95 %. Arms that begin apart are compared by the odds ratios, which start from equal "
    "severity.",
)


def _text(values: Any) -> list[str]:
    return [str(value) for value in np.asarray(values)]


def declared(data: Data) -> tuple[Estimand, ...]:
    """At each later visit an odds ratio of a lower class and a difference in the chance of the lowest."""
    label, lowest = str(np.asarray(data["endpoint_label"])), _text(data["level"])[0]
    better: Any = "higher" if str(np.asarray(data["benefit"])) == "lower" else "lower"
    rows = []
    for visit in _text(data["visit"])[1:]:
        rows += [
            Estimand(
                f"odds_ratio_{visit}",
                f"odds ratio of a lower {label} at {visit}, at equal severity before",
                "",
                1.0,
                better,
            ),
            Estimand(
                f"lowest_difference_{visit}",
                f"difference in the chance of {label} {lowest} at {visit}, at equal severity before",
                "",
                0.0,
                better,
            ),
        ]
    return tuple(rows)


def from_study(study: Study, plan: Plan) -> dict[str, NDArray[Any]]:
    """Raises NotPrinted: the class of each patient at each visit is not in print."""
    raise NotPrinted(plan.endpoints[0].endpoint, "the class of each patient at each visit")


def cohort_like(study: Study, plan: Plan) -> dict[str, NDArray[Any]]:
    """Sizes, visits and classes of a simulated cohort like the study's."""
    endpoint = study.endpoint(plan.endpoints[0].endpoint)
    mapped = () if study.patients is None else study.patients.endpoints
    levels = [row.level_spellings for row in mapped if row.endpoint == endpoint.id and row.levels]
    names = [words[0] for words in levels[0]] if levels else [str(k) for k in range(6)]
    visits = [part.visit or "only" for part in plan.endpoints]
    named = about(endpoint.label, endpoint.benefit or "", visits, names)
    return {"n": followed_like(study)["n"], **named}


def about(label: str, benefit: str, visits: Sequence[str], levels: Sequence[str]) -> dict[str, NDArray[Any]]:
    """What the data are of: words for estimands, and how many visits and classes there are."""
    return {
        "endpoint_label": np.array(label),
        "benefit": np.array(benefit),
        "visit": np.array(visits),
        "level": np.array(levels),
    }


def patients(level: Any, levels: int) -> dict[str, NDArray[Any]]:
    """The data of a model on patients.

    Args:
        level: (arm, patient, visit) class, 0 to levels - 1; nan where missing and in padding.
        levels: how many classes there are.

    Returns:
        ``answer`` (arm, patient, visit · class), one for the class at each visit; ``patterns`` (arm, P, visit)
        and ``pattern`` (arm, patient) of class_patterns.py.
    """
    level = np.asarray(level, dtype=float)
    answer = (level[..., None] == np.arange(levels)).astype(float)
    patterns, pattern = patterns_of(level, levels)
    return {"answer": answer.reshape(*level.shape[:2], -1), "patterns": patterns, "pattern": pattern}


def build(data: Data, family: str, priors: Mapping[str, Prior]) -> pm.Model:
    """Build the model on patients (see ``patients``)."""
    visits, levels = _text(data["visit"]), _text(data["level"])
    coords = {"arm": ARM.arm.values, "cut": levels[2:], "later": visits[1:]}
    with pm.Model(coords=coords) as model:
        patterns, pattern = (pm.Data(name, np.asarray(data[name])) for name in ("patterns", "pattern"))
        given = {
            name: parameter(name, priors, **({"dims": _SHAPES[name]} if name in _SHAPES else {}))
            for name in PRIORS
        }
        by_pattern = class_patterns.INTEGRATED.of(patterns, _log_chances(given))
        given_density("classes", by_pattern[np.array([[0], [1]]), pattern], pattern)
    return model


def _log_chances(given: Mapping[str, Any]) -> Any:
    """Log chance of each class, (arm, visit, class, node), for patients with their own u at each node.

    P(y = k) = σ(x_(k+1)) - σ(x_k) = σ(x_(k+1)) σ(-x_k) (1 - exp(x_k - x_(k+1))) loses no digits.
    """
    cuts = pt.concatenate([given["first_cut"][None], given["first_cut"] + pt.cumsum(given["gap"])])
    zero = pt.zeros(1)
    shift = pt.concatenate([zero, given["shift"]])
    benefit = given["base"] + pt.concatenate([zero, given["log_odds_ratio"]])
    towards_lower = np.array([[0.0], [1.0]]) * benefit - shift  # (arm, visit)
    x = towards_lower[:, :, None, None] + cuts[:, None] - given["patient_sd"] * NODES
    below = -pt.softplus(-x)
    above = below - x
    between = below[:, :, 1:] + above[:, :, :-1] + pt.log1mexp(-given["gap"])[:, None]
    return pt.concatenate([below[:, :, :1], between, above[:, :, -1:]], axis=2)


def _cuts(draws: xr.Dataset) -> Any:
    """All cuts, (chain, draw, cut)."""
    first = draws["first_cut"].to_numpy()[..., None]
    gaps = draws["gap"].transpose(..., "cut").to_numpy()
    return np.concatenate([first, first + np.cumsum(gaps, axis=-1)], axis=-1)


def _by_visit(draws: xr.Dataset, name: str, visits: Sequence[str]) -> xr.DataArray:
    """A parameter of later visits with 0 at the first."""
    later = draws[name].transpose(..., "later")
    first = xr.zeros_like(later.isel(later=0, drop=True))
    return xr.concat(
        [first, *(later.isel(later=k, drop=True) for k in range(later.sizes["later"]))], "visit"
    ).assign_coords(visit=list(visits))


def _chance_of_lowest(mean: Any, sd: Any) -> Any:
    """E[σ(mean - sd u)] over u ~ Normal(0, 1), by the rule of the model."""
    return sum(np.exp(w) * special.expit(mean - sd * z) for z, w in zip(NODES, LOG_WEIGHTS, strict=True))


def estimands(draws: xr.Dataset, data: Data, family: str) -> xr.Dataset:
    """Odds ratios and differences in the chance of the lowest class, one value for each draw.

    The difference is between all patients of the cohort under the one arm's and under the other arm's course:
    severity before treatment is that of both arms together, in proportion to their patients.
    """
    visits = _text(data["visit"])
    ratio, shift = (_by_visit(draws, name, visits) for name in ("log_odds_ratio", "shift"))
    n = _patients_by_arm(data)
    began = [(n[b] / n.sum(), draws["first_cut"] + b * draws["base"]) for b in (0, 1)]
    lowest = [
        sum(
            share * _chance_of_lowest(start + a * ratio - shift, draws["patient_sd"])
            for share, start in began
        )
        for a in (0, 1)
    ]
    difference = lowest[1] - lowest[0]
    result = {}
    for visit in visits[1:]:
        result[f"odds_ratio_{visit}"] = np.exp(ratio.sel(visit=visit, drop=True))
        result[f"lowest_difference_{visit}"] = difference.sel(visit=visit, drop=True)
    return xr.Dataset(result)


def _patients_by_arm(data: Data) -> NDArray[np.float64]:
    """How many patients of each arm have a class at any visit."""
    return (np.asarray(data["answer"]).sum(axis=-1) > 0).sum(axis=1).astype(float)


def curves(draws: xr.Dataset, data: Data, family: str, grid: NDArray[np.float64]) -> xr.Dataset:
    """The chance of the lowest class by arm and visit, as the arms are, for each draw."""
    visits = _text(data["visit"])
    ratio, shift = (_by_visit(draws, name, visits) for name in ("log_odds_ratio", "shift"))
    mean = draws["first_cut"] - shift + ARM * (draws["base"] + ratio)
    return xr.Dataset({"lowest": _chance_of_lowest(mean, draws["patient_sd"])})


def prior_draws(
    rng: Generator, data: Data, family: str, priors: Mapping[str, Prior], draws: int
) -> xr.Dataset:
    """Parameters drawn from the priors, (chain, draw, ...) with one chain."""
    visits, levels = _text(data["visit"]), _text(data["level"])
    coords: dict[str, Any] = {"chain": [0], "draw": np.arange(draws), "cut": levels[2:], "later": visits[1:]}
    values = {}
    for name in PRIORS:
        dims = ("chain", "draw", *((_SHAPES[name],) if name in _SHAPES else ()))
        values[name] = (dims, draw_parameter(rng, name, priors, size=tuple(len(coords[d]) for d in dims)))
    return xr.Dataset(values, coords=coords)


def _classes(rng: Generator, draws: xr.Dataset, arm: int, visits: Sequence[str], n: int) -> Any:
    """Yield the classes (chain, draw, patient) of n patients of an arm, visit by visit."""
    dims = ("chain", "draw")
    ratio, shift = (
        _by_visit(draws, name, visits).transpose("visit", *dims) for name in ("log_odds_ratio", "shift")
    )
    cuts = _cuts(draws.transpose(*dims, ...))
    sd, base = (draws[name].transpose(*dims).to_numpy()[..., None] for name in ("patient_sd", "base"))
    own = sd * rng.standard_normal((*cuts.shape[:2], n))
    for v in range(len(visits)):
        towards_lower = arm * (base + ratio.to_numpy()[v][..., None]) - shift.to_numpy()[v][..., None]
        latent = own - towards_lower + rng.logistic(size=own.shape)
        yield sum((latent > cuts[..., k, None]).astype(np.int8) for k in range(cuts.shape[-1]))


def predict(rng: Generator, draws: xr.Dataset, data: Data, family: str) -> xr.Dataset:
    """Share in the lowest class (percent) and mean class of one new cohort for each draw, by arm and visit."""
    visits, known = _text(data["visit"]), _known(data)
    share, mean = [], []
    for a in (0, 1):
        kept = known[a].any(axis=-1)
        drawn = list(enumerate(_classes(rng, draws, a, visits, int(kept.sum()))))
        share.append([100 * (level[..., known[a][kept, v]] == 0).mean(axis=-1) for v, level in drawn])
        mean.append([level[..., known[a][kept, v]].mean(axis=-1) for v, level in drawn])
    dims = ("arm", "visit", "chain", "draw")
    return xr.Dataset(
        {"share": (dims, np.array(share)), "mean": (dims, np.array(mean))},
        coords={"arm": ARM["arm"], "visit": visits, "chain": draws["chain"], "draw": draws["draw"]},
    ).transpose("chain", "draw", "arm", "visit")


def _known(data: Data) -> NDArray[np.bool_]:
    """Whether the class is known, (arm, patient, visit)."""
    answer = np.asarray(data["answer"])
    return answer.reshape(*answer.shape[:2], len(_text(data["visit"])), -1).sum(axis=-1) > 0


def printed_quantities(data: Data) -> tuple[PrintedQuantity, ...]:
    """At each visit the share of patients in the lowest class, and the mean class (the lowest is 0)."""
    visits, levels, answer = _text(data["visit"]), _text(data["level"]), np.asarray(data["answer"])
    label = str(np.asarray(data["endpoint_label"]))
    counts = answer.reshape(*answer.shape[:2], len(visits), len(levels)).sum(axis=1)
    total = counts.sum(axis=-1)
    return tuple(
        PrintedQuantity(name, (a, v), float(values[a, v]), f"{words} at {visit}, {name}", arm, unit)
        for name, values, words, unit in (
            ("share", 100 * counts[..., 0] / total, f"{label} {levels[0]}", "%"),
            ("mean", counts @ np.arange(len(levels)) / total, label, "classes, the lowest 0"),
        )
        for v, visit in enumerate(visits)
        for a, arm in enumerate(("reference", "contrast"))
    )


def simulate_patients(
    rng: Generator, data: Data, family: str, priors: Mapping[str, Prior]
) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """Draw parameters from the priors, and a cohort like ``cohort_like``, patient by patient."""
    drawn = prior_draws(rng, data, family, priors, 1)
    visits, levels, sizes = _text(data["visit"]), _text(data["level"]), np.asarray(data["n"])
    level = np.full((2, int(sizes.max()), len(visits)), np.nan)
    for a, n in enumerate(sizes):
        for v, seen in enumerate(_classes(rng, drawn, a, visits, int(n))):
            level[a, :n, v] = seen[0, 0]
    truth = {name: drawn[name].to_numpy()[0, 0] for name in PRIORS}
    named = {name: np.asarray(data[name]) for name in ("endpoint_label", "benefit", "visit", "level")}
    return truth, {**patients(level, len(levels)), **named}


default_priors = PRIORS
curve = CURVE
