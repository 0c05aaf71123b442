"""Every model by name, in the order in which a report speaks of them.

A row says which class the model is, its families, and the form of prior that each parameter takes. Reading this
needs no sampler. No other file of the package knows a model by its name; a test holds to that, and each row to its
model.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING

from mgbayes.models.priors import Form

if TYPE_CHECKING:
    from mgbayes.models.model import Model
    from mgbayes.models.plan import Plan
    from mgbayes.study.schema import Study


@dataclass(frozen=True)
class ModelRow:
    """One model: its class, the parameters of each family with their form of prior, and its effects.

    An effect is a parameter that says how the arms differ. Its normal prior may be replaced by a mixture.
    ``adjustments`` are what a fit on patients can take besides (``covariates``, ``frailty``), with their parameters.
    A model with ``patients_only`` asks for more than a paper prints; so do families of ``on_patients_only``.
    """

    path: str
    """Module and class, ``mgbayes.models.binary:Binary``."""
    parameters: Mapping[str, Mapping[str, Form]]
    effects: tuple[str, ...] = ()
    patients_only: bool = False
    on_patients_only: frozenset[str] = frozenset()
    from_print_only: frozenset[str] = frozenset()
    adjustments: Mapping[str, Mapping[str, Form]] = field(default_factory=dict)
    effect_by_endpoint: str = ""
    """The effect of which every endpoint has one: ``<effect>_<endpoint>``, which may have a prior of its own."""
    of_several_visits: frozenset[str] = frozenset()
    """Parameters that say how visits go together, which an outcome of one visit has not."""
    without_effect: frozenset[str] = frozenset()
    """Families of arms that differ by no parameter, so that there is no prior of an effect to vary."""

    p_values: tuple[str, ...] = ()
    """The p values of a comparison of the arms that the model computes on a latent data set."""
    paired_p: bool = False
    """Whether it takes the paired p of each later visit within an arm, ``paired_<visit>``, into its density."""
    likelihood_of: frozenset[str] = frozenset()
    """The families whose marginal likelihood it computes at draws, for power scaling."""

    def forms(self) -> dict[str, Form]:
        """Every parameter with its form of prior."""
        parts = (*self.parameters.values(), *self.adjustments.values())
        return {name: form for part in parts for name, form in part.items()}

    takes_patients: bool = True
    """Whether patients enter one by one, so that simulated ones can be fitted."""

    def needs_patients(self, family: str) -> bool:
        """Whether a family asks for more than a paper prints."""
        return self.patients_only or family in self.on_patients_only

    @property
    def module(self) -> str:
        """The module of the model, whose docstring is its mathematics."""
        return self.path.partition(":")[0]

    def load(self) -> type[Model]:
        """The model's class. Imports PyMC."""
        module, _, name = self.path.partition(":")
        found: type[Model] = getattr(import_module(module), name)
        return found

    def of(self, study: Study, plan: Plan) -> Model:
        """The model of a plan's outcome, with the labels, unit and direction that the study gives it."""
        return self.load().of(study, plan)


PIECEWISE = "piecewise_exponential"
"""The family of hazards that asks for cuts."""

_CURE: Mapping[str, Form] = {
    "logit_ever": "normal",
    "log_odds_ratio": "normal",
    "log_mean_time": "normal",
    "log_time_ratio": "normal",
    "shape": "lognormal",
}
_NORMAL: Mapping[str, Form] = {
    "level": "normal",
    "difference": "normal",
    "difference_sd": "lognormal",
    "sd": "lognormal",
    "correlation": "lkj",
}
_RATIO: Mapping[str, Form] = {"log_level": "normal", "log_ratio": "normal", "log_ratio_sd": "lognormal"}

_MEDIANS: Mapping[str, Form] = {"log_level": "normal", "log_ratio": "normal", "log_sd": "lognormal"}

