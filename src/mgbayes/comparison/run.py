"""Compare methods for two small arms: ``mgbayes compare``."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from mgbayes.comparison.answers import Method
from mgbayes.comparison.blocks import Work
from mgbayes.comparison.check import FEWEST_PATIENTS, check
from mgbayes.comparison.lost import DRAWN, Loss, losses
from mgbayes.comparison.operating import (
    BINS,
    RISKS,
    Behaviour,
    Calibration,
    average_power,
    behaviour,
    calibration,
    size,
)
from mgbayes.comparison.posterior import Likelihood
from mgbayes.comparison.rules import Rule, density, rules
from mgbayes.comparison.same_paper import Verdicts, papers
from mgbayes.comparison.same_paper import verdicts as verdicts_of
from mgbayes.comparison.scenarios import AnyScenario, Scenario, arrays, read_scenarios, usual
from mgbayes.comparison.simulated import METHODS, Simulated, Truth, simulate
from mgbayes.comparison.tables import Floats, Tables
from mgbayes.comparison.truths import TIMES, VALUES, TimesTruth, ValuesTruth
from mgbayes.errors import InputError, Problem
from mgbayes.models.plan_file import shipped_plans
from mgbayes.models.priors import Prior
from mgbayes.progress import Say, on_a_bar, quiet
from mgbayes.robustness.reference_priors import ReferencePrior, cohort_prior, priors_of_size
from mgbayes.study.load import load_study
from mgbayes.study.numbers import find_count
from mgbayes.study.schema import Direction, Kind, Study

if TYPE_CHECKING:
    import xarray as xr

EXPECTED = 2.0
"""The odds ratio that an enthusiast expects, where the user names none: by convention."""
REPETITIONS = 1000
PUBLISHED = 500
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
    average: Floats = field(default_factory=lambda: np.empty((0, 0)))
    """Average power at the posterior of each outcome that was seen, (rule, seen)."""
    times: Simulated | None = None
    values: Simulated | None = None
    verdicts: tuple[Verdicts, ...] = ()
    lost: Mapping[str, tuple[Loss, ...]] = field(default_factory=dict)

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


@on_a_bar
def compare(
    study: Study | str | None = None,
    *,
    arms: tuple[int, int] | None = None,
    expected: float = EXPECTED,
    scenarios: tuple[AnyScenario, ...] | str | Path | None = None,
    repetitions: int = 0,
    published: int = 0,
    methods: Sequence[str] = (),
    own_times: Mapping[str, Method] = MappingProxyType({}),
    own_values: Mapping[str, Method] = MappingProxyType({}),
    work: Work | None = None,
    say: Say = quiet,
) -> Comparison:
    """Compare rules for yes/no outcomes on every table that two arms can give, and methods on simulated studies.

    Args:
        study: whose arms and printed numbers are looked at; or what ``load_study`` takes.
        arms: patients of the reference and the contrast arm, in place of a study's.
        expected: the odds ratio that an enthusiastic prior expects.
        scenarios: what is true of counts (``Scenario``), times (``TimesTruth``) and measured outcomes
            (``ValuesTruth``), or a TOML file of them; the usual ones of a kind of which none is given.
        repetitions: simulated studies of each scenario of times and of measured outcomes; none where it is 0.
        published: studies to which models are fitted from patients and from published numbers; none where it is 0.
        methods: ids of methods for times and measured outcomes; all where it is empty.
        own_times, own_values: methods of your own by id, each a ``Method`` with a function of many studies.
        work: how many processes simulate side by side, and whether finished blocks are read and kept; the figures
            do not depend on it.
        say: called with the stage as work goes on; a bar by default.

    Raises:
        InputError: with every problem: arms of no patient or too many, an odds ratio that is no benefit, a scenario
            that is none, a method that is not known.

    Example:
        >>> import mgbayes as mb
        >>> found = mb.compare(arms=(17, 16))
        >>> round(float(found.dataset["largest_size"].sel(rule="fisher")), 4)
        0.0352
    """
    read = load_study(study) if isinstance(study, str) else study
    sizes = arms or (_sizes(read) if read else None)
    given, faults = _given(scenarios)
    counts = tuple(row for row in given if isinstance(row, Scenario)) or usual()
    known = {
        TimesTruth: {**METHODS[TimesTruth], **own_times},
        ValuesTruth: {**METHODS[ValuesTruth], **own_values},
    }
    asked = {"repetitions": repetitions, "published": published}
    check(sizes, expected, counts, given, asked, methods, list(known.values()), faults)
    assert sizes is not None  # checked
    of_study = read if arms is None else None
    work = replace(work or Work(), say=say)
    found = _of_counts(Tables(*sizes), of_study, expected, counts)
    if repetitions:
        chosen = {kind: _chosen(rows, methods) for kind, rows in known.items()}
        found = _with_simulated(found, given, chosen, repetitions, work)
    if published:
        lost = {kind: losses(kind, *sizes, repetitions=published, work=work) for kind in DRAWN}
        found = replace(found, lost=lost)
    return found


def _given(
    scenarios: tuple[AnyScenario, ...] | str | Path | None,
) -> tuple[tuple[AnyScenario, ...], list[Problem]]:
    """Scenarios, and what is wrong with their file."""
    if scenarios is None or isinstance(scenarios, tuple):
        return scenarios or (), []
    try:
        return read_scenarios(scenarios), []
    except InputError as fault:
        return (), [replace(row, place=f"{fault.file}: {row.place}") for row in fault.problems]


def _chosen(known: Mapping[str, Method], names: Sequence[str]) -> dict[str, Method]:
    return {name: method for name, method in known.items() if not names or name in names}


def _with_simulated(
    found: Comparison,
    given: Sequence[AnyScenario],
    methods: Mapping[type, Mapping[str, Method]],
    repetitions: int,
    work: Work,
) -> Comparison:
    """Methods on studies of the given scenarios of a kind, else of the usual ones and the posterior of the study."""
    study, sizes = found.study, (found.tables.m, found.tables.n)
    verdicts = tuple(_verdicts(study, work.say)) if study is not None else ()
    simulated: dict[type, Simulated | None] = {}
    for kind, usual_ones in ((TimesTruth, TIMES), (ValuesTruth, VALUES)):
        own: list[Truth] = [
            row for row in given if isinstance(row, TimesTruth | ValuesTruth) and type(row) is kind
        ]
        truths = [*(own or usual_ones), *(row.truth for row in verdicts if type(row.truth) is kind)]
        simulated[kind] = (
            simulate(truths, *sizes, repetitions=repetitions, methods=methods[kind], work=work)
            if methods[kind]
            else None
        )
    return replace(found, verdicts=verdicts, times=simulated[TimesTruth], values=simulated[ValuesTruth])


def _of_counts(
    tables: Tables, study: Study | None, expected: float, scenarios: tuple[Scenario, ...]
) -> Comparison:
    known = tuple(rules(tables, _beliefs(expected, study)))
    one, other, psi = arrays(scenarios)
    chance = tables.chance(one, other)
    likelihood, design = Likelihood.of(tables), density(_design())
    truth = likelihood.under(design).chance
    seen = tuple(_seen(study)) if study is not None else ()
    return Comparison(
        tables=tables,
        rules=known,
        scenarios=scenarios,
        size=size(tables, list(known)),
        behaviours=tuple(behaviour(rule, chance, psi) for rule in known),
        calibrations=tuple(calibration(rule, likelihood, design, truth) for rule in known),
        expected=expected,
        design_sd=DESIGN_SD,
        study=study,
        seen=seen,
        average=average_power(tables, known, [(row.reference, row.contrast) for row in seen]),
    )


def _verdicts(study: Study, say: Callable[[str], None]) -> Iterator[Verdicts]:
    for paper in papers(study):
        say(f"cohorts with the published numbers: {paper.label}")
        found = verdicts_of(paper)
        if found is not None:
            yield found


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
