r"""Continuous outcomes by visit: contrasts from posterior draws alone.

Draws carry ``mean`` (chain, draw, arm, visit), in the outcome's unit, and what the family needs besides. With μ_av
the mean of arm a at visit v, contrast minus reference throughout:

- mean difference at v: μ_Cv - μ_Rv;
- with a baseline (visit 1), change difference at v: (μ_Cv - μ_C1) - (μ_Rv - μ_R1);
- adjusted difference at v: E[y_Cv | y_C1 = b] - E[y_Rv | y_R1 = b], where b is the pooled baseline, the mean of both
  arms' published (or observed) baseline means weighted by their patients: one fixed value for every draw. The
  expectations are those of mgbayes.models.continuous_families.

The direction of benefit of each is that of the endpoint.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import xarray as xr

from mgbayes.estimands.estimand import Estimand

if TYPE_CHECKING:
    from mgbayes.models.evidence import Moments, PatientValues
    from mgbayes.models.outcome import Outcome


def declared(outcome: Outcome) -> tuple[Estimand, ...]:
    """The estimands of an outcome, those of a kind together."""
    label, kinds = outcome.label, []
    kinds.append(("mean_difference", f"Mean difference in {label}", ""))
    if outcome.baseline is not None:
        kinds.append(("change_difference", f"Difference in change of {label} from baseline", ""))
        kinds.append(("adjusted_difference", f"Mean difference in {label}", ", at equal baseline"))
    if not outcome.later:
        kind, text, _ = kinds[0]
        return (Estimand(kind, text, outcome.unit, 0.0, outcome.benefit),)
    return tuple(
        Estimand(f"{kind}_{visit.id}", f"{text}, {visit.label}{end}", outcome.unit, 0.0, outcome.benefit)
        for kind, text, end in kinds
        for visit in outcome.later
    )


def estimands(outcome: Outcome, draws: xr.Dataset, data: Moments | PatientValues, family: str) -> xr.Dataset:
    """Every declared estimand, (chain, draw)."""
    from mgbayes.models.continuous_families import FAMILIES

    means = draws["mean"]
    if not outcome.later:
        return xr.Dataset({"mean_difference": _contrast(means.isel(visit=0, drop=True))})
    contrasts = {
        f"mean_difference_{visit.id}": _contrast(means.sel(visit=visit.id, drop=True))
        for visit in outcome.later
    }
    if outcome.baseline is not None:
        at_equal = FAMILIES[family].given_baseline(draws, data.pooled_baseline)
        first = means.isel(visit=0, drop=True)
        for visit in outcome.later:
            change = means.sel(visit=visit.id, drop=True) - first
            contrasts[f"change_difference_{visit.id}"] = _contrast(change)
            contrasts[f"adjusted_difference_{visit.id}"] = _contrast(at_equal.sel(visit=visit.id, drop=True))
    return xr.Dataset({row.id: contrasts[row.id] for row in declared(outcome)})


def _contrast(by_arm: xr.DataArray) -> xr.DataArray:
    """Contrast minus reference."""
    return by_arm.isel(arm=1, drop=True) - by_arm.isel(arm=0, drop=True)
