"""The cohort models sampled by NUTS, as an oracle for the quadrature; run once, its figures are stored.

    python -m tests.oracles.make_cohort_draws

Written from the formulas, with the counts typed in here, so that nothing but the model is shared with the code.
"""

from __future__ import annotations

import json
from importlib.metadata import version
from pathlib import Path
from typing import Any

import arviz_stats as az
import numpy as np
import pymc as pm

from mgbayes.inference.diagnostics import Status, diagnose

STORED = Path(__file__).parent / "stored" / "cohort_draws.json"
SEED = 20200216
COHORTS = {"y0": [14, 6, 3, 8], "n0": [39, 18, 10, 8], "y1": [10, 12, 3, 8], "n1": [14, 12, 5, 8]}
SPONDYLITIS = {"y": [23, 12, 19, 9, 39, 6, 9, 10], "n": [107, 44, 51, 39, 139, 20, 78, 35]}


def two_arms() -> pm.Model:
    with pm.Model() as model:
        mu, tau = pm.Normal("mu", 0, 2), pm.HalfNormal("tau", 1)
        theta = mu + tau * pm.Normal("z", shape=4)
        level = pm.Normal("level", 0, 2, shape=4)
        pm.Binomial("y0", n=COHORTS["n0"], logit_p=level - theta / 2, observed=COHORTS["y0"])
        pm.Binomial("y1", n=COHORTS["n1"], logit_p=level + theta / 2, observed=COHORTS["y1"])
        new = pm.Deterministic("theta_new", mu + tau * pm.Normal("z_new"))
        pm.Deterministic("new_above_0", (new > 0) * 1.0)
    return model


def one_arm() -> pm.Model:
    with pm.Model() as model:
        mu, tau = pm.Normal("mu", 0, 2), pm.HalfNormal("tau", 1)
        theta = mu + tau * pm.Normal("z", shape=8)
        pm.Binomial("y", n=SPONDYLITIS["n"], logit_p=theta, observed=SPONDYLITIS["y"])
        pm.Deterministic("chance_new", pm.math.sigmoid(mu + tau * pm.Normal("z_new")))
    return model


def figures(model: pm.Model, names: tuple[str, ...]) -> dict[str, Any]:
    with model:
        trace = pm.sample(
            draws=15_000,
            tune=2_000,
            chains=4,
            cores=1,
            nuts_sampler="nutpie",
            target_accept=0.99,
            random_seed=SEED,
            progressbar=False,
        )
    posterior = trace["posterior"].to_dataset()
    kept = posterior[list(names)]
    found = diagnose(
        posterior.drop_vars("new_above_0", errors="ignore"), kept, trace["sample_stats"].to_dataset()
    )
    assert found.status is Status.ok, found
    return {
        name: {
            "mean": float(kept[name].mean()),
            "sd": float(kept[name].std(ddof=1)),
            "quantiles": [float(q) for q in np.quantile(kept[name], [0.025, 0.5, 0.975])],
            "mcse_mean": float(az.mcse(kept[name].to_numpy(), method="mean")),
            "mcse_sd": float(az.mcse(kept[name].to_numpy(), method="sd")),
        }
        for name in names
    }


def main() -> None:
    stored = {
        "made_by": "tests/oracles/make_cohort_draws.py",
        "versions": {name: version(name) for name in ("pymc", "nutpie", "arviz-stats", "numpy")},
        "seed": SEED,
        "cohorts": figures(two_arms(), ("mu", "tau", "theta_new", "new_above_0")),
        "spondylitis": figures(one_arm(), ("mu", "tau", "chance_new")),
    }
    STORED.write_text(json.dumps(stored, indent=1) + "\n")


if __name__ == "__main__":
    main()
