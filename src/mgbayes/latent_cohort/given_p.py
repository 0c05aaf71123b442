"""Reported p values against the cohort that has all other numbers, and the posterior given those that fit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mgbayes.latent_cohort.derived import derived_of
from mgbayes.latent_cohort.p_evidence import ReportedPValue, condition, reported_p_values
from mgbayes.latent_cohort.p_statements import PStatement, p_statements_of, with_named_tests
from mgbayes.latent_cohort.run import LeftOut, Settings, posterior_from, settled
from mgbayes.latent_cohort.sampler import Cohort, Run
from mgbayes.study.schema import Study


@dataclass(frozen=True)
class Statements:
    """The p values between the arms that a table can be asked for, and those that it cannot, with the reason."""

    asked: tuple[PStatement, ...]
    left_out: tuple[LeftOut, ...]


def statements_for(study: Study, cohort: Cohort) -> Statements:
    """Those of the cohort's outcomes whose test is one of several that the paper names."""
    asked, left_out = [], dict[str, LeftOut]()
    for row in p_statements_of(study, cohort.outcomes, tuple(derived_of(study, cohort.columns))):
        named = with_named_tests(row, study)
        if named.tests:
            asked.append(named)
        else:
            why = "none of the tests that the paper names for such data is computed on the tables"
            left_out[row.claim] = LeftOut(f"{row.what}: p {row.text}", why)
    return Statements(tuple(asked), tuple(left_out.values()))


def p_values(study: Study, cohort: Cohort, settings: Settings, part: slice) -> tuple[ReportedPValue, ...]:
    """Some of the p values, each by itself given everything else."""
    sampler, state = settled(cohort, settings)
    asked = statements_for(study, cohort).asked[part]
    return tuple(reported_p_values(sampler, state, asked, settings.misprint))


def posterior_given_p(
    cohort: Cohort, settings: Settings, rows: Sequence[ReportedPValue]
) -> tuple[Run, tuple[PStatement, ...]]:
    """Draws given every p value that can be reached and is no likely misprint; and these p values."""
    sampler, state = settled(cohort, settings)
    met = condition(sampler, state, rows)
    return posterior_from(sampler, state, settings), met