MODELS: Mapping[str, ModelRow] = {
    "cure": ModelRow(
        "mgbayes.models.cure:Cure",
        {"lognormal": _CURE, "gamma": _CURE, "weibull": _CURE},
        likelihood_of=frozenset({"lognormal", "gamma", "weibull"}),
        effects=("log_odds_ratio", "log_time_ratio"),
        p_values=("logrank", "mann_whitney"),
        adjustments={
            "covariates": {"covariate_log_odds_ratio": "normal", "covariate_log_time_ratio": "normal"}
        },
    ),
    "proportional_hazards": ModelRow(
        "mgbayes.models.proportional_hazards:ProportionalHazards",
        {
            "weibull": {"log_hazard_ratio": "normal", "log_scale": "normal", "shape": "lognormal"},
            PIECEWISE: {
                "log_hazard_ratio": "normal",
                "log_scale": "normal",
                "log_step_1": "normal",
                "log_step_2": "normal",
            },
        },
        effects=("log_hazard_ratio",),
        likelihood_of=frozenset({"weibull", PIECEWISE}),
        p_values=("logrank", "mann_whitney"),
        adjustments={
            "covariates": {"covariate_log_hazard_ratio": "normal"},
            "frailty": {"frailty_variance": "half_normal"},
        },
    ),
    "continuous": ModelRow(
        "mgbayes.models.continuous:Continuous",
        {
            "normal": _NORMAL,
            "normal_ratio": {**_RATIO, "cv": "lognormal", "correlation": "lkj"},
            "softplus_normal": {**_RATIO, "standardized_mean": "normal", "correlation": "lkj"},
            "hurdle_lognormal": {
                **_RATIO,
                "zero_share": "beta",
                "between": "lognormal",
                "within": "lognormal",
            },
        },
        effects=("difference", "log_ratio"),
        on_patients_only=frozenset({"hurdle_lognormal"}),
        from_print_only=frozenset({"softplus_normal"}),
        of_several_visits=frozenset({"difference_sd", "log_ratio_sd", "correlation"}),
        likelihood_of=frozenset({"normal", "normal_ratio"}),
        paired_p=True,
    ),
    "quantiles": ModelRow(
        "mgbayes.models.quantiles:PublishedQuantiles",
        {
            "lognormal": _MEDIANS,
            "weibull": _MEDIANS,
            "normal": {"level": "normal", "difference": "normal", "sd": "lognormal"},
        },
        effects=("log_ratio", "difference"),
        takes_patients=False,
    ),
    "reported_effect": ModelRow(
        "mgbayes.models.reported_effect:ReportedContrast",
        {
            "approximate_ratio": {"log_ratio": "normal"},
            "approximate_difference": {"difference": "normal"},
            "counts": {"log_odds": "normal", "log_odds_ratio": "normal"},
            "means": {"difference": "normal", "sd": "lognormal"},
        },
        effects=("log_ratio", "difference", "log_odds_ratio"),
        takes_patients=False,
    ),
    "binary": ModelRow(
        "mgbayes.models.binary:Binary",
        {
            "independent": {"level": "normal", "log_odds_ratio": "normal"},
            "hierarchical": {"level": "normal", "mu": "normal", "tau": "half_normal"},
            "beta": {"p": "beta"},
        },
        effects=("log_odds_ratio",),
        effect_by_endpoint="log_odds_ratio",
        likelihood_of=frozenset({"independent", "hierarchical", "beta"}),
        without_effect=frozenset({"beta"}),
        takes_patients=False,
    ),
    "ordinal": ModelRow(
        "mgbayes.models.ordinal:Ordinal",
        {
            "cumulative_logit": {
                "first_cut": "normal",
                "gap": "lognormal",
                "shift": "normal",
                "base": "normal",
                "log_odds_ratio": "normal",
                "patient_sd": "half_normal",
            },
        },
        # log_odds_ratio is one number a visit: no place for a mixture
        of_several_visits=frozenset({"shift", "base", "patient_sd"}),
    ),
    "counts": ModelRow(
        "mgbayes.models.counts:Counts",
        {
            "negative_binomial": {
                "log_rate": "normal",
                "log_rate_ratio": "normal",
                "rate_cv": "half_normal",
            },
            "poisson": {"log_rate": "normal", "log_rate_ratio": "normal"},
        },
        effects=("log_rate_ratio",),
        patients_only=True,
    ),
    "joint": ModelRow(
        "mgbayes.models.joint:Joint",
        {
            "one_factor": {
                **{name: form for name, form in _CURE.items() if name != "shape"},
                "time_shape": "lognormal",
                "log_hazard_ratio": "normal",
                "log_scale": "normal",
                "hazard_shape": "lognormal",
                "level": "normal",
                "difference": "normal",
                "difference_sd": "lognormal",
                "sd": "lognormal",
                "correlation": "lkj",
                "cure_loading": "half_normal",
                "hazard_loading": "normal",
                "continuous_loading": "normal",
            },
        },
        effects=("log_odds_ratio", "log_time_ratio", "log_hazard_ratio", "difference"),
        patients_only=True,
    ),
}
