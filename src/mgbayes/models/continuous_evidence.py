"""Evidence of mgbayes.models.continuous: published means and SDs, or the outcomes of patients."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mgbayes.models.arms import arms_of, padded, places
from mgbayes.models.evidence import Moments, PatientValues
from mgbayes.models.paired import unbounded
from mgbayes.models.plan import NotPrinted
from mgbayes.models.visits import from_correlations
from mgbayes.patients.patient_rows import PatientRows
from mgbayes.study.schema import Endpoint, Kind


def least_patients(visits: int) -> int:
    """The fewest patients of an arm."""
    return visits + 1


def published(
    mean: np.ndarray, sd: np.ndarray, n: np.ndarray, *, sample_correlation: np.ndarray | None = None
) -> Moments:
    """Published means and SDs (arm, visit) of n (arm,) patients.

    sample_correlation: (arm, pair), where the paper prints them or the SDs of changes.

    Raises ValueError for numbers no cohort could have.
    """
    mean, sd, n = np.asarray(mean, float), np.asarray(sd, float), np.asarray(n, np.int64)
    if mean.ndim != 2 or mean.shape[0] != 2 or sd.shape != mean.shape or n.shape != (2,):
        raise ValueError(
            f"means and SDs are 2 arms by visits and n is 2 arms; given {mean.shape}, {sd.shape} and {n.shape}"
        )
    if not (np.isfinite(mean).all() and np.isfinite(sd).all() and (sd > 0).all()):
        raise ValueError(f"means must be finite and SDs positive; given {mean.tolist()}, {sd.tolist()}")
    least = least_patients(mean.shape[1])
    if (n < least).any():
        raise ValueError(f"each arm needs {least} patients or more; given {n.tolist()}")
    data = Moments(n=n, printed_mean=mean, printed_sd=sd)
    if mean.shape[1] == 1:
        return data
    if sample_correlation is not None:
        return data | {"sample_vine": from_correlations(np.asarray(sample_correlation, float), mean.shape[1])}
    return data | {"bounds": unbounded(visits=mean.shape[1])}


def summaries(value: np.ndarray, seen: np.ndarray) -> dict[str, np.ndarray]:
    """Mean, SD and number at zero (..., visit) of outcomes (..., patient, visit) that were seen (patient, visit)."""
    n = seen.sum(axis=-2)
    mean = (value * seen).sum(axis=-2) / n
    square = ((value - mean[..., None, :]) ** 2 * seen).sum(axis=-2)
    zeros = ((value == 0) * seen).sum(axis=-2)
    return {"printed_mean": mean, "printed_sd": np.sqrt(square / (n - 1)), "zeros": zeros}


def from_rows(endpoint: Endpoint, visits: Sequence[str | None], rows: PatientRows) -> PatientValues:
    """Outcomes of a spreadsheet's patients with any of the visits, the baseline first. Raises NotPrinted."""
    if endpoint.kind is not Kind.continuous or not rows.has(endpoint):
        raise NotPrinted(endpoint.id, "values of patients at every visit")
    value = np.stack([rows.numbers(endpoint, visit) for visit in visits], axis=-1)
    seen = np.isfinite(value)
    arms = [arm & seen.any(axis=-1) for arm in arms_of(rows)]
    least = least_patients(len(visits))
    if min(int(seen[arm].sum(axis=0).min()) for arm in arms) < least:
        raise NotPrinted(endpoint.id, f"values of {least} patients or more in each arm at every visit")
    filled = np.where(seen, value, 1.0)
    by_arm = [summaries(filled[arm], seen[arm].astype(float)) for arm in arms]
    return PatientValues(
        value=padded([filled[arm] for arm in arms], 1.0),
        seen=padded([seen[arm].astype(float) for arm in arms], 0.0),
        row=places(rows, arms),
        n=np.array([int(arm.sum()) for arm in arms]),
        **{name: np.stack([arm[name] for arm in by_arm]) for name in by_arm[0]},
    )


def seen_throughout(data: PatientValues, endpoint: str) -> PatientValues:
    """The patients who were seen at every visit. Raises NotPrinted where these are too few, or all alike."""
    complete = (data["row"] > 0) & (data["seen"] == 1).all(axis=-1)
    value = [data.value[arm, of] for arm, of in enumerate(complete)]
    least = least_patients(data.value.shape[-1])
    if min(map(len, value)) < least or any((part.std(axis=0) == 0).any() for part in value):
        raise NotPrinted(
            endpoint, f"values that differ, of {least} patients or more in each arm with every visit"
        )
    return PatientValues(
        value=padded(value, 1.0),
        row=padded([data["row"][arm, of] for arm, of in enumerate(complete)], 0.0),
        n=complete.sum(axis=1),
        printed_mean=np.stack([part.mean(axis=0) for part in value]),
        printed_sd=np.stack([part.std(axis=0, ddof=1) for part in value]),
    )
