"""An ensemble of reconstructed data sets, with where it came from and how well it fits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr

from mgbayes.reconstruction.digitized import DigitizedCurve
from mgbayes.reconstruction.kaplan_meier import deviation, kaplan_meier
from mgbayes.reconstruction.patients import Patients

ORIGIN = "reconstructed"
NOTICE = (
    "Reconstructed from digitized Kaplan-Meier curves, not observed. Every imputation is one data set that "
    "fits the curves; results are to be pooled over the imputations."
)


@dataclass(frozen=True)
class ArmFit:
    """How the imputations of one arm fit: the fewest and most events, the largest deviation from the points."""

    arm: str
    n: int
    events: tuple[int, int]
    deviation: float
    survival_error: float
    time_error: float

    def in_words(self) -> str:
        """One line for a reader."""
        least, most = self.events
        events = str(least) if least == most else f"{least} to {most}"
        within = f"within {self.deviation:.2g} of the digitized points (stated error {self.survival_error:g})"
        return f"{self.arm}: {self.n} patients, {events} events, every imputation {within}"

    def to_json(self) -> dict[str, object]:
        """For machines."""
        return {
            "arm": self.arm,
            "n": self.n,
            "events": list(self.events),
            "largest_deviation": round(self.deviation, 9),
            "survival_error": self.survival_error,
            "time_error": self.time_error,
        }


@dataclass(frozen=True)
class Ensemble:
    """Data sets that fit digitized curves.

    Attributes:
        data: ``time`` (member, patient), in the unit of the curves; ``event`` (member, patient), true for the
            event and false for censored; ``arm`` (patient). The attributes have its provenance.
        fits: one row an arm.
    """

    data: xr.Dataset
    fits: tuple[ArmFit, ...]

    @classmethod
    def of(cls, curves: tuple[DigitizedCurve, ...], arms: Sequence[list[Patients]], seed: int) -> Ensemble:
        """Combine the imputations of all arms and measure their fit."""
        time = np.hstack([np.stack([one.time for one in imputations]) for imputations in arms])
        event = np.hstack([np.stack([one.event for one in imputations]) for imputations in arms])
        fits = tuple(_fit(curve, imputations) for curve, imputations in zip(curves, arms, strict=True))
        data = xr.Dataset(
            {"time": (("member", "patient"), time), "event": (("member", "patient"), event)},
            {
                "member": np.arange(1, len(time) + 1),
                "patient": np.arange(1, time.shape[1] + 1),
                "arm": ("patient", np.repeat([c.arm for c in curves], [c.n for c in curves])),
            },
            _provenance(curves, fits, seed),
        )
        data["time"].attrs["units"] = curves[0].time_unit
        return cls(data, fits)

    @property
    def deviation(self) -> float:
        """The largest distance of any imputation's Kaplan-Meier curve from a digitized point."""
        return max(fit.deviation for fit in self.fits)

    def in_words(self) -> list[str]:
        """The fit, one line for each arm."""
        return [fit.in_words() for fit in self.fits] + [NOTICE]

    def to_json(self) -> dict[str, object]:
        """The JSON form."""
        return {
            "schema_version": 1,
            "origin": ORIGIN,
            "members": self.data.sizes["member"],
            "patients": self.data.sizes["patient"],
            "largest_deviation": round(self.deviation, 9),
            "arms": [fit.to_json() for fit in self.fits],
            "provenance": dict(self.data.attrs),
        }


def _fit(curve: DigitizedCurve, imputations: list[Patients]) -> ArmFit:
    events = [int(one.event.sum()) for one in imputations]
    worst = max(deviation(kaplan_meier(one.time, one.event), curve) for one in imputations)
    few_and_many = (min(events), max(events))
    return ArmFit(curve.arm, curve.n, few_and_many, worst, curve.survival_error, curve.time_error)


def _provenance(curves: tuple[DigitizedCurve, ...], fits: tuple[ArmFit, ...], seed: int) -> dict[str, object]:
    from mgbayes import __version__

    return {
        "origin": ORIGIN,
        "notice": NOTICE,
        "method": "whole-number solutions of the equations of Guyot et al. 2012, BMC Med Res Methodol 12:9",
        "software": f"mgbayes {__version__}",
        "seed": seed,
        "time_unit": curves[0].time_unit,
        "curves": [curve.points.file for curve in curves],
        "used": [f"{curve.arm}: {used(curve)}" for curve in curves],
        "largest_deviation": max(fit.deviation for fit in fits),
    }


def used(curve: DigitizedCurve) -> str:
    """What of the paper a reconstruction rests on, in words."""
    parts = [f"{len(curve.points)} points within ±{curve.survival_error:g}", f"n = {curve.n}"]
    if len(curve.at_risk):
        parts.append(f"{len(curve.at_risk)} numbers at risk")
    if curve.events is not None:
        parts.append(f"{curve.events} events in total")
    if curve.marks is not None:
        parts.append(f"{len(curve.marks)} censoring marks")
    return ", ".join(parts)
