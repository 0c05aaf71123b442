"""Compare rules for two proportions: ``mgbayes compare``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from functools import cached_property, partial
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from mgbayes.comparison.operating import (
    BINS,
    RISKS,
    Behaviour,
    Calibration,
    behaviour,
    calibration,
    size,
)
from mgbayes.comparison.posterior import Likelihood
from mgbayes.comparison.rules import Rule, density, rules
from mgbayes.comparison.scenarios import Scenario, arrays, usual
from mgbayes.comparison.simulated import Simulated, simulate
from mgbayes.comparison.tables import MOST_PATIENTS, Floats, Tables
from mgbayes.comparison.truths import TIMES, VALUES
from mgbayes.errors import InputError, Problem
from mgbayes.models.plan_file import shipped_plans
from mgbayes.models.priors import Prior
from mgbayes.robustness.reference_priors import ReferencePrior, cohort_prior, priors_of_size
from mgbayes.study.load import load_study
from mgbayes.study.numbers import find_count
from mgbayes.study.schema import Direction, Kind, Study

if TYPE_CHECKING:
    import xarray as xr

EXPECTED = 2.0
"""The odds ratio that an enthusiast expects, where the user names none: by convention."""
REPETITIONS = 2000
FEWEST_REPETITIONS = 100
FEWEST_PATIENTS = 4
"""Of an arm, for the methods that estimate a variance in each."""
DESIGN_SD = 1.0
"""SD of the log odds ratio in the design prior of the calibration: 95 % of odds ratios in 1/7 to 7."""


@dataclass(frozen=True)
class Seen:
    """The counts that a paper prints of one yes/no outcome."""

    endpoint: str
    label: str
    benefit: Direction | None
    reference: int
    contrast: int


@dataclass(frozen=True, repr=False)
class Comparison:
    """Rules on all tables of two arms, exactly; methods for times and measured outcomes on simulated studies."""

    tables: Tables
    rules: tuple[Rule, ...]
    scenarios: tuple[Scenario, ...]
    size: Floats
    behaviours: tuple[Behaviour, ...]
    calibrations: tuple[Calibration, ...]
    expected: float
    design_sd: float
    study: Study | None = None
    seen: tuple[Seen, ...] = ()
    times: Simulated | None = None
    values: Simulated | None = None

    @cached_property
    def largest_size(self) -> Floats:
        """The largest chance of a conclusion where there is no effect, (rule,)."""
        return self.size.max(axis=1)

    @cached_property
    def mean_power(self) -> Floats:
        """Over the scenarios with an effect, (rule,)."""
        effects = [i for i, row in enumerate(self.scenarios) if row.odds_ratio != 1]
        return np.array([row.power[effects].mean() for row in self.behaviours])

    def place(self, seen: Seen) -> int:
        """Which table was seen."""
        return seen.reference * (self.tables.n + 1) + seen.contrast

    @cached_property
    def dataset(self) -> xr.Dataset:
        """Everything as (rule, scenario), (rule, risk) and (rule, range)."""
        import xarray as xr

        measures = {
            field.name: (
                ("rule", "scenario"),
                np.stack([getattr(row, field.name) for row in self.behaviours]),
            )
            for field in fields(Behaviour)
        }
        calibrated = {
            f"calibration_{name}": (
                ("rule", "range"),
                np.stack([getattr(row, name) for row in self.calibrations]),
            )
            for name in ("weight", "stated", "true")
        }
        one, other, psi = arrays(self.scenarios)
        return xr.Dataset(
            {
                **measures,
                **calibrated,
                "size": (("rule", "risk"), self.size),
                "largest_size": ("rule", self.largest_size),
                "mean_power": ("rule", self.mean_power),
            },
            coords={
                "rule": [row.id for row in self.rules],
                "label": ("rule", [row.label for row in self.rules]),
                "asks": ("rule", [row.asks for row in self.rules]),
                "scenario": [row.label for row in self.scenarios],
                "reference_risk": ("scenario", one),
                "contrast_risk": ("scenario", other),
                "log_odds_ratio": ("scenario", psi),
                "risk": RISKS,
                "range": [f"{a:g} to {b:g}" for a, b in pairwise(BINS)],
            },
            attrs={
                "reference_patients": self.tables.m,
                "contrast_patients": self.tables.n,
                "monte_carlo_error": 0.0,
            },
        )

    def __repr__(self) -> str:
        return (
            f"Comparison({len(self.rules)} rules, {len(self.tables.x)} tables of {self.tables.m} and {self.tables.n} "
            f"patients, {len(self.scenarios)} scenarios)"
        )


def compare(
    study: Study | str | None = None,
    *,
    arms: tuple[int, int] | None = None,
    expected: float = EXPECTED,
    scenarios: tuple[Scenario, ...] | None = None,
    repetitions: int = 0,
    cores: int = 2,
    use_cache: bool = True,
    say: Callable[[str], None] = lambda text: None,
) -> Comparison:
    """Compare rules for yes/no outcomes on every table that two arms can give, and methods on simulated studies.

    Args:
        study: whose arms, and whose printed counts, are looked at; or what ``load_study`` takes.
        arms: patients of the reference and the contrast arm, in place of a study's.
        expected: the odds ratio that an enthusiastic prior expects.
        scenarios: what is true of counts; by default no effect at six risks, and four odds ratios at each of four.
        repetitions: simulated studies of each scenario of times and of measured outcomes; none where it is 0.
        cores: processes that simulate side by side; the figures do not depend on it.
        use_cache: whether finished blocks of studies are read, and new ones kept.

    Raises:
        InputError: arms of no patient or too many, an odds ratio that is no benefit, a risk outside (0, 1).

    Example:
        >>> import mgbayes as mb
        >>> found = mb.compare(arms=(17, 16))
        >>> round(float(found.dataset["largest_size"].sel(rule="fisher")), 4)
        0.0352
    """
    read = load_study(study) if isinstance(study, str) else study
    given = scenarios or usual()
    _check(read, arms, expected, given, repetitions)
    m, n = arms or _sizes(read)
    tables = Tables(m, n)
    known = tuple(rules(tables, _beliefs(expected, read if arms is None else None)))
    one, other, psi = arrays(given)
    chance = tables.chance(one, other)
    likelihood, design = Likelihood.of(tables), density(_design())
    truth = likelihood.under(design).chance
    simulated = partial(
        simulate, m=m, n=n, repetitions=repetitions, cores=cores, use_cache=use_cache, say=say
    )
    return Comparison(
        tables=tables,
        rules=known,
        scenarios=given,
        size=size(tables, list(known)),
        behaviours=tuple(behaviour(rule, chance, psi) for rule in known),
        calibrations=tuple(calibration(rule, likelihood, design, truth) for rule in known),
        expected=expected,
        design_sd=DESIGN_SD,
        study=read,
        seen=tuple(_seen(read)) if read is not None and arms is None else (),
        times=simulated(TIMES) if repetitions else None,
        values=simulated(VALUES) if repetitions else None,
    )


def usual_repetitions(study: Study | None, arms: tuple[int, int] | None) -> int:
    """What is simulated where the user does not say: nothing, where arms are too small for the methods."""
    return REPETITIONS if min(arms or _sizes(study)) >= FEWEST_PATIENTS else 0


def _design() -> Prior:
    return Prior("normal", (0.0, DESIGN_SD), "what is true, in the calibration")


def _beliefs(expected: float, study: Study | None) -> tuple[ReferencePrior, ...]:
    """The named priors and, where other cohorts of a study's plans speak of an outcome, what these predict."""
    own = Prior("normal", (0.0, 1.5), "no direction is favoured; odds ratios between 1/19 and 19")
    first, *others = priors_of_size(own, float(np.log(expected)))
    claims = [
        row.cohorts
        for plan in shipped_plans()
        if study is not None and plan.study == study.id
        for row in plan.sensitivity
        if row.cohorts is not None
    ]
    found = [cohort_prior(study, claim) for claim in dict.fromkeys(claims) if study is not None]
    return (replace(first, name="usual"), *others, *(belief for belief in found if belief is not None))


