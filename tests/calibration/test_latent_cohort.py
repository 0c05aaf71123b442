"""The chain over tables is calibrated; cohorts from the priors have the numbers that are published of them."""

from __future__ import annotations

from itertools import islice

import numpy as np
import pytest
from scipy import stats

from mgbayes.latent_cohort.followup import FOLLOWUP
from tests.calibration.latent_cohort.evidence import (
    basis_of,
    basis_of_stored,
    coverage,
    result,
)
from tests.calibration.latent_cohort.published import NotPublishable, published
from tests.calibration.latent_cohort.replicate import Question
from tests.calibration.latent_cohort.simulate import cohorts

FEWEST = 300
"""As many as the command makes."""


def test_the_evidence_is_of_the_cohort_as_it_is() -> None:
    ended = basis_of_stored().differences(basis_of(Question.embedded().cohort()))
    assert not ended, f"{'; '.join(ended)}. Run `python -m tests.calibration.latent_cohort`"


def test_the_ranks_of_every_estimand_and_number_of_patients_are_uniform() -> None:
    found = result()
    assert found.replicates >= FEWEST
    assert any(name.startswith("prednisone.last = 0") for name in found.ranks)
    assert found.calibrated(), found.verdict()


def test_the_truth_lies_in_intervals_as_often_as_stated() -> None:
    """In those of numbers of patients, which are whole, at least as often."""
    rows = list(coverage())
    least = 0.01 / len(rows)
    for name, probability, held, n in rows:
        test = "less" if ", reference" in name or ", contrast" in name else "two-sided"
        assert stats.binomtest(held, n, probability, alternative=test).pvalue > least, (
            name,
            probability,
            held,
            n,
        )


def test_simulated_tables_have_the_numbers_that_are_published_of_them() -> None:
    question = Question.embedded()
    whole, written = question.cohort(), 0
    for drawn in islice(cohorts(np.random.default_rng(3), whole), 40):
        assert all(relation.holds(drawn.table.every()).all() for relation in whole.relations)
        try:
            behind = question.cohort(published(question.study, whole, drawn.table))
        except NotPublishable:
            continue
        written += 1
        assert all(one.hold(drawn.table).all() for one in behind.statements)
        others = [one for one in whole.statements if one.column.name != FOLLOWUP]
        assert not all(one.hold(drawn.table).all() for one in others)  # these are the study's own numbers
    assert written > 5


@pytest.mark.parametrize("at", [0, 32])
def test_follow_up_given_its_mean_and_sd_is_the_same_for_every_patient(at: int) -> None:
    """The last two are found from the others, and must not be told from them."""
    whole = Question.embedded().cohort()
    tables = islice(cohorts(np.random.default_rng(4), whole), 300)
    followed = np.array([drawn.table.steps[FOLLOWUP][0] for drawn in tables])
    error = followed.std() / np.sqrt(len(followed))
    assert abs(followed[:, at].mean() - followed.mean()) < 4 * error
