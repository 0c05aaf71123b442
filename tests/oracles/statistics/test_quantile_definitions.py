"""Quantiles by each definition, beside NumPy's and the text of R's ``fivenum``."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from mgbayes.study.statistics import QuantileDefinition, Quantiles
from mgbayes.study.statistics.quantile_definition import definitions_of

NUMPY = {
    QuantileDefinition.type_2: "averaged_inverted_cdf",
    QuantileDefinition.type_6: "weibull",
    QuantileDefinition.type_7: "linear",
}
ALL = Quantiles.of_texts(5, median="0", iqr=("0", "0"), range=("0", "0"), others=(("0.1", "0"), ("0.9", "0")))


@pytest.mark.parametrize("definition", NUMPY)
@pytest.mark.parametrize("n", [*range(1, 30), 100])
def test_types_2_6_and_7_are_those_of_numpy(definition: QuantileDefinition, n: int) -> None:
    x = np.random.default_rng([1, n]).lognormal(size=(3, n))
    p = [float(one.p) for one in ALL.quantiles]
    expected = np.quantile(x, p, axis=-1, method=NUMPY[definition])
    np.testing.assert_allclose(ALL.by(definition, x), expected, rtol=1e-12)


@pytest.mark.parametrize("n", range(1, 30))
def test_hinges_are_those_of_fivenum(n: int) -> None:
    x = np.sort(np.random.default_rng([2, n]).normal(size=n))
    n4 = ((n + 3) // 2) / 2  # d <- c(1, n4, (n + 1)/2, n + 1 - n4, n)
    depths = np.array([1, n4, (n + 1) / 2, n + 1 - n4, n])
    expected = 0.5 * (x[np.floor(depths).astype(int) - 1] + x[np.ceil(depths).astype(int) - 1])
    five = Quantiles.of_texts(n, median="0", iqr=("0", "0"), range=("0", "0"))
    np.testing.assert_allclose(five.by(QuantileDefinition.hinges, x), expected, rtol=1e-12)


def test_the_first_quartile_of_16_lies_where_each_definition_puts_it() -> None:
    at = [sum(one.position(Fraction(1, 4), 16)) for one in QuantileDefinition]
    assert at == [Fraction(9, 2), Fraction(17, 4), Fraction(19, 4), Fraction(9, 2)]


@pytest.mark.parametrize(
    ("software", "names"),
    [
        ("SAS 9.4", ["2"]),
        ("Stata 14", ["2"]),
        ("IBM SPSS Statistics 25", ["6"]),
        ("R version 3.6.1", ["7"]),
        ("SPSS 22 and R 4.0", ["6", "7"]),
        ("Review Manager", ["2", "6", "7", "hinges"]),
    ],
)
def test_the_software_of_a_paper_says_the_definition(software: str, names: list[str]) -> None:
    assert [str(one) for one in definitions_of(software)] == names
