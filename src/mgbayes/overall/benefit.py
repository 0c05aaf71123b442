"""Overall benefit: the answer over the main outcomes, what it depends on, and what holds whatever the dependence.

The model is that of `overall_posterior`; the bounds are those of `frechet`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import exp

import numpy as np

from mgbayes.overall.agreement import CORRELATIONS, Agreement, agreements
from mgbayes.overall.contrasts import Contrast, in_posterior_sds
from mgbayes.overall.posterior import Overall, OverallPrior, combine

CORRELATION = 0.3
TAU_SCALES = (0.25, 0.5, 1.0)


@dataclass(frozen=True)
class OverallVariation:
    """The overall answer with one thing changed."""

    kind: str
    change: str
    overall: Overall


@dataclass(frozen=True)
class OtherFit:
    """The contrast of one outcome from another fit: another family, a suspected misprint, a reported p value."""

    name: str
    contrast: Contrast


@dataclass(frozen=True)
class OverallBenefit:
    """The whole analysis: the answer, what it depends on, and what holds whatever the dependence.

    ``missing`` names the fits that should have been among the variations and gave no estimate; ``overlapping`` the
    plans left out because an outcome before them counts the same patients.
    """

    contrasts: tuple[Contrast, ...]
    prior: OverallPrior
    correlation: float
    main: Overall
    agreement: tuple[Agreement, ...]
    variations: tuple[OverallVariation, ...]
    missing: tuple[str, ...] = ()
    overlapping: tuple[str, ...] = ()

    @property
    def chances(self) -> tuple[float, ...]:
        """P(mean benefit > 0) as assumed, and with one thing changed at a time."""
        return (self.main.p_mean, *(row.overall.p_mean for row in self.variations))


def overall_benefit(
    contrasts: Sequence[Contrast],
    prior: OverallPrior | None = None,
    correlation: float = CORRELATION,
    alternatives: Sequence[Contrast] = (),
    other_fits: Sequence[OtherFit] = (),
    missing: Sequence[str] = (),
    overlapping: Sequence[str] = (),
) -> OverallBenefit:
    """Combine the contrasts; leave each out, change correlation, scale and prior, and bound the agreement.

    ``alternatives`` are other contrasts of the same outcomes (a time ratio for an odds ratio), ``other_fits`` the
    same contrasts from other fits; each is put in the place of its outcome's own, once. Raises ValueError for fewer
    than two contrasts, an alternative of an outcome that is not there, or a correlation outside 0 to below 1.
    """
    rows = tuple(contrasts)
    if len(rows) < 2:
        raise ValueError(f"overall benefit needs at least two outcomes; given {len(rows)}")
    others = [*alternatives, *(row.contrast for row in other_fits)]
    strange = sorted({row.outcome for row in others} - {row.outcome for row in rows})
    if strange:
        raise ValueError(f"an alternative for {', '.join(strange)}, which is none of the outcomes")
    assumed = prior or OverallPrior()
    return OverallBenefit(
        contrasts=rows,
        prior=assumed,
        correlation=correlation,
        main=combine(rows, assumed, correlation),
        agreement=agreements([row.p_benefit for row in rows]),
        variations=(
            *(
                _with_other("other contrast", row.label, rows, row, assumed, correlation)
                for row in alternatives
            ),
            *(
                _with_other("other fit", row.name, rows, row.contrast, assumed, correlation)
                for row in other_fits
            ),
            *_left_out(rows, assumed, correlation),
            *_other_correlations(rows, assumed, correlation),
            _in_posterior_sds(rows, assumed, correlation),
            *_other_priors(rows, assumed, correlation),
        ),
        missing=tuple(missing),
        overlapping=tuple(overlapping),
    )


def _with_other(
    kind: str,
    change: str,
    rows: tuple[Contrast, ...],
    other: Contrast,
    prior: OverallPrior,
    correlation: float,
) -> OverallVariation:
    """One outcome's contrast in place of its own."""
    changed = [other if row.outcome == other.outcome else row for row in rows]
    return OverallVariation(kind, change, combine(changed, prior, correlation))


def _left_out(
    rows: tuple[Contrast, ...], prior: OverallPrior, correlation: float
) -> tuple[OverallVariation, ...]:
    """Each outcome left out; of two, one would remain, which is no overall answer."""
    if len(rows) == 2:
        return ()
    return tuple(
        OverallVariation(
            "left out", out.label, combine([row for row in rows if row is not out], prior, correlation)
        )
        for out in rows
    )


def _other_correlations(
    rows: tuple[Contrast, ...], prior: OverallPrior, correlation: float
) -> tuple[OverallVariation, ...]:
    return tuple(
        OverallVariation("correlation of outcomes", f"{rho:g}", combine(rows, prior, rho))
        for rho in CORRELATIONS
        if rho != correlation
    )


def _in_posterior_sds(
    rows: tuple[Contrast, ...], prior: OverallPrior, correlation: float
) -> OverallVariation:
    """The other scale, its prior stretched by what the scale stretches the contrasts on average."""
    stretch = exp(-float(np.mean([np.log(row.sd) for row in rows])))
    other = [in_posterior_sds(row) for row in rows]
    return OverallVariation("scale", "in posterior SDs", combine(other, prior.scaled(stretch), correlation))


def _other_priors(
    rows: tuple[Contrast, ...], prior: OverallPrior, correlation: float
) -> tuple[OverallVariation, ...]:
    return tuple(
        OverallVariation(
            "prior",
            f"tau ~ HalfNormal({scale:g})",
            combine(rows, replace(prior, tau_scale=scale), correlation),
        )
        for scale in TAU_SCALES
        if scale != prior.tau_scale
    )
