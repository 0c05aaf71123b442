"""Read the patients, run the tests, and compare the published numbers with theirs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from mgbayes.patient_comparison.result import MASKED, Masking, PatientComparison, claim_row
from mgbayes.study.schema import Study

if TYPE_CHECKING:
    import xarray as xr

    from mgbayes.patient_comparison.claims import ClaimCheck
    from mgbayes.patient_comparison.tested import PatientTests
    from mgbayes.patients.subset import Subset


def check_patients(
    study: Study, file: str | Path, subsets: tuple[Subset, ...] = (), mask_below: int | None = None
) -> PatientComparison:
    """Compare each published number with patient data, and run every test that these allow.

    With ``mask_below``, endpoints with a count of patients below it in some cell are hidden (see ``cells``).
    Nothing in the result is about a single patient, except that a median, a quartile or an end of a range can be one
    patient's; masked results have none of these.

    Raises InputError when the study has no map of columns, the file cannot be read by the map, or the column of a
    subset is missing.
    """
    from mgbayes.errors import InputError
    from mgbayes.patient_comparison.claims import compare_with_claims
    from mgbayes.patient_comparison.run import run_tests
    from mgbayes.patients import read_patients

    patients = read_patients(file, study)
    try:
        tested = run_tests(study, patients, subsets)
    except InputError as error:  # about rows; the user knows the file
        raise InputError(str(file), error.problems) from None
    claims = compare_with_claims(study, patients, tested)
    if mask_below is not None:
        return _masked(study, patients, tested, claims, mask_below)
    return PatientComparison(
        study=study.id,
        synthetic=tested.synthetic,
        sizes=dict(_sizes(study, patients)),
        subsets=tuple(map(str, subsets)),
        families=tested.families,
        claims=tuple(claim_row(check) for check in claims),
        tests=tuple(row.to_row() for row in tested.rows),
        file_sha256=patients.attrs["file_sha256"],
    )


def _masked(
    study: Study, patients: xr.Dataset, tested: PatientTests, claims: tuple[ClaimCheck, ...], below: int
) -> PatientComparison:
    from mgbayes.patient_comparison.mask import Mask, without_holm
    from mgbayes.patients.patient_rows import PatientRows

    mask = Mask.of(PatientRows(study, patients, tested.subsets), below)
    tests = [mask.test(row.to_row(), row) for row in tested.rows]
    hidden = any(row["role"] == MASKED for row in tests)
    sizes = _sizes(study, patients)
    small = any(n < below for n in sizes.values())
    return PatientComparison(
        study=study.id,
        synthetic=tested.synthetic,
        sizes={arm: mask.count(n) if small else n for arm, n in sizes.items()},
        subsets=tuple(map(str, tested.subsets)),
        families={} if hidden else tested.families,
        claims=tuple(mask.claim(claim_row(check), check) for check in claims),
        tests=tuple(without_holm(tests) if hidden else tests),
        masking=Masking(below, tuple(sorted(mask.small.whole)), tuple(sorted(mask.small.parts))),
    )


def _sizes(study: Study, patients: xr.Dataset) -> dict[str, int]:
    arms = patients["arm"].values
    return {arm.id: int((arms == arm.id).sum()) for arm in study.arms}