def _sizes(study: Study | None) -> tuple[int, int]:
    assert study is not None  # checked
    return int(study.reference.n), int(study.contrast.n)


def _check(
    study: Study | None,
    arms: tuple[int, int] | None,
    expected: float,
    scenarios: tuple[Scenario, ...],
    repetitions: int,
) -> None:
    problems = []
    if study is None and arms is None:
        problems.append(Problem("arms", "none", "a study, or the numbers of patients of both arms"))
    sizes = arms or (_sizes(study) if study else ())
    if repetitions and (repetitions < FEWEST_REPETITIONS or (sizes and min(sizes) < FEWEST_PATIENTS)):
        accepted = f"0, or at least {FEWEST_REPETITIONS} with {FEWEST_PATIENTS} patients or more in each arm"
        problems.append(Problem("repetitions", str(repetitions), accepted))
    for name, size_of_arm in zip(("reference", "contrast"), sizes, strict=False):
        if not 1 <= size_of_arm <= MOST_PATIENTS:
            problems.append(
                Problem(
                    f"patients of the {name} arm",
                    str(size_of_arm),
                    f"1 to {MOST_PATIENTS}, to go through all tables",
                )
            )
    if not expected > 1:
        problems.append(
            Problem("expected", f"{expected:g}", "an odds ratio above 1; both directions are looked at")
        )
    if all(row.odds_ratio == 1 for row in scenarios):
        problems.append(Problem("scenarios", "no effect in any", "one with an odds ratio other than 1"))
    for i, row in enumerate(scenarios, start=1):
        if not 0 < row.reference < 1:
            problems.append(
                Problem(f"scenarios[{i}] → reference", f"{row.reference:g}", "a risk between 0 and 1")
            )
        if not row.odds_ratio > 0:
            problems.append(
                Problem(f"scenarios[{i}] → odds_ratio", f"{row.odds_ratio:g}", "a number above 0")
            )
    if problems:
        raise InputError("compare", problems)


def _seen(study: Study) -> list[Seen]:
    """Yes/no outcomes whose counts are printed of all patients of both arms."""
    found = []
    for endpoint in study.endpoints:
        if endpoint.kind is not Kind.binary or endpoint.role != "outcome":
            continue
        counts = [find_count(study, endpoint.id, arm.id) for arm in (study.reference, study.contrast)]
        if any(row is None for row in counts):
            continue
        one, other = (row for row in counts if row is not None)
        if (one.n, other.n) == _sizes(study):
            found.append(Seen(endpoint.id, endpoint.label, endpoint.benefit, one.x, other.x))
    return found
