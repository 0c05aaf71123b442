"""What a reader should know beside the numbers of a claim."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mgbayes.study.schema import Claim
from mgbayes.verification.comparison import Question
from mgbayes.verification.patients_needed import can_search, hazard_ratio_of
from mgbayes.verification.result import CountPairs, NotComputed, TestResult
from mgbayes.verification.verdict import Compared

_FEW_PAIRS = 12


def notes_of(
    claim: Claim,
    question: Question | None,
    compared: Compared,
    *,
    searched: bool,
) -> tuple[str, ...]:
    """Every note for a claim."""
    notes: list[str] = []
    if question is not None:
        notes += [
            *_bare_p(question),
            *_no_test_named(question),
            *_paired_design(question, compared.tests),
            *_counts_allowed(question, compared.counts),
            *_search_result(question, compared.tests),
            *_not_computed(question, compared.not_computed, searched=searched),
            *_hazard_ratio(question),
        ]
    elif claim.p_by_source:
        notes.append(_nothing_compared(claim))
    return tuple(notes)


def _nothing_compared(claim: Claim) -> str:
    """Why no test of a printed p can even be asked for."""
    if claim.comparison is None:
        return "The study file does not say what this p compares, so no test can be re-computed."
    if claim.endpoint is None:
        return "The study file names no endpoint for this p, so no test can be re-computed."
    return "The size of the group that was compared is not reported, so no test can be recomputed."


def _bare_p(question: Question) -> Iterator[str]:
    for printed in question.printed:
        if "." not in printed.number:
            yield (
                f"p is reported as {printed.number}, without decimals; it is read with "
                f"{printed.places} decimals, as this paper reports its other p values."
            )


def _paired_design(question: Question, tests: Sequence[TestResult]) -> Iterator[str]:
    for pair in question.pairs:
        here = [test for test in tests if test.visit == pair.visit]
        exact = next((test for test in here if test.name == "mcnemar_exact"), None)
        unpaired = [test for test in here if test.matches and not _is_paired(test)]
        if pair.paired and exact is not None and unpaired:
            twice = (
                "the same patients were counted twice"
                if pair.over_time
                else "patients stand in matched pairs"
            )
            yield (
                f"The design is paired: {twice}, but the p that fits treats "
                f"them as two samples ({', '.join(test.label for test in unpaired)}). McNemar's exact "
                f"test gives {exact.p_low:.2g} to {exact.p_high:.2g}, depending on who changed."
            )


def _is_paired(test: TestResult) -> bool:
    return test.name.startswith(("mcnemar", "paired"))


def _counts_allowed(question: Question, counts: Sequence[CountPairs]) -> Iterator[str]:
    equality = all(printed.relation == "=" for printed in question.printed)
    for row in counts:
        if not row.pairs:
            yield f"{row.label}: none of the {row.tried} possible pairs of counts gives the reported p."
            continue
        first, second = (_group_label(question, name) for name in row.groups)
        few = ", ".join(f"{x}/{row.sizes[0]} v {y}/{row.sizes[1]}" for x, y in row.pairs[:_FEW_PAIRS])
        more = f" and {len(row.pairs) - _FEW_PAIRS} more" if len(row.pairs) > _FEW_PAIRS else ""
        listed = f": {few}{more}" if equality else ""
        yield (
            f"{row.label}: {len(row.pairs)} of {row.tried} possible pairs of counts "
            f"({first} v {second}) give the reported p{listed}."
        )


def _group_label(question: Question, name: str) -> str:
    visits = {visit.id: visit.label for visit in question.study.visits}
    return visits.get(name) or question.study.label(name)


def _search_result(question: Question, tests: Sequence[TestResult]) -> Iterator[str]:
    for test in tests:
        if test.searched:
            share = f"{100 * (test.share or 0):.1f} %"
            outcome = (
                f"{share} of the random ones round to the reported p"
                if test.share
                else "none of the random ones rounds to the reported p, though a directed search reached it"
                if test.matches
                else "none gives the reported p"
            )
            yield (
                f"{test.label}: among {test.searched} random data sets with the published summaries, and "
                f"others varied from them, p runs from {test.p_low:.2g} to {test.p_high:.2g}; {outcome}. "
                "A search is not a proof: what it did not find may still exist."
            )


def _no_test_named(question: Question) -> Iterator[str]:
    if not question.named:
        yield "The paper names no test for this p: the tests that are usual for such data were tried."


def _not_computed(question: Question, missing: Sequence[NotComputed], *, searched: bool) -> Iterator[str]:
    if missing:
        tests = "; ".join(f"{test.label} needs {test.needs}{_at(question, test)}" for test in missing)
        hint = " (a search of data sets was not asked for)" if not searched and can_search(question) else ""
        yield f"Not recomputed from the published numbers: {tests}{hint}."


def _at(question: Question, test: NotComputed) -> str:
    """The visit, where a claim speaks of several."""
    several = len(question.pairs) > 1 and test.visit is not None
    return f" ({_group_label(question, str(test.visit))})" if several else ""


def _hazard_ratio(question: Question) -> Iterator[str]:
    effect = hazard_ratio_of(question)
    if effect is None:
        return
    ratio = effect.hazard_ratio
    strong = (
        " An effect this strong is understated by the method with so few events." if effect.is_strong else ""
    )
    yield (
        f"By Parmar's method the reported log-rank p stands for a hazard ratio of {ratio.low:.2f} to "
        f"{ratio.high:.2f} (or its inverse; the text gives the direction), standard error of its "
        f"logarithm {effect.standard_error:.2f}.{strong}"
    )
