"""Go through every claim of a study: ``verify(study)`` gives the ledger."""

from __future__ import annotations

from dataclasses import replace

from mgbayes.cache import Cache, content_key
from mgbayes.progress import Say, on_a_bar, quiet
from mgbayes.study.numbers import wording
from mgbayes.study.schema import Alternative, Claim, Study
from mgbayes.verification.comparison import Question, question_of
from mgbayes.verification.counts import counts_that_give_p
from mgbayes.verification.digits import check_digits
from mgbayes.verification.findings import findings_of
from mgbayes.verification.not_computed import not_computed
from mgbayes.verification.notes import notes_of
from mgbayes.verification.patients_needed import search_tests
from mgbayes.verification.recompute import recompute
from mgbayes.verification.result import AlternativeResult, ClaimResult, Ledger, TestResult, Verdict
from mgbayes.verification.verdict import Compared, best, verdict_of

SEED = 20200216
_CACHE: Cache[Ledger] = Cache("ledgers", Ledger)
_SOURCES = ("study", "verification", "frequentist", "reconstruction")


@on_a_bar
def verify(
    study: Study,
    *,
    search: bool = True,
    seed: int = SEED,
    use_cache: bool = True,
    say: Say = quiet,
) -> Ledger:
    """Re-compute every claim of a study and give each a verdict.

    With ``search``, claims whose test needs the patients are searched over the data sets that
    reproduce the printed summaries (seconds, not milliseconds). ``say`` is called with the
    id of each claim, a bar by default. With ``use_cache``, a finished ledger is read from the cache.

    Example:
        >>> import mgbayes as mb
        >>> ledger = mb.verify(mb.load_study("litchman2020"), search=False)
        >>> len(ledger.claims), sum(ledger.tally().values())
        (52, 52)
    """
    content = {"study": study.model_dump(mode="json"), "search": search, "seed": seed}
    key = content_key(_SOURCES, ("numpy", "scipy"), content)
    finished = _CACHE.read(key) if use_cache else None
    if finished is not None:
        return finished
    results = []
    for claim in study.claims:
        say(claim.id)
        results.append(_claim_result(study, claim, search=search, seed=seed))
    ledger = Ledger(study.id, tuple(results), findings_of(study, tuple(results)), searched=search)
    if use_cache:
        _CACHE.write(key, ledger)
    return ledger


def _claim_result(study: Study, claim: Claim, *, search: bool, seed: int) -> ClaimResult:
    """The claim as printed, with every other reading of it beside it."""
    result = _as_printed(study, claim, search=search, seed=seed)
    others = tuple(
        AlternativeResult(
            other.name,
            other.why,
            other.kind,
            _other_reading(study, other, search=search, seed=seed),
        )
        for other in study.alternatives
        if other.claim == claim.id
    )
    return _with_readings(replace(result, alternatives=others))


def _other_reading(study: Study, other: Alternative, *, search: bool, seed: int) -> ClaimResult:
    changed = study.with_alternative(other)
    return _as_printed(changed, changed.claim(other.claim), search=search, seed=seed)


def _as_printed(study: Study, claim: Claim, *, search: bool, seed: int) -> ClaimResult:
    question = question_of(study, claim)
    compared = _compared(question, search=search, seed=seed) if question else ()
    tests = tuple(test for part in compared for test in part.tests)
    counts = tuple(row for part in compared for row in part.counts)
    missing = tuple(test for part in compared for test in part.not_computed)
    checks = check_digits(study, claim)
    p_printed = _p_text(claim)
    return ClaimResult(
        id=claim.id,
        what=claim.what,
        printed=printed_text(study, claim),
        p_printed=p_printed,
        verdict=verdict_of(p_printed, compared, checks),
        tests=tests,
        checks=checks,
        counts=counts,
        not_computed=missing,
        notes=notes_of(claim, question, Compared(tests, counts, missing), searched=search),
        source=claim.source,
    )


def _compared(question: Question, *, search: bool, seed: int) -> tuple[Compared, ...]:
    """What each comparison of a claim is judged on; one without tests where its two sides are not printed."""
    if not question.pairs:
        return (Compared(not_computed=not_computed(question, None, (), ())),)
    found = search_tests(question, seed) if search else ()
    parts = []
    for pair in question.pairs:
        tests = recompute(question, pair) + tuple(test for test in found if test.visit == pair.visit)
        counts = counts_that_give_p(question, pair)
        parts.append(Compared(tests, counts, not_computed(question, pair, tests, counts)))
    return tuple(parts)


def _with_readings(result: ClaimResult) -> ClaimResult:
    """Where the paper leaves a number open, the tests under each reading are the claim's tests."""
    readings = [other for other in result.alternatives if other.kind == "reading"]
    if not readings or result.tests:
        return result
    tests: tuple[TestResult, ...] = ()
    notes = list(result.notes)
    for other in readings:
        sound = all(check.holds for check in other.result.checks)
        tests += tuple(
            replace(test, reading=other.name, matches=test.matches and sound) for test in other.result.tests
        )
        notes += [
            f"Read as {other.name}, the digits contradict each other: {check.text}."
            for check in other.result.checks
            if not check.holds
        ]
    contradicted = result.verdict is Verdict.inconsistent
    verdict = result.verdict if contradicted else best([other.result.verdict for other in readings])
    missing = () if tests else result.not_computed
    return replace(result, tests=tests, not_computed=missing, verdict=verdict, notes=tuple(notes))


def printed_text(study: Study, claim: Claim) -> str:
    """What the paper prints, in one line."""
    numbers = ", ".join(wording(study, row) for row in claim.summaries)
    effects = ", ".join(row.wording for row in claim.effects)
    return "; ".join(part for part in (numbers, effects, claim.printed) if part)


def _p_text(claim: Claim) -> str | None:
    by_source = claim.p_by_source
    if len(by_source) <= 1:
        return next(iter(by_source.values()), None)
    return ", ".join(f"{p} ({source})" for source, p in by_source.items())
