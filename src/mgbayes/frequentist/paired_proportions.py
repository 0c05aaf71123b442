"""Tests of a yes/no endpoint in the same patients at two visits: McNemar (1947) and its exact forms.

Only the patients who changed count: b lost it, c gained it, and c ~ Binomial(b + c, ½) under the null. The
odds ratio c / b has the exact interval π / (1 - π) of Clopper and Pearson. Fagerland et al. (2013), BMC
Med Res Methodol 13:91, advise the mid-p form.
"""

from __future__ import annotations

from mgbayes.frequentist.result import LEVEL, Estimate, Outcome
from mgbayes.frequentist.samples import Pairs
from mgbayes.verification import paired


def changes(pairs: Pairs) -> tuple[int, int]:
    """How many patients lost it, and how many gained it."""
    return int((pairs.change < 0).sum()), int((pairs.change > 0).sum())


def mcnemar_exact(pairs: Pairs) -> Outcome:
    """Two-sided binomial test of lost against gained."""
    lost, gained = changes(pairs)
    return Outcome(paired.mcnemar_exact(lost, gained), *_ratio(lost, gained))


def mcnemar_mid_p(pairs: Pairs) -> Outcome:
    """The exact test less the probability of the split that was seen."""
    lost, gained = changes(pairs)
    return Outcome(paired.mcnemar_mid_p(lost, gained), *_ratio(lost, gained))


def mcnemar_chi_square(pairs: Pairs) -> Outcome:
    """(|b - c| - 1)² / (b + c), the corrected form that R gives by default."""
    lost, gained = changes(pairs)
    statistic = max(abs(lost - gained) - 1, 0) ** 2 / (lost + gained)
    p = paired.mcnemar_chi_square_corrected(lost, gained)
    return Outcome(p, statistic, "chi-square", *_ratio(lost, gained)[2:])


def _ratio(lost: int, gained: int) -> tuple[float, str, Estimate, str]:
    from scipy.stats import binomtest

    limits = binomtest(gained, lost + gained).proportion_ci(LEVEL, method="exact")
    low, high = (_odds(limit) for limit in (limits.low, limits.high))
    estimate = Estimate("odds ratio", _odds(gained / (lost + gained)), low, high, "Clopper-Pearson")
    return float(gained), "gained", estimate, f"{lost} lost it, {gained} gained it"


def _odds(share: float) -> float:
    return share / (1 - share) if share < 1 else float("inf")
