"""Overall benefit: the answer over the main outcomes (`posterior`), its sensitivity, and its bounds (`agreement`)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
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
    same contrasts from other fits; each replaces its outcome's own, once. Raises ValueError for fewer
    than two contrasts, an alternative of an outcome that is not there, or a correlation outside 0 to below 1.
    """
    rows = tuple(contrasts)
    if len(rows) < 2:
        raise ValueError(f"overall benefit needs at least two outcomes; given {len(rows)}")
    others = [("other contrast", row.label, row) for row in alternatives]
    others += [("other fit", row.name, row.contrast) for row in other_fits]
    unknown = sorted({other.outcome for *_, other in others} - {row.outcome for row in rows})
    if unknown:
        raise ValueError(f"an alternative for {', '.join(unknown)}, which is none of the outcomes")
    assumed = prior or OverallPrior()
    replaced: list[Change] = [
        (kind, name, [other if row.outcome == other.outcome else row for row in rows], assumed, correlation)
        for kind, name, other in others
    ]
    return OverallBenefit(
        contrasts=rows,
        prior=assumed,
        correlation=correlation,
        main=combine(rows, assumed, correlation),
        agreement=agreements([row.p_benefit for row in rows]),
        variations=tuple(
            OverallVariation(kind, name, combine(changed, prior_, rho))
            for kind, name, changed, prior_, rho in (*replaced, *_changes(rows, assumed, correlation))
        ),
        missing=tuple(missing),
        overlapping=tuple(overlapping),
    )


Change = tuple[str, str, Sequence[Contrast], OverallPrior, float]
"""Its kind, what is changed, and the contrasts, prior and correlation that follow."""


def _changes(rows: tuple[Contrast, ...], prior: OverallPrior, correlation: float) -> Iterator[Change]:
    """Each outcome left out (of two, none: one is no overall answer), other correlations, the other scale, priors."""
    for out in rows if len(rows) > 2 else ():
        yield "left out", out.label, [row for row in rows if row is not out], prior, correlation
    for rho in CORRELATIONS:
        if rho != correlation:
            yield "correlation of outcomes", f"{rho:g}", rows, prior, rho
    stretch = exp(-float(np.mean([np.log(row.sd) for row in rows])))  # of the contrasts, on average
    in_sds = [in_posterior_sds(row) for row in rows]
    yield "scale", "in posterior SDs", in_sds, prior.scaled(stretch), correlation
    for scale in TAU_SCALES:
        if scale != prior.tau_scale:
            yield "prior", f"tau ~ HalfNormal({scale:g})", rows, replace(prior, tau_scale=scale), correlation
