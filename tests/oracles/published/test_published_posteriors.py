"""The project's models give the posteriors that others have published, within 3 Monte Carlo errors of both sides."""

from __future__ import annotations

import numpy as np
import pytest

from tests.oracles.published.cases import CASES, Case
from tests.oracles.published.monte_carlo import Printed, compared
from tests.oracles.published.run import rows_of

QUICK = ("spondylitis",)
SLOW = ("mice", "chickens", "magnesium", "surgical")
"""A minute or more each."""


def _marks(case: str) -> tuple[pytest.MarkDecorator, ...]:
    return (
        ()
        if case.startswith(QUICK)
        else (pytest.mark.evidence if case.startswith(SLOW) else pytest.mark.long,)
    )


@pytest.mark.parametrize(
    "case",
    [pytest.param(case, id=case.id, marks=_marks(case.id)) for case in CASES],
)
def test_the_published_posterior_is_the_project_s(case: Case) -> None:
    rows = rows_of(case)
    assert len(rows) == len(case.printed) > 0
    assert [row for row in rows if not row.agrees] == []


def test_errors_of_statistics_are_those_of_independent_draws() -> None:
    """Of a standard normal: 1 of a mean, √½ of an SD, √(q (1 - q)) / density of a quantile; each over √draws."""
    draws = np.random.default_rng(3).standard_normal((4, 100_000))
    expected = {"mean": 1.0, "sd": 0.5**0.5, "2.5 %": 0.025**0.5 * 0.975**0.5 / 0.0584}
    for statistic, per_draw in expected.items():
        row = compared(Printed("x", statistic, "0", draws=1000), draws, np.ones_like(draws))
        # 40 batches know an error to 11 %.
        assert row.error == pytest.approx(per_draw / 1000**0.5, rel=0.35), statistic


def test_a_difference_is_told_in_errors_beyond_rounding() -> None:
    draws = np.random.default_rng(3).standard_normal((4, 100_000))
    near, far = (
        compared(Printed("x", "mean", value), draws, np.ones_like(draws)) for value in ("0.0", "0.1")
    )
    assert (near.errors_apart, near.agrees) == (0.0, True)
    assert far.errors_apart == pytest.approx((0.05 - far.here) / far.error)
    assert not far.agrees
