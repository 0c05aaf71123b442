"""Rules that find what is odd across a study, and say it calmly. None knows any claim by its id."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from mgbayes.study.numbers import find_count, find_mean_and_spread
from mgbayes.study.schema import Endpoint, Kind, Study, TestFamily
from mgbayes.verification.comparison import question_of
from mgbayes.verification.result import ClaimResult, Finding, TestResult, Verdict

Results = tuple[ClaimResult, ...]
Rule = Callable[[Study, Results], Iterator[Finding]]


def digits_contradict(study: Study, results: Results) -> Iterator[Finding]:
    """A digit check fails."""
    for result in results:
        for check in result.checks:
            if not check.holds:
                yield Finding(check.name, (result.id,), f"{result.what}: {check.text}.")


def p_not_reproduced(study: Study, results: Results) -> Iterator[Finding]:
    """No test gives the printed p; what the other readings give is said beside it."""
    for result in results:
        if result.verdict is Verdict.not_reproduced:
            tried = _tried(result)
            others = "".join(
                f" Read as {other.name} ({_tried(other.result)}), "
                f"it is {other.result.verdict.replace('_', ' ')}{_by(other.result)}."
                for other in result.alternatives
            )
            text = f"{result.what}: no test ({tried}) reproduced the reported p {result.p_printed}.{others}"
            yield Finding("p_not_reproduced", (result.id,), text)


def _by(result: ClaimResult) -> str:
    matching = [test for test in result.tests if test.matches]
    labels = [test.label for test in [test for test in matching if test.judged] or matching]
    return f" by {', '.join(labels)}" if labels else ""


def _tried(result: ClaimResult) -> str:
    """The tests that the verdict stands on, with what they give."""
    judged = [test for test in result.tests if test.judged]
    none_fits = [f"{row.label} none of {row.tried} pairs of counts" for row in result.counts if not row.pairs]
    return "; ".join([*([_ranges(judged)] if judged else []), *none_fits])


def _ranges(tests: list[TestResult]) -> str:
    return "; ".join(f"{test.label} {test.p_low:.2g} to {test.p_high:.2g}" for test in tests)


def interval_and_p(study: Study, results: Results) -> Iterator[Finding]:
    """The confidence interval of an effect stands for another p than the one beside it."""
    for result in results:
        for test in result.tests:
            if test.family is TestFamily.wald and not test.matches:
                interval = (
                    f"the confidence interval stands for p = {test.p_low:.2g} to {test.p_high:.2g} (Wald)"
                )
                text = f"{result.what}: {interval}, reported {result.p_printed}."
                yield Finding("interval_and_p", (result.id,), text)


def only_with_patients(study: Study, results: Results) -> Iterator[Finding]:
    """The tests that need means alone do not give the print; one that needs the patients could."""
    for result in results:
        direct = [test for test in result.tests if test.judged and not test.searched]
        found = [test for test in result.tests if test.searched and test.matches]
        if not direct or any(test.matches for test in direct):
            continue
        if found and result.verdict is Verdict.possible:
            rest = (
                "some data sets with the published summaries give it by "
                f"{' or '.join(test.label for test in found)}"
            )
        elif result.not_computed and result.verdict is Verdict.not_checkable:
            rest = "; ".join(f"{test.label} needs {test.needs}" for test in result.not_computed)
        else:
            continue
        text = (
            f"{result.what}: none of the tests that the "
            f"published numbers allow ({_ranges(direct)}) gives the reported p {result.p_printed}; {rest}."
        )
        yield Finding("only_with_patients", (result.id,), text)


def times_given_the_event(study: Study, results: Results) -> Iterator[Finding]:
    """An arm is faster among those who had a good event, but fewer of its patients had it."""
    for endpoint in study.endpoints:
        if endpoint.kind is not Kind.time_to_event or endpoint.benefit != "lower":
            continue
        rates, means = _rates(study, endpoint), _mean_times(study, endpoint)
        if rates is None or means is None:
            continue
        (rate0, text0), (rate1, text1) = rates
        if (means[1] - means[0]) * (rate1 - rate0) > 0:
            fast, slow = (
                (study.contrast, study.reference)
                if means[1] < means[0]
                else (
                    study.reference,
                    study.contrast,
                )
            )
            text = (
                f"{endpoint.label}: the published times are of those who had the event. {fast.label} patients "
                f"are faster than {slow.label} patients among those, but a smaller share of them had it "
                f"({study.reference.label} {text0}, {study.contrast.label} {text1})."
            )
            yield Finding(
                "times_given_the_event",
                tuple(claim for claim in (endpoint.event, endpoint.times) if claim is not None),
                text,
            )


def _rates(study: Study, endpoint: Endpoint) -> tuple[tuple[float, str], tuple[float, str]] | None:
    event = None if endpoint.event is None else study.claim(endpoint.event).endpoint
    if event is None:
        return None
    one, other = (find_count(study, event, arm.id) for arm in (study.reference, study.contrast))
    if one is None or other is None:
        return None
    return (one.x / one.n, f"{one.x}/{one.n}"), (other.x / other.n, f"{other.x}/{other.n}")


def _mean_times(study: Study, endpoint: Endpoint) -> tuple[float, float] | None:
    found = (find_mean_and_spread(study, endpoint.id, arm.id) for arm in (study.reference, study.contrast))
    means = [one.mean_value for one in found if one is not None]
    return (means[0], means[1]) if len(means) == 2 else None


def paired_as_unpaired(study: Study, results: Results) -> Iterator[Finding]:
    """A before-and-after count whose p comes from a test for two samples."""
    for result in results:
        note = next((note for note in result.notes if note.startswith("The design is paired")), None)
        if note is not None:
            yield Finding("paired_as_unpaired", (result.id,), f"{result.what}: {note}")


def tests_differ(study: Study, results: Results) -> Iterator[Finding]:
    """Comparisons of the same kind of data whose p values come from different tests."""
    alike = [result for result in results if _is_exact_count_comparison(study, result)]
    if not alike:
        return
    common = set.intersection(*(_named_matches(result) for result in alike))
    if not common:
        parts = "; ".join(f"{result.what}: p {result.p_printed} by {_labels(result)}" for result in alike)
        text = f"Counts compared between arms were not all tested alike. {parts}."
        yield Finding("tests_differ", tuple(result.id for result in alike), text)


def _is_exact_count_comparison(study: Study, result: ClaimResult) -> bool:
    question = question_of(study, study.claim(result.id))
    return (
        question is not None
        and question.endpoint.kind is Kind.binary
        and not question.paired
        and question.printed[0].relation == "="
        and result.verdict is Verdict.reproduced
    )


def _named_matches(result: ClaimResult) -> set[str]:
    return {test.name for test in result.tests if test.matches and test.judged}


def _labels(result: ClaimResult) -> str:
    seen = [test for test in result.tests if test.matches and test.judged]
    others = [test for test in result.tests if test.judged and not test.matches]
    return f"{' or '.join(test.label for test in seen)}, not by {_ranges_exact(others)}"


def _ranges_exact(tests: list[TestResult]) -> str:
    return ", ".join(f"{test.label} ({test.p_low:.2g})" for test in tests)


def readings_contradicted(study: Study, results: Results) -> Iterator[Finding]:
    """The paper does not say which patients are meant, and one reading contradicts another number."""
    for result in results:
        readings = [other for other in result.alternatives if other.kind == "reading"]
        wrong = [other for other in readings if other.result.verdict is Verdict.inconsistent]
        for other in wrong:
            faults = "; ".join(check.text for check in other.result.checks if not check.holds)
            rest = [row.name for row in readings if row is not other and row not in wrong]
            better = f" The interpretation {' or '.join(rest)} fits better." if rest else ""
            text = f"{result.what}: {other.why} Then {faults}.{better}"
            yield Finding("reading_contradicted", (result.id,), text)


def digits_cut_off(study: Study, results: Results) -> Iterator[Finding]:
    """A mean and SD that whole numbers have only if a digit was cut off instead of rounded."""
    for result in results:
        rows = [
            *result.checks,
            *(check for other in result.alternatives for check in other.result.checks),
        ]
        for text in dict.fromkeys(check.text for check in rows if "cut off" in check.text):
            yield Finding("digits_cut_off", (result.id,), f"{result.what}: {text}.")


def sources_differ(study: Study, results: Results) -> Iterator[Finding]:
    """Two sources of the paper print different p values for one claim."""
    for claim in study.claims:
        if len(set(claim.p_by_source.values())) > 1:
            prints = " and ".join(f"{p} ({source})" for source, p in claim.p_by_source.items())
            text = f"{claim.what}: the sources report different p values, {prints}."
            yield Finding("sources_differ", (claim.id,), text)


RULES: tuple[Rule, ...] = (
    digits_contradict,
    p_not_reproduced,
    interval_and_p,
    only_with_patients,
    times_given_the_event,
    tests_differ,
    paired_as_unpaired,
    readings_contradicted,
    digits_cut_off,
    sources_differ,
)


def findings_of(study: Study, results: Results) -> tuple[Finding, ...]:
    """Everything that the rules find."""
    return tuple(finding for rule in RULES for finding in rule(study, results))
