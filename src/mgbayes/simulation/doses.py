r"""Doses at several visits that have the published means and SDs, and the correlations of a posterior draw.

With orthonormal directions e_1, e_2, ... (each of mean 0), the doses at visit v are y_v = exp(a_v + p_v x_v), where
x_v = Σ_j L_vj e_j is again a direction (rows of the lower triangular L have length 1), and a_v, p_v are those that
give the published mean and SD (latent/mean_sd.py). L is solved for, row by row, so that the doses have the wanted
correlations. Doses so made are positive whatever the SD; not every correlation can be had with them.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.random import Generator

from mgbayes.simulation.cohort import Floats

_CLOSE = 0.005  # of a correlation
_TRIES = 12


def correlated_doses(rng: Generator, mean: Floats, sd: Floats, correlation: Floats, n: int) -> Floats | None:
    """Positive doses (n, visit) with these means, SDs and correlations (visit, visit); None where none was found."""
    for _ in range(_TRIES):
        directions = _directions(rng, n, len(mean))
        doses = np.empty((n, len(mean)))
        rows: list[Floats] = []
        for visit in range(len(mean)):
            row = _row(directions, doses, correlation, visit, float(mean[visit]), float(sd[visit]))
            if row is None:
                break
            rows.append(row)
        if len(rows) == len(mean):
            return doses
    return None


def _directions(rng: Generator, n: int, visits: int) -> Floats:
    """Orthonormal directions (n, visits), orthogonal to the vector of ones."""
    basis, _ = np.linalg.qr(np.column_stack([np.ones(n), rng.standard_normal((n, visits))]))
    return np.asarray(basis[:, 1:])


def positive(direction: Floats, mean: float, sd: float) -> Floats:
    """Positive values (n,) along a direction, with this mean and SD."""
    from mgbayes.latent.mean_sd import values_along  # loads a sampler

    return np.asarray(values_along(direction, mean, sd))


def _row(
    directions: Floats, doses: Floats, correlation: Floats, visit: int, mean: float, sd: float
) -> Floats | None:
    """Fill the doses of a visit, so that they correlate as wanted with those before; returns its row of L."""
    from scipy.optimize import least_squares

    wanted = correlation[visit, :visit]

    def row_and_doses(free: Any) -> tuple[Floats, Floats]:
        row = np.concatenate([np.asarray(free), [1.0]])
        row = row / np.linalg.norm(row)
        return row, positive(directions[:, : visit + 1] @ row, mean, sd)

    def off(free: Any) -> Floats:
        values = row_and_doses(free)[1]
        return np.array([np.corrcoef(values, doses[:, j])[0, 1] for j in range(visit)]) - wanted

    free = np.zeros(0)
    if visit:
        solved = least_squares(
            off, wanted / np.sqrt(max(1 - (wanted**2).sum(), 0.05)), xtol=1e-8, max_nfev=60
        )
        if np.abs(solved.fun).max() > _CLOSE:
            return None
        free = solved.x
    row, doses[:, visit] = row_and_doses(free)
    return row
