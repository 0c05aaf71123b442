"""The main outcomes of a re-analysis on one scale, from its fits: who remits, who relapses, how much is still taken.

Where an outcome can honestly be read in two ways, the other reading is put in its place once: how soon those who
remit do so, and the dose that was saved from whatever the patient began with.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from mgbayes.inference.fit import Fit
from mgbayes.sensitivity.contrasts import Contrast, contrast_of
from mgbayes.sensitivity.overall import OverallBenefit, overall_benefit

Spread = Callable[[Fit], np.ndarray | float]


@dataclass(frozen=True)
class Reading:
    """One estimand of a model as a main outcome, and how it is brought to the common scale."""

    model: str
    family: str | None
    estimand: str
    standardization: str
    ratio: bool
    spread: Spread | None = None


def _sd_of_log_times(fit: Fit) -> np.ndarray:
    return np.asarray(fit.posterior["shape"].transpose("chain", "draw").to_numpy())


def _pooled_sd_at_last_visit(fit: Fit) -> float:
    sd, n = np.asarray(fit.data["printed_sd"])[:, -1], np.asarray(fit.data["n"])
    return float(np.sqrt(((n - 1) * sd**2).sum() / (n - 1).sum()))


def _dose(estimand: str) -> Reading:
    return Reading("prednisone", None, estimand, "difference", ratio=False, spread=_pooled_sd_at_last_visit)


MAIN = (
    Reading("cure", None, "odds_ratio_ever", "odds_ratio", ratio=True),
    Reading("proportional_hazards", None, "hazard_ratio", "hazard_ratio", ratio=True),
    _dose("adjusted_difference_last"),
)
OTHERWISE = (
    Reading("cure", "lognormal", "time_ratio", "time_ratio", ratio=True, spread=_sd_of_log_times),
    _dose("reduction_difference_last"),
)


def main_outcomes(fits: Sequence[Fit]) -> OverallBenefit | None:
    """The overall benefit; None unless each main outcome has a fit that can be used.

    Patients and print are not mixed: where one main outcome is fitted to patients, all are.
    """
    first = first_fits(fits)
    contrasts = list(_contrasts(MAIN, first))
    on_patients = {first[reading.model].evidence == "patients" for reading in MAIN if reading.model in first}
    if len(contrasts) < len(MAIN) or len(on_patients) > 1:
        return None
    return overall_benefit(contrasts, alternatives=list(_contrasts(OTHERWISE, first)))


def first_fits(fits: Sequence[Fit]) -> dict[str, Fit]:
    """The fit of each model that the report puts first, where it has estimates.

    It is the first one made on numbers as printed or on patients, without a printed p and not adjusted. On patients
    its family need not be the plan's own: doses of zero have one of theirs.
    """
    first: dict[str, Fit] = {}
    for fit in fits:
        if fit.agreement is None and fit.alternative is None and not fit.adjusted:
            first.setdefault(fit.plan.model, fit)
    return {model: fit for model, fit in first.items() if fit.estimands}


def _contrasts(readings: Sequence[Reading], fits: dict[str, Fit]) -> Iterator[Contrast]:
    for reading in readings:
        fit = fits.get(reading.model)
        if fit is None or reading.family not in (None, fit.family):
            continue
        estimand = next(row for row in fit.declared if row.id == reading.estimand)
        assert estimand.benefit is not None
        yield contrast_of(
            fit.contrasts[reading.estimand].transpose("chain", "draw").to_numpy(),
            outcome=reading.model,
            label=estimand.label,
            benefit=estimand.benefit,
            standardization=reading.standardization,
            ratio=reading.ratio,
            null=estimand.null,
            spread=reading.spread(fit) if reading.spread else None,
        )
