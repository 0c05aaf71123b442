"""Every test of every comparison that the rows of the patients allow."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from mgbayes.frequentist.holm import holm
from mgbayes.frequentist.result import Result, refused
from mgbayes.patient_comparison.catalogue import TESTS, Design, Entry
from mgbayes.patient_comparison.comparison import Comparison, comparisons
from mgbayes.patient_comparison.sample import Drawn, draw
from mgbayes.patient_comparison.tested import PatientTest, PatientTests, Role
from mgbayes.patients.patient_rows import PatientRows, check_rows
from mgbayes.patients.subset import Subset
from mgbayes.study.schema import Study, TestFamily

if TYPE_CHECKING:
    import xarray as xr


def run_tests(study: Study, patients: xr.Dataset, subsets: tuple[Subset, ...] = ()) -> PatientTests:
    """Test every endpoint of the patients: by the tests that the paper names, and by better ones.

    ``patients`` is a data set over ``patient`` (and ``visit``) with the coordinate ``arm``; a subgroup of
    the study that is not a yes/no column needs a rule in ``subsets``. Contrasts are the other arm against
    the reference. A test that cannot be had is a row with p None and the reason.

    Raises InputError when the data set has no patients or arms, an arm that the study does not know, or not the
    column of a subset.
    """
    check_rows(study, patients, subsets)
    rows = PatientRows(study, patients, subsets)
    results = [(c, row) for c in comparisons(rows) for row in _tested(study, c, draw(rows, c))]
    synthetic = bool(patients.attrs.get("synthetic", False))
    return PatientTests(_adjusted(rows, results), subsets, synthetic)


def _tested(study: Study, comparison: Comparison, drawn: Drawn) -> Iterator[PatientTest]:
    named = named_tests(study, comparison)
    tests = TESTS.get((comparison.endpoint.kind, comparison.design), ())
    outcomes = [refused("") if drawn.sample is None else test(drawn.sample) for test in tests]
    stand = _stands_for_the_paper(tests, outcomes, named)
    for test, outcome in zip(tests, outcomes, strict=True):
        role = Role.paper if test is stand else _role(test)
        yield _row(comparison, drawn, test, outcome, test.family in named, role)


def named_tests(study: Study, comparison: Comparison) -> frozenset[TestFamily]:
    """The tests that the methods section names for such data, and those that a claim names."""
    endpoint = comparison.endpoint
    by_methods = {
        row.test
        for row in study.methods.tests
        if endpoint.kind in row.kinds and row.design in ("either", comparison.design)
    }
    between = "visits" if comparison.design is Design.paired else "arms"
    by_claims = {
        claim.comparison.test
        for claim in study.claims
        if claim.endpoint == endpoint.id
        and claim.comparison is not None
        and claim.comparison.between == between
    }
    return frozenset(by_methods | {test for test in by_claims if test is not None})


def _stands_for_the_paper(
    tests: tuple[Entry, ...], outcomes: list[Result], named: frozenset[TestFamily]
) -> Entry | None:
    """The first named test with a p; the first named one when none has."""
    candidates = [(t, o) for t, o in zip(tests, outcomes, strict=True) if t.family in named]
    with_p = [test for test, outcome in candidates if outcome.p is not None]
    return next(iter([*with_p, *(test for test, _ in candidates)]), None)


def _role(test: Entry) -> Role:
    if test.check:
        return Role.check
    return Role.better if test.better else Role.also


def _row(
    comparison: Comparison, drawn: Drawn, test: Entry, result: Result, named: bool, role: Role
) -> PatientTest:
    note = "; ".join(text for text in (result.note, drawn.note) if text)
    return PatientTest(
        endpoint=comparison.endpoint.id,
        comparison=comparison.id,
        design=str(comparison.design),
        test=test.name,
        label=test.label,
        family=test.family,
        result=replace(result, note=note),
        n_used=_patients(test, drawn),
        n_missing=drawn.missing,
        named_by_paper=named,
        role=role,
    )


def _patients(test: Entry, drawn: Drawn) -> int:
    """The patients whose values the test saw; two visits taken for two groups are the same patients."""
    if drawn.sample is None or test.view is None:
        return drawn.used
    return min(drawn.used, test.view(drawn.sample).patients)


def _adjusted(rows: PatientRows, results: list[tuple[Comparison, PatientTest]]) -> tuple[PatientTest, ...]:
    table = [row for _, row in results]
    for role in (Role.paper, Role.better):
        family = [
            k
            for k, (comparison, row) in enumerate(results)
            if row.role is role and _in_family(rows, comparison)
        ]
        for k, p in zip(family, holm([table[k].p for k in family]), strict=True):
            table[k] = replace(table[k], holm_p=p)
    return tuple(table)


def _in_family(rows: PatientRows, comparison: Comparison) -> bool:
    """Outcomes only; arms at the first of several visits are compared before anything could differ."""
    visits = rows.visits(comparison.endpoint)
    at_first = len(visits) > 1 and comparison.visit == visits[0]
    return comparison.endpoint.role == "outcome" and not at_first
