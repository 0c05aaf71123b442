r"""A reported p value given all other numbers: how surprising it is, which test gave it, whether it is a misprint.

With P_t the probability that test t gives the p as reported, in the direction that the text states, given everything
else (tempering.py), and T tests that the paper names for such data, each as likely before: the test was t with
probability P_t / Σ P_t. A misprinted p is taken to be any number from 0 to 1, each as likely, and in either direction
where one is stated, so that it is reported so with probability m = its rounding interval's length, halved where there
is a direction. With a prior probability q of a misprint its posterior odds are q m / ((1 - q) Σ P_t / T).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from mgbayes.latent_cohort.p_statements import PStatement
from mgbayes.latent_cohort.sampler import Sampler, State
from mgbayes.latent_cohort.tempering import Climb, Ladder

DOUBTED = 0.5
"""Above this probability of a misprint a p value is no evidence for the rest."""


@dataclass(frozen=True)
class ReportedPValue:
    """A reported p value by each test that could stand behind it; ``prior``: the probability of a misprint before."""

    statement: PStatement
    climbs: tuple[Climb, ...]
    prior: float

    @property
    def chances(self) -> tuple[float, ...]:
        """By test, the probability of the p as reported given everything else; 0 where no chain came to it."""
        return tuple(np.exp(climb.log_chance) if climb.reached else 0.0 for climb in self.climbs)

    @property
    def at_most(self) -> float:
        """The probability by any test, taking those that no chain came to at the last window before."""
        return float(np.mean([np.exp(climb.log_chance) for climb in self.climbs]))

    @property
    def of_tests(self) -> tuple[float, ...] | None:
        """By test, the posterior probability that it gave the p; None where none did."""
        total = sum(self.chances)
        return tuple(chance / total for chance in self.chances) if total > 0 else None

    @property
    def if_misprinted(self) -> float:
        """The probability of what is reported if it is a misprint."""
        stated = self.statement
        return (stated.high - stated.low) * (0.5 if stated.direction else 1.0)

    @property
    def misprint(self) -> float:
        """The posterior probability of a misprint."""
        return self._misprint(float(np.mean(self.chances)))

    @property
    def misprint_at_least(self) -> float:
        """The same, were tests that no chain came to as probable as the last window before."""
        return self._misprint(self.at_most)

    @property
    def reachable(self) -> PStatement | None:
        """The statement with the tests that chains came to; None without any, and of a likely misprint."""
        tests = [test for test, climb in zip(self.statement.tests, self.climbs, strict=True) if climb.reached]
        return replace(self.statement, tests=tuple(tests)) if tests and self.misprint <= DOUBTED else None

    def _misprint(self, chance: float) -> float:
        doubted, trusted = self.prior * self.if_misprinted, (1 - self.prior) * chance
        return doubted / (doubted + trusted)


def reported_p_values(
    sampler: Sampler, state: State, statements: Sequence[PStatement], prior: float
) -> Iterator[ReportedPValue]:
    """Each by itself, from chains that have settled on everything else."""
    for statement in statements:
        climbs = []
        for test in statement.tests:
            ladder = Ladder(replace(sampler, evidence=()), state.copy())
            climbs.append(ladder.climb(statement.of(test)))
        yield ReportedPValue(statement, tuple(climbs), prior)


def condition(sampler: Sampler, state: State, rows: Sequence[ReportedPValue]) -> tuple[PStatement, ...]:
    """Lead chains to all p values that can be reached, one after the other; those that all of them came to.

    The sampler keeps to them. A p value that no chain comes to together with those before is left out.
    """
    met = []
    for row in sorted(rows, key=lambda row: -sum(row.chances)):
        statement = row.reachable
        if statement is None:
            continue
        before = sampler.evidence, state.copy()
        if Ladder(sampler, state).climb(statement).reached:
            met.append(statement)
        else:
            sampler.evidence = before[0]
            state.take(before[1])
    return tuple(met)
