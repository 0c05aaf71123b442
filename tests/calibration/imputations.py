"""Calibration of fits on patients that are imputed from digitized curves.

Of every simulated cohort the Kaplan-Meier curves are digitized with the errors of a screen (benchmarks/curves.py),
with numbers at risk and totals beside them, and patients are imputed from these alone; the fits on all imputations
are put together as in a re-analysis.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr

from mgbayes.calibrate.sbc import Data, Fit, Refit, nutpie_refit
from mgbayes.errors import InputError
from mgbayes.estimands.estimand import Estimand
from mgbayes.models.evidence import PatientTimes
from mgbayes.models.patient_times import simulated
from mgbayes.models.priors import Prior
from mgbayes.reconstruction.from_curve import reconstruct
from tests.oracles.known_patients import bench

MEMBERS = 5
PRINTED = bench.Setting("noise", table=True, totals=True)
PREFIX = "imputed_"


@dataclass(frozen=True)
class OnImputations:
    """A model on patients whose data hold imputations (member, arm, patient) of a simulated cohort.

    ``published``: a study's numbers, for cohorts of its size and follow-up.
    """

    model: Any
    published: Data

    @property
    def __name__(self) -> str:
        return f"{type(self.model).__name__} on imputations"

    def declared(self, data: Data) -> tuple[Estimand, ...]:
        declared: tuple[Estimand, ...] = self.model.declared(_member(data, 0))
        return declared

    def build(self, data: Data, family: str, priors: dict[str, Prior]) -> Any:
        return self.model.build(_member(data, 0), family, priors)

    def estimands(self, draws: xr.Dataset, data: Data, family: str) -> xr.Dataset:
        contrasts: xr.Dataset = self.model.estimands(draws, _member(data, 0), family)
        return contrasts

    def simulate(
        self, rng: np.random.Generator, data: Data, family: str, priors: dict[str, Prior]
    ) -> tuple[dict[str, Any], Data]:
        """Parameters and imputed patients.

        Cohorts are left out that have an arm without an event, whose curve is a line, or whose digitized curves are
        refused: either depends on the data alone, which leaves ranks uniform.
        """
        while True:
            truth, patients = self.model.simulate_patients(rng, self.published, family, priors)
            arms = [
                bench.Arm(patients["time"][a][:n] / bench.MONTH, patients["event"][a][:n] == 1)
                for a, n in enumerate(self.published["n"])
            ]
            if all(arm.event.any() for arm in arms) and (imputed := _imputed(arms, rng)) is not None:
                return truth, imputed

    def refit(self, family: str, built: Any, draws: int, chains: int, target_accept: float) -> Refit:
        """A fit on each imputation, the draws in turn."""
        one = nutpie_refit(built, draws // 2, chains, target_accept)

        def refit(data: Data, seed: int, *, careful: bool = False) -> Fit:
            fits = [one(_member(data, m), seed + m, careful=careful) for m in range(MEMBERS)]
            size = fits[0].draws.sizes["draw"]
            drawn = xr.concat(
                [fit.draws.assign_coords(draw=np.arange(size) * MEMBERS + m) for m, fit in enumerate(fits)],
                dim="draw",
            ).sortby("draw")
            return Fit(drawn, sum(fit.divergences for fit in fits))

        return refit


def _imputed(arms: list[Any], rng: np.random.Generator) -> Data | None:
    """Imputations from the arms' digitized curves as a model's data; None where the curves are refused."""
    curves = [bench.digitized(arm, name, PRINTED, rng) for arm, name in zip(arms, bench.ARMS, strict=True)]
    try:
        made = reconstruct(curves, members=MEMBERS, seed=int(rng.integers(2**31))).data
    except InputError:
        return None
    split = len(arms[0].time)
    members = []
    for time, event in zip(made["time"].to_numpy() * bench.MONTH, made["event"].to_numpy(), strict=True):
        parts = [(time[at], event[at] == 1) for at in (slice(None, split), slice(split, None))]
        members.append(simulated([(t, e, np.where(e, np.inf, t)) for t, e in parts]))
    return {PREFIX + name: np.stack([row[name] for row in members]) for name in members[0]}


def _member(data: Data, number: int) -> PatientTimes:
    return PatientTimes(**{name.removeprefix(PREFIX): values[number] for name, values in data.items()})
