"""Brute force for the gamma family of doses: simulated patients, kept if they print alike.

The cohort, the priors and the tolerance are those of make_dose_rejection; doses are gamma at each visit, tied by a
Gaussian copula. No likelihood, no latent values, no change of variables: only simulated doses.

Run: uv run python tests/oracles/make_gamma_dose_rejection.py (minutes; writes stored/gamma_dose_rejection.json)
"""

import json
import platform
from pathlib import Path

import numpy as np
import scipy
from scipy import stats

from tests.oracles.make_dose_rejection import (
    LOG_CV,
    LOG_MEAN,
    MEAN,
    SD,
    TOLERANCE,
    N,
    alike,
    moments,
    power_correlations,
)

SEED = 20260102
BATCHES, BATCH = 80, 1_000_000


def kept_cohorts(rng: np.random.Generator) -> np.ndarray:
    """Columns: log mean (3), log SD (3), Ω₁₂, Ω₁₃, Ω₂₃ of each kept cohort.

    Visits are simulated one after the other, and only for cohorts whose visits so far print alike.
    """
    size = BATCH
    log_means, log_sds, scores = np.empty((size, 0)), np.empty((size, 0)), np.empty((size, N, 0))
    chol, omega = None, np.empty((size, 0, 0))
    for visit in range(3):
        log_mean, log_cv = rng.normal(*LOG_MEAN, size), rng.normal(*LOG_CV, size)
        f = stats.gamma(np.exp(-2 * log_cv)[:, None], scale=np.exp(log_mean + 2 * log_cv)[:, None])
        z = np.concatenate([scores, rng.standard_normal((size, N, 1))], axis=2)
        if visit == 0:  # drawn directly, which is faster; scores only of those that are kept
            dose = rng.standard_gamma(f.args[0], (size, N)) * f.kwds["scale"]
        else:
            if chol is None:
                omega = power_correlations(rng, size)
                chol = np.linalg.cholesky(omega)
            q = np.einsum("cpk,ck->cp", z, chol[:, visit, : visit + 1])
            dose = f.ppf(stats.norm.cdf(q))
        keep = alike(dose.mean(1), MEAN[visit]) & alike(dose.std(1, ddof=1), SD[visit])
        if visit == 0:
            kept = stats.gamma(f.args[0][keep], scale=f.kwds["scale"][keep])
            z = np.zeros((size, N, 1))
            z[keep, :, 0] = stats.norm.ppf(kept.cdf(dose[keep]))
        log_means = np.column_stack([log_means, log_mean])[keep]
        log_sds = np.column_stack([log_sds, log_mean + log_cv])[keep]
        scores, size = z[keep], int(keep.sum())
        if chol is not None:
            omega, chol = omega[keep], chol[keep]
    return np.column_stack([log_means, log_sds, omega[:, [0, 0, 1], [1, 2, 2]]])


def main() -> None:
    """Write the moments of the kept cohorts."""
    rng = np.random.default_rng(SEED)
    kept = np.concatenate([kept_cohorts(rng) for _ in range(BATCHES)])
    stored = {
        "seed": SEED,
        "versions": {
            "python": platform.python_version(),
            "numpy": np.__version__,
            "scipy": scipy.__version__,
        },
        "simulated": BATCHES * BATCH,
        "tolerance": TOLERANCE,
        "columns": ["log_mean"] * 3 + ["log_sd"] * 3 + ["omega"] * 3,
        "published": moments(kept),
    }
    path = Path(__file__).parent / "stored" / "gamma_dose_rejection.json"
    path.write_text(json.dumps(stored, indent=1) + "\n")


if __name__ == "__main__":
    main()
