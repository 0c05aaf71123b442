"""The p value of tests between the arms in every table: what the paper's p could have been."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from mgbayes.latent_cohort.derived import Derived
from mgbayes.latent_cohort.outcome import Outcome
from mgbayes.latent_cohort.p_statements import p_statements_of
from mgbayes.latent_cohort.table import Floats, Mask, Tables
from mgbayes.study.schema import Study


@dataclass(frozen=True)
class PublishedP:
    """A published p value, one test that could stand behind it, and its p in every table, (tables,)."""

    claim: str
    what: str
    published: str
    test: str
    p: Floats
    agrees: Mask
    """Which tables give a p that is published so, in the direction that the claim states."""

    @property
    def share(self) -> float:
        """The share of tables whose p is published so."""
        return float(np.mean(self.agrees))

    @property
    def middle(self) -> tuple[float, float, float]:
        """The median, and the central 90 %, of tables that have a p."""
        low, median, high = np.nanquantile(self.p, (0.05, 0.5, 0.95))
        return float(median), float(low), float(high)


def published_p(
    study: Study, outcomes: tuple[Outcome, ...], tables: Tables, derived: Sequence[Derived]
) -> Iterator[PublishedP]:
    """Every published p value between the arms of the outcomes, under each test that could stand behind it."""
    for row in p_statements_of(study, outcomes, derived):
        for test in row.tests:
            found = test.on(tables)
            yield PublishedP(
                row.claim, row.what, row.text, test.name, found.p, row.distance(test, found) == 0
            )
