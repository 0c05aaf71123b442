"""Equivalence: printed p values against statsmodels and scipy."""

import numpy as np
import pytest
from scipy import stats
from scipy.stats import mannwhitneyu
from statsmodels.duration.survfunc import survdiff

from mgbayes.estimands.printed_p import draw_censored, logrank_of_arms
from mgbayes.frequentist.ranks import mann_whitney
from mgbayes.frequentist.samples import TwoGroups

RNG = np.random.default_rng(11)


def test_logrank_by_arms_equals_statsmodels():
    groups = [RNG.exponential(size=(5, k)) for k in (10, 6, 7, 10)]
    time = np.concatenate(groups, axis=-1)
    event = np.repeat([1, 1, 0, 0], (10, 6, 7, 10))
    contrast = np.repeat([0, 1, 0, 1], (10, 6, 7, 10))
    expected = [survdiff(t, event, contrast)[1] for t in time]
    np.testing.assert_allclose(logrank_of_arms(groups[:2], groups[2:]).p, expected, rtol=1e-10)


@pytest.mark.parametrize(("n", "m"), [(12, 9), (9, 12), (1, 5), (6, 6)])
def test_mann_whitney_equals_scipy(n, m):
    x, y = RNG.normal(size=(30, n)), RNG.normal(size=(30, m)) + 0.5
    expected = [mannwhitneyu(a, b, method="exact").pvalue for a, b in zip(x, y, strict=True)]
    np.testing.assert_allclose(mann_whitney(TwoGroups(x, y)).p, expected, rtol=1e-12)


def test_censored_follow_up_has_the_density_of_those_event_free():
    """With event-free chance exp(-(F - 365)/1000) a gamma stays a gamma, of another scale."""
    shape, scale = 2.46, 607.0
    drawn = draw_censored(
        RNG, (365.0, shape, scale), lambda day: np.exp(-(day - 365) / 1000)[None, :], 20_000
    )
    tilted = stats.gamma(shape, 365, 1 / (1 / scale + 1 / 1000))
    # Cells of 1/200 of the chance within which the tilt is ignored: the distribution function
    # errs by less than 1/200 of the tilt's change, far below the 1 % limit of this test.
    assert stats.kstest(drawn[0], tilted.cdf).pvalue > 0.01
