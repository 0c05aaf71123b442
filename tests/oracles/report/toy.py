"""A re-analysis with known draws of a study that was never done: two ways of care for patients of a ward.

What is better for a patient is written here by hand, in words; nothing of it is asked of the code under test.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr

from mgbayes.estimands.estimand import Estimand
from mgbayes.inference.diagnostics import Diagnostics
from mgbayes.inference.fit import Agreement, Fit
from mgbayes.inference.predictive import PredictiveCheck
from mgbayes.models.curve import Curve
from mgbayes.models.plan import Plan
from mgbayes.models.priors import Prior
from mgbayes.report.results import Reanalysis
from mgbayes.study.schema import Study
from mgbayes.verification.ledger import verify

CHAINS, DRAWS = 2, 500
GRID = (2.0, 6.0, 12.0)

STUDY = {
    "schema_version": 1,
    "id": "ward",
    "title": "Two ways of care",
    "citation": "Nobody 2001",
    "question": "Do patients of the new care do better?",
    "time_zero": "admission",
    "sources": [{"id": "A", "what": "nothing"}],
    "arms": [
        {"id": "old", "label": "Old care", "n": "20", "reference": True},
        {"id": "new", "label": "New care", "n": "20"},
    ],
    "visits": [
        {"id": "start", "label": "start", "days": "0"},
        {"id": "end", "label": "end", "days": "84"},
    ],
    "endpoints": [
        {"id": "home", "label": "discharged home", "kind": "binary", "benefit": "higher"},
        {
            "id": "time_home",
            "label": "time to discharge",
            "kind": "time_to_event",
            "unit": "weeks",
            "benefit": "lower",
            "event": "home.counts",
            "event_name": "discharge",
            "confirmed_after": "2",
        },
        {"id": "fall", "label": "fall", "kind": "binary", "benefit": "lower"},
        {
            "id": "time_fall",
            "label": "time to a fall",
            "kind": "time_to_event",
            "unit": "weeks",
            "benefit": "higher",
            "event": "fall.counts",
        },
        {"id": "pain", "label": "pain", "kind": "continuous", "unit": "points", "benefit": "lower"},
        {
            "id": "walks",
            "label": "walking alone",
            "kind": "binary",
            "benefit": "higher",
            "overlaps": ["home"],
        },
        {"id": "mood", "label": "mood", "kind": "ordinal", "benefit": "higher"},
        {"id": "woman", "label": "woman", "kind": "binary", "role": "baseline"},
    ],
    "claims": [
        {
            "id": "home.counts",
            "what": "discharged home",
            "source": ["A"],
            "endpoint": "home",
            "summaries": [{"group": "old", "count": "8"}, {"group": "new", "count": "14"}],
            "p": "0.11",
            "comparison": {"between": "arms"},
        },
        {
            "id": "home.time",
            "what": "weeks to discharge",
            "source": ["A"],
            "endpoint": "time_home",
            "summaries": [
                {"group": "old", "n": "8", "mean": "6.0", "sd": "2.0"},
                {"group": "new", "n": "14", "mean": "4.0", "sd": "2.0"},
            ],
            "p": "0.2",
            "comparison": {"between": "arms"},
        },
        {
            "id": "fall.counts",
            "what": "falls",
            "source": ["A"],
            "endpoint": "fall",
            "summaries": [{"group": "old", "count": "9"}, {"group": "new", "count": "6"}],
        },
        {
            "id": "fall.time",
            "what": "time to a fall, log-rank",
            "source": ["A"],
            "endpoint": "time_fall",
            "printed": "Kaplan-Meier",
            "p": "0.09",
            "comparison": {"between": "arms", "test": "log_rank"},
        },
        {
            "id": "pain.end",
            "what": "pain at the end, points",
            "source": ["A"],
            "endpoint": "pain",
            "summaries": [
                {"group": "old", "visit": "end", "mean": "30", "sd": "10"},
                {"group": "new", "visit": "end", "mean": "25", "sd": "10"},
            ],
            "p": "0.75",
            "comparison": {"between": "arms"},
        },
        {
            "id": "walks.counts",
            "what": "walking alone",
            "source": ["A"],
            "endpoint": "walks",
            "summaries": [{"group": "old", "count": "10"}, {"group": "new", "count": "13"}],
        },
        {
            "id": "mood.arms",
            "what": "mood between arms",
            "source": ["A"],
            "endpoint": "mood",
            "printed": "better with new care",
            "p": "0.045",
            "comparison": {"between": "arms"},
        },
        {
            "id": "woman",
            "what": "women",
            "source": ["A"],
            "endpoint": "woman",
            "summaries": [{"group": "old", "count": "4"}, {"group": "new", "count": "15"}],
        },
    ],
    "alternatives": [
        {
            "name": "slip",
            "claim": "pain.end",
            "kind": "doubt",
            "why": "35 would agree with the reported p.",
            "changes": [{"group": "old", "visit": "end", "mean": "25"}],
        }
    ],
}

_PLAIN = {"schema_version": 1, "model": "toy", "question": "Which care is better?"}
HOME = _PLAIN | {
    "id": "home",
    "title": "Discharge",
    "family": "lognormal",
    "endpoints": [{"endpoint": "time_home"}],
    "headline": ["time_ratio", "odds_ratio_ever"],
    "decision": {"estimand": "time_ratio", "probability": 0.95},
    "important": [
        {"estimand": "time_ratio", "threshold": 0.8},
        {"estimand": "odds_ratio_ever", "threshold": 1.25},
        {"estimand": "risk_difference_8", "threshold": 0.1},
        {"estimand": "rmst_difference_12", "threshold": -1.0},
    ],
    "readings": "One is who, the other how soon.",
    "followup": {"mean": 12, "why": "all stayed for twelve weeks"},
}
FALLS = _PLAIN | {
    "id": "falls",
    "title": "Falls",
    "family": "weibull",
    "endpoints": [{"endpoint": "time_fall"}],
    "headline": ["hazard_ratio"],
    "important": [
        {"estimand": "hazard_ratio", "threshold": 0.8, "claim": "fall.time"},
        {"estimand": "rmst_difference_12", "threshold": 1.0},
    ],
    "printed_p": [{"claim": "fall.time", "test": "log-rank", "statistic": "logrank"}],
}
PAIN = _PLAIN | {
    "id": "pain",
    "title": "Pain",
    "family": "normal",
    "endpoints": [{"endpoint": "pain", "visit": "end"}],
    "headline": ["mean_difference_end"],
    "important": [{"estimand": "mean_difference_end", "threshold": -3.0}],
}
WALKS = _PLAIN | {
    "id": "walks",
    "title": "Walking",
    "family": "hierarchical",
    "endpoints": [{"endpoint": "walks"}, {"endpoint": "home"}],
    "headline": ["odds_ratio_walks"],
    "important": [{"estimand": "odds_ratio_walks", "threshold": 1.25}],
}
BALANCE = _PLAIN | {
    "id": "balance",
    "title": "Before treatment",
    "family": "independent",
    "role": "balance",
    "endpoints": [{"endpoint": "woman"}],
}


@dataclass(frozen=True)
class Row:
    """One estimand of one fit, written by hand.

    ``better`` says in words on which side of the null a patient of the contrast arm does better, empty for a baseline
    fact; ``centre`` and ``spread`` are those of the draws, on the log scale of a ratio; ``least`` is the important
    benefit of the plan.
    """

    id: str
    label: str
    unit: str
    better: str
    centre: float
    spread: float
    least: float | None = None

    @property
    def null(self) -> float:
        """No difference."""
        return 1.0 if "ratio" in self.id else 0.0


SOONER = "below 1 is better"  # time to discharge, sooner is better
HOME_ROWS = (
    Row("odds_ratio_ever", "Odds ratio, discharge at any time", "", "above 1 is better", -0.20, 0.6, 1.25),
    Row("time_ratio", "Ratio of times to discharge, among patients with it", "", SOONER, -0.35, 0.25, 0.8),
    Row(
        "risk_difference_8", "Risk difference, discharge by 8 weeks", "", "above 0 is better", 0.17, 0.11, 0.1
    ),
    Row(
        "rmst_difference_12",
        "Difference in mean time without discharge, to 12 weeks",
        "weeks",
        "below 0 is better",  # weeks in hospital: fewer are better
        -1.4,
        0.9,
        -1.0,
    ),
)
HOME_GAMMA_ROWS = (
    Row("odds_ratio_ever", "Odds ratio, discharge at any time", "", "above 1 is better", -0.10, 0.6, 1.25),
    Row("time_ratio", "Ratio of times to discharge, among patients with it", "", SOONER, -0.15, 0.3, 0.8),
)
FALL_ROWS = (
    Row("hazard_ratio", "Hazard ratio, fall", "", "below 1 is better", -0.62, 0.4, 0.8),
    Row(
        "event_free_difference_8",
        "Difference in being free of a fall at 8 weeks",
        "",
        "above 0 is better",
        0.2,
        0.1,
    ),
    Row(
        "rmst_difference_12",
        "Difference in mean time without a fall, to 12 weeks",
        "weeks",
        "above 0 is better",  # weeks free of a fall: more are better
        1.6,
        1.1,
        1.0,
    ),
)
FALL_P_ROWS = (Row("hazard_ratio", "Hazard ratio, fall", "", "below 1 is better", -0.8, 0.4, 0.8),)
PAIN_ROWS = (
    Row(
        "mean_difference_end", "Mean difference, pain at end", "points", "below 0 is better", -5.0, 3.0, -3.0
    ),
)
SLIP_ROWS = (
    Row("mean_difference_end", "Mean difference, pain at end", "points", "below 0 is better", 2.0, 3.0, -3.0),
)
WALK_ROWS = (Row("odds_ratio_walks", "Odds ratio, walking alone", "", "above 1 is better", -1.4, 0.55, 1.25),)
WOMAN_ROWS = (
    Row("odds_ratio_woman", "Odds ratio, woman", "", "", 2.4, 0.7),
    Row("risk_difference_woman", "Risk difference, woman", "", "", 0.52, 0.13),
)


@dataclass(frozen=True)
class ToyFit:
    """One fit with its estimands: plan, family and what is special about it."""

    plan: dict
    family: str
    rows: tuple[Row, ...]
    alternative: str | None = None
    test: str | None = None
    failed: bool = False


FITS = (
    ToyFit(HOME, "lognormal", HOME_ROWS),
    ToyFit(HOME, "gamma", HOME_GAMMA_ROWS),
    ToyFit(HOME, "weibull", HOME_GAMMA_ROWS, failed=True),
    ToyFit(FALLS, "weibull", FALL_ROWS),
    ToyFit(FALLS, "weibull", FALL_P_ROWS, test="log-rank"),
    ToyFit(PAIN, "normal", PAIN_ROWS),
    ToyFit(PAIN, "normal", SLIP_ROWS, alternative="slip"),
    ToyFit(WALKS, "hierarchical", WALK_ROWS),
    ToyFit(BALANCE, "independent", WOMAN_ROWS),
)


def draws_of(fit: ToyFit, row: Row) -> np.ndarray:
    """The draws (chain, draw) of one estimand, the same in every run."""
    seed = FITS.index(fit) * 100 + fit.rows.index(row)
    values = row.centre + row.spread * np.random.default_rng(seed).normal(size=(CHAINS, DRAWS))
    return np.exp(values) if row.null == 1 else values


def _direction(row: Row) -> str | None:
    return {"above": "higher", "below": "lower", "": None}[row.better.partition(" ")[0]]


def _estimand(row: Row) -> Estimand:
    return Estimand(row.id, row.label, row.unit, row.null, _direction(row))  # type: ignore[arg-type]


FREE = {"Old care": (90.0, 70.0, 50.0), "New care": (95.0, 85.0, 75.0)}
"""The middle line of the share free of a fall on ``GRID``, in percent, as it is to be drawn."""

CHANCES = {"Old care": 0.42, "New care": 0.66}
"""The middle of the chance of walking alone."""


def _bands() -> xr.Dataset:
    middle = np.array(list(FREE.values()))
    band = middle[None] + np.array([-8.0, -3.0, 0.0, 3.0, 8.0])[:, None, None]
    return xr.Dataset(
        {"band": (("level", "arm", "time"), band)},
        coords={"arm": ["reference", "contrast"], "time": list(GRID)},
    )


def _chance() -> xr.DataArray:
    middle = np.array(list(CHANCES.values()))
    noise = 0.03 * np.random.default_rng(77).normal(size=(CHAINS, DRAWS, 1, 2))
    return xr.DataArray(
        middle + noise - np.median(noise, axis=(0, 1)), dims=("chain", "draw", "endpoint", "arm")
    )


def fit(toy: ToyFit) -> Fit:
    plan = Plan.model_validate(toy.plan)
    dims = ("chain", "draw")
    contrasts = xr.Dataset({row.id: (dims, draws_of(toy, row)) for row in toy.rows})
    curve = (
        Curve("free", "time", GRID, "weeks since admission", "patients free of a fall, %", 100.0, "Falls.")
        if toy.plan is FALLS and toy.test is None
        else None
    )
    posterior = xr.Dataset({"shape": (dims, np.full((CHAINS, DRAWS), 0.5))})
    data: dict[str, object] = {"followup": np.array([12.0, 1.0, 0.0]), "n": np.array([20, 20])}
    if toy.plan is WALKS:
        posterior = posterior.assign(chance=_chance())
        data = {"endpoint_label": ["walking alone"], "count": [[10, 13]], "patients": [[20, 20]]}
    return Fit(
        plan=plan,
        family=toy.family,
        evidence="published+p" if toy.test else "published",
        alternative=toy.alternative,
        priors={"effect": Prior("normal", (0.0, 1.5), "a toy")},
        declared=tuple(map(_estimand, toy.rows)),
        data=data,
        posterior=posterior,
        contrasts=contrasts,
        sample_stats=xr.Dataset({"diverging": (dims, np.zeros((CHAINS, DRAWS), bool))}),
        diagnostics=Diagnostics(1.5 if toy.failed else 1.0, 9_000, 9_000, 0, 1.0, 0.0),
        key="toy",
        agreement=Agreement(plan.printed_p, 0.25, 1000) if toy.test else None,
        checks=(PredictiveCheck("falls, patients", "contrast", "", 6.0, (1.0, 8.0, 17.0), (2.0, 6.0, 11.0)),)
        if curve
        else (),
        curve=curve,
        curve_bands=_bands() if curve else None,
        prior_bands=_bands() if curve else None,
    )


def reanalysis() -> Reanalysis:
    """The whole of it."""
    study = Study.model_validate(STUDY)
    return Reanalysis(study, verify(study, search=False, use_cache=False), tuple(map(fit, FITS)))
