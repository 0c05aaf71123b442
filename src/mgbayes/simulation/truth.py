"""Cohorts with a chosen truth, for studies of methods: a file of parameters instead of a posterior.

A file names the models that patients follow, with every parameter of the family; arms are the reference first:

    schema_version = 1
    patients = [17, 16]
    followup = { minimum = 365, mean = 1861, sd = 953.4 }

    [times.time_to_fall]
    model = "proportional_hazards"
    family = "weibull"
    parameters = { log_hazard_ratio = -0.5, log_scale = 7.5, shape = 1.0 }

    [doses.pain]
    visits = ["baseline", "12m", "last"]
    mean = [[46.8, 11.8, 17.9], [30.9, 9.5, 2.8]]
    sd = [[20.8, 15.3, 15.6], [24.9, 8.7, 3.8]]
    correlation = [[0.3, 0.2, 0.5], [0.3, 0.2, 0.5]]

    [yes_no]
    pis_improved = [0.65, 0.75]

Doses are gamma with these means and SDs, tied by a Gaussian copula; correlations are of its normal scores, for the
pairs (first, second), (first, third), (second, third) visit.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from numpy.random import Generator
from pydantic import Field, ValidationError

from mgbayes.distributions.followup import draw_followup, followup_data
from mgbayes.errors import InputError, Problem
from mgbayes.models.catalogue import MODELS, PIECEWISE
from mgbayes.models.cuts import Cuts
from mgbayes.simulation.cohort import Cohort, Floats, Place, Times
from mgbayes.study.load import parse_toml, read_text_file
from mgbayes.study.problems import problems_of
from mgbayes.study.record import Id, Record
from mgbayes.study.schema import Kind, Study

Chance = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[float, Field(gt=0)]
Triple = tuple[Positive, Positive, Positive]
Correlation = Annotated[float, Field(gt=-1, lt=1)]
_DAYS = np.concatenate([np.geomspace(1e-3, 1, 60), np.arange(2.0, 40 * 365.0)])


class TrueFollowup(Record):
    """Follow-up: a minimum and a gamma beyond it, by mean and SD, in days."""

    minimum: Annotated[float, Field(ge=0)] = 0.0
    mean: Positive
    sd: Positive


class TrueTimes(Record):
    """A model of times and every parameter of its family; a piecewise hazard has two cuts besides."""

    model: Id
    family: Id
    parameters: dict[str, float]
    cuts: Cuts = ()


class TrueDoses(Record):
    """Means, SDs and correlations of doses at three visits, by arm."""

    visits: tuple[Id, Id, Id]
    mean: tuple[Triple, Triple]
    sd: tuple[Triple, Triple]
    correlation: tuple[tuple[Correlation, Correlation, Correlation], ...] = Field(min_length=2, max_length=2)


class Truth(Record):
    """What the patients of a synthetic cohort follow."""

    schema_version: Literal[1]
    patients: tuple[Annotated[int, Field(ge=1)], Annotated[int, Field(ge=1)]] | None = None
    followup: TrueFollowup
    times: dict[Id, TrueTimes] = Field({})
    doses: dict[Id, TrueDoses] = Field({})
    yes_no: dict[Id, tuple[Chance, Chance]] = Field({})


def load_truth(path: str | Path, study: Study) -> Truth:
    """Read a file of parameters. Raises InputError with every problem."""
    raw = parse_toml(read_text_file(Path(path)), str(path))
    try:
        truth = Truth.model_validate(raw)
    except ValidationError as error:
        raise InputError(str(path), problems_of(error, raw, Truth)) from None
    problems = [*_unknown(study, truth), *_parameters(truth)]
    if not truth.followup.mean > truth.followup.minimum:
        problems.append(Problem("followup → mean", f"{truth.followup.mean:g}", "more than the minimum"))
    for name, doses in truth.doses.items():
        for a, row in enumerate(doses.correlation):
            if np.linalg.det(_matrix(row)) <= 0:
                place = f"doses → {name} → correlation[{a + 1}]"
                problems.append(Problem(place, str(list(row)), "correlations that three values can have"))
    if problems:
        raise InputError(str(path), problems)
    return truth


def _unknown(study: Study, truth: Truth) -> list[Problem]:
    named = [(name, "times", (Kind.time_to_event,)) for name in truth.times]
    named += [(name, "doses", (Kind.continuous,)) for name in truth.doses]
    named += [(name, "yes_no", (Kind.binary,)) for name in truth.yes_no]
    problems = []
    for name, table, kinds in named:
        known = [endpoint.id for endpoint in study.endpoints if endpoint.kind in kinds]
        if name not in known:
            problems.append(Problem(f"{table} → {name}", repr(name), f"one of {', '.join(known)}"))
    visits = [visit.id for visit in study.visits]
    for name, doses in truth.doses.items():
        problems += [
            Problem(f"doses → {name} → visits", repr(visit), f"one of {', '.join(visits)}")
            for visit in doses.visits
            if visit not in visits
        ]
    return problems


def _parameters(truth: Truth) -> list[Problem]:
    problems = []
    for name, row in truth.times.items():
        models = _time_models()
        if row.model not in models:
            given, accepted = repr(row.model), f"one of {', '.join(models)}"
            problems.append(Problem(f"times → {name} → model", given, accepted))
            continue
        families = MODELS[row.model].parameters
        if row.family not in families:
            given, accepted = repr(row.family), f"one of {', '.join(families)}"
            problems.append(Problem(f"times → {name} → family", given, accepted))
            continue
        needed = families[row.family]
        if row.family == PIECEWISE and not row.cuts:
            problems.append(Problem(f"times → {name} → cuts", "nothing", f"two times, for {PIECEWISE}"))
        if set(row.parameters) != set(needed):
            given = ", ".join(row.parameters) or "none"
            problems.append(Problem(f"times → {name} → parameters", given, f"all of {', '.join(needed)}"))
        problems += [
            Problem(f"times → {name} → parameters → {key}", f"{value:g}", "a number above zero")
            for key, value in row.parameters.items()
            if needed.get(key) == "lognormal" and value <= 0
        ]
    return problems


def _time_models() -> list[str]:
    """The models of a time to an event."""
    from mgbayes.models.time_model import TimeModel  # loads a sampler

    return [name for name, row in MODELS.items() if issubclass(row.load(), TimeModel)]


def _matrix(pairs: tuple[float, ...]) -> Floats:
    a, b, c = pairs
    return np.array([[1, a, b], [a, 1, c], [b, c, 1]])


def cohort_from_truth(rng: Generator, study: Study, truth: Truth) -> Cohort:
    """A cohort whose patients follow the truth, seen as a clinic sees them: whole days, tenths of a dose."""
    sizes = truth.patients or (int(study.reference.n), int(study.contrast.n))
    arm = (np.arange(sum(sizes)) >= sizes[0]).astype(int)
    rows = truth.followup
    followed = np.ceil(draw_followup(rng, followup_data(rows.minimum, rows.mean, rows.sd), len(arm)))
    times = {
        name: _times(rng, one, arm, followed - float(study.endpoint(name).confirmed_after or 0))
        for name, one in truth.times.items()
    }
    values: dict[Place, Floats] = {
        (name, None): (rng.random(len(arm)) < np.array(chance)[arm]).astype(float)
        for name, chance in truth.yes_no.items()
    }
    for name, doses in truth.doses.items():
        table = _doses(rng, doses, sizes)
        values |= {(name, visit): table[:, v] for v, visit in enumerate(doses.visits)}
    return Cohort(sizes, values, times, followed)


def _times(rng: Generator, true: TrueTimes, arm: np.ndarray, followed: Floats) -> Times:
    """The day at which the chance of no event falls to a random number; seen if follow-up reaches it."""
    free = event_free(true)
    chance = rng.random(len(arm))
    day = np.full(len(arm), np.inf)
    for a in (0, 1):
        mine = (arm == a) & (chance > free[a, -1])
        day[mine] = np.interp(-chance[mine], -free[a], _DAYS)
    day = np.maximum(np.ceil(day), 1.0)
    seen = day < followed
    return Times(seen.astype(float), np.where(seen, day, np.nan))


def event_free(true: TrueTimes) -> Floats:
    """The true chance (arm, day) of no event."""
    import xarray as xr

    from mgbayes.models.evidence import Times as NoEvidence
    from mgbayes.models.outcome import Outcome

    outcome = Outcome("time", "time", Kind.time_to_event, "days", None, True, cuts=true.cuts)
    model: Any = MODELS[true.model].load()
    draw = xr.Dataset(true.parameters)
    chance = model(outcome).no_event(draw, NoEvidence(), true.family, xr.DataArray(_DAYS, dims="day"))
    by_arm: Floats = chance.transpose("arm", "day").to_numpy()
    return by_arm


def _doses(rng: Generator, true: TrueDoses, sizes: tuple[int, int]) -> Floats:
    from scipy import stats

    from mgbayes.models.visits import correlated, from_correlations  # loads a sampler

    mean, sd = np.array(true.mean), np.array(true.sd)
    visits = mean.shape[1]
    vine = from_correlations(np.array(true.correlation), visits)
    arms = [
        stats.gamma.ppf(
            stats.norm.cdf(correlated(vine[a], rng.standard_normal((size, visits)))),
            (mean[a] / sd[a]) ** 2,
            scale=sd[a] ** 2 / mean[a],
        )
        for a, size in enumerate(sizes)
    ]
    return np.maximum(np.round(np.concatenate(arms), 1), 0.1)  # no gamma dose is zero, by rounding neither
