r"""Two-sided p values of every table.

The chi-square tests and Fisher's come from mgbayes.verification.two_by_two, one table at a time. Of all tables:

- likelihood ratio: G² = 2 Σ o log(o / e), chi-square with 1 degree of freedom;
- Wald: log odds ratio over its standard error √(Σ 1 / o); none where a cell is empty;
- Firth: a penalty of half the log determinant of the information adds ½ to each cell of the likelihood of two
  proportions, so that its likelihood ratio is that of the table with ½ more in each cell;
- Fisher's mid-p, minimum likelihood: p of the test less half of the chance, given the margins, of the table seen;
- unconditional tests: tables are ranked by a statistic, and p = max over π of the chance, where both risks are π, of
  a table at least as extreme. Barnard ranks by the pooled Wald statistic, Boschloo by Fisher's p, either of the
  two-sided test or of the one-sided ones, the smaller of whose p is doubled.

Sources: as mgbayes.verification.two_by_two; Heinze and Schemper (2002), Stat Med 21:2409.
"""

from __future__ import annotations

import numpy as np

from mgbayes.comparison.tables import Floats, Tables
from mgbayes.verification.two_by_two import TESTS, Table

NUISANCE = np.linspace(0.0, 1.0, 2001)
"""The values of the shared risk over which p and size are largest; the ends give nothing."""
_ROUNDING = 1e-9
_ONE_BY_ONE = {
    "pearson": "pearson_chi_square",
    "n_minus_1": "n1_chi_square",
    "yates": "yates_chi_square",
    "fisher": "fisher_exact",
    "fisher_central": "fisher_central",
    "mid_p_central": "fisher_mid_p",
}


def p_values(tables: Tables) -> dict[str, Floats]:
    """By test, (table,); NaN where a test gives none."""
    tests = {test.name: test for test in TESTS}
    given = [Table(int(y), tables.n, int(x), tables.m) for x, y in zip(tables.x, tables.y, strict=True)]
    found = {name: np.array([tests[test](table) for table in given]) for name, test in _ONE_BY_ONE.items()}
    one_sided = [unconditional(tables, fisher_one_sided(tables, side)) for side in (1, -1)]
    return found | {
        "mid_p": found["fisher"] - given_margins(tables) / 2,
        "likelihood_ratio": _likelihood_ratio(tables, 0.0),
        "wald": _wald(tables),
        "firth": _likelihood_ratio(tables, 0.5),
        "barnard": unconditional(tables, -pooled_wald(tables)),
        "boschloo": unconditional(tables, found["fisher"]),
        "boschloo_central": np.minimum(1.0, 2 * np.minimum(*one_sided)),
    }


def unconditional(tables: Tables, rank: Floats) -> Floats:
    """p of each table, (table,); the smaller its rank, the more extreme is a table. Ties count in full."""
    order = np.argsort(rank, kind="stable")
    ranked = rank[order]
    # Every table up to the last of those that tie.
    scale = _ROUNDING * np.maximum(1e-300, np.abs(ranked))
    last = np.searchsorted(ranked, ranked + scale, side="right") - 1
    largest = np.zeros(len(rank))
    for part in np.array_split(NUISANCE, 20):
        at_null = tables.chance(part, part)
        largest = np.maximum(largest, np.cumsum(at_null[:, order], axis=1).max(axis=0))
    p = np.empty(len(rank))
    p[order] = np.minimum(1.0, largest[last])
    return p


def pooled_wald(tables: Tables) -> Floats:
    """The square of the z statistic with pooled variance; 0 where a margin is empty."""
    events, patients = tables.x + tables.y, tables.m + tables.n
    spread = (events * (patients - events)).astype(float)
    distance = ((tables.y * tables.m - tables.x * tables.n) ** 2).astype(float)
    return np.divide(distance, spread, out=np.zeros(len(spread)), where=spread > 0)


def fisher_one_sided(tables: Tables, side: int) -> Floats:
    """Fisher's p against more (side 1) or fewer (-1) events in the contrast arm, (table,)."""
    from scipy.stats import hypergeom

    law = hypergeom(tables.m + tables.n, tables.x + tables.y, tables.n)
    return law.sf(tables.y - 1) if side > 0 else law.cdf(tables.y)


def given_margins(tables: Tables) -> Floats:
    """The chance of each table given its margins, without an effect, (table,); 0 where no other is possible."""
    from scipy.stats import hypergeom

    events, patients = tables.x + tables.y, tables.m + tables.n
    p = hypergeom(patients, events, tables.n).pmf(tables.y)
    return np.where((events == 0) | (events == patients), 0.0, p)


def _likelihood_ratio(tables: Tables, added: float) -> Floats:
    """p of the likelihood ratio of the table with so much more in each cell."""
    from scipy.special import chdtrc, xlogy

    first = np.stack([tables.x, tables.m - tables.x]) + added
    second = np.stack([tables.y, tables.n - tables.y]) + added
    both = first + second
    size, other = tables.m + 2 * added, tables.n + 2 * added
    statistic = 2 * (
        xlogy(first, first / size) + xlogy(second, second / other) - xlogy(both, both / (size + other))
    ).sum(axis=0)
    return chdtrc(1, np.maximum(0.0, statistic))


def _wald(tables: Tables) -> Floats:
    from scipy.special import chdtrc

    cells = np.stack([tables.x, tables.m - tables.x, tables.y, tables.n - tables.y]).astype(float)
    cells[:, (cells == 0).any(axis=0)] = np.nan
    log_ratio = np.log(cells[2] * cells[1] / (cells[3] * cells[0]))
    return chdtrc(1, log_ratio**2 / (1 / cells).sum(axis=0))
