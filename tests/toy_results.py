"""Results without a sampler: two outcomes of the embedded study whose posteriors are normal by construction."""

from __future__ import annotations

from functools import cache

import numpy as np
import xarray as xr
from scipy.stats import norm

from mgbayes.estimands.estimand import Estimand
from mgbayes.inference.diagnostics import Diagnostics
from mgbayes.inference.fit import Fit
from mgbayes.inference.predictive import PredictiveCheck
from mgbayes.models.plan_file import load_plan
from mgbayes.models.priors import Prior
from mgbayes.results import Results
from mgbayes.study.load import load_study
from mgbayes.study.schema import Study
from mgbayes.verification.ledger import verify

HOSTILE = "A&B <b>50 %</b> _x_ $y^2$ {z} \\input{|ls} #1 ~ [k] «µ» β 中"
"""What HTML, Word and LaTeX could each take for markup."""
RELAPSE = (-0.5, 0.4)
"""Mean and SD of the log hazard ratio."""
MINIMAL = (0.4, 0.6)
"""Mean and SD of the log odds ratio."""
DIMS = ("chain", "draw")
PRIOR = Prior("normal", (0.0, 1.0), "No direction is favoured.")


def toy_results(study: Study | None = None) -> Results:
    """Relapse at a log hazard ratio of -0.5 ± 0.4, and minimal manifestations at a log odds ratio of 0.4 ± 0.6."""
    study = study or load_study()
    relapse = _draws(*RELAPSE, 1)
    minimal = _draws(*MINIMAL, 2)
    return Results(
        study,
        _ledger() if study == load_study() else verify(study, search=False, use_cache=False),
        (
            _fit(
                "relapse",
                {"log_hazard_ratio": relapse},
                {
                    Estimand("hazard_ratio", "hazard ratio, relapse", "", 1.0, "lower"): np.exp(relapse),
                    Estimand(
                        "event_free_difference_730",
                        "difference, free of relapse, by day 730",
                        "",
                        0.0,
                        "higher",
                    ): -relapse / 3,
                },
            ),
            _fit(
                "binary",
                {"log_odds_ratio_pis_mm": minimal},
                {
                    Estimand(
                        "odds_ratio_pis_mm", "odds ratio, minimal manifestations", "", 1.0, "higher"
                    ): np.exp(minimal),
                    Estimand(
                        "risk_difference_pis_mm", "difference, minimal manifestations", "", 0.0, "higher"
                    ): minimal / 4,
                },
            ),
        ),
    )


def hostile_study() -> Study:
    """The embedded study with texts that look like markup."""
    study = load_study()
    arms = tuple(arm.model_copy(update={"label": f"{arm.label} {HOSTILE}"}) for arm in study.arms)
    return study.model_copy(update={"title": HOSTILE, "question": HOSTILE, "citation": HOSTILE, "arms": arms})


@cache
def _ledger():  # type: ignore[no-untyped-def]
    return verify(load_study(), search=False, use_cache=False)


def _draws(mean: float, sd: float, seed: int) -> np.ndarray:
    """Quantiles of a normal distribution in random order: its probabilities are known to 1 in 4000."""
    even = norm.ppf((np.arange(4000) + 0.5) / 4000, mean, sd)
    return np.random.default_rng(seed).permutation(even).reshape(4, 1000)


def _fit(plan: str, effects: dict[str, np.ndarray], contrasts: dict[Estimand, np.ndarray]) -> Fit:
    read = load_plan(plan)
    return Fit(
        plan=read,
        family=read.family,
        evidence="published",
        alternative=None,
        priors=dict.fromkeys(
            ["log_odds_ratio"] if plan == "binary" else effects, PRIOR
        ),  # one of all outcomes
        declared=tuple(contrasts),
        data={},
        posterior=xr.Dataset({name: (DIMS, draws) for name, draws in effects.items()}),
        contrasts=xr.Dataset({row.id: (DIMS, draws) for row, draws in contrasts.items()}),
        sample_stats=xr.Dataset(),
        diagnostics=Diagnostics(1.0, 4000, 4000, 0, 1.0, 0.0),
        key="toy",
        checks=(PredictiveCheck("events", "all", "patients", 16.0, (2.0, 15.0, 30.0), (10.0, 16.0, 22.0)),),
    )
