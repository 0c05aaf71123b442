"""How many patients can be at or below a value, against a list of all samples, and for the embedded study."""

from __future__ import annotations

from itertools import combinations_with_replacement

import numpy as np

from mgbayes.latent_cohort.possible import possible_counts
from mgbayes.latent_cohort.statements import Windows, moments
from mgbayes.study.statistics.means import MeanSD


def listed(windows: Windows, most: int) -> set[int]:
    samples = np.array(list(combinations_with_replacement(range(windows.high + 1), windows.m)))
    held = samples[windows.hold(samples.sum(axis=1), (samples**2).sum(axis=1))]
    return set((held <= most).sum(axis=1).tolist())


def test_it_is_what_a_list_of_all_samples_gives() -> None:
    rng, several = np.random.default_rng(1), 0
    for _ in range(60):
        sample = rng.poisson(2.0, 5)
        published = MeanSD(f"{sample.mean():.1f}", f"{sample.std(ddof=1):.1f}", 5)
        windows = moments(published, 1.0)
        for most in (0, 1, 3):
            found = possible_counts(windows, most)
            assert found == listed(windows, most), (published, most)
            several += len(found or ()) > 1
    assert several > 30


def test_a_mean_and_sd_say_how_many_take_none() -> None:
    """2.8 ± 3.8 mg in 16 patients: in steps of 0.5 at most 3 are above 10 mg; in halves of 5 mg 5 to 10 take none.

    Five do with an SD of 3.75, which is reported as 3.8.
    """
    five = 2.5 * np.array([0] * 5 + [1] * 9 + [3, 6])
    assert (five.mean(), five.std(ddof=1)) == (2.8125, 3.75)
    published = MeanSD("2.8", "3.8", 16)
    none, at_most_10 = (
        possible_counts(moments(published, 2.5), 0),
        possible_counts(moments(published, 0.5), 20),
    )
    assert none == frozenset(range(5, 11))
    assert at_most_10 == frozenset(range(13, 17))


def test_a_grid_too_fine_is_left() -> None:
    assert possible_counts(moments(MeanSD("441.4", "336.6", 12), 1.0), 100) is None
