r"""The exact likelihood of the log odds ratio theta of two arms' counts.

The level alpha of the study, the middle of the two log odds, is integrated out:

    L(theta) = ∫ Binomial(y0 | n0, expit(alpha - theta / 2)) Binomial(y1 | n1, expit(alpha + theta / 2))
                 Normal(alpha | 0, s²) dalpha.

Counts of zero, and of all patients, need no correction. Exchanging the arms mirrors L at zero. Source: Smith,
Spiegelhalter and Thomas (1995), Stat Med 14:2685.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from mgbayes.errors import InputError, Problem
from mgbayes.study.numbers import CountOf, count_of
from mgbayes.study.schema import Claim, Kind, Study
from mgbayes.synthesis.hierarchy import THETA

LEVEL_SD = 2.0
"""Before any data the level of a study, as a chance, lies between 2 % and 98 %."""

_LEVEL_STEP = 0.05
_LEVEL_WIDTHS = 8.0


@dataclass(frozen=True)
class ArmCount:
    """y of n patients."""

    y: int
    n: int

    def __str__(self) -> str:
        """``12/17``."""
        return f"{self.y}/{self.n}"


@dataclass(frozen=True)
class TwoArms:
    """The patients of a study who did well, by arm.

    ``printed`` is false where a count is not printed but is the only one with the printed percentage.
    """

    study: str
    outcome: str
    reference: ArmCount
    contrast: ArmCount
    printed: bool = True

    @property
    def total(self) -> int:
        """Patients in both arms who did well."""
        return self.reference.y + self.contrast.y

    @property
    def n(self) -> int:
        """Patients in both arms."""
        return self.reference.n + self.contrast.n

    @property
    def log_odds_ratio(self) -> float:
        """The observed log odds ratio; infinite at a zero cell, not a number where both arms are at one end."""
        inside = np.array([self.contrast.y, self.reference.n - self.reference.y], dtype=float)
        outside = np.array([self.contrast.n - self.contrast.y, self.reference.y], dtype=float)
        with np.errstate(divide="ignore", invalid="ignore"):
            return float(np.log(inside.prod()) - np.log(outside.prod()))


@lru_cache(maxsize=64)
def two_arms(counts: TwoArms, level_sd: float = LEVEL_SD) -> np.ndarray:
    """The log likelihood of a study's log odds ratio on the grid, up to a constant; read-only."""
    from scipy.special import logsumexp

    level = np.arange(-_LEVEL_WIDTHS * level_sd, _LEVEL_WIDTHS * level_sd, _LEVEL_STEP)[:, None]
    joint = (
        -0.5 * np.square(level / level_sd)
        + _log_binomial(counts.reference, level - THETA / 2)
        + _log_binomial(counts.contrast, level + THETA / 2)
    )
    log_likelihood = np.asarray(logsumexp(joint, axis=0))
    log_likelihood.flags.writeable = False
    return log_likelihood


def _log_binomial(arm: ArmCount, log_odds: np.ndarray) -> np.ndarray:
    """The log likelihood of log odds, up to a constant."""
    return np.asarray(arm.y * log_odds - arm.n * np.logaddexp(0, log_odds))


def counts_by_arm(study: Study, claim: str | None = None) -> TwoArms:
    """Who did well in each arm, by one claim of a study; by default the first that counts an outcome.

    Where the event is bad for the patient, those without it are counted. Raises InputError when no claim, or
    not the one asked for, counts a yes/no outcome in both arms.
    """
    outcomes = outcomes_of(study, claim)
    if not outcomes:
        usable = ", ".join(row.id for row in study.claims if _from_claim(study, row) is not None)
        given = "no such outcome" if claim is None else f"the claim {claim!r}"
        accepted = "a claim that counts a yes/no outcome in both arms" + (f" ({usable})" if usable else "")
        raise InputError(study.id, [Problem(f"{study.id} → claims", given, accepted)])
    return outcomes[0]


def outcomes_of(study: Study, claim: str | None = None) -> tuple[TwoArms, ...]:
    """Every yes/no outcome that a study, or one claim of it, counts in both arms."""
    rows = (_from_claim(study, row) for row in study.claims if claim in (None, row.id))
    return tuple(row for row in rows if row is not None)


def _from_claim(study: Study, claim: Claim) -> TwoArms | None:
    endpoint = study.endpoint_of(claim)
    if endpoint is None or endpoint.kind is not Kind.binary or endpoint.benefit is None:
        return None
    by_group = {row.group: count_of(study, row) for row in claim.summaries if row.level is None}
    reference, contrast = by_group.get(study.reference.id), by_group.get(study.contrast.id)
    if reference is None or contrast is None:
        return None
    return TwoArms(
        study=study.id,
        outcome=endpoint.label,
        reference=_doing_well(reference, endpoint.benefit == "lower"),
        contrast=_doing_well(contrast, endpoint.benefit == "lower"),
        printed=reference.printed and contrast.printed,
    )


def _doing_well(count: CountOf, bad: bool) -> ArmCount:
    return ArmCount(count.n - count.x if bad else count.x, count.n)
