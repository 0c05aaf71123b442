"""The reference posteriors: a data set and a model each, and where both come from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mgbayes as mb
from mgbayes.inference.job import Job

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "posterior_database"
_RAW = "posterior_database/data/data-raw"
_PLANS = "posterior_database/models/plans"
_PUBLISHED = "tests/oracles/published"


@dataclass(frozen=True)
class Case:
    """One posterior. Paths are from the root of the repository; a name without a slash is one that is shipped.

    ``walk``: the second sampler is PyMC's own NUTS, where latent values make too many dimensions for importance
    sampling. ``thin``: of how many draws one is kept.
    """

    data: str
    model: str
    title: str
    study: str
    plan: str
    family: str
    patients: str | None = None
    adjusted: tuple[str, ...] = ()
    walk: bool = False
    thin: int = 10

    @property
    def target_accept(self) -> float:
        """Of NUTS: with latent values small steps, since none may diverge."""
        return 0.99 if self.walk else 0.95

    @property
    def name(self) -> str:
        """Its name in the database."""
        return f"{self.data}-{self.model}"

    def job(self) -> Job:
        """The fit that a user would make of the same files."""
        study = mb.load_study(_place(self.study))
        plan = mb.load_plan(_place(self.plan)).with_family(self.family)
        patients = None if self.patients is None else mb.read_patients(ROOT / self.patients, study)
        return Job(study, plan, self.family, patients=patients, adjusted=self.adjusted)


def _place(given: str) -> Any:
    return ROOT / given if "/" in given else given


_SYNTHETIC: dict[str, Any] = {
    "study": "litchman2020",
    "patients": f"{_RAW}/litchman2020_synthetic/patients.csv",
}
_WOMEN: dict[str, Any] = {
    "study": f"{_PUBLISHED}/births.study.toml",
    "patients": f"{_PUBLISHED}/births.csv",
    "plan": f"{_PLANS}/births.toml",
}

CASES = (
    Case("admissions", "binary_independent", "Admissions of men and women", f"{_PUBLISHED}/admissions.study.toml",
         f"{_PUBLISHED}/admissions.plan.toml", "independent"),
    Case("lim2011", "binary_independent_two", "Death and renal dysfunction", "studies/lim2011.toml",
         "studies/lim2011/yes_no.toml", "independent"),
    Case("litchman2020_status", "binary_independent_status", "Status after treatment", "litchman2020", "binary",
         "independent"),
    Case("litchman2020_before", "binary_beta_balance", "Two differences before treatment", "litchman2020", "balance",
         "beta"),
    Case("surgical", "binary_beta", "Deaths in ten hospitals", f"{_PUBLISHED}/surgical.study.toml",
         f"{_PUBLISHED}/surgical.plan.toml", "beta"),
    Case("births", "counts_poisson", "Children, Poisson", family="poisson", **_WOMEN),
    Case("births", "counts_negative_binomial", "Children, negative binomial", family="negative_binomial", **_WOMEN),
    Case("chickens", "continuous_normal", "Calcium flux of two groups", f"{_PUBLISHED}/chickens.study.toml",
         f"{_PUBLISHED}/chickens.plan.toml", "normal"),
    Case("decarli2021", "continuous_normal_recovery", "Quality of recovery", "studies/decarli2021.toml",
         "studies/decarli2021/qor40.toml", "normal"),
    Case("effects_only", "reported_odds_ratio", "An odds ratio with its interval",
         "tests/oracles/studies/effects_only.toml", f"{_PLANS}/fall.toml", "counts"),
    Case("effects_only_pain", "reported_mean_difference", "A difference of means with its interval",
         "tests/oracles/studies/effects_only.toml", f"{_PLANS}/pain.toml", "means"),
    Case("fonc2022_complications", "ordinal_categories", "Worst complication", "studies/fonc2022.toml",
         f"{_PLANS}/complications.toml", "cumulative_logit"),
    Case("wine", "ordinal_two_visits", "Bitterness of two bottles", f"{_RAW}/wine/study.toml", f"{_PLANS}/wine.toml",
         "cumulative_logit", f"{_RAW}/wine/patients.csv"),
    Case("mice", "hazards_weibull_covariates", "Survival of four groups of mice", f"{_PUBLISHED}/mice.study.toml",
         f"{_PUBLISHED}/mice.plan.toml", "weibull", f"{_PUBLISHED}/mice.csv", ("covariates",)),
    Case("synthetic_relapse_frailty", "hazards_weibull_frailty", "Relapse with a frailty, synthetic patients",
         plan="relapse", family="weibull", adjusted=("frailty",), **_SYNTHETIC),
    Case("synthetic_relapse", "hazards_piecewise", "Relapse, synthetic patients",
         plan="relapse", family="piecewise_exponential", **_SYNTHETIC),
    Case("synthetic_relapse", "hazards_weibull_patients", "Relapse, synthetic patients",
         plan="relapse", family="weibull", **_SYNTHETIC),
    Case("synthetic_remission", "cure_lognormal_patients", "Remission, synthetic patients",
         plan="remission", family="lognormal", **_SYNTHETIC),
    Case("synthetic_remission", "cure_weibull", "Remission, synthetic patients",
         plan="remission", family="weibull", **_SYNTHETIC),
    Case("synthetic_remission", "cure_gamma", "Remission, synthetic patients",
         plan="remission", family="gamma", **_SYNTHETIC),
    Case("litchman2020_relapse", "hazards_weibull_relapse", "Relapse, published summaries", "litchman2020",
         "relapse", "weibull", walk=True),
)  # fmt: skip
PENDING = (
    Case("magnesium", "binary_hierarchical", "Magnesium in eight trials", f"{_PUBLISHED}/magnesium.study.toml",
         f"{_PUBLISHED}/magnesium.plan.toml", "hierarchical", walk=True),
    Case("synthetic_doses", "continuous_normal_visits", "Doses at three visits, synthetic patients",
         plan="prednisone", family="normal", walk=True, **_SYNTHETIC),
    Case("fonc2022_stay", "quantiles_lognormal", "Postoperative stay, medians and ranges", "studies/fonc2022.toml",
         "studies/fonc2022/stay.toml", "lognormal", walk=True),
    Case("roumier2021", "hazards_weibull", "Time to ventilation, published summaries", "studies/roumier2021.toml",
         "studies/roumier2021/support.toml", "weibull", walk=True),
    Case("litchman2020_remission", "cure_lognormal", "Remission, published summaries", "litchman2020", "remission",
         "lognormal", walk=True),
)  # fmt: skip
"""Posteriors with latent values of which no draws that meet the criteria were made yet."""
