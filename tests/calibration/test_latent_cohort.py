"""Cohorts from the priors: their tables have the numbers that are published of them."""

from __future__ import annotations

from itertools import islice

import numpy as np
import pytest

from mgbayes.latent_cohort.followup import FOLLOWUP
from tests.calibration.latent_cohort.published import NotPublishable, published
from tests.calibration.latent_cohort.replicate import Question
from tests.calibration.latent_cohort.simulate import cohorts


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
