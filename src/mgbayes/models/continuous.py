r"""Continuous outcomes of two arms at one or several visits.

Arm a (0 reference, 1 contrast) at visit v has the mean μ_av of its patients. The arms lie symmetrically about a
common level, so that it does not matter which of them is called the reference. Family ``normal``, of any
real outcome:

    μ_av = level_v + (a - ½) difference_v          level_v ~ Normal
    difference_v ~ Normal(difference, difference_sd)     difference ~ Normal,  difference_sd ~ LogNormal

and the families of outcomes that are never negative, whose arms differ by ratios:

    log μ_av = log_level_v + (a - ½) log_ratio_v    log_level_v ~ Normal
    log_ratio_v ~ Normal(log_ratio, log_ratio_sd)        log_ratio ~ Normal,  log_ratio_sd ~ LogNormal

The differences of the visits (difference_by_visit, log_ratio_by_visit) are partially pooled; with one visit, the
difference there is difference itself. A patient's
outcomes are tied by correlations Ω_a ~ LKJ(η), sampled as vine_a (mgbayes.models.visits):

- ``normal``: multivariate normal with SDs sd_av ~ LogNormal, in the outcome's unit;
- ``normal_ratio``: multivariate normal with SDs cv_av μ_av, cv_av ~ LogNormal. Some patients are below zero where the
  SD is near the mean: an approximation for single patients, and a good one for means of 16 or 17;
- ``softplus_normal``: σ h(u / σ), u multivariate normal, standardized_mean_av ~ Normal its means in SDs, h the
  softplus function: above zero like u, and a share of about Φ(-standardized_mean) near zero, where u is below. The
  latent SDs σ follow from μ_av;
- ``hurdle_lognormal``: zero_share_av at zero, and above it log-normal with patient intercepts of SD between_a about
  which a patient's outcomes vary with SD within_a; log_ratio is then of the means above zero.

See mgbayes.models.continuous_families. Evidence, either of:

- **published**: n_a, means and SDs. Normal outcomes: with the sample correlations R_a these are sufficient, means
  ~ Normal(μ, Σ / n) and (n - 1) D R D ~ Wishart(Σ, n - 1), D the published SDs. R is a latent sample_place_av within
  its bounds, (-1, 1) but where a published paired p or the SD of changes narrows them (mgbayes.models.paired). With
  softplus_normal the patients' u are latent, of coordinates z (mgbayes.latent.mean_sd). Changes without their ends
  are an outcome of their own.
- **patients**: each patient's outcomes; in the hurdle family at any of the visits.

Each arm needs one patient more than there are visits, and two at least.

Labels, unit and direction come from the study and the plan (mgbayes.models.outcome). Only published p values speak
about R, so that the posterior of the correlations is nearly their prior, and what is adjusted for the baseline
depends on it.

Sources: Wishart (1928) Biometrika 20A:32; Lewandowski, Kurowicka and Joe (2009) J Multivariate Anal 100:1989;
Tobin (1958) Econometrica 26:24.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from mgbayes.estimands.continuous import declared, estimands
from mgbayes.estimands.estimand import Estimand
from mgbayes.models import continuous_families, continuous_marginal
from mgbayes.models.arms import padded
from mgbayes.models.continuous_evidence import (
    from_rows,
    least_patients,
    published,
    seen_throughout,
    summaries,
)
from mgbayes.models.curve import Curve
from mgbayes.models.evidence import Moments, PatientValues
from mgbayes.models.model import OutcomeModel, PrintedQuantity, Priors
from mgbayes.models.paired import change_bounds, correlation_bounds, paired_p
from mgbayes.models.plan import NotPrinted, Plan, PrintedPUse
from mgbayes.models.visits import pair_labels
from mgbayes.patients.patient_rows import PatientRows
from mgbayes.study.numbers import find_mean_and_spread
from mgbayes.study.schema import Study

if TYPE_CHECKING:
    import pymc as pm

Data = Mapping[str, Any]

FAMILIES: tuple[str, ...] = tuple(continuous_families.FAMILIES)
POSITIVE = frozenset({"normal_ratio", "softplus_normal", "hurdle_lognormal"})
"""Families of outcomes that are never negative."""
WITH_ZEROS = frozenset({"hurdle_lognormal"})
"""Families that take patients of whom some are at zero."""
_NO_VISIT = "value"


class Continuous(OutcomeModel):
    """The model, bound to the words and the visits of one outcome."""

    @property
    def visits(self) -> tuple[str | None, ...]:
        """Ids of the visits, the baseline first; one None for an endpoint without visits."""
        first = [visit.id for visit in self.outcome.visits if visit.id == self.outcome.baseline]
        return (*first, *(visit.id for visit in self.outcome.later)) or (None,)

    @property
    def coords(self) -> dict[str, list[str]]:
        """Of the model's variables."""
        visits = [visit or _NO_VISIT for visit in self.visits]
        found = {"arm": ["reference", "contrast"], "visit": visits}
        return found | ({"pair": pair_labels(visits)} if len(visits) > 1 else {})

    @property
    def curve(self) -> Curve:
        """The mean outcome by visit."""
        return Curve(
            variable="mean_outcome",
            over="visit",
            grid=(0.0,),
            x_label="visit",
            y_label=f"mean {self.outcome.label}" + (f", {self.outcome.unit}" if self.outcome.unit else ""),
            scale=1.0,
            caption=f"The mean {self.outcome.label} of each arm at each visit: point, posterior median; bars, "
            "central 50 % and 95 %.",
        )

    def declared(self, data: Data) -> tuple[Estimand, ...]:
        """The estimands, whatever the data."""
        return declared(self.outcome)

    def from_study(self, study: Study, plan: Plan) -> Moments:
        """The data from what a study prints, the visits baseline first. Raises NotPrinted."""
        endpoint, visits = self.outcome.endpoint, self.visits
        arms = (study.reference, study.contrast)
        if {part.endpoint for part in plan.endpoints} != {endpoint} or len(plan.endpoints) != len(visits):
            raise NotPrinted(endpoint, "one endpoint, once or once at each of its visits")
        change_from = plan.endpoints[0].change_from
        if change_from is not None and len(visits) > 1:
            raise NotPrinted(endpoint, "changes up to one visit, or the values at each visit")
        rows = [
            [find_mean_and_spread(study, endpoint, arm.id, visit, change_from) for visit in visits]
            for arm in arms
        ]
        if any(row is None for arm in rows for row in arm):
            at = f" at {len(visits)} visits" if len(visits) > 1 else ""
            raise NotPrinted(endpoint, f"mean and SD in both arms{at}")
        mean, sd = (
            np.array([[getattr(row, name) for row in arm] for arm in rows])
            for name in ("mean_value", "sd_value")
        )
        n = np.array([int(arm.n) for arm in arms])
        least = least_patients(len(visits))
        if n.min() < least or (sd <= 0).any():
            raise NotPrinted(endpoint, f"{least} patients or more in each arm, and SDs above zero")
        if POSITIVE & set(plan.printed_families):
            if not self.outcome.nonnegative or (mean <= 0).any():
                raise NotPrinted(
                    endpoint, "means above zero of an outcome that is never negative, or family normal"
                )
            if (sd**2 >= n[:, None] * mean**2).any():
                raise NotPrinted(
                    endpoint, "SDs below √n times the mean, as those of values that are never negative"
                )
        data = published(mean, sd, n)
        if self.outcome.baseline is None:
            return data
        changes = [
            [find_mean_and_spread(study, endpoint, arm.id, visit, visits[0]) for visit in visits[1:]]
            for arm in arms
        ]
        return self._within(
            data, change_bounds(sd, [[row.sd_interval if row else None for row in arm] for arm in changes])
        )

    def from_patients(self, study: Study, plan: Plan, rows: PatientRows, family: str) -> PatientValues:
        """Outcomes of patients: with any of the visits where a family has a share at zero, else with every visit.

        Raises NotPrinted.
        """
        data = from_rows(study.endpoint(self.outcome.endpoint), self.visits, rows)
        if family in WITH_ZEROS:
            return data
        if data["zeros"].any() and study.is_nonnegative(study.endpoint(self.outcome.endpoint)):
            others = ", ".join(sorted(WITH_ZEROS))
            needed = f"values above zero, or a family with a share at zero ({others})"
            raise NotPrinted(self.outcome.endpoint, needed)
        return seen_throughout(data, self.outcome.endpoint)

    def _within(self, data: Moments, bounds: np.ndarray) -> Moments:
        """The data with narrower bounds of the sample correlations. Raises NotPrinted where none is left."""
        low = np.maximum(data["bounds"][..., 0], bounds[..., 0])
        high = np.minimum(data["bounds"][..., 1], bounds[..., 1])
        if (low >= high).any():
            raise NotPrinted(
                self.outcome.endpoint, "SDs of changes, and paired p, that one correlation gives"
            )
        return data | {"bounds": np.stack([low, high], axis=-1)}

    def with_printed_p(self, data: Moments, study: Study, uses: Sequence[PrintedPUse]) -> Moments:
        """The data with the bounds that published paired p put on the correlations with the baseline.

        Raises NotPrinted when no correlation gives them.
        """
        arms, later = [study.reference.id, study.contrast.id], list(self.visits[1:])
        low, high = np.zeros((2, len(later))), np.ones((2, len(later)))
        for use in uses:
            for text in study.claim(use.claim).p_by_source.values():
                interval = study.parse_p(text).interval
                at = (arms.index(use.arm or ""), later.index(use.statistic.removeprefix("paired_")))
                low[at], high[at] = max(low[at], interval.low), min(high[at], interval.high)
        try:
            bounds = correlation_bounds(data["printed_mean"], data["printed_sd"], data["n"], low, high)
        except ValueError as error:
            raise NotPrinted(uses[0].claim, f"a paired p that some correlation gives ({error})") from None
        return self._within(data, bounds)

    def printed_p(self, rng: np.random.Generator, draws: xr.Dataset, data: Data, family: str) -> xr.Dataset:
        """P of the paired t tests against baseline in each draw of published evidence: (chain, draw, arm)."""
        r = draws["sample_correlation"].transpose("chain", "draw", "arm", "pair").to_numpy()
        later = self.visits[1:]
        p = paired_p(data["printed_mean"], data["printed_sd"], data["n"], r[..., : len(later)])
        dims = ("chain", "draw", "arm")
        return xr.Dataset(
            {f"paired_{visit}": (dims, p[..., i]) for i, visit in enumerate(later)},
            coords={"arm": draws["arm"]},
        )

    def printed_quantities(self, data: Data) -> tuple[PrintedQuantity, ...]:
        """Means and SDs; of patients, besides, how many were at zero."""
        label, unit = self.outcome.label, self.outcome.unit
        return tuple(
            PrintedQuantity(name, (a, v), float(data[name][a, v]), f"{label}{at}, {what}", arm, unit_of)
            for v, at in enumerate(self._at())
            for name, what, unit_of in (
                ("printed_mean", "mean", unit),
                ("printed_sd", "SD", unit),
                ("zeros", "patients at zero", ""),
            )
            if name in data
            for a, arm in enumerate(("reference", "contrast"))
        )

    def _at(self) -> list[str]:
        labels = {visit.id: visit.label for visit in self.outcome.visits}
        return ["" if visit is None else f" at {labels[visit]}" for visit in self.visits]

    def spread(self, data: Data, visit: str | None) -> float:
        """The SD of the outcome at a visit, pooled over the arms."""
        sd, n = data["printed_sd"][:, self.visits.index(visit)], data["n"]
        return float(np.sqrt(((n - 1) * sd**2).sum() / (n - 1).sum()))

    def build(self, data: Data, family: str, priors: Priors) -> pm.Model:
        """Build the model on ``Moments``, or on ``PatientValues``: of the hurdle family with ``seen``."""
        import pymc as pm

        from mgbayes.models.continuous_likelihood import FROM_PATIENTS, FROM_PRINT

        evidence, names = (
            (FROM_PATIENTS, ("n", "value", "seen"))
            if isinstance(data, PatientValues)
            else (FROM_PRINT, _PUBLISHED)
        )
        with pm.Model(coords=self.coords) as model:
            for name in names:
                if name in data:
                    pm.Data(name, data[name])
            evidence[family](model, priors, len(self.visits))
        return model

    def estimands(
        self, draws: xr.Dataset, data: Moments | PatientValues, family: str = "normal"
    ) -> xr.Dataset:
        """Every declared estimand as (chain, draw)."""
        return estimands(self.outcome, draws, data, family)

    def curves(self, draws: xr.Dataset, data: Data, family: str, grid: np.ndarray) -> xr.Dataset:
        """By arm and visit, the mean outcome and the share of patients at or below each value of the grid."""
        value = xr.DataArray(grid, dims="value", coords={"value": grid})
        share = continuous_families.FAMILIES[family].share_at_or_below(draws, value)
        return xr.Dataset({"mean_outcome": draws["mean"], "share_at_or_below": share})

    def log_likelihood(
        self, draws: Mapping[str, np.ndarray], data: Moments, family: str, reference: np.ndarray
    ) -> np.ndarray:
        """That of a normal family's means and SDs."""
        return continuous_marginal.log_likelihood(draws, data)

    def simulate(
        self, rng: np.random.Generator, data: Data, family: str, priors: Priors
    ) -> tuple[dict[str, Any], Moments]:
        """Draw parameters from the prior, then patients; return the parameters and what would be published."""
        chosen = continuous_families.FAMILIES[family]
        truth = chosen.draw(rng, priors, len(self.visits))
        return truth, published(*_moments(chosen.patients(rng, truth, data["n"])), data["n"])

    def simulate_patients(
        self, rng: np.random.Generator, data: Data, family: str, priors: Priors
    ) -> tuple[dict[str, Any], PatientValues]:
        """Draw parameters from the prior, then patients; return the parameters and the patients' outcomes."""
        chosen = continuous_families.FAMILIES[family]
        truth = chosen.draw(rng, priors, len(self.visits))
        value = padded(chosen.patients(rng, truth, data["n"]), 1.0)
        there = (np.arange(value.shape[1]) < data["n"][:, None])[..., None]
        return truth, PatientValues(n=data["n"], value=value, seen=np.ones_like(value) * there)

    def prior_draws(
        self, rng: np.random.Generator, data: Data, family: str, priors: Priors, draws: int
    ) -> xr.Dataset:
        """What `predict` needs and the effect, drawn from the prior, with one chain."""
        chosen = continuous_families.FAMILIES[family]
        drawn = [chosen.draw(rng, priors, len(self.visits)) for _ in range(draws)]
        values = {
            name: (("chain", "draw", *dims), np.stack([row[name] for row in drawn])[None])
            for name, dims in chosen.dims.items()
            if "pair" not in dims or len(self.visits) > 1
        }
        effects = {
            name: (("chain", "draw"), np.stack([row[name] for row in drawn])[None])
            for name in ("difference", "log_ratio")
            if name in drawn[0]
        }
        return xr.Dataset(values | effects, coords=self.coords)

    def predict(
        self, rng: np.random.Generator, draws: xr.Dataset, data: Moments | PatientValues, family: str
    ) -> xr.Dataset:
        """Means and SDs of one new cohort for each draw, and of patients how many are at zero."""
        chosen = continuous_families.FAMILIES[family]
        shape = (draws.sizes["chain"], draws.sizes["draw"], 2, 0)
        arrays = {
            name: draws[name].transpose("chain", "draw", *dims).to_numpy()
            if name in draws
            else np.zeros(shape)
            for name, dims in chosen.dims.items()
        }
        cohort = chosen.patients(rng, arrays, data["n"])
        seen = data.seen if isinstance(data, PatientValues) else None
        if seen is None:
            seen = np.ones((2, int(data["n"].max()), len(self.visits)))
        arms = [summaries(value, seen[a, : data["n"][a]]) for a, value in enumerate(cohort)]
        dims = ("chain", "draw", "arm", "visit")
        values = {name: (dims, np.stack([arm[name] for arm in arms], axis=-2)) for name in arms[0]}
        return xr.Dataset(values, coords={"arm": draws["arm"], "visit": draws["visit"]})


_PUBLISHED = ("n", "printed_mean", "printed_sd", "bounds", "sample_vine")


def _moments(cohort: tuple[np.ndarray, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Means and SDs (arm, visit) of each arm's outcomes (patient, visit)."""
    return (
        np.stack([value.mean(axis=-2) for value in cohort]),
        np.stack([value.std(axis=-2, ddof=1) for value in cohort]),
    )
